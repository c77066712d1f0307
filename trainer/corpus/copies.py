"""Which documents are copies of one another: the same article in two papers, or sent twice."""

from __future__ import annotations

import re
from array import array

import numpy as np

from trainer.corpus.duplicates import near_duplicate_clusters

_WORD = re.compile(r"\w+")
_UNDATED = "\uffff"
"""Sorts behind every date."""


class CopyFinder:
    """Takes in documents one after the other; their words are held as numbers.

    Two documents are copies when the Jaccard similarity of their word 3-shingles reaches a bound, or when a
    chain of such documents joins them: the measure that a corpus takes of sentences.

    Parameters
    ----------
    bound : float
        Least similarity, in (0, 1].
    """

    def __init__(self, bound: float) -> None:
        self._bound = bound
        self._numbers: dict[str, int] = {}
        self._words = array("I")
        self._offsets = [0]
        self._ids: list[str] = []
        self._order: list[tuple[str, str]] = []

    def add(self, doc_id: str, date: str | None, text: str) -> None:
        """Take in a document."""
        numbers = self._numbers
        self._words.extend(numbers.setdefault(word, len(numbers)) for word in _WORD.findall(text.lower()))
        self._offsets.append(len(self._words))
        self._ids.append(doc_id)
        self._order.append((date or _UNDATED, doc_id))

    def groups(self) -> dict[str, str | None]:
        """Return document -> the first of its copies, by date and then by name; None where there is none."""
        if not self._ids:
            return {}
        words = np.frombuffer(self._words, dtype=np.uint32) if self._words else np.zeros(0, np.uint32)
        offsets, rows = np.array(self._offsets, dtype=np.int64), np.arange(len(self._ids))
        cluster = near_duplicate_clusters(words, offsets, rows, self._bound).tolist()
        members: dict[int, list[int]] = {}
        for place, head in enumerate(cluster):
            members.setdefault(head, []).append(place)
        found: dict[str, str | None] = dict.fromkeys(self._ids)
        for places in members.values():
            if len(places) > 1:
                first = self._ids[min(places, key=self._order.__getitem__)]
                found |= dict.fromkeys((self._ids[place] for place in places), first)
        return found
