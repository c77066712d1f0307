"""Which lexicons stand in texts, as columns: compiled, or in Python with the same results."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from trainer.engine.sparse import as_kernels_read
from trainer.lexicons import LexiconMatcher

try:
    from trainer.engine._lexicons import Lexicons as _Lexicons
except ImportError:  # installed without a compiler
    _Lexicons = None

if TYPE_CHECKING:
    from numpy.typing import NDArray

COMPILED = _Lexicons is not None


class Finder(Protocol):
    """Finds lexicons, their columns being their places among the sorted names."""

    def rows(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return how many lexicons stand in each text, and their ascending columns, end to end."""

    def add_scores(
        self, texts: Sequence[str], value: float, weights: NDArray[np.floating[Any]], out: NDArray[np.float64]
    ) -> None:
        """Add to the (n, k) `out` `value` for each lexicon in `texts`, times the (width, k) `weights`."""


def finder(matcher: LexiconMatcher, *, compiled: bool = True) -> Finder:
    """Return what finds the lexicons of a matcher.

    Parameters
    ----------
    compiled : bool
        False asks for Python even where the compiled loops are there; the result is the same.
    """
    return (CompiledFinder if compiled and COMPILED else PythonFinder)(matcher)


class PythonFinder:
    """The `Finder` that needs no compiler."""

    def __init__(self, matcher: LexiconMatcher) -> None:
        self.matcher = matcher
        self.column = {name: i for i, name in enumerate(sorted(matcher.lexicons))}

    def columns(self, text: str) -> list[int]:
        """Return the ascending columns of the lexicons in a text."""
        return sorted({self.column[found.lexicon] for found in self.matcher.find(text)})

    def rows(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return the rows of `texts`: see `Finder`."""
        rows = [self.columns(text) for text in texts]
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        return lengths, np.fromiter(chain.from_iterable(rows), np.int32, int(lengths.sum()))

    def add_scores(
        self, texts: Sequence[str], value: float, weights: NDArray[np.floating[Any]], out: NDArray[np.float64]
    ) -> None:
        """Add to `out`: see `Finder`."""
        for row, text in zip(out, texts, strict=True):
            for column in self.columns(text):
                row += value * weights[column].astype(np.float64)


class CompiledFinder:
    """The compiled `Finder`."""

    def __init__(self, matcher: LexiconMatcher) -> None:
        lexicons = [terms for _, terms in sorted(matcher.lexicons.items())]
        self._lexicons = _Lexicons(lexicons, PythonFinder(matcher).columns)

    def rows(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return the rows of `texts`: see `Finder`."""
        found: tuple[NDArray[np.int64], NDArray[np.int32]] = self._lexicons.rows(texts)
        return found

    def add_scores(
        self, texts: Sequence[str], value: float, weights: NDArray[np.floating[Any]], out: NDArray[np.float64]
    ) -> None:
        """Add to `out`: see `Finder`."""
        self._lexicons.add_scores(texts, value, as_kernels_read(weights), out)
