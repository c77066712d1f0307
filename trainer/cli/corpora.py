"""``trainer build`` and ``trainer corpus stats``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from trainer import api
from trainer.cli.options import Artifacts, AsJson, ConfigFile, Overrides, Strict
from trainer.cli.render import console, print_json, progress_bar, say, table, with_config
from trainer.config import find_config, load_config

app = typer.Typer(help="Look at a corpus.", no_args_is_help=True, rich_markup_mode=None)


def build(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(metavar="INPUT", help="Files, folders, globs, - for standard input, or hf:DATASET."),
    ] = None,
    labels: Annotated[
        list[str] | None, typer.Option("--labels", metavar="FILE", help="Labelled sentences. Repeatable.")
    ] = None,
    starter: Annotated[
        bool, typer.Option("--starter/--no-starter", help="Let the shipped gold sentences join, or not.")
    ] = True,
    allow_network: Annotated[
        bool, typer.Option("--allow-network", help="Read hf:DATASET from the hub when it is no folder here.")
    ] = False,
    config: ConfigFile = None,
    set_: Overrides = None,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Build a labelled corpus from documents and labelled sentences.

    Reads .txt, .md, .html, .pdf, .docx, .jsonl, .json, .csv, .tsv and .parquet, each of them gzipped or not,
    and what Label Studio, Argilla, Prodigy and doccano export. A row with labels is a labelled sentence, any
    other a document.
    """
    overrides = [*(set_ or ()), *(() if starter else ("build.starter=false",))]
    settings = load_config(config, overrides)
    say(f"config: {find_config(config)}")
    with progress_bar() as progress:
        corpus = api.build(
            inputs or (),
            settings,
            labels=labels or (),
            root=artifacts,
            progress=progress,
            allow_network=allow_network,
        )
    if as_json:
        print_json(corpus.to_dict())
        return
    state = "built" if corpus.created else "unchanged: already"
    m = corpus.manifest
    typer.echo(f"{state} corpus {corpus.name} version {corpus.version} in {corpus.path}")
    typer.echo(
        f"  {m['sentences']:,} sentences of {m['documents']:,} documents, "
        f"fingerprint {corpus.fingerprint[:12]}"
    )
    typer.echo("  " + ", ".join(f"{split} {n:,}" for split, n in m["splits"].items() if n))
    _print_labels(corpus.manifest)
    say(f"next: {with_config('trainer fit', config)}")


@app.command()
def stats(
    corpus: Annotated[
        str | None, typer.Argument(metavar="CORPUS", help="Folder or version; else the newest.")
    ] = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Count topics, pairs of topics, splits, sources and lengths."""
    name = load_config(config, set_ or ()).name
    found = api.open_corpus(corpus, name=name, root=artifacts)
    counts = found.stats()
    if as_json:
        print_json(counts)
        return
    typer.echo(f"corpus {found.name} version {found.version} in {found.path}")
    typer.echo(
        f"  {counts['sentences']:,} sentences, {counts['gold']:,} judged by people; "
        f"{counts['none']:,} carry no topic"
    )
    words, (low, _, high) = counts["words"], counts["words"]["quartiles"]
    typer.echo(f"  words a sentence: {words['least']} to {words['most']}, half of them {low} to {high}")
    typer.echo(f"  near-duplicate pairs: {counts['near_duplicate_pairs']:,}")
    _print_labels(found.manifest)
    out = console()
    pairs = [[" + ".join(key.split("+")), n] for key, n in counts["pairs"].items()]
    out.print(table("pairs of topics", ["pair", "sentences"], pairs))
    words_of = [[topic, f"{n['words']:,}", f"{n['its_own']:,}"] for topic, n in counts["vocabulary"].items()]
    out.print(table("vocabulary", ["topic", "distinct words", "found in no sentence without it"], words_of))
    out.print(table("sources", ["source", "sentences"], list(counts["sources"].items())))


def _print_labels(manifest: Mapping[str, Any]) -> None:
    labels, gold = manifest["labels"], manifest["gold"]
    rows = [
        [topic, f"{n['yes']:,}", f"{gold[topic]:,}", f"{n['no']:,}", f"{n['unknown']:,}"]
        for topic, n in ((topic, labels[topic]) for topic in manifest["topics"])
    ]
    console().print(table("", ["topic", "yes", "by people", "no", "not judged"], rows))
