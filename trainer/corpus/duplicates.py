"""Near-duplicate sentences, found exactly.

Two sentences are near-duplicates when the Jaccard similarity of their word 3-shingles reaches a bound.
The search is the prefix filter of Chaudhuri, Ganti and Kaushik (ICDE 2006) as ordered by Bayardo, Ma and
Srikant (WWW 2007): shingles are ranked from rare to common, and two sets that are similar enough must
share one of their first ``n - ceil(bound * n) + 1``. Every candidate is then verified.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

SHINGLE = 3
_WORD = re.compile(r"\w+")
_Ints = NDArray[np.int64]


class WordIndex:
    """Sentences as rows of word numbers, held compactly: four bytes a word."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._words: list[NDArray[np.uint32]] = []

    def __len__(self) -> int:
        return len(self._words)

    def add(self, text: str) -> None:
        """Take in the next sentence."""
        numbers = self._numbers
        row = [numbers.setdefault(word, len(numbers)) for word in _WORD.findall(text.lower())]
        self._words.append(np.array(row, dtype=np.uint32))

    @property
    def lengths(self) -> _Ints:
        """Words of each sentence."""
        return np.array([len(row) for row in self._words], dtype=np.int64)

    def shingles(self) -> tuple[_Ints, _Ints]:
        """Return the distinct shingles of every sentence, as CSR.

        Returns
        -------
        indptr : (n + 1,) array of int64
        shingles : (nnz,) array of int64
            Ascending in each row, numbered from rare to common over all rows. A sentence of fewer than
            three words is one shingle.
        """
        lengths = self.lengths
        counts = np.maximum(lengths - SHINGLE + 1, np.minimum(lengths, 1))
        rows = np.repeat(np.arange(len(lengths)), counts)
        words = np.concatenate([*self._words, np.zeros(SHINGLE, np.uint32)]).astype(np.uint64)
        first = np.repeat(np.cumsum(lengths) - lengths, counts)
        place = first + np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        gone = np.uint64(len(self._numbers))  # stands for "no word", past the end of a short sentence
        ends = first + np.repeat(lengths, counts)
        keys = np.zeros(len(rows), np.uint64)
        for offset in range(SHINGLE):
            word = np.where(place + offset < ends, words[np.minimum(place + offset, len(words) - 1)], gone)
            keys = _paired(keys, word)
        return _ranked(rows, keys, len(lengths))


def _paired(left: NDArray[np.uint64], right: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Give each distinct pair a number; no hash, so no collision."""
    _, compact = np.unique(left, return_inverse=True)
    return compact.astype(np.uint64) << np.uint64(32) | right


def _ranked(rows: _Ints, keys: NDArray[np.uint64], n: int) -> tuple[_Ints, _Ints]:
    _, shingle, frequency = np.unique(keys, return_inverse=True, return_counts=True)
    rank = np.empty(len(frequency), np.int64)
    rank[np.argsort(frequency, kind="stable")] = np.arange(len(frequency))
    width = max(len(frequency), 1)
    codes = np.unique(rows * width + rank[shingle])
    indptr = np.searchsorted(codes, np.arange(n + 1) * width)
    return indptr.astype(np.int64), codes % width


def near_duplicate_pairs(indptr: _Ints, shingles: _Ints, bound: float) -> _Ints:
    """Find all pairs of rows whose Jaccard similarity is at least `bound`.

    Parameters
    ----------
    indptr, shingles : arrays
        From `WordIndex.shingles`.
    bound : float
        In (0, 1].

    Returns
    -------
    (m, 2) array of int64
        Row numbers, the smaller first, sorted.
    """
    sizes = np.diff(indptr)
    prefix = sizes - np.ceil(bound * sizes - 1e-9).astype(np.int64) + 1
    prefix = np.where(sizes > 0, prefix, 0)
    rows = np.repeat(np.arange(len(sizes)), prefix)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(prefix) - prefix, prefix)
    heads = shingles[np.repeat(indptr[:-1], prefix) + within]
    found = [
        block for group in _shared(heads, rows)
        if len(block := _verified(_candidates(group, sizes, bound), indptr, shingles, bound))
    ]  # fmt: skip
    return np.unique(np.concatenate(found), axis=0) if found else np.empty((0, 2), np.int64)


def _shared(heads: _Ints, rows: _Ints) -> Iterable[_Ints]:
    """Yield, for each shingle that several rows have in their prefix, those rows."""
    order = np.lexsort((rows, heads))
    heads, rows = heads[order], rows[order]
    starts = np.flatnonzero(np.r_[True, heads[1:] != heads[:-1]]) if len(heads) else np.empty(0, np.int64)
    ends = np.r_[starts[1:], len(heads)]
    for start, end in zip(starts[ends - starts > 1], ends[ends - starts > 1], strict=True):
        yield rows[start:end]


def _candidates(rows: _Ints, sizes: _Ints, bound: float) -> _Ints:
    """Return the pairs among `rows` whose sizes allow the similarity."""
    rows = rows[np.lexsort((rows, sizes[rows]))]
    reach = np.searchsorted(sizes[rows], sizes[rows] / bound + 1e-9, side="right")
    width = reach - np.arange(len(rows)) - 1
    left = np.repeat(np.arange(len(rows)), width)
    right = left + 1 + np.arange(len(left)) - np.repeat(np.cumsum(width) - width, width)
    return np.sort(np.stack([rows[left], rows[right]], axis=1), axis=1)


def _verified(pairs: _Ints, indptr: _Ints, shingles: _Ints, bound: float) -> _Ints:
    kept = [pair for pair in pairs if _jaccard(pair[0], pair[1], indptr, shingles) >= bound - 1e-9]
    return np.array(kept, np.int64).reshape(-1, 2)


def _jaccard(a: int, b: int, indptr: _Ints, shingles: _Ints) -> float:
    left = shingles[indptr[a] : indptr[a + 1]]
    right = shingles[indptr[b] : indptr[b + 1]]
    both = len(np.intersect1d(left, right, assume_unique=True))
    return both / (len(left) + len(right) - both)


def connected(n: int, links: _Ints) -> _Ints:
    """Return for each of `n` nodes the smallest node that it is linked to, directly or not."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    graph = coo_matrix((np.ones(len(links), np.int8), (links[:, 0], links[:, 1])), shape=(n, n))
    _, component = connected_components(graph, directed=False)
    _, first = np.unique(component, return_index=True)
    return np.asarray(first[component], dtype=np.int64)
