"""TF-IDF over words and over characters inside words: the same features as scikit-learn's, without it.

Tokens, character n-grams, weights and norms are those of ``TfidfVectorizer`` with ``analyzer="word"`` or
``"char_wb"``, ``smooth_idf=True`` and ``norm="l2"``; each block is normalised on its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from trainer.engine.counting import CompiledCounter, Counter, Idf, Kind, counter
from trainer.engine.finding import Finder, finder
from trainer.engine.ngrams import Span, char_spans, word_spans
from trainer.engine.sparse import SparseRows, below, beside
from trainer.engine.threads import chunks, in_threads
from trainer.engine.vocabulary import Vocabulary
from trainer.lexicons import LexiconMatcher

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BATCH = 1_024
"""Texts that one thread reads at a time."""


@dataclass(frozen=True, eq=False)
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
    vocabulary : Vocabulary
        The n-grams, sorted; the place is the column.
    df : (len(vocabulary),) array of uint32
        In how many texts each stood, of those that it was learned from.
    n_texts : int
        How many these were.
    """

    kind: Kind
    ngrams: tuple[int, int]
    sublinear_tf: bool
    vocabulary: Vocabulary
    df: NDArray[np.uint32]
    n_texts: int

    @cached_property
    def idf(self) -> NDArray[np.float64]:
        """``1 + log((1 + n_texts) / (1 + df))`` of each n-gram."""
        return smooth_idf(self.df, self.n_texts)

    @cached_property
    def column(self) -> Mapping[str, int]:
        """The column of each n-gram."""
        return dict(zip(self.vocabulary, range(len(self.vocabulary)), strict=True))

    @cached_property
    def counter(self) -> Counter:
        """What counts the n-grams of texts."""
        return counter(self.kind, self.ngrams, self.vocabulary)

    def counted_by(self, finds: Counter) -> Block:
        """Return this block, which takes a counter that is made already for its own."""
        vars(self)["counter"] = finds
        return self

    def __getstate__(self) -> dict[str, Any]:
        # Tables in memory are made anew where it is loaded: the compiled one cannot be pickled.
        return {key: value for key, value in self.__dict__.items() if key not in ("column", "counter", "idf")}

    def transform(self, texts: Sequence[str]) -> SparseRows:
        """Return the TF-IDF rows of `texts`, each of length 1 or, without known n-grams, 0."""
        return counted_rows(self.counter, texts, _Idf(self), self.sublinear_tf)

    def locate(self, text: str) -> dict[str, list[Span]]:
        """Return where each known n-gram stands in `text`."""
        found: dict[str, list[Span]] = {}
        pieces = word_spans if self.kind == "word" else char_spans
        for gram, span in pieces(text, *self.ngrams):
            if gram in self.column:
                found.setdefault(gram, []).append(span)
        return found


class _Idf:
    """The idf of a block: of some columns, until all are asked for."""

    def __init__(self, block: Block) -> None:
        self._block = block

    def __len__(self) -> int:
        return len(self._block.df)

    def __getitem__(self, columns: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        return smooth_idf(self._block.df[columns], self._block.n_texts)

    def __array__(self, dtype: object = None, copy: bool | None = None) -> NDArray[np.float64]:
        return self._block.idf


@dataclass(frozen=True, eq=False)
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

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """The names of the lexicons, sorted."""
        return tuple(sorted(self.matcher.lexicons))

    @cached_property
    def finder(self) -> Finder:
        """What finds the lexicons of texts."""
        return finder(self.matcher)

    def __getstate__(self) -> dict[str, Any]:
        # As for n-grams: the compiled tables cannot be pickled.
        return {"matcher": self.matcher, "weight": self.weight}

    def transform(self, texts: Sequence[str]) -> SparseRows:
        """Return the rows of `texts`."""
        lengths, columns = self.finder.rows(texts)
        values = np.full(len(columns), self.weight)
        return SparseRows(np.r_[0, np.cumsum(lengths)], columns, values, len(self.vocabulary))

    def locate(self, text: str) -> dict[str, list[Span]]:
        """Return where terms of each lexicon stand in `text`."""
        places: dict[str, list[Span]] = {}
        for found in self.matcher.find(text):
            places.setdefault(found.lexicon, []).append((found.start, found.end))
        return places


@dataclass(frozen=True, eq=False)
class Features:
    """The blocks of a model, side by side."""

    blocks: tuple[Block | LexiconBlock, ...]

    def __len__(self) -> int:
        return sum(len(block.vocabulary) for block in self.blocks)

    def bare(self) -> Features:
        """Return these features without the tables that find n-grams: they are made anew when need be."""
        return Features(tuple(replace(block) if isinstance(block, Block) else block for block in self.blocks))

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
        return in_parts(self._transform, texts)

    def searches(self, texts: Sequence[str]) -> bool:
        """Whether texts are so few that n-grams of some block are looked up without a table."""
        return any(
            isinstance(block.counter, CompiledCounter) and block.counter.searches(texts)
            for block in self.blocks
            if isinstance(block, Block)
        )

    def _transform(self, texts: Sequence[str]) -> SparseRows:
        return beside([block.transform(texts) for block in self.blocks])


def counted_rows(counter: Counter, texts: Sequence[str], idf: Idf, sublinear_tf: bool) -> SparseRows:
    """Return the TF-IDF rows of texts over the vocabulary of a counter."""
    lengths, columns, values = counter.rows(texts, idf, sublinear_tf)
    return SparseRows(np.r_[0, np.cumsum(lengths)], columns, values, len(idf))


def in_parts(
    transform: Callable[[Sequence[str]], SparseRows], texts: Sequence[str], n_jobs: int | None = None
) -> SparseRows:
    """Return what `transform` makes of texts, some at a time, on threads where there are many."""
    if len(texts) <= _BATCH:
        return transform(texts)
    return below(in_threads(transform, chunks(texts, _BATCH), n_jobs))


def smooth_idf(df: NDArray[np.integer[Any]], n: int) -> NDArray[np.float64]:
    """Return ``1 + log((1 + n) / (1 + df))``, as if one more text held every n-gram."""
    # By distinct count, and by the logarithm that does not depend on the place in an array.
    most = int(df.max(initial=0))
    if most > 16 * len(df) + 65_536:  # a table by count would be larger than what it is for
        counts, place = np.unique(df, return_inverse=True)
        return np.array([_smooth_idf(count, n) for count in counts.tolist()], float)[place]
    table = np.zeros(most + 1)
    counts = np.flatnonzero(np.bincount(df))
    table[counts] = [_smooth_idf(count, n) for count in counts.tolist()]
    return np.asarray(table[df])


def _smooth_idf(df: int, n: int) -> float:
    return 1.0 + math.log((1 + n) / (1 + df))
