"""``trainer eval --natural`` and ``--judged``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from trainer import api
from trainer.cli.options import typed
from trainer.cli.render import console, print_json, progress_bar, safe, say, table

if TYPE_CHECKING:
    from trainer.corpus.readers.reading import Reading
    from trainer.evaluation.natural import Natural

_FEW = 5
"""Judged sentences on a topic below which little is known of it."""


def draw(
    model: str,
    inputs: list[str],
    sheet: str,
    random: int,
    tagged: int,
    reading: Reading | None,
    artifacts: str | None,
) -> None:
    """Draw sentences of somebody's own text into a sheet to judge."""
    with progress_bar() as progress:
        counts = api.draw_natural(
            model, inputs, sheet, random=random, tagged=tagged, reading=reading, command=typed(),
            root=artifacts, progress=progress,
        )  # fmt: skip
    typer.echo(f"wrote {safe(sheet)}: {counts['drawn']:,} of {counts['sentences']:,} sentences to judge")
    rates = ", ".join(f"{topic} {1000 * rate:.1f}" for topic, rate in counts["estimated rates"].items())
    say(f"in 1,000 sentences, by the model's probabilities alone: {rates}; judging measures it")
    say("fill in 1 or 0 under each topic; what is left blank counts nowhere")
    say(f"next: `trainer eval --judged {safe(sheet)}`")


def take(model: str, judged: str, artifacts: str | None, as_json: bool) -> None:
    """Take such a sheet back, and say what the model is worth there."""
    found = api.evaluate_natural(model, judged, root=artifacts)
    if as_json:
        print_json(found.to_dict())
    else:
        _print(found)


def _print(found: Natural) -> None:
    typer.echo(
        f"{found.judged:,} sentences of {found.documents:,} documents were judged, {found.blank:,} were not; "
        "figures are of all the text, 95 % intervals"
    )
    rows = []
    for name, row in [*found.topics.items(), ("all topics", found.overall)]:
        figures = [(row.rate, row.rate_interval), (row.tags, row.tags_interval),
                   (row.false_tags, row.false_tags_interval)]  # fmt: skip
        cells = ["n/a" if value is None else f"{value:.1f}{_ends(ends, 1)}" for value, ends in figures]
        shares = [(row.precision, row.precision_interval), (row.recall, row.recall_interval)]
        cells += ["n/a" if value is None else f"{value:.2f}{_ends(ends, 2)}" for value, ends in shares]
        rows.append([name, *cells, f"{found.assumed[name]:.0f}" if name in found.assumed else ""])
    columns = ["in 1,000 sentences", "on it", "tags", "false tags", "precision", "recall", "made for"]
    console(wide=True).print(table("", columns, rows, whole=True))
    for name, row in found.topics.items():
        if row.found < _FEW:
            typer.echo(f"{name}: only {row.found} judged sentences are on it; recall is hardly known")
    better = found.better_corrected()
    if better:
        rates = " ".join(f"--rate {name}={rate:.4f}" for name, rate in better.items())
        typer.echo(f"tags are better when they are corrected for this rate: trainer predict … {rates}")
    if worse := [name for name in found.corrected if name not in better]:
        typer.echo(f"correcting for the rate (--rate) wins nothing for: {', '.join(worse)}")


def _ends(ends: tuple[float, float] | None, digits: int) -> str:
    return "" if ends is None else f" {ends[0]:.{digits}f}–{ends[1]:.{digits}f}"
