"""Options that several commands share."""

from __future__ import annotations

import shlex
import sys
import warnings
from collections.abc import Sequence
from typing import Annotated

import typer

from trainer.corpus.readers.reading import Reading, parsed_columns
from trainer.errors import TrainerWarning, UsageError
from trainer.registry.versions import within


def reference(model: str | None, name: str) -> str:
    """Return what a command's MODEL stands for: nothing is the config's own, and 3 is version 3 of it."""
    if model is None:
        return name
    return within(model, name) if model.isdecimal() else model


def _strict(asked: bool) -> None:
    if asked:
        warnings.simplefilter("error", TrainerWarning)


def rates_of(rates: Sequence[str] | None) -> dict[str, float]:
    """Return what was said of the rates of topics.

    Raises
    ------
    UsageError
    """
    found = {}
    for item in rates or ():
        topic, _, share = item.partition("=")
        try:
            found[topic.strip()] = float(share)
        except ValueError:
            raise UsageError(f"--rate takes TOPIC=SHARE, as in sanctions=0.004, not '{item}'") from None
    return found


def typed() -> str:
    """Return what was typed, for the record of what it made."""
    return shlex.join(["trainer", *sys.argv[1:]])


def reading_of(
    columns: list[str] | None,
    topics: tuple[str, ...],
    metadata: str | None = None,
    articles: str | None = None,
    day_first: bool | None = None,
) -> Reading:
    """Return what these options say of the inputs."""
    return Reading(parsed_columns(columns or (), topics), metadata, articles, day_first)


Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--columns",
        metavar="OURS=THEIRS",
        help="Names of columns, as in text=Body,date=Published.",
    ),
]
Metadata = Annotated[
    str | None,
    typer.Option(
        "--metadata", metavar="FILE", help="Table with a column file and title, source, date, url, language."
    ),
]
Articles = Annotated[
    str | None,
    typer.Option("--articles", metavar="PATTERN", help="Line (RE2) on which each article of a file begins."),
]
DayFirst = Annotated[
    bool | None, typer.Option("--day-first/--month-first", help="How 03/04/2026 is meant; else it is kept.")
]
Rates = Annotated[
    list[str] | None,
    typer.Option(
        "--rate",
        metavar="TOPIC=SHARE",
        help="Share of sentences on a topic in this text: corrects probabilities and tags. Repeatable.",
    ),
]
ConfigFile = Annotated[
    str | None,
    typer.Option(
        "--config", metavar="FILE", help="Config file; else ./configs/topics.toml, else the shipped one."
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a setting, as in classifier.C=2. Repeatable."),
]
Artifacts = Annotated[
    str | None,
    typer.Option(
        "--artifacts",
        metavar="DIR",
        help="Where corpora and models live; else $TRAINER_ARTIFACTS, else ./artifacts.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Strict = Annotated[
    bool, typer.Option("--strict", callback=_strict, is_eager=True, help="Treat warnings as errors.")
]
ModelRef = Annotated[
    str | None,
    typer.Option(
        "--model", "-m", metavar="MODEL", help="name, name@3, name@alias, name@sha256:… or ./folder."
    ),
]
