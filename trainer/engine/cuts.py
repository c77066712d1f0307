"""Where it is plain how topics are decided, without their probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

try:
    from trainer.engine._linear import compare_rows as _compiled_compare
except ImportError:  # installed without a compiler
    _compiled_compare = None

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Decisions = NDArray[np.bool_]

_PATIENCE = 512
"""Texts that take about as long to decide by probabilities as it takes to find the margins."""
_MOST = 1e6
_HALVINGS = 64
_APART = 1e-9
"""What computed probabilities of ascending margins may go down by, at most, is far less."""
_PLAIN = 1e4
"""And it is so for calibrations with numbers up to this."""


class Cuts:
    """Decides by margins where that is plain, and by probabilities elsewhere: the result is the same.

    Parameters
    ----------
    wanted : (k,) array
        The probability from which on a topic is a tag; NaN where it is not so simple.
    numbers : sequence of arrays
        Of the calibrations that take margins to probabilities.
    """

    def __init__(self, wanted: Floats, numbers: Sequence[Floats]) -> None:
        plain = all(np.abs(some).max(initial=0) <= _PLAIN for some in numbers)
        self._wanted, self._patience = wanted if plain else np.full_like(wanted, np.nan), _PATIENCE
        self._sure: tuple[Floats, Floats] | None = None

    def __call__(
        self, margins: Floats, scores: Callable[[Floats], Floats], decide: Callable[[Floats], Decisions]
    ) -> Decisions:
        """Return the (n, k) decisions of margins.

        Parameters
        ----------
        margins : (n, k) array
            Or what each topic's margin follows from by adding the same to all: whatever `scores` takes.
        scores : callable
            Takes margins to probabilities, those of each topic ascending but for rounding; always the same.
        decide : callable
            Takes probabilities to decisions.
        """
        if self._patience > 0:
            self._patience -= len(margins)
            return decide(scores(margins))
        if self._sure is None:
            self._sure = sure_margins(scores, self._wanted)
        tagged, unsure = compared(margins, *self._sure)
        if len(unsure):  # as a rule all are plain
            tagged[unsure] = decide(scores(margins[unsure]))
        return tagged


def compared(
    margins: Floats, low: Floats, high: Floats, *, compiled: bool = True
) -> tuple[Decisions, NDArray[np.int64]]:
    """Return which of (n, k) margins reach `high`, and the rows where one neither does nor is `low` or less.

    Parameters
    ----------
    low, high : (k,) arrays
        Nothing reaches a NaN, nor is it so little.
    compiled : bool
        False asks for numpy even where the compiled loop is there; the result is the same.
    """
    if compiled and _compiled_compare is not None:
        reached, unsure = np.empty(margins.shape, np.bool_), np.empty(len(margins), np.int64)
        n = _compiled_compare(margins, low, high, reached.view(np.uint8), unsure)
        return reached, unsure[:n]
    reached = margins >= high
    return reached, np.flatnonzero(~(reached | (margins <= low)).all(axis=1))


def sure_margins(scores: Callable[[Floats], Floats], wanted: Floats) -> tuple[Floats, Floats]:
    """Find the margins up to which probabilities are below, and from which on they are above, what is wanted.

    They are found by halving. A little between them is left out, where rounding could decide.

    Parameters
    ----------
    scores : callable
        Takes (1, k) margins to probabilities, those of each topic ascending but for rounding.
    wanted : (k,) array

    Returns
    -------
    low, high : (k,) arrays
        NaN where nothing is sure.
    """
    return _farthest(lambda x: scores(x) <= wanted - _APART, wanted.shape, -_MOST), _farthest(
        lambda x: scores(x) >= wanted + _APART, wanted.shape, _MOST
    )


def _farthest(holds: Callable[[Floats], NDArray[np.bool_]], shape: tuple[int, ...], start: float) -> Floats:
    """Return how far from `start` towards its opposite something holds, or less far; NaN where never."""
    good, bad = np.full(shape, start), np.full(shape, -start)
    somewhere = holds(good[None])[0]
    for _ in range(_HALVINGS):
        middle = (good + bad) / 2
        held = holds(middle[None])[0]
        good, bad = np.where(held, middle, good), np.where(held, bad, middle)
    return np.where(somewhere, good, np.nan)
