"""Two corpora compared: what came, went, was relabelled or moved, and why.

A sentence is found again by its id, else by its text and its document: an edit further up in a document
changes the ids below it. Only what changed is ever turned into Python objects.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trainer.corpus.compare.matching import Numbers, Side, differs, match, open_side
from trainer.corpus.compare.reasons import why_moved, why_one_sided, why_relabelled
from trainer.corpus.compare.settings import changed_rules, changed_settings
from trainer.corpus.labels import HUMAN
from trainer.corpus.store import Corpus
from trainer.corpus.votes import read_votes
from trainer.escapes import to_json
from trainer.records import Label, Vote

KINDS = ("added", "removed", "reworded", "relabelled", "judged", "moved")
"""What can become of a sentence; ``judged``: its labels are the same, now or no longer by people's word."""
_STATES: dict[int, Label] = {1: "yes", 0: "no", -1: "unknown"}
_AT_ONCE = 50_000  # rows turned into objects together; each time the votes are read through
Change = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CorpusDiff:
    """What differs between two corpora.

    Attributes
    ----------
    a, b : Corpus
        The earlier and the later one.
    topics : tuple of str
        Those that both have; only their labels are compared.
    summary : mapping
        How many sentences are ``unchanged``, and how many of each of `KINDS`: one may be of several.
    labels : mapping
        Topic -> "no -> yes" and the like -> how many sentences.
    settings : list of dict
        See `changed_settings`.
    documents : list of dict
        ``id`` and ``change`` (added, removed, edited) of documents whose text is stored.
    """

    a: Corpus
    b: Corpus
    topics: tuple[str, ...]
    summary: Mapping[str, int]
    labels: Mapping[str, Mapping[str, int]]
    settings: list[Change]
    documents: list[Change]
    _sides: tuple[Side, Side] = field(repr=False)
    _pairs: tuple[Numbers, Numbers] = field(repr=False)
    _numbers: Mapping[str, Numbers] = field(repr=False)

    def changes(self, kind: str, most: int | None = None) -> Iterator[Change]:
        """Yield the changes of one of `KINDS`, in the order of documents and places; `most` at most.

        Each has ``id``, ``doc_id`` and ``text``, what is its kind's own, and ``reason`` or ``reasons``.
        """
        numbers = self._numbers[kind][:most]
        for start in range(0, len(numbers), _AT_ONCE):
            some = numbers[start : start + _AT_ONCE]
            if kind in ("added", "removed"):
                yield from self._one_sided(some, added=kind == "added")
            else:
                yield from getattr(self, f"_{kind}")(*(pairs[some] for pairs in self._pairs))

    def head(self) -> Change:
        """Return all but the changes of sentences."""
        keys = ("version", "fingerprint", "documents", "sentences", "labels", "splits")
        about = {
            side: {"corpus": str(corpus.path), **{key: corpus.to_dict()[key] for key in keys}}
            for side, corpus in (("a", self.a), ("b", self.b))
        }
        return about | {key: getattr(self, key) for key in ("summary", "labels", "settings", "documents")}

    def to_dict(self) -> Change:
        """Return everything; of two large corpora this can be large."""
        return self.head() | {kind: list(self.changes(kind)) for kind in KINDS}

    def json(self) -> Iterator[str]:
        """Yield the JSON of `to_dict` piece by piece, safe on a terminal; the whole is never in memory."""
        yield to_json(self.head(), indent=2).removesuffix("\n}")
        for kind in KINDS:
            yield f',\n  "{kind}": ['
            for number, change in enumerate(self.changes(kind)):
                yield (",\n    " if number else "\n    ") + to_json(change)
            yield "\n  ]"
        yield "\n}\n"

    def _one_sided(self, numbers: Numbers, *, added: bool) -> Iterator[Change]:
        here, there = self._sides[added], self._sides[not added]
        rows = here.rows(numbers)
        places = _places(there, [row["text"] for row in rows])
        for row, states in zip(rows, here.states[numbers].tolist(), strict=True):
            labels = {topic: _STATES[state] for topic, state in zip(self.topics, states, strict=True)}
            reason = why_one_sided(row, here.documents, there.documents, places, added=added)
            yield {**_about(row), "origin": row["origin"], "labels": labels, "reason": reason}

    def _reworded(self, a: Numbers, b: Numbers) -> Iterator[Change]:
        for old, new in self._rows(a, b):
            yield {**_about(new), "from": old["text"], "to": new["text"]}

    def _relabelled(self, a: Numbers, b: Numbers) -> Iterator[Change]:
        rules = changed_rules(self.a.manifest["config"], self.b.manifest["config"])
        states = (side.states[some].tolist() for side, some in zip(self._sides, (a, b), strict=True))
        rows = list(self._rows(a, b))
        for (old, new), was, now, (before, after) in zip(rows, *states, self._votes(rows), strict=True):
            topics = {
                topic: {"from": _STATES[x], "to": _STATES[y]}
                for topic, x, y in zip(self.topics, was, now, strict=True)
                if x != y
            }
            found = [why_relabelled(topic, new["text"], before, after, rules) for topic in topics]
            reasons = [reason.to_dict() for several in found for reason in several]
            origin = {"from": old["origin"], "to": new["origin"]}
            yield {**_about(new), "topics": topics, "origin": origin, "reasons": reasons}

    def _judged(self, a: Numbers, b: Numbers) -> Iterator[Change]:
        rows = list(self._rows(a, b))
        for (old, new), (before, after) in zip(rows, self._votes(rows), strict=True):
            was, now = ({v.author for v in votes if v.author.startswith(HUMAN)} for votes in (before, after))
            came = [f"{author} judged it" for author in sorted(now - was)]
            went = [f"{author} is no longer among its judges" for author in sorted(was - now)]
            yield {
                **_about(new), "from": old["origin"], "to": new["origin"], "reason": "; ".join(came + went),
            }  # fmt: skip

    def _moved(self, a: Numbers, b: Numbers) -> Iterator[Change]:
        reset = any(s["setting"].startswith(("build.split", "seed")) for s in self.settings)
        group, parts = self._groups()
        for old, new in self._rows(a, b):
            reason = why_moved(group, parts, old["group"], new["group"], reset)
            yield {**_about(new), "from": old["split"], "to": new["split"], "reason": reason}

    def _rows(self, a: Numbers, b: Numbers) -> Iterator[tuple[Change, Change]]:
        return zip(self._sides[0].rows(a), self._sides[1].rows(b), strict=True)

    def _votes(self, rows: list[tuple[Change, Change]]) -> Iterator[tuple[list[Vote], list[Vote]]]:
        """Return the votes on some pairs of rows, in either corpus."""
        ids = [[pair[i]["id"] for pair in rows] for i in (0, 1)]
        said = [
            read_votes(corpus, only, silence=True) for corpus, only in zip((self.a, self.b), ids, strict=True)
        ]
        for old, new in zip(*ids, strict=True):
            yield said[0].get(old, []), said[1].get(new, [])

    def _groups(self) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
        """Return, for each group of either corpus, the groups of the other that hold its sentences."""
        forth: dict[str, set[str]] = defaultdict(set)
        back: dict[str, set[str]] = defaultdict(set)
        columns = [
            side.table["group"].take(some).to_pylist()
            for side, some in zip(self._sides, self._pairs, strict=True)
        ]
        for old, new in zip(*columns, strict=True):
            forth[new].add(old)
            back[old].add(new)
        return forth, back


def diff_corpora(a: Corpus, b: Corpus) -> CorpusDiff:
    """Compare two corpora.

    Raises
    ------
    ArtifactError
        When one of them is damaged.
    """
    topics = tuple(topic for topic in b.topics if topic in a.topics)
    left, right = open_side(a, topics), open_side(b, topics)
    pairs_a, pairs_b, removed, added = match(left, right)
    pairs = (pairs_a, pairs_b)
    was, now = left.states[pairs_a], right.states[pairs_b]
    relabelled = (was != now).any(axis=1)
    masks = {
        "reworded": differs(left, right, pairs, "text"),
        "relabelled": relabelled,
        "judged": differs(left, right, pairs, "origin") & ~relabelled,
        "moved": differs(left, right, pairs, "split"),
    }
    numbers = {"added": added, "removed": removed} | {k: np.flatnonzero(mask) for k, mask in masks.items()}
    same = len(pairs_a) - int(np.logical_or.reduce(list(masks.values())).sum())
    return CorpusDiff(
        a,
        b,
        topics,
        {"unchanged": same, **{kind: len(numbers[kind]) for kind in KINDS}},
        {topic: _transitions(was[:, i], now[:, i]) for i, topic in enumerate(topics)},
        changed_settings(a.manifest["config"], b.manifest["config"]),
        _changed_documents(left.documents, right.documents),
        (left, right),
        pairs,
        numbers,
    )


def _about(row: Mapping[str, Any]) -> Change:
    return {key: row[key] for key in ("id", "doc_id", "text", "split")}


def _places(side: Side, texts: list[str]) -> dict[str, str]:
    """Return the first document that has each of these texts."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = side.table.filter(pc.is_in(side.table["text"], value_set=pa.array(texts, pa.string())))
    places: dict[str, str] = {}
    for text, doc in zip(found["text"].to_pylist(), found["doc_id"].to_pylist(), strict=True):
        places.setdefault(text, doc)
    return places


def _transitions(was: np.ndarray, now: np.ndarray) -> dict[str, int]:
    changed = was != now
    pairs = Counter(zip(was[changed].tolist(), now[changed].tolist(), strict=True))
    return {f"{_STATES[a]} -> {_STATES[b]}": n for (a, b), n in sorted(pairs.items(), reverse=True)}


def _changed_documents(a: Mapping[str, str], b: Mapping[str, str]) -> list[Change]:
    found = []
    for doc in sorted(a.keys() | b.keys()):
        if a.get(doc) != b.get(doc):
            change = "added" if doc not in a else "removed" if doc not in b else "edited"
            found.append({"id": doc, "change": change})
    return found
