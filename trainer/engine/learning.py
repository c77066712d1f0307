"""Vocabularies, learned from texts: compiled, on threads, or in Python with the same results."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence, Sized
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from trainer.engine.counting import (
    COMPILED,
    MEMO,
    CompiledCounter,
    Counter,
    Kind,
    PythonCounter,
    batches,
    counted,
)
from trainer.engine.ngrams import chunk_grams, word_grams
from trainer.engine.threads import begun, cores, even_spans, in_threads
from trainer.engine.vocabulary import Vocabulary

try:
    from trainer.engine._ngrams import Learner as _Learner
    from trainer.engine._ngrams import Texts as _Texts
    from trainer.engine._ngrams import ascending as _ascending
except ImportError:  # installed without a compiler
    _Learner = _Texts = _ascending = None

_MANY = 300_000
"""Texts from which on rare n-grams of words are passed over before they are learned."""
_COUNTS = 2**27
_PART = 8_192
"""Texts that one of several threads learns from at least: what they found is then put together by one."""
_MOST_PARTS = 4


@runtime_checkable
class Parted(Protocol):
    """Texts that are no sequence, but can be had in parts."""

    def parts(self, n: int) -> Sequence[Iterable[str]]:
        """Return n parts that follow each other."""


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


def _learned_compiled(
    kind: Kind,
    ngrams: tuple[int, int],
    texts: Iterable[str],
    min_df: float,
    max_df: float,
    norm: bool,
    remember: bool,
) -> Learned:
    learner, n = _learner_of(kind, ngrams, texts, min_df, max_df, remember)
    parent, symbol, df = learner.nodes()
    least, most = bounds(n, min_df, max_df)
    # An n-gram that is only the beginning of others stands in no text by itself.
    nodes, used = _ascending(parent, symbol, ((df >= max(least, 1)) & (df <= most)).view(np.uint8))
    told = begun(lambda: (learner.lines_of(nodes), df[nodes - 1].astype(np.uint32)))
    known = learner.known(nodes, used, norm)
    lines, counts = told()
    return Learned(Vocabulary(lines), counts, n, CompiledCounter.of(known))


def _learner_of(
    kind: Kind, ngrams: tuple[int, int], texts: Iterable[str], min_df: float, max_df: float, remember: bool
) -> tuple[Any, int]:
    """Return what learned from texts, and how many they were: on threads, where they can be had in parts.

    Very many are read by one: each of several would make the same nodes.
    """
    known = len(texts) if isinstance(texts, Sized) else 0
    if known >= _MANY:
        one = _Learner(kind, *ngrams, remember=remember)
        if kind == "word":
            _pass_over_rare(one, texts, bounds(known, min_df, max_df)[0])
        return one, _read_into(one, texts)
    parts = _parted(texts, min(known // _PART, _MOST_PARTS, cores()))
    learners = [_Learner(kind, *ngrams, remember=remember) for _ in parts]
    read = in_threads(lambda work: _read_into(*work), list(zip(learners, parts, strict=True)))
    one = learners.pop(0)
    while learners:
        one.join(learners.pop(0))
    return one, sum(read)


def _parted(texts: Iterable[str], n: int) -> Sequence[Iterable[str]]:
    """Return texts in n parts, or in one."""
    if n > 1 and isinstance(texts, Sequence):
        return [texts[start:end] for start, end in even_spans(len(texts), n)]
    return texts.parts(n) if n > 1 and isinstance(texts, Parted) else [texts]


def _read_into(learner: Any, texts: Iterable[str]) -> int:
    """Learn from texts; return how many they were."""
    n = 0
    for batch in batches(texts):
        learner.learn(_Texts(batch))
        n += len(batch)
    return n


def _pass_over_rare(learner: Any, texts: Iterable[str], least: float) -> None:
    """Read texts once more, before they are learned from, to tell what stands in too few of them.

    Most pairs of words stand in one text only, and a node for each would take more memory than all else.
    Counts by hash are never too low, and what is learned is counted exactly: the result is the same. This is
    the hash filter of Park, Chen and Yu ("An effective hash-based algorithm for mining association rules",
    SIGMOD 1995).
    """
    if least < 2:
        return
    counts = np.zeros(_COUNTS, np.uint8)
    for batch in batches(texts):
        learner.meet(_Texts(batch), counts)
    learner.pass_over(math.ceil(min(least, 255)))


def _learned_in_python(
    kind: Kind, ngrams: tuple[int, int], texts: Iterable[str], min_df: float, max_df: float, norm: bool
) -> Learned:
    numbers: dict[str, int] = {}
    memo: dict[str, array[int]] = {}
    df = np.zeros(0, np.int64)
    n = 0
    for batch in batches(texts):
        _, columns, _ = counted(
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
            if len(memo) < MEMO:
                memo[chunk] = known
        row += known
    return row
