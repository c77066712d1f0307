"""How ``trainer corpus diff`` looks on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import typer

from trainer.cli.render import console, safe, table
from trainer.corpus.compare.reasons import told as told_reasons

if TYPE_CHECKING:
    from trainer.corpus.compare.diff import CorpusDiff

_LONGEST = 160
_BEFORE = 40
_MEANING = {
    "added": "added",
    "removed": "removed",
    "reworded": "reworded (same id)",
    "relabelled": "relabelled",
    "judged": "now, or no longer, people's word",
    "moved": "moved between splits",
    "unchanged": "unchanged",
}


def print_diff(diff: CorpusDiff, show: int) -> None:
    """Print counts, settings, and the first `show` changes of each kind."""
    out = console()
    typer.echo(safe(f"{diff.a.path} -> {diff.b.path}"))
    summary = diff.summary
    counts = [[meaning, f"{summary[kind]:,}"] for kind, meaning in _MEANING.items()]
    out.print(table("", ["sentences", ""], counts))
    turns = [[t, turn, f"{n:,}"] for t, found in diff.labels.items() for turn, n in found.items()]
    if turns:
        out.print(table("labels", ["topic", "from -> to", "sentences"], turns))
    _print_listed("settings that differ", map(_setting, diff.settings), len(diff.settings), show)
    documents = (f"{row['change']} {row['id']}" for row in diff.documents)
    _print_listed("documents", documents, len(diff.documents), show)
    for kind in list(_MEANING)[:-1]:
        _print_listed(_MEANING[kind], map(_change, diff.changes(kind, show)), summary[kind], show)


def _print_listed(title: str, lines: Any, total: int, show: int) -> None:
    if not total or not show:
        return
    typer.echo(f"{title}: {total:,}")
    for _, line in zip(range(show), lines, strict=False):
        typer.echo("  " + line)
    if total > show:
        typer.echo(f"  … and {total - show:,} more: --show {total}, --json or --html")


def _setting(row: Mapping[str, Any]) -> str:
    return safe(f"{row['setting']} {row['change']}: {_short(row['from'])} -> {_short(row['to'])}")


def _change(row: Mapping[str, Any]) -> str:
    """Return a change as lines: the sentence, then what became of it, then why."""
    if "topics" in row:
        told = ", ".join(
            f"{topic} {state['from']} -> {state['to']}" for topic, state in row["topics"].items()
        )
        why = told_reasons(row["reasons"]) or ["the same votes, weighed otherwise"]
    elif "labels" in row:
        told = "; ".join(topic for topic, label in row["labels"].items() if label == "yes") or "no topic"
        why = [row["reason"]]
    else:
        sides = (row["from"], row["to"])
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*sides, strict=False)))
        told = " -> ".join(_short(side, max(same - _BEFORE, 0)) for side in sides)  # where long texts part
        why = [row.get("reason", "")]
    lines = [f"{_short(row['text'])} [{row['doc_id']}]", told, *filter(None, why)]
    return "\n    ".join(map(safe, lines))


def _short(value: Any, same: int = 0) -> str:
    """Return at most `_LONGEST` characters; where there are more, without the first `same`."""
    text = str(value)
    if len(text) <= _LONGEST:
        return text
    start = f"…{text[same:]}" if same else text
    return start if len(start) <= _LONGEST else f"{start[: _LONGEST - 1]}…"
