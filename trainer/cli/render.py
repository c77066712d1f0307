"""What people see. Text of a corpus is hostile: nothing here lets it reach a terminal raw."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from trainer.errors import TrainerError
from trainer.escapes import cell as cell
from trainer.escapes import safe as safe
from trainer.escapes import to_json as to_json
from trainer.progress import Progress

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from trainer.model.explanations import Explanation

_BETWEEN_UPDATES = 0.25
"""Seconds. The time left is told from the last thousand updates: they must not all be of one burst."""
_LONGEST_NAME = 32
_WIDE = 200


def say(text: str) -> None:
    """Write a line for people to stderr."""
    for line in text.split("\n"):
        typer.echo(safe(line), err=True)


def with_config(command: str, config: str | None) -> str:
    """Return a command to type next: with the config of this one, where one was given."""
    return f"`{command}`" if config is None else f"`{command} --config {shlex.quote(config)}`"


def say_error(error: TrainerError) -> None:
    """Write what is wrong, where, and what to do next."""
    say(f"error: {error}")


def print_json(value: Any) -> None:
    """Write one JSON object to stdout."""
    typer.echo(to_json(value, indent=2))


def console(*, wide: bool = False) -> Console:
    """Return a rich console on stdout; it knows NO_COLOR, and width 100 where there is no terminal.

    Parameters
    ----------
    wide : bool
        Never cut a line off: a terminal wraps what is too long for it.
    """
    from rich.console import Console

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # rich would end the process with 1; here it is no error

    return Plain(
        highlight=False,
        markup=False,
        emoji=False,
        width=_WIDE if wide else None if sys.stdout.isatty() else 100,
    )


def figure(value: float | None, why: str = "") -> str:
    """Return a score for people; an undefined one says why."""
    return f"n/a{f' ({why})' if why else ''}" if value is None else f"{value:.3f}"


def chance(p: float | None) -> str:
    """Return a p-value for people."""
    return "n/a" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], whole: bool = False) -> Table:
    """Return a table: the first column to the left, the others to the right; `whole` breaks no cell."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    cells = [[safe(value) for value in row] for row in rows]
    for i, column in enumerate(columns):
        # Where space is short, "n/a (no positives)" and long paths break; names and numbers do not.
        unbroken = whole or all(" " not in row[i] and len(row[i]) <= _LONGEST_NAME for row in cells)
        made.add_column(column, justify="right" if i else "left", overflow="fold", no_wrap=unbroken)
    for row in cells:
        made.add_row(*map(Text, row))
    return made


def score_rows(scores: Mapping[str, Any], keys: Sequence[str]) -> list[list[str]]:
    """Return one row a topic and one each for macro and micro."""
    rows = []
    for name, row in [*scores["topics"].items(), ("macro", scores["macro"]), ("micro", scores["micro"])]:
        why = why_undefined(row)
        rows.append(
            [name, *(str(row.get(key, "")) if key == "support" else figure(row[key], why) for key in keys)]
        )
    return rows


def why_undefined(row: Mapping[str, Any]) -> str:
    """Return why a score of this row may be undefined; nothing for a mean over topics."""
    if row.get("support") is None:
        return ""
    return "nothing tagged" if row["support"] else "no positives"


def explained_line(explanation: Explanation) -> Text:
    """Return the text with each character coloured by what the features over it add to the margin.

    Green speaks for the topic, red against; bold is strong. A feature's value is spread evenly over the
    characters that it covers.
    """
    from rich.text import Text

    weight = [0.0] * len(explanation.text)
    for contribution in explanation.contributions:
        covered = [i for start, end in contribution.spans for i in range(start, end)]
        for i in covered:
            weight[i] += contribution.value / len(covered)
    strongest = max((abs(value) for value in weight), default=0.0) or 1.0
    line = Text()
    for char, value in zip(explanation.text, weight, strict=True):
        line.append(safe(char), _style(value / strongest))
    return line


def _style(strength: float) -> str:
    if abs(strength) < 0.15:
        return "dim"
    colour = "green" if strength > 0 else "red"
    return f"bold {colour}" if abs(strength) > 0.5 else colour


@contextmanager
def progress_bar(wanted: bool = True) -> Iterator[Progress]:
    """Give a `Progress` that draws bars on stderr when that is a terminal, and does nothing otherwise."""
    from trainer.progress import silent

    if not wanted or not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}
        told = 0.0

        def tell(stage: str, done: int, total: int | None) -> None:
            nonlocal told
            now = time.monotonic()
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            elif done != total and now - told < _BETWEEN_UPDATES:
                return
            told = now
            bars.update(tasks[stage], completed=done, total=total)

        yield tell
