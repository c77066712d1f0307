"""Leaks: what must not be so before anything is learned from a corpus."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trainer.corpus.grouping import long_clusters
from trainer.corpus.store import Corpus
from trainer.errors import LeakageError

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
    ids, texts, splits, groups, origins : list of str
    labels : list of list of int
    """

    def __init__(self, corpus: Corpus) -> None:
        columns = ("id", "text", "split", "group", "origin", "labels")
        rows = corpus.rows(columns=columns).to_pydict()
        self.ids, self.texts, self.splits, self.groups, self.origins, self.labels = (rows[c] for c in columns)
        self._build = corpus.manifest["config"]["build"]

    def __len__(self) -> int:
        return len(self.ids)

    def show(self, numbers: Sequence[int]) -> tuple[str, ...]:
        """Return the first few of these rows, as ``id: text``."""
        return tuple(f"{self.ids[i]}: {self.texts[i]}" for i in numbers[:SHOWN])

    @cached_property
    def words(self) -> tuple[NDArray[np.uint32], NDArray[np.int64], list[str]]:
        """Words of all texts by number, one after the other; where each text starts; the words."""
        numbers: dict[str, int] = {}
        parts, lengths = [np.zeros(0, np.uint32)], [0]
        for text in self.texts:
            words = [numbers.setdefault(word, len(numbers)) for word in _WORD.findall(text.lower())]
            parts.append(np.array(words, dtype=np.uint32))
            lengths.append(len(words))
        return np.concatenate(parts), np.cumsum(lengths, dtype=np.int64), list(numbers)

    @cached_property
    def cluster(self) -> NDArray[np.int64]:
        """Row -> the first row that is nearly the same, by the bounds that the corpus was built with."""
        words, offsets, _ = self.words
        bounds = (self._build["link_words"], self._build["near_duplicate"])
        return long_clusters(words, offsets, np.arange(len(self)), *bounds)


def leaks(rows: Rows) -> Iterator[Finding]:
    """Yield what stands in more than one split: groups, texts, near-duplicates."""
    for what, keys in (("group", rows.groups), ("text", rows.texts)):
        side: dict[str, str] = {}
        torn = {
            key: f"{key}: in {side[key]} and in {split}"
            for key, split in zip(keys, rows.splits, strict=True)
            if side.setdefault(key, split) != split
        }
        if torn:
            detail = f"{what}s stand in more than one split"
            yield Finding("leak", "error", len(torn), detail, tuple(torn.values())[:SHOWN])
    split = np.unique(np.asarray(rows.splits, dtype=object), return_inverse=True)[1]
    across = [(int(rows.cluster[i]), i) for i in np.flatnonzero(split != split[rows.cluster]).tolist()]
    near = [(a, b) for a, b in across if rows.texts[a] != rows.texts[b]]  # equal ones are told above
    if near:
        shown = (
            f"{rows.ids[a]} in {rows.splits[a]}, {rows.ids[b]} in {rows.splits[b]}" for a, b in near[:SHOWN]
        )
        detail = "sentences stand in another split than one that is nearly the same"
        yield Finding("leak", "error", len(near), detail, tuple(shown))


def refuse_leakage(corpus: Corpus) -> None:
    """Raise `LeakageError` when a group, a text or a near-duplicate stands in more than one split."""
    for leak in leaks(Rows(corpus)):
        raise LeakageError(
            f"{leak.detail} ({leak.count:,}); the first: {leak.examples[0]}",
            where=str(corpus.path),
            hint="Build it again: `trainer build` keeps groups on one side. To train all the same, and have "
            "scores that flatter: `trainer fit --allow-leakage`.",
        )
