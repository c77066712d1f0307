"""A difference of corpora as one page that needs nothing else, prints, and runs no script but its own."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainer.corpus.compare.diff import KINDS, CorpusDiff
from trainer.corpus.compare.reasons import told
from trainer.corpus.store import SPLITS
from trainer.pages import render
from trainer.publishing import write_atomically

_MOST_WORDS = 400  # difflib is quadratic
_ABOUT = {
    "added": ("Added", "added", "has", "Sentences that only B has."),
    "removed": ("Removed", "removed", "had", "Sentences that only A has."),
    "reworded": ("Reworded", "reworded", "change", "Sentences whose id stands for another text now."),
    "relabelled": ("Relabelled", "relabelled", "labels", "Sentences with another label on some topic."),
    "judged": (
        "Judged", "judged, same labels", "word of",
        "Sentences whose labels are the same, but now stand, or no longer stand, on people's word (gold).",
    ),
    "moved": ("Moved", "moved between splits", "split", "Sentences that are in another split."),
}  # fmt: skip


def write_page(diff: CorpusDiff, target: Path, most: int) -> None:
    """Write the page to a file, in one step."""
    write_atomically(target, diff_page(diff, most).encode())


def diff_page(diff: CorpusDiff, most: int) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    most : int
        Changes of each kind that are shown, as a browser has to hold them; the page says how many there are.
    """
    return render(
        "trainer.corpus.compare",
        "diff",
        title=f"{diff.a.name} {diff.a.version} → {diff.b.name} {diff.b.version}",
        unchanged=diff.summary["unchanged"],
        kinds=[_kind(diff, kind, most) for kind in KINDS],
        topics=_topics(diff),
        limit=most,
        splits=[split for split in SPLITS if split in {*diff.a.splits, *diff.b.splits}],
        **{key: value for key, value in diff.head().items() if key in ("a", "b", "settings", "documents")},
    )


def _kind(diff: CorpusDiff, kind: str, most: int) -> dict[str, Any]:
    title, short, column, meaning = _ABOUT[kind]
    rows = [
        {
            **row,
            "filter_keys": json.dumps(_filter_keys(kind, row)),
            "told": told(row.get("reasons", ())),
            **_words(kind, row),
        }
        for row in diff.changes(kind, most)
    ]
    about = {"name": kind, "title": title, "short": short, "column": column, "meaning": meaning}
    return {**about, "total": diff.summary[kind], "rows": rows}


def _filter_keys(kind: str, row: Mapping[str, Any]) -> list[str]:
    """Return what a reader may filter a row by."""
    if kind == "relabelled":
        return [f"{topic}: {s['from']} → {s['to']}" for topic, s in row["topics"].items()]
    if kind in ("added", "removed"):
        return [topic for topic, label in row["labels"].items() if label == "yes"] or ["no topic"]
    return [] if kind == "reworded" else [f"{row['from']} → {row['to']}"]


def _words(kind: str, row: Mapping[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """Return a reworded sentence as words that stayed, went and came."""
    if kind != "reworded":
        return {}
    old, new = (row[key].split(" ") for key in ("from", "to"))
    if max(len(old), len(new)) > _MOST_WORDS:
        return {"words": [("del", row["from"]), ("", " "), ("ins", row["to"])]}
    parts: list[tuple[str, str]] = []
    for op, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if op == "equal":
            parts.append(("", " ".join(old[a:b]) + " "))
            continue
        for mark, words in (("del", old[a:b]), ("ins", new[c:d])):
            parts += [(mark, " ".join(words)), ("", " ")] if words else []
    return {"words": parts}


def _topics(diff: CorpusDiff) -> list[dict[str, Any]]:
    left, right = diff.a.manifest["labels"], diff.b.manifest["labels"]
    rows = []
    for topic in dict.fromkeys([*diff.b.topics, *diff.a.topics]):
        counts = [side.get(topic, {}).get(key) for key in ("yes", "no", "unknown") for side in (left, right)]
        only = "" if topic in diff.topics else "A" if topic in diff.a.topics else "B"
        rows.append({"topic": topic, "only": only, "counts": counts, "turns": diff.labels.get(topic, {})})
    return rows
