"""``trainer evidence``."""

from __future__ import annotations

from typing import Annotated

import typer

from trainer import api
from trainer.cli.options import Artifacts, AsJson, ConfigFile, Strict, typed
from trainer.cli.render import print_json, progress_bar, safe, say
from trainer.config import labels_folder
from trainer.tags.evidence import MOST, SECTIONS, in_words


def evidence(
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="A topic of the table.")],
    tags: Annotated[
        str | None,
        typer.Argument(metavar="TAGS", help="A table that `predict --out` wrote; else the one written last."),
    ] = None,
    out: Annotated[str, typer.Option("--out", metavar="DIR", help="The folder to make.")] = "evidence",
    most: Annotated[
        int, typer.Option("--most", metavar="N", min=1, help="Sentences on the page; the workbook has all.")
    ] = MOST,
    config: ConfigFile = None,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Write a pack: each sentence tagged with a topic, with context, place and reasons, as page and workbook.

    With it go the model's measured precision, what people decided and why, and the record of how it was made.
    """
    with progress_bar() as progress:
        found = api.write_evidence(
            topic,
            out,
            tags=tags,
            labels=labels_folder(config),
            most=most,
            command=typed(),
            root=artifacts,
            progress=progress,
        )
    if as_json:
        print_json({"folder": out, **found.about})
        return
    told = ", ".join(f"{n:,} {SECTIONS[key].lower()}" for key, n in found.about["sections"].items())
    typer.echo(f"wrote {safe(out)}: evidence.html, evidence.xlsx, run.json")
    typer.echo(f"  {told or 'no sentence is tagged'}; {found.about['documents']:,} documents read")
    say(in_words(found.about["measured"]))
