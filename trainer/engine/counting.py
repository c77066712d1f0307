"""N-grams of texts as columns of a vocabulary: compiled, or in Python with the same results."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from trainer.engine.ngrams import chunk_grams, word_grams
from trainer.engine.sparse import as_kernels_read
from trainer.engine.vocabulary import Vocabulary

try:
    from trainer.engine._ngrams import Known as _Known
    from trainer.engine._ngrams import Lines as _Lines
    from trainer.engine._ngrams import Texts as _Texts
except ImportError:  # installed without a compiler
    _Known = _Lines = _Texts = None

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]

Kind = Literal["word", "char"]
COMPILED = _Known is not None
BATCH = 4_096
"""Texts that are read at a time."""
MEMO = 200_000
"""Distinct words whose n-grams are remembered at most."""
_LARGE = 50_000
"""N-grams from which on a table waits until it pays."""
_PATIENCE = 32
"""N-grams of a vocabulary that take about as long to put into a table as one character to look up."""
Idf = Any
"""The idf of all columns: an array, or what is turned into one, and gives that of some."""


class Counter(Protocol):
    """Counts the n-grams of a vocabulary."""

    def rows(self, texts: Sequence[str], idf: Idf, sublinear: bool) -> Rows:
        """Return lengths of the TF-IDF rows of `texts`, and their ascending columns and values, end to end.

        Values are counts, or ``1 + log(count)``, times `idf`; then rows get length 1.
        """


def counter(
    kind: Kind,
    ngrams: tuple[int, int],
    vocabulary: Vocabulary,
    norm: bool = True,
    *,
    compiled: bool = True,
) -> Counter:
    """Return a counter of n-grams, their column being their place in `vocabulary`.

    Parameters
    ----------
    compiled : bool
        False asks for Python even where the compiled loops are there; the result is the same.
    """
    chosen = CompiledCounter if compiled and COMPILED else PythonCounter
    return chosen(kind, ngrams, vocabulary, norm)


class CompiledCounter:
    """The compiled `Counter`; also multiplies by weights as it reads.

    A large vocabulary is put into a table only when that pays: the n-grams of the first few texts are looked
    up among its lines, by halving.
    """

    def __init__(
        self, kind: Kind, ngrams: tuple[int, int], vocabulary: Vocabulary, norm: bool = True
    ) -> None:
        self._given = kind, ngrams, vocabulary, norm
        self._patience, self._searching = len(vocabulary) // _PATIENCE, None
        if len(vocabulary) >= _LARGE:
            lines = _Lines(vocabulary.lines)
            if lines.ascending:
                self._searching = SearchingCounter(kind, ngrams, lines, norm)
        if self._searching is None:
            self.prepare()

    @classmethod
    def of(cls, known: Any) -> CompiledCounter:
        """Return the counter of n-grams that were learned, and know their columns."""
        found = cls.__new__(cls)
        vars(found)["_known"], found._searching, found._patience = known, None, 0
        return found

    @cached_property
    def _known(self) -> Any:
        kind, ngrams, vocabulary, norm = self._given
        table = _Known(kind, *ngrams, norm, vocabulary.text)
        self._searching = None
        return table

    def prepare(self) -> None:
        """Make the table now, before several threads ask for it."""
        _ = self._known

    def searches(self, texts: Sequence[str]) -> bool:
        """Whether texts are so few that their n-grams are looked up without a table."""
        return self._searching is not None and sum(map(len, texts)) <= self._patience

    def rows(self, texts: Sequence[str], idf: Idf, sublinear: bool) -> Rows:
        """Return the rows of `texts`: see `Counter`."""
        searching = self._searching if self.searches(texts) else None
        if searching is not None:
            self._patience -= sum(map(len, texts))
            return searching.rows(texts, idf, sublinear)
        found: Rows = self._known.rows(_Texts(texts), np.asarray(idf), sublinear)
        return found

    def pack(
        self,
        texts: Sequence[str],
        idf: NDArray[np.float64],
        sublinear: bool,
        number: NDArray[np.int32],
        first: int | None = None,
    ) -> Any:
        """Return the rows of `texts` in few bytes: what a `trainer.engine.packed.Part` holds.

        Parameters
        ----------
        first : int, optional
            The place of the first of these texts among those that were learned from: what was found then need
            not be looked for again, while it is remembered.
        """
        if first is None or not self._known.remembers:
            return self._known.pack(_Texts(texts), idf, sublinear, number)
        return self._known.pack_learned(first, texts, idf, sublinear, number)

    def forget(self) -> None:
        """Remember no longer what was found in the texts that were learned from."""
        self._known.forget()

    def add_scores(
        self,
        texts: Any,
        idf: NDArray[np.float64],
        sublinear: bool,
        weights: NDArray[np.floating[Any]],
        out: NDArray[np.float64],
    ) -> None:
        """Add to the (n, k) `out` the rows of `texts`, as `prepared`, times (width, k) float16 or float32."""
        self._known.add_scores(texts, idf, sublinear, as_kernels_read(weights), out)


def prepared(texts: Sequence[str]) -> Any:
    """Return texts as `CompiledCounter.add_scores` reads them."""
    return _Texts(texts)


class PythonCounter:
    """The `Counter` that needs no compiler."""

    def __init__(
        self, kind: Kind, ngrams: tuple[int, int], vocabulary: Vocabulary, norm: bool = True
    ) -> None:
        self.kind, self.ngrams, self.norm, self.width = kind, ngrams, norm, len(vocabulary)
        self._column = dict(zip(vocabulary, range(len(vocabulary)), strict=True))
        self._memo: dict[str, list[int]] = {}

    def rows(self, texts: Sequence[str], idf: Idf, sublinear: bool) -> Rows:
        """Return the rows of `texts`: see `Counter`."""
        parts = [self._rows(batch, idf, sublinear) for batch in batches(texts)] or [
            self._rows([], idf, sublinear)
        ]
        lengths, columns, values = (np.concatenate(part) for part in zip(*parts, strict=True))
        return lengths, columns, values

    def _rows(self, texts: Sequence[str], idf: Idf, sublinear: bool) -> Rows:
        row, columns, counts = counted([self._columns(text) for text in texts], self.width)
        values = _term_frequency(counts, sublinear) * idf[columns]
        if self.norm:
            values = values / np.sqrt(np.bincount(row, values * values, len(texts)))[row]
        return np.bincount(row, minlength=len(texts)), columns.astype(np.int32), values

    def _columns(self, text: str) -> list[int]:
        if self.kind == "word":
            return self._known(word_grams(text.lower(), *self.ngrams))
        columns: list[int] = []
        for chunk in text.lower().split():
            known = self._memo.get(chunk)
            if known is None:
                known = self._known(chunk_grams(chunk, *self.ngrams))
                if len(self._memo) < MEMO:
                    self._memo[chunk] = known
            columns += known
        return columns

    def _known(self, grams: list[str]) -> list[int]:
        return [column for column in map(self._column.get, grams) if column is not None]


class SearchingCounter(PythonCounter):
    """The `Counter` that needs no table: it looks n-grams up among lines that ascend."""

    def __init__(self, kind: Kind, ngrams: tuple[int, int], lines: Any, norm: bool = True) -> None:
        super().__init__(kind, ngrams, Vocabulary(), norm)
        self.width, self._lines = lines.n, lines

    def _known(self, grams: list[str]) -> list[int]:
        found: list[int] = self._lines.find(grams)
        return found


def counted(
    rows: list[list[int]], width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return row, ascending column numbers and counts of rows of repeated column numbers."""
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    flat = np.fromiter(chain.from_iterable(rows), np.int64, int(lengths.sum()))
    width = max(width, 1)
    codes, counts = np.unique(np.repeat(np.arange(len(rows)), lengths) * width + flat, return_counts=True)
    return codes // width, codes % width, counts


def _term_frequency(counts: NDArray[np.int64], sublinear: bool) -> NDArray[np.float64]:
    if not sublinear:
        return counts.astype(np.float64)
    # A table, so that a count has one value wherever it stands in the array.
    table = np.array([0.0, *(1.0 + math.log(count) for count in range(1, int(counts.max(initial=0)) + 1))])
    return table[counts]


def batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """Yield texts some at a time."""
    source = iter(texts)
    while batch := list(islice(source, BATCH)):
        yield batch
