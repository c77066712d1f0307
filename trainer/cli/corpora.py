"""``trainer build``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from trainer import api
from trainer.cli.corpus import print_labels
from trainer.cli.options import (
    Articles,
    Artifacts,
    AsJson,
    Columns,
    ConfigFile,
    DayFirst,
    Metadata,
    Overrides,
    Strict,
    reading_of,
)
from trainer.cli.render import console, print_json, progress_bar, safe, say, table, with_config
from trainer.config import find_config, labels_folder, load_config
from trainer.corpus.store import Corpus
from trainer.corpus.versions import version_before

_LARGE = 300_000
"""Sentences; comparing more of them would cost more than a line is worth."""


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
    keep_splits: Annotated[
        str | None,
        typer.Option(
            "--keep-splits", metavar="CORPUS", help="Folder or version whose documents keep their split."
        ),
    ] = None,
    columns: Columns = None,
    metadata: Metadata = None,
    articles: Articles = None,
    day_first: DayFirst = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Build a labelled corpus from documents and labelled sentences.

    Reads .txt, .md, .html, .pdf, .docx, .jsonl, .json, .csv, .tsv, .xlsx and .parquet, each of them gzipped
    or not, and what Label Studio, Argilla, Prodigy and doccano export. A row with labels is a labelled
    sentence, any other a document.
    """
    overrides = [*(set_ or ()), *(() if starter else ("build.starter=false",))]
    settings = load_config(config, overrides)
    say(f"config: {find_config(config)}")
    try:
        with progress_bar() as progress:
            corpus = api.build(
                inputs or (),
                settings,
                labels=labels or (),
                root=artifacts,
                progress=progress,
                allow_network=allow_network,
                keep_splits=keep_splits,
                decisions=labels_folder(config),
                reading=reading_of(columns, settings.topic_names, metadata, articles, day_first),
            )
    except KeyboardInterrupt:
        say("what was cut so far is kept: run the same command again to go on from there")
        raise
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
    typer.echo("  " + ", ".join(f"{split} {m['splits'][split]:,}" for split in corpus.splits))
    left = {
        "repetitions": "repetitions",
        "short": "pieces of too few words",
        "boilerplate": "lines of boilerplate",
    }
    typer.echo("  left out: " + ", ".join(f"{m[key]:,} {what}" for key, what in left.items()))
    own = m["own_labels"]
    if any(own.values()):
        typer.echo(
            f"  labels of yours: {own['in_documents']:,} on sentences of the documents, "
            f"{own['alone']:,} on sentences of their own"
        )
    if m["whole_yes"]:
        typer.echo(
            f"  {m['whole_yes']:,} times a document as a whole is said to be on a topic: labels no sentence"
        )
    if m["decisions"]:
        typer.echo(f"  decisions of people: {m['decisions']:,}, from {safe(labels_folder(config))}")
    print_labels(corpus.manifest)
    _print_split_report(m["split_report"], corpus.topics)
    if corpus.created:
        before = (
            version_before(corpus)
            if keep_splits is None
            else api.open_corpus(keep_splits, name=corpus.name, root=artifacts)
        )
        if before is not None:
            _print_what_changed(before, corpus, kept=keep_splits is not None)
    say(f"next: {with_config('trainer fit', config)}")


def _print_split_report(report: Mapping[str, Any], topics: Sequence[str]) -> None:
    """Print how near each split came to its share of every topic."""
    used = [i for i, wanted in enumerate(report["wanted"]) if wanted or report["rows"]["counts"][i]]
    if len(used) < 2:
        return

    def line(name: str, found: Mapping[str, Any]) -> list[str]:
        parts = [f"{found['shares'][i]:.1%} ({found['counts'][i]:,})" for i in used]
        return [name, *(parts if sum(found["counts"]) else [""] * len(used))]

    rows = [["wanted", *(f"{report['wanted'][i]:.1%}" for i in used)]]
    rows += [line(key, report[key]) for key in ("groups", "rows")]
    for topic in topics:
        found = report["topics"][topic]
        rows += [
            line(f"{topic}, {origin}", found[origin])
            for origin in ("gold", "silver")
            if sum(found[origin]["counts"])
        ]
    console().print(table("splits", ["", *(report["sides"][i] for i in used)], rows))
    for side, topic in report["missing"]:
        say(f"warning: {side} has no sentence of {topic}")


def _print_what_changed(before: Corpus, corpus: Corpus, *, kept: bool) -> None:
    why = f"trainer corpus diff {before.version} {corpus.version}"
    if max(corpus.manifest["sentences"], before.manifest["sentences"]) > _LARGE:
        typer.echo(f"what changed since version {before.version}: `{why}`")
        return
    summary = api.diff_corpora(before, corpus).summary
    told = [f"{n:,} {kind}" for kind, n in summary.items() if n]
    typer.echo(f"since version {before.version}: {', '.join(told)} (`{why}` says why)")
    if summary["moved"] and not kept:
        say(
            f"{summary['moved']:,} sentences stand in another split than before: scores of models of the two "
            f"do not compare. `--keep-splits {before.version}` keeps splits as they were"
        )
