"""Margins of texts, summed while the texts are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.engine.counting import COMPILED, prepared
from trainer.engine.sparse import side_by_side
from trainer.engine.threads import chunks, in_threads
from trainer.model.features import Block, Features, LexiconBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    _Adds = Callable[[Sequence[str], Any, NDArray[np.float64]], None]

_BATCH = 1_024
"""Texts that one thread reads at a time."""


class Scorer:
    """Multiplies the rows of texts by weights: the bits of ``features.transform(texts).dot(weights)``.

    Compiled, no row is made: what a text adds is summed as its n-grams are found.

    Parameters
    ----------
    features : Features
    weights : (len(features), k) array of float32 or float16
    """

    def __init__(self, features: Features, weights: NDArray[np.floating[Any]]) -> None:
        kept = np.float16 if weights.dtype == np.float16 else np.float32
        self._features = features
        self._weights: NDArray[np.floating[Any]] = np.ascontiguousarray(weights, kept)

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the (n, k) sums of `texts`."""
        adds = self.prepare(texts)
        if adds is None:
            return self._features.transform(texts).dot(self._weights)
        out = np.zeros((len(texts), self._weights.shape[1]))

        def add(part: int) -> None:
            chunk, rows = parts[part], out[part * _BATCH : (part + 1) * _BATCH]
            read = prepared(chunk)
            for one in adds:
                one(chunk, read, rows)

        parts = chunks(texts, _BATCH)
        in_threads(add, range(len(parts)))
        return out

    def prepare(self, texts: Sequence[str]) -> list[_Adds] | None:
        """Return what adds the part of each block, before there are threads; None where rows are made."""
        return self._adds if COMPILED and not self._features.searches(texts) else None

    def __getstate__(self) -> dict[str, Any]:
        # Compiled tables cannot be pickled.
        return {key: value for key, value in self.__dict__.items() if key != "_adds"}

    @cached_property
    def _adds(self) -> list[_Adds]:
        """What adds the part of each block."""
        found, start = [], 0
        for block in self._features.blocks:
            end = start + len(block.vocabulary)
            found.append(_adding(block, self._weights[start:end]))
            start = end
        return found


def _adding(block: Block | LexiconBlock, weights: NDArray[np.floating[Any]]) -> _Adds:
    if isinstance(block, LexiconBlock):
        finder, value = block.finder, block.weight
        return lambda texts, read, out: finder.add_scores(texts, value, weights, out)
    counter: Any = block.counter
    sublinear = block.sublinear_tf
    counter.prepare()
    idf, stored = side_by_side(block.idf, weights)
    return lambda texts, read, out: counter.add_scores(read, idf, sublinear, stored, out)
