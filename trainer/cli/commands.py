"""The commands: what each is for, and where it is. It is imported when somebody calls it, and no other is."""

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand
from typer.main import get_command_from_info, get_group

from trainer.lazy import nothing_collected

COMMANDS = {
    "init": (
        "projects:init",
        "Start a project: a config of your own, a place for what people decide, a page on how to go on.",
    ),
    "build": ("corpora:build", "Build a labelled corpus from documents and labelled sentences."),
    "fit": ("fitting:fit", "Train a tagger and save it as a version."),
    "eval": (
        "evaluating:evaluate",
        "Score a model, with 95 % intervals, beside the keyword rules it was trained with.",
    ),
    "drift": (
        "drifting:drift",
        "Say how far text of now is from the text that a model knows: topics, probabilities, words.",
    ),
    "predict": (
        "tagging:predict",
        "Tag texts: one a line of a text file, one a row of a .jsonl, .csv or .xlsx file.",
    ),
    "explain": (
        "explaining:explain",
        "Show why a topic was tagged, or was not: keyword rules, lexicons and words, by what each adds.",
    ),
    "summarize": (
        "summaries:summarize",
        "Roll tags up: how many sentences and documents, of how many, with 95 % intervals.",
    ),
    "evidence": (
        "evidence:evidence",
        "Write a pack: each sentence tagged with a topic, with context, place and reasons, as page "
        "and workbook.",
    ),
    "fix": (
        "deciding:fix",
        "Correct a tag: kept for good in labels/ beside the config, one file a person, never rewritten.",
    ),
    "rerun": ("deciding:rerun", "Make an output again from its record and compare the two, byte for byte."),
    "models": ("models:app", "Saved models."),
    "corpus": ("corpus:app", "Look at corpora, compare them, take them elsewhere."),
    "topics": ("projects:app", "The topics of a project: those there are, and one more."),
    "config": ("configs:app", "The settings: their schema, their values, a copy to edit."),
}
"""Name -> the module and what it has there, and the first line of its help, in the order of the help."""


class Later(TyperCommand):
    """A command, or a group of them, of which no more is known than what it is for, until it is called.

    Parameters
    ----------
    name : str
    place : str
        Module of this room and name there, ``tagging:predict``: a function, or a `typer.Typer`.
    help : str
    """

    def __init__(self, name: str, place: str, help: str) -> None:  # noqa: A002 (it is called so there)
        super().__init__(name, help=help)
        self._place = place

    @cached_property
    def whole(self) -> Any:
        """The command itself."""
        module, _, name = self._place.partition(":")
        with nothing_collected():
            found = getattr(import_module(f"trainer.cli.{module}"), name)
        if isinstance(found, typer.Typer):
            return get_group(found)
        alone = typer.Typer()
        alone.command(self.name)(found)
        (about,) = alone.registered_commands
        return get_command_from_info(about, pretty_exceptions_short=True, rich_markup_mode=None)

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        """Return the context of the command itself, which is what is then invoked."""
        return self.whole.make_context(*arguments, **more)
