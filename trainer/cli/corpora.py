"""``trainer build``."""

from __future__ import annotations

from typing import Annotated

import typer

from trainer import api
from trainer.cli.corpus import print_labels
from trainer.cli.options import Artifacts, AsJson, ConfigFile, Overrides, Strict
from trainer.cli.render import print_json, progress_bar, say, with_config
from trainer.config import find_config, load_config


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
    print_labels(corpus.manifest)
    say(f"next: {with_config('trainer fit', config)}")
