"""``trainer eval``."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trainer import api
from trainer.cli.natural import draw, take
from trainer.cli.options import (
    Artifacts,
    AsJson,
    Columns,
    ConfigFile,
    DayFirst,
    Overrides,
    Strict,
    reading_of,
    reference,
)
from trainer.cli.render import chance, console, figure, print_json, safe, say, table, why_undefined
from trainer.config import load_config
from trainer.errors import GateError, TrainerWarning
from trainer.records import listing

if TYPE_CHECKING:
    from trainer.evaluation.behaviour import Behaviour
    from trainer.evaluation.compare import Comparison
    from trainer.evaluation.evaluate import Evaluation

_FLIPS = 3
_FAILED = 5


def evaluate(
    model: Annotated[
        str | None,
        typer.Argument(metavar="MODEL", help="name, name@3, name@alias, name@sha256:… or a folder."),
    ] = None,
    on: Annotated[
        str,
        typer.Option(
            "--on",
            metavar="SPLIT|FILE",
            help="A split of the model's corpus, or a file of labelled sentences.",
        ),
    ] = "test",
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="MODEL",
            help="Another model, or `rules`: which is better, and which flipped.",
        ),
    ] = None,
    gate: Annotated[
        str | None,
        typer.Option("--gate", metavar="FILE", help="Floors to reach; exit code 3 where one is not."),
    ] = None,
    html: Annotated[
        str | None, typer.Option("--html", metavar="FILE", help="Also write a page for people.")
    ] = None,
    behaviour: Annotated[
        bool,
        typer.Option("--behaviour", help="Also run the cases of behaviour that ship."),
    ] = False,
    cases: Annotated[
        str | None, typer.Option("--cases", metavar="FILE", help="Cases of your own, in place of these.")
    ] = None,
    natural: Annotated[
        list[str] | None,
        typer.Option(
            "--natural",
            metavar="FILE",
            help="Draw sentences of these documents at random, and of the tagged ones, to judge. Repeatable.",
        ),
    ] = None,
    sheet: Annotated[
        str, typer.Option("--sheet", metavar="FILE", help="Where the drawn sentences go: .xlsx or .csv.")
    ] = "natural.xlsx",
    random: Annotated[
        int, typer.Option("--random", metavar="N", min=1, help="Sentences drawn at random.")
    ] = 1_000,
    tagged: Annotated[
        int, typer.Option("--tagged", metavar="N", min=0, help="Sentences drawn of each topic's tagged ones.")
    ] = 100,
    judged: Annotated[
        str | None,
        typer.Option("--judged", metavar="FILE", help="That sheet, filled in: what tags are worth there."),
    ] = None,
    columns: Columns = None,
    day_first: DayFirst = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Score a model, with 95 % intervals, beside the keyword rules it was trained with.

    Labelled files hold more of each topic than text does. --natural draws a sample of your own text into a
    sheet, and --judged takes it back, and says what tags are worth at the rate that topics have there.
    """
    settings = load_config(config, set_ or ())
    reading = reading_of(columns, settings.topic_names, day_first=day_first)
    if natural:
        draw(reference(model, settings.name), natural, sheet, random, tagged, reading, artifacts)
        return
    if judged is not None:
        take(reference(model, settings.name), judged, artifacts, as_json)
        return
    result = api.evaluate(
        reference(model, settings.name),
        on,
        against=against,
        gate=gate,
        behaviour=cases or behaviour,
        reading=reading,
        root=artifacts,
    )
    _tell(result, on, html, as_json)


def _tell(result: Evaluation, on: str, html: str | None, as_json: bool) -> None:
    """Print a result, write its page, and end with the code of a gate that was not passed."""
    if result.rejected:
        count = f"{len(result.rejected):,} rows of {on} were not used:"
        warnings.warn(count + listing(result.rejected), TrainerWarning, stacklevel=1)
    if html is not None:
        result.write_html(html)
    if as_json:
        print_json(result.to_dict())
    else:
        say(f"model: {result.model['model']} (version {result.model['version']})")
        _print(result)
        if html is not None:
            typer.echo(f"wrote {safe(html)}")
    if result.gate is not None:
        for note in result.gate.notes:
            say(f"gate: {note}")
        if not result.gate.passed:
            raise GateError("; ".join(result.gate.failures))


def _print(result: Evaluation) -> None:
    """Print what is good, what is bad and what to do next, in about 25 lines."""
    if result.plain is not None:
        typer.echo(result.plain.in_words())
    typer.echo(
        f"on {safe(result.on)}: {result.n:,} sentences of {result.documents:,} documents, judged by people; "
        "95 % intervals, by document"
    )
    _print_scores(result)
    _print_learned(result)
    if result.comparison is not None:
        _print_comparison(result.comparison)
    if result.behaviour is not None:
        _print_behaviour(result.behaviour)
    if good := result.good_points():
        typer.echo(f"good: {', '.join(good)}")
    for advice in result.weak_points():
        typer.echo(f"weak: {safe(advice.what)}")
        typer.echo(f"      {advice.command}")


def _print_scores(result: Evaluation) -> None:
    scores, rules = result.gold, result.rules
    rows = []
    for name, row in [*scores["topics"].items(), ("macro", scores["macro"]), ("micro", scores["micro"])]:
        beside = {**rules["topics"], "macro": rules["macro"], "micro": rules["micro"]}[name]
        cells = [_with_interval(row, key) for key in ("f1", "precision", "recall")]
        rows.append(
            [name, *cells, figure(row["average_precision"]), str(row.get("support", "")), _f1(beside)]
        )
    columns = ["topic", "F1", "precision", "recall", "avg. prec.", "to find", "rules' F1"]
    console().print(table("", columns, rows, whole=True))
    for topic, row in scores["topics"].items():
        if row["f1"] is None or row["precision"] is None:
            typer.echo(f"n/a for {topic}: {why_undefined(row)}")


def _print_learned(result: Evaluation) -> None:
    """Print what the model knows beyond the rules, and how it agrees with their labels."""
    silent, hidden = result.silent["micro"], result.masked["macro"]
    if silent["support"]:
        typer.echo(
            f"where no rule of it fires: F1 {_with_interval(silent, 'f1')}, {silent['support']} to find"
        )
    typer.echo(f"with the keywords of the rules hidden: macro F1 {_with_interval(hidden, 'f1')}")
    if result.silver is not None:
        told = figure(result.silver["macro"]["f1"])
        typer.echo(
            f"against labels that only rules made (agreement with them, not correctness): macro F1 {told}"
        )


def _print_behaviour(behaviour: Behaviour) -> None:
    kinds = behaviour.rates()["kind"]
    told = ", ".join(f"{kind} {one['cases'] - one['failed']}/{one['cases']}" for kind, one in kinds.items())
    n, failed = len(behaviour.outcomes), behaviour.failed
    typer.echo(f"behaviour: {n - len(failed):,} of {n:,} cases hold ({told})")
    for one in failed[:_FAILED]:
        first = one.failures[0]
        typer.echo(f"  {safe(one.name)} ({one.failed} of {one.trials}): {safe(first.text)[:90]}")
        typer.echo(f"    wanted {safe(first.wanted)}; got {safe(first.got)}")
    if len(failed) > _FAILED:
        typer.echo(f"  and {len(failed) - _FAILED} more: --json or --html has them all")
    if behaviour.left_out:
        say(f"{len(behaviour.left_out)} cases are on topics that this model does not have")


def _print_comparison(comparison: Comparison) -> None:
    rows = []
    for name, row in [*comparison.topics.items(), ("macro", comparison.macro), ("micro", comparison.micro)]:
        table_of = comparison.mcnemar.get(name)
        alone = ["", ""] if table_of is None else [str(table_of.only_this), str(table_of.only_other)]
        rows.append([name, _signed(row), chance(row["p_value"]), *alone])
    title = safe(comparison.verdict)
    columns = ["topic", "F1 difference", "p", "right alone", "it alone"]
    console().print(table(title, columns, rows, whole=True))
    typer.echo(f"{len(comparison.flips):,} tags flipped" + (", such as" if comparison.flips else ""))
    for flip in comparison.flips[:_FLIPS]:
        word = {True: "better", False: "worse", None: "not judged"}[flip.better]
        typer.echo(f"  {'+' if flip.now else '-'} {flip.topic} ({word}): {safe(flip.text)[:90]}")


def _with_interval(row: Mapping[str, Any], key: str) -> str:
    """Return a figure with its interval, as 0.912 .88–.94."""
    if row[key] is None:
        return "n/a"
    interval = row.get(f"{key}_interval")
    return f"{row[key]:.3f}" + (f" {_end(interval[0])}–{_end(interval[1])}" if interval else " n/a")


def _end(value: float) -> str:
    """Return an end of an interval, short: six of them have to stand in a line."""
    return f"{value:.2f}".lstrip("0") if 0.005 <= value < 0.995 else f"{value:.1f}"


def _f1(row: Mapping[str, Any]) -> str:
    return figure(row["f1"])


def _signed(row: Mapping[str, Any]) -> str:
    if row["f1_difference"] is None:
        return "n/a"
    interval = row["f1_difference_interval"]
    return f"{row['f1_difference']:+.3f}" + (
        f" ({interval[0]:+.2f} to {interval[1]:+.2f})" if interval else ""
    )
