"""``trainer summarize``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from trainer import api
from trainer.cli.options import AsJson, Strict, typed
from trainer.cli.render import console, print_json, safe, say, table
from trainer.tags.chart import SUFFIXES
from trainer.tags.summarize import KEYS, Summary

_MOST = 400
"""Rows of a table on a terminal."""


def summarize(
    tags: Annotated[str, typer.Argument(metavar="TAGS", help="A table that `predict --out` wrote.")],
    by: Annotated[str, typer.Option("--by", metavar="|".join(KEYS), help="What to roll up by.")] = "month",
    topic: Annotated[
        list[str] | None, typer.Option("--topic", "-t", help="Only this topic. Repeatable.")
    ] = None,
    copies_once: Annotated[
        bool,
        typer.Option("--copies-once", help="Of documents that are nearly the same, count the first."),
    ] = False,
    mixed_models: Annotated[
        bool, typer.Option("--mixed-models", help="Count tags of several models together.")
    ] = False,
    out: Annotated[
        str | None,
        typer.Option("--out", metavar="FILE", help="Also write it: .csv, .xlsx, .parquet or .jsonl."),
    ] = None,
    chart: Annotated[
        list[str] | None,
        typer.Option("--chart", metavar="FILE", help="Also draw it: .svg or .png; without a suffix, both."),
    ] = None,
    share: Annotated[
        str, typer.Option("--share", metavar="documents|sentences", help="What the chart shows shares of.")
    ] = "documents",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files even if somebody changed them since.")
    ] = False,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Roll tags up: how many sentences and documents, of how many, with 95 % intervals.

    Lines of boilerplate count nowhere. Intervals are of sampling: what the model gets wrong is not in them.
    """
    chosen: dict[str, Any] = {"topics": topic or (), "copies_once": copies_once, "mixed_models": mixed_models}
    found = api.summarize(tags, by, **chosen)
    if as_json:
        print_json(found.to_dict())
    else:
        _print(found)
    targets = [out] if out else []
    targets += [name for given in chart or () for name in _charts(given)]
    for target in targets:
        command = typed()
        api.write_summary(tags, target, by, share=share, overwrite=overwrite, command=command, **chosen)
        say(f"wrote {safe(target)}")


def _charts(given: str) -> list[str]:
    return [given] if Path(given).suffix else [given + suffix for suffix in SUFFIXES]


def _print(found: Summary) -> None:
    about = found.about
    copies = "counted once" if about["copies_once"] else "counted each: --copies-once counts the first only"
    typer.echo(
        f"{about['documents']:,} documents, {about['sentences']:,} sentences"
        + (f"; {about['boilerplate']:,} lines of boilerplate left out" if about["boilerplate"] else "")
        + (f"; {about['copies']:,} copies of documents, {copies}" if about["copies"] else "")
    )
    typer.echo(f"model {safe(', '.join(about['models']))}")
    if about.get("undated"):
        count, *shown = about["unread_dates"]
        less = f", {count:,} of them a date that says less: {', '.join(map(safe, shown))}" if count else ""
        typer.echo(f"{about['undated']:,} documents have no {found.by}{less}")
    pair = found.by == "topic-pair"
    first = [found.by] if pair else [found.by, "topic"]
    more = {"to review": "review_sentences", "by people": "by_people"}
    # What is nought everywhere takes no room: on a terminal there is little.
    more = {name: key for name, key in more.items() if any(row[key] for row in found.rows)}
    columns = [*first, "documents", "share", "95 %", "sentences", "share", "95 %", *more]
    rows = [
        [
            *([row["key"]] if pair else [row["key"], row["topic"]]),
            *_cells(row),
            *(f"{row[key]:,}" for key in more.values()),
        ]
        for row in found.rows
        if row["documents"]
    ]
    console(wide=True).print(table("", columns, rows[:_MOST]))
    if len(rows) > _MOST:
        say(f"{len(rows) - _MOST:,} more rows are not shown: --out FILE.csv holds all")


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [
        cell
        for what in ("document", "sentence")
        for cell in (f"{row[f'tagged_{what}s']:,}/{row[f'{what}s']:,}", *_share(row, what))
    ]


def _share(row: Mapping[str, Any], what: str) -> list[str]:
    value, low, high = (row[f"{what}_share{end}"] for end in ("", "_low", "_high"))
    if value is None:
        return ["", ""]
    digits = 1 if (high or 0) < 0.1 else 0  # small shares would all be 0
    return [f"{value:.1%}", "" if low is None else f"{low:.{digits}%}–{high:.{digits}%}"]
