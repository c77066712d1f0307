"""Options that several commands share."""

from __future__ import annotations

import warnings
from typing import Annotated

import typer

from trainer.errors import TrainerWarning


def reference(model: str | None, name: str) -> str:
    """Return what a command's MODEL stands for: nothing is the config's own, and 3 is version 3 of it."""
    if model is None:
        return name
    return f"{name}@{model}" if model.isdecimal() else model


def _strict(asked: bool) -> None:
    if asked:
        warnings.simplefilter("error", TrainerWarning)


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
        "--model", "-m", metavar="MODEL", help="name, name@3, name@alias, name@sha256:… or a folder."
    ),
]
