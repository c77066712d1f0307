"""Leaks: what must not be so before anything is learned from a corpus."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trainer.corpus.grouping import long_clusters
from trainer.corpus.store import Corpus
from trainer.corpus.strings import Strings, StringsWriter
from trainer.errors import LeakageError
from trainer.spool import Spool

SHOWN = 5
"""Examples of each finding."""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found in a corpus.

    Attributes
    ----------
    kind : str
        A short fixed code.
    level : {"error", "warning"}
        Nothing should be learned from a corpus with an error.
    count : int
    detail : str
        What is wrong and what to do.
    examples : tuple of str
        The first few, as names, or as ``id: text``.
    """

    kind: str
    level: Literal["error", "warning"]
    count: int
    detail: str
    examples: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as plain data."""
        return asdict(self)


class Rows:
    """The sentences of a corpus with what several checks need of them, each made once.

    Attributes
    ----------
    ids, texts, splits, groups, origins : Strings
    """

    def __init__(self, corpus: Corpus) -> None:
        writers = {key: StringsWriter() for key in ("id", "text", "split", "group", "origin")}
        for batch in corpus.batches(columns=tuple(writers)):
            for key, writer in writers.items():
                writer.write(batch[key])
        self.ids, self.texts, self.splits, self.groups, self.origins = (w.strings() for w in writers.values())
        self._corpus = corpus
        self._build = corpus.manifest["config"]["build"]

    def __len__(self) -> int:
        return len(self.ids)

    def show(self, numbers: Sequence[int]) -> tuple[str, ...]:
        """Return the first few of these rows, as ``id: text``."""
        return tuple(f"{self.ids[i]}: {self.texts[i]}" for i in numbers[:SHOWN])

    @cached_property
    def labels(self) -> list[list[int]]:
        """The topics that each is on."""
        found: list[list[int]] = self._corpus.rows(columns=("labels",))["labels"].to_pylist()
        return found

    @cached_property
    def words(self) -> tuple[NDArray[np.uint32], NDArray[np.int64], list[str]]:
        """Words of all texts by number, one after the other; where each text starts; the words."""
        numbers: dict[str, int] = {}
        found = Spool()
        offsets = np.zeros(len(self) + 1, np.int64)
        for row, text in enumerate(self.texts, 1):
            words = _WORD.findall(text.lower())
            found.write(array("I", [numbers.setdefault(word, len(numbers)) for word in words]))
            offsets[row] = found.size // 4
        return np.frombuffer(found.whole(), np.uint32), offsets, list(numbers)

    @cached_property
    def sides(self) -> NDArray[np.int8]:
        """The split that each is in, as a number."""
        names = {name: number for number, name in enumerate(sorted(set(self.splits)))}
        return np.fromiter(map(names.__getitem__, self.splits), np.int8, len(self))

    @cached_property
    def cluster(self) -> NDArray[np.int64]:
        """Row -> the first row that is nearly the same, by the bounds that the corpus was built with."""
        return self._clusters()

    def apart(self) -> bool:
        """Tell whether no sentence is nearly the same as one in another split; `cluster` takes more."""
        return bool((self._clusters(self.sides) == np.arange(len(self))).all())

    def _clusters(self, sides: NDArray[np.int8] | None = None) -> NDArray[np.int64]:
        words, offsets, _ = self.words
        bounds = (self._build["link_words"], self._build["near_duplicate"])
        return long_clusters(words, offsets, np.arange(len(self)), *bounds, sides)


def leaks(rows: Rows) -> Iterator[Finding]:
    """Yield what stands in more than one split: groups, texts, near-duplicates."""
    split = rows.sides
    for what, keys in (("group", rows.groups), ("text", rows.texts)):
        side: dict[str, str] = {}
        suspects = _on_several_sides(keys, split)
        torn = {
            key: f"{key}: in {side[key]} and in {there}"
            for key, there in zip(keys.take(suspects), rows.splits.take(suspects), strict=True)
            if side.setdefault(key, there) != there
        }
        if torn:
            detail = f"{what}s stand in more than one split"
            yield Finding("leak", "error", len(torn), detail, tuple(torn.values())[:SHOWN])
    if rows.apart():  # so no chain of such sentences leads from one split to another either
        return
    across = [(int(rows.cluster[i]), i) for i in np.flatnonzero(split != split[rows.cluster]).tolist()]
    near = [(a, b) for a, b in across if rows.texts[a] != rows.texts[b]]  # equal ones are told above
    if near:
        shown = (
            f"{rows.ids[a]} in {rows.splits[a]}, {rows.ids[b]} in {rows.splits[b]}" for a, b in near[:SHOWN]
        )
        detail = "sentences stand in another split than one that is nearly the same"
        yield Finding("leak", "error", len(near), detail, tuple(shown))


def _on_several_sides(keys: Strings, split: NDArray[np.int8]) -> NDArray[np.int64]:
    """Return the rows, ascending, of keys that stand on several sides, and the few whose hash is alike."""
    hashed = np.fromiter(map(hash, keys), np.int64, len(keys))
    order = np.argsort(hashed, kind="stable")
    start = np.flatnonzero(np.r_[True, np.diff(hashed[order]) != 0][: len(order)])
    if not len(start):
        return order
    sides = split[order]
    torn = np.minimum.reduceat(sides, start) != np.maximum.reduceat(sides, start)
    return np.sort(order[np.repeat(torn, np.diff(np.r_[start, len(order)]))])


def refuse_leakage(corpus: Corpus) -> None:
    """Raise `LeakageError` when a group, a text or a near-duplicate stands in more than one split."""
    for leak in leaks(Rows(corpus)):
        raise LeakageError(
            f"{leak.detail} ({leak.count:,}); the first: {leak.examples[0]}",
            where=str(corpus.path),
            hint="Build it again: `trainer build` keeps groups on one side. To train all the same, and have "
            "scores that flatter: `trainer fit --allow-leakage`.",
        )
