"""What ``trainer fit --search`` tells of the search."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import typer

from trainer.cli.render import console, say, table
from trainer.config import Config, find_config, shipped_folder

if TYPE_CHECKING:
    from trainer.model.choosing import SearchResult, Trial

_COLUMNS = ("words", "characters", "class weight", "C", "features", "macro AP ± SE", "behind ± SE", "")
_TOLD = """chosen of {}: the simplest that is at most one standard error behind the best. Its scores out
of fold, here and below, are a little flattered by the choice; the test split was not looked at."""


def show_search(found: SearchResult, before: Config, config: str | None) -> None:
    """Print what was tried and what of it was chosen, and say how to keep it.

    Parameters
    ----------
    before : Config
        As it was read.
    config : str, optional
        The file that was named.
    """
    console().print(table("tried out of fold", _COLUMNS, [_row(trial) for trial in found.trials], whole=True))
    typer.echo(_TOLD.format(f"{len(found.trials):,}"))
    for topic in found.left_out:
        say(f"{topic}: it has no part in the choice, for people judged no sentence to be on it")
    _say_edge(found.chosen.C, before)
    _say_changes(found.changes(before), config)


def _row(trial: Trial) -> list[str]:
    return [
        _range(trial.word_ngrams),
        _range(trial.char_ngrams),
        trial.class_weight,
        f"{trial.C:g}",
        f"{trial.features:,}",
        f"{trial.score:.4f} ± {trial.standard_error:.4f}",
        f"{trial.behind:.4f} ± {trial.behind_error:.4f}",
        "chosen" if trial.chosen else "",
    ]


def _range(ngrams: tuple[int, int] | None) -> str:
    return "off" if ngrams is None else f"{ngrams[0]}-{ngrams[1]}"


def _say_edge(C: float, config: Config) -> None:
    """Say where values beyond those that were tried may be better."""
    tried = config.search.C
    if C == max(tried) > min(tried):
        say(f"C = {C:g} is the largest that was tried: a larger one may do better")
    elif C == min(tried) < max(tried):
        say(f"C = {C:g} is the smallest that was tried: a smaller one may do better")


def _say_changes(changes: dict[str, Any], config: str | None) -> None:
    """Say what to write into the config, or to type, for the same settings without a search."""
    if not changes:
        say("these are the settings of the config already: nothing changed")
        return
    values = {key: _toml(value) for key, value in changes.items()}
    file = find_config(config)
    shipped = file.parent == shipped_folder()
    where = "a config of your own (`trainer config init` writes one)" if shipped else str(file)
    say(f"to keep them without a search, set in {where}:")
    for room in dict.fromkeys(key.split(".")[0] for key in values):
        say(f"  [{room}]")
        for key in values:
            if key.startswith(f"{room}."):
                say(f"  {key.removeprefix(f'{room}.')} = {values[key]}")
    say("or: " + " ".join(f"--set {shlex.quote(f'{key}={value}')}" for key, value in values.items()))


def _toml(value: Any) -> str:
    return json.dumps([] if value is None else value)
