"""N-grams of texts as columns of a vocabulary: compiled, or in Python with the same results."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from trainer.engine.ngrams import chunk_grams, word_grams
from trainer.engine.sparse import as_kernels_read
from trainer.engine.threads import cores, even_spans, in_threads
from trainer.engine.vocabulary import Vocabulary

try:
    from trainer.engine._ngrams import Lines as _Lines
    from trainer.engine._ngrams import Ngrams as _Ngrams
    from trainer.engine._ngrams import Texts as _Texts
    from trainer.engine._ngrams import ascending as _ascending
except ImportError:  # installed without a compiler
    _Lines = _Ngrams = _Texts = _ascending = None

Kind = Literal["word", "char"]
COMPILED = _Ngrams is not None
_BATCH = 4_096
_MEMO = 200_000
"""Distinct words whose n-grams are remembered at most."""
_MANY = 300_000
"""Texts from which on rare n-grams of words are passed over before they are learned."""
_COUNTS = 2**27
_PART = 8_192
"""Texts that one of several threads learns from at least: what they found is then put together by one."""
_MOST_PARTS = 4
_LARGE = 50_000
"""N-grams from which on a table waits until it pays."""
_PATIENCE = 32
"""N-grams of a vocabulary that take about as long to put into a table as one character to look up."""
Rows = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]


@runtime_checkable
class Parted(Protocol):
    """Texts that are no sequence, but can be had in parts."""

    def parts(self, n: int) -> Sequence[Iterable[str]]:
        """Return n parts that follow each other."""


class Counter(Protocol):
    """Counts the n-grams of a vocabulary."""

    def rows(self, texts: Sequence[str], idf: NDArray[np.float64], sublinear: bool) -> Rows:
        """Return lengths of the TF-IDF rows of `texts`, and their ascending columns and values, end to end.

        Values are counts, or ``1 + log(count)``, times `idf`; then rows get length 1.
        """


@dataclass(frozen=True, slots=True)
class Learned:
    """The n-grams of some texts.

    Attributes
    ----------
    vocabulary : Vocabulary
        Ascending.
    df : (len(vocabulary),) array of uint32
        In how many texts each stands.
    n : int
        Number of texts.
    counter : Counter
        Counts the n-grams of the vocabulary.
    """

    vocabulary: Vocabulary
    df: NDArray[np.uint32]
    n: int
    counter: Counter


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


def learn(
    kind: Kind,
    ngrams: tuple[int, int],
    texts: Iterable[str],
    min_df: float = 1,
    max_df: float = 1.0,
    norm: bool = True,
    *,
    remember: bool = False,
    compiled: bool = True,
) -> Learned:
    """Learn which n-grams stand in `texts`, reading them once; many of which there is a number, twice.

    Parameters
    ----------
    min_df, max_df : int or float
        N-grams that stand in fewer, or in more, texts are left out; a float is a share of the texts.
    norm : bool
        Whether rows get length 1.
    remember : bool
        Whether a compiled counter remembers what it found, for the next time that it reads these texts; not
        of characters, nor of so many texts that it would take much room.
    """
    if compiled and COMPILED:
        return _learned_compiled(kind, ngrams, texts, min_df, max_df, norm, remember)
    return _learned_in_python(kind, ngrams, texts, min_df, max_df, norm)


def bounds(n: int, min_df: float, max_df: float) -> tuple[float, float]:
    """Return the least and the greatest document frequency among n texts, as scikit-learn reads them."""
    least = min_df if isinstance(min_df, int) else min_df * n
    most = max_df if isinstance(max_df, int) else max_df * n
    return least, most


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
    def of(cls, trie: Any) -> CompiledCounter:
        """Return the counter of a trie whose nodes have the numbers of their columns."""
        found = cls.__new__(cls)
        vars(found)["_ngrams"], found._searching, found._patience = trie, None, 0
        return found

    @cached_property
    def _ngrams(self) -> Any:
        kind, ngrams, vocabulary, norm = self._given
        table = _Ngrams(kind, *ngrams, norm)
        table.put(vocabulary.text)
        self._searching = None
        return table

    def prepare(self) -> None:
        """Make the table now, before several threads ask for it."""
        _ = self._ngrams

    def searches(self, texts: Sequence[str]) -> bool:
        """Whether texts are so few that their n-grams are looked up without a table."""
        return self._searching is not None and sum(map(len, texts)) <= self._patience

    def rows(self, texts: Sequence[str], idf: NDArray[np.float64], sublinear: bool) -> Rows:
        """Return the rows of `texts`: see `Counter`."""
        searching = self._searching if self.searches(texts) else None
        if searching is not None:
            self._patience -= sum(map(len, texts))
            return searching.rows(texts, idf, sublinear)
        found: Rows = self._ngrams.rows(_Texts(texts), idf, sublinear)
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
        if first is None or not self._ngrams.remembers:
            return self._ngrams.pack(_Texts(texts), idf, sublinear, number)
        read = (len(text) if text.isascii() else len(text.lower()) for text in texts)
        lengths = np.fromiter(read, np.int64, len(texts))
        return self._ngrams.pack_learned(first, lengths, idf, sublinear, number)

    def forget(self) -> None:
        """Remember no longer what was found in the texts that were learned from."""
        self._ngrams.forget()

    def add_scores(
        self,
        texts: Any,
        idf: NDArray[np.float64],
        sublinear: bool,
        weights: NDArray[np.floating[Any]],
        out: NDArray[np.float64],
    ) -> None:
        """Add to the (n, k) `out` the rows of `texts`, as `prepared`, times (width, k) float16 or float32."""
        self._ngrams.add_scores(texts, idf, sublinear, as_kernels_read(weights), out)


def prepared(texts: Sequence[str]) -> Any:
    """Return texts as `CompiledCounter.add_scores` reads them."""
    return _Texts(texts)


def _learned_compiled(
    kind: Kind,
    ngrams: tuple[int, int],
    texts: Iterable[str],
    min_df: float,
    max_df: float,
    norm: bool,
    remember: bool,
) -> Learned:
    trie, n = _learned_trie(kind, ngrams, texts, min_df, max_df, remember)
    parent, symbol, df = trie.nodes()
    least, most = bounds(n, min_df, max_df)
    # An n-gram that is only the beginning of others stands in no text by itself.
    nodes, used = _ascending(parent, symbol, ((df >= max(least, 1)) & (df <= most)).view(np.uint8))
    vocabulary = Vocabulary(trie.lines_of(nodes))
    trie.number(nodes, used, norm)
    return Learned(vocabulary, df[nodes - 1].astype(np.uint32), n, CompiledCounter.of(trie))


def _learned_trie(
    kind: Kind, ngrams: tuple[int, int], texts: Iterable[str], min_df: float, max_df: float, remember: bool
) -> tuple[Any, int]:
    """Return what learned from texts, and how many they were: on threads, where they can be had in parts.

    Very many are read by one: each of several would make the same nodes.
    """
    known = len(texts) if isinstance(texts, Sized) else 0
    if known >= _MANY:
        trie = _Ngrams(kind, *ngrams, remember=remember)
        if kind == "word":
            _pass_over_rare(trie, texts, bounds(known, min_df, max_df)[0])
        return trie, _read_into(trie, texts)
    parts = _parted(texts, min(known // _PART, _MOST_PARTS, cores()))
    tries = [_Ngrams(kind, *ngrams, remember=remember) for _ in parts]
    read = in_threads(lambda one: _read_into(*one), list(zip(tries, parts, strict=True)))
    trie = tries.pop(0)
    while tries:
        trie.join(tries.pop(0))
    return trie, sum(read)


def _parted(texts: Iterable[str], n: int) -> Sequence[Iterable[str]]:
    """Return texts in n parts, or in one."""
    if n > 1 and isinstance(texts, Sequence):
        return [texts[start:end] for start, end in even_spans(len(texts), n)]
    return texts.parts(n) if n > 1 and isinstance(texts, Parted) else [texts]


def _read_into(trie: Any, texts: Iterable[str]) -> int:
    """Learn from texts; return how many they were."""
    n = 0
    for batch in _batches(texts):
        trie.learn(_Texts(batch))
        n += len(batch)
    return n


def _pass_over_rare(trie: Any, texts: Iterable[str], least: float) -> None:
    """Read texts once more, before they are learned from, to tell what stands in too few of them.

    Most pairs of words stand in one text only, and a node for each would take more memory than all else.
    Counts by hash are never too low, and what is learned is counted exactly: the result is the same. This is
    the hash filter of Park, Chen and Yu ("An effective hash-based algorithm for mining association rules",
    SIGMOD 1995).
    """
    if least < 2:
        return
    counts = np.zeros(_COUNTS, np.uint8)
    for batch in _batches(texts):
        trie.meet(_Texts(batch), counts)
    trie.pass_over(math.ceil(min(least, 255)))


class PythonCounter:
    """The `Counter` that needs no compiler."""

    def __init__(
        self, kind: Kind, ngrams: tuple[int, int], vocabulary: Vocabulary, norm: bool = True
    ) -> None:
        self.kind, self.ngrams, self.norm, self.width = kind, ngrams, norm, len(vocabulary)
        self._column = dict(zip(vocabulary, range(len(vocabulary)), strict=True))
        self._memo: dict[str, list[int]] = {}

    def rows(self, texts: Sequence[str], idf: NDArray[np.float64], sublinear: bool) -> Rows:
        """Return the rows of `texts`: see `Counter`."""
        parts = [self._rows(batch, idf, sublinear) for batch in _batches(texts)] or [
            self._rows([], idf, sublinear)
        ]
        lengths, columns, values = (np.concatenate(part) for part in zip(*parts, strict=True))
        return lengths, columns, values

    def _rows(self, texts: Sequence[str], idf: NDArray[np.float64], sublinear: bool) -> Rows:
        row, columns, counts = _counted([self._columns(text) for text in texts], self.width)
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
                if len(self._memo) < _MEMO:
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


def _learned_in_python(
    kind: Kind, ngrams: tuple[int, int], texts: Iterable[str], min_df: float, max_df: float, norm: bool
) -> Learned:
    numbers: dict[str, int] = {}
    memo: dict[str, array[int]] = {}
    df = np.zeros(0, np.int64)
    n = 0
    for batch in _batches(texts):
        _, columns, _ = _counted(
            [_numbered(kind, ngrams, text, numbers, memo) for text in batch], len(numbers)
        )
        grown = np.zeros(len(numbers), np.int64)
        grown[: len(df)] = df
        df = grown + np.bincount(columns, minlength=len(numbers))
        n += len(batch)
    least, most = bounds(n, min_df, max_df)
    kept = sorted((gram, int(df[number])) for gram, number in numbers.items() if least <= df[number] <= most)
    vocabulary = Vocabulary.of(gram for gram, _ in kept)
    counts = np.array([count for _, count in kept], np.uint32)
    return Learned(vocabulary, counts, n, PythonCounter(kind, ngrams, vocabulary, norm))


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


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    source = iter(texts)
    while batch := list(islice(source, _BATCH)):
        yield batch
