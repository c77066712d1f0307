"""TF-IDF over words and over characters inside words: the same features as scikit-learn's, without it.

Tokens, character n-grams, weights and norms are those of ``TfidfVectorizer`` with ``analyzer="word"`` or
``"char_wb"``, ``smooth_idf=True`` and ``norm="l2"``; each block is normalised on its own.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from trainer.lexicons import LexiconMatcher
from trainer.model.ngrams import Span, char_spans, chunk_grams, word_grams, word_spans
from trainer.model.sparse import SparseRows, beside

Kind = Literal["word", "char"]
_BATCH = 4_096
_MEMO = 200_000
"""Distinct words whose n-grams are remembered at most."""


@dataclass(frozen=True)
class Block:
    """One kind of n-gram with the vocabulary and weights that were learned.

    Attributes
    ----------
    kind : {"word", "char"}
        Runs of words, or runs of characters inside white-space-separated pieces padded with one blank.
    ngrams : (int, int)
        Shortest and longest run.
    sublinear_tf : bool
        Use ``1 + log(count)`` for the count.
    vocabulary : tuple of str
        The n-grams, sorted; the place is the column.
    idf : (len(vocabulary),) array of float64
        ``1 + log((1 + n) / (1 + df))``.
    """

    kind: Kind
    ngrams: tuple[int, int]
    sublinear_tf: bool
    vocabulary: tuple[str, ...]
    idf: NDArray[np.float64]
    column: Mapping[str, int] = field(init=False, repr=False)
    _memo: dict[str, list[int]] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "column", dict(zip(self.vocabulary, range(len(self.vocabulary)), strict=True))
        )

    def transform(self, texts: Sequence[str]) -> SparseRows:
        """Return the TF-IDF rows of `texts`, each of length 1 or, without known n-grams, 0."""
        parts = [
            self._weighted([self._columns(text) for text in texts[start : start + _BATCH]])
            for start in range(0, len(texts), _BATCH)
        ]
        return _below(parts, len(self.vocabulary))

    def locate(self, text: str) -> dict[str, list[Span]]:
        """Return where each known n-gram stands in `text`."""
        found: dict[str, list[Span]] = {}
        pieces = word_spans if self.kind == "word" else char_spans
        for gram, span in pieces(text, *self.ngrams):
            if gram in self.column:
                found.setdefault(gram, []).append(span)
        return found

    def _columns(self, text: str) -> list[int]:
        if self.kind == "word":
            return self._known(word_grams(text.lower(), *self.ngrams))
        columns: list[int] = []
        for chunk in text.lower().split():
            known = self._memo.get(chunk)
            if known is None:
                known = self._known(chunk_grams(chunk, *self.ngrams))
                if len(self._memo) < _MEMO:
                    self._memo[chunk] = known
            columns += known
        return columns

    def _known(self, grams: list[str]) -> list[int]:
        return [column for column in map(self.column.get, grams) if column is not None]

    def _weighted(self, rows: list[list[int]]) -> SparseRows:
        indptr, indices, counts = _counted(rows, len(self.vocabulary))
        values = _term_frequency(counts, self.sublinear_tf) * self.idf[indices]
        row = np.repeat(np.arange(len(rows)), np.diff(indptr))
        norms = np.sqrt(np.bincount(row, values * values, len(rows)))
        return SparseRows(indptr, indices, values / norms[row], len(self.vocabulary))


@dataclass(frozen=True)
class LexiconBlock:
    """One feature a lexicon: whether one of its terms stands in the text.

    Attributes
    ----------
    matcher : LexiconMatcher
        Its lexicons are the columns, by name.
    weight : float
        The value of a lexicon that is found; it is neither counted nor normalised.
    """

    matcher: LexiconMatcher
    weight: float
    kind: ClassVar[Literal["lexicon"]] = "lexicon"

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The names of the lexicons, sorted."""
        return tuple(sorted(self.matcher.lexicons))

    def transform(self, texts: Sequence[str]) -> SparseRows:
        """Return the rows of `texts`."""
        column = {name: i for i, name in enumerate(self.vocabulary)}
        rows = [sorted({column[found.lexicon] for found in self.matcher.find(text)}) for text in texts]
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        indices = np.fromiter(chain.from_iterable(rows), np.int64, int(lengths.sum()))
        indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        return SparseRows(indptr, indices, np.full(len(indices), self.weight), len(column))

    def locate(self, text: str) -> dict[str, list[Span]]:
        """Return where terms of each lexicon stand in `text`."""
        places: dict[str, list[Span]] = {}
        for found in self.matcher.find(text):
            places.setdefault(found.lexicon, []).append((found.start, found.end))
        return places


@dataclass(frozen=True)
class Features:
    """The blocks of a model, side by side."""

    blocks: tuple[Block | LexiconBlock, ...]

    def __len__(self) -> int:
        return sum(len(block.vocabulary) for block in self.blocks)

    def names_of(self, columns: Iterable[int]) -> list[str]:
        """Return the names of columns, as ``word:…``, ``char:…`` or ``lexicon:…``."""
        names = []
        for column in columns:
            for block in self.blocks:
                if column < len(block.vocabulary):
                    names.append(f"{block.kind}:{block.vocabulary[column]}")
                    break
                column -= len(block.vocabulary)
        return names

    def locate(self, text: str) -> dict[str, list[Span]]:
        """Return where each known feature stands in `text`, by name."""
        return {
            f"{block.kind}:{gram}": spans
            for block in self.blocks
            for gram, spans in block.locate(text).items()
        }

    def transform(self, texts: Sequence[str]) -> SparseRows:
        """Return the rows of `texts`."""
        return beside([block.transform(texts) for block in self.blocks])


def learn_block(
    kind: Kind, ngrams: tuple[int, int], texts: Iterable[str], min_df: int, sublinear_tf: bool
) -> Block:
    """Learn vocabulary and weights from `texts`.

    Parameters
    ----------
    min_df : int
        N-grams that stand in fewer texts are left out.
    """
    numbers: dict[str, int] = {}
    memo: dict[str, array[int]] = {}
    df = np.zeros(0, np.int64)
    n = 0
    for batch in _batches(texts):
        rows = [_numbered(kind, ngrams, text, numbers, memo) for text in batch]
        _, indices, _ = _counted(rows, len(numbers))
        grown = np.zeros(len(numbers), np.int64)
        grown[: len(df)] = df
        df = grown + np.bincount(indices, minlength=len(numbers))
        n += len(batch)
    kept = sorted((gram, int(df[number])) for gram, number in numbers.items() if df[number] >= min_df)
    idf = np.array([1.0 + math.log((1 + n) / (1 + count)) for _, count in kept])
    return Block(kind, ngrams, sublinear_tf, tuple(gram for gram, _ in kept), idf)


def _numbered(
    kind: Kind, ngrams: tuple[int, int], text: str, numbers: dict[str, int], memo: dict[str, array[int]]
) -> list[int]:
    if kind == "word":
        return [numbers.setdefault(gram, len(numbers)) for gram in word_grams(text.lower(), *ngrams)]
    row: list[int] = []
    for chunk in text.lower().split():
        known = memo.get(chunk)
        if known is None:
            known = array(
                "q", [numbers.setdefault(gram, len(numbers)) for gram in chunk_grams(chunk, *ngrams)]
            )
            if len(memo) < _MEMO:
                memo[chunk] = known
        row += known
    return row


def _counted(
    rows: list[list[int]], width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return CSR pointers, ascending column numbers and counts of rows of repeated column numbers."""
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    flat = np.fromiter(chain.from_iterable(rows), np.int64, int(lengths.sum()))
    width = max(width, 1)
    codes, counts = np.unique(np.repeat(np.arange(len(rows)), lengths) * width + flat, return_counts=True)
    indptr = np.searchsorted(codes, np.arange(len(rows) + 1) * width)
    return indptr.astype(np.int64), codes % width, counts


def _term_frequency(counts: NDArray[np.int64], sublinear: bool) -> NDArray[np.float64]:
    if not sublinear:
        return counts.astype(np.float64)
    # A table, so that a count has one value wherever it stands in the array.
    table = np.array([0.0, *(1.0 + math.log(count) for count in range(1, int(counts.max(initial=0)) + 1))])
    return table[counts]


def _below(parts: list[SparseRows], width: int) -> SparseRows:
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return SparseRows(np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0), width)
    lengths = np.concatenate([np.diff(part.indptr) for part in parts])
    indices = np.concatenate([part.indices for part in parts])
    values = np.concatenate([part.values for part in parts])
    return SparseRows(np.r_[0, np.cumsum(lengths)], indices, values, width)


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for text in texts:
        batch.append(text)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
