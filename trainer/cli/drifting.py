"""``trainer drift``."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Annotated

import typer

from trainer import api
from trainer.cli.options import (
    Articles,
    Artifacts,
    AsJson,
    Columns,
    ConfigFile,
    Metadata,
    Overrides,
    Strict,
    reading_of,
    reference,
)
from trainer.cli.render import chance, console, print_json, progress_bar, safe, say, table
from trainer.config import load_config
from trainer.errors import TrainerWarning
from trainer.records import Rejection, listing

if TYPE_CHECKING:
    from trainer.evaluation.drift import Drift

_SURE = 0.05


def drift(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="name, name@3, name@alias, name@sha256:… or a folder.")
    ],
    inputs: Annotated[list[str], typer.Argument(metavar="FILE...", help="Text of now: files, folders.")],
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against", metavar="FILE", help="Text of before; else the model's corpus. Repeatable."
        ),
    ] = None,
    lines: Annotated[
        bool, typer.Option("--lines", help="Each line, or row, is one sentence: nothing is cut.")
    ] = False,
    columns: Columns = None,
    metadata: Metadata = None,
    articles: Articles = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Say how far text of now is from the text that a model knows: topics, probabilities, words."""
    settings = load_config(config, set_ or ())
    reading = reading_of(columns, settings.topic_names, metadata, articles)
    rejected: list[Rejection] = []
    with progress_bar() as progress:
        found = api.drift(
            reference(model, settings.name),
            inputs,
            against=against or (),
            documents=not lines,
            rejected=rejected,
            reading=reading,
            root=artifacts,
            progress=progress,
        )
    if rejected:
        warnings.warn(f"{len(rejected):,} rejected:{listing(rejected)}", TrainerWarning, stacklevel=1)
    if as_json:
        print_json(found.to_dict())
    else:
        _print(found, bool(against))


def _print(found: Drift, with_text: bool) -> None:
    (n_then, n_now), (m_then, m_now) = found.sentences, found.documents
    typer.echo(f"{n_now:,} sentences of {m_now:,} documents of now")
    typer.echo(f"against {n_then:,} of {m_then:,}: {safe(found.reference)}")
    then, now = (100 * share for share in found.unknown_words)
    typer.echo(f"words that the model does not know: {now:.1f} of 100, before {then:.1f}")
    if found.other_language:
        typer.echo(f"{found.other_language:,} sentences in another language are left out")
    topics = sorted(found.topics.items(), key=lambda item: (item[1].p_value, -item[1].distance))
    rows = [
        [topic, _rate(one.then, one.then_interval), _rate(one.now, one.now_interval), chance(one.p_value),
         f"{one.shift:+.3f}", chance(one.shift_p_value), f"{one.distance:.2f}"]
        for topic, one in topics
    ]  # fmt: skip
    columns = ["tags in 1,000", "before", "now", "p", "probability", "p", "distance"]
    console().print(table("", columns, rows, whole=True))
    marks = {True: "", False: " (unknown)"}
    new = [f"{safe(one.word)}{marks[one.known]} {one.then}→{one.now}" for one in found.terms]
    typer.echo(f"words of now: {', '.join(new) or 'none stands out'}")
    if not with_text:
        say("a labelled corpus holds more topics than text does: --against FILE compares with text of yours")
    off = [topic for topic, one in topics if one.p_value < _SURE]
    if off:
        command = f"trainer corpus export --to-label 200 --topic {off[0]} {off[0]}.xlsx"
        typer.echo(f"tagged more or less often than before, beyond chance: {', '.join(off)}")
        typer.echo(f"  see whether the tags are right: {command}")
    else:
        typer.echo("no topic is tagged more or less often than chance explains")


def _rate(rate: float | None, interval: tuple[float, float] | None) -> str:
    if rate is None:
        return "n/a"
    return f"{rate:.1f}" + (f" {interval[0]:.1f}–{interval[1]:.1f}" if interval else "")
