"""Intervals for shares, of documents and of sentences that come in documents; p-values of many tests."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Z = 1.959963984540054
"""Of 95 %, two-sided."""

Share = tuple[float | None, float | None, float | None]


def wilson(successes: float, n: float, z: float = Z) -> tuple[float | None, float | None]:
    """Return the interval of a share (Wilson 1927, JASA 22:209); None where there is nothing.

    Parameters
    ----------
    successes, n : float
        `n` may be an effective size, and so no whole number.
    """
    if n <= 0:
        return None, None
    p = successes / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(max(p * (1 - p) / n + z * z / (4 * n * n), 0.0))
    # The end at a share of 0 or 1 is exact; the subtraction leaves 1e-17 of it.
    low = 0.0 if successes == 0 else max(middle - half, 0.0)
    high = 1.0 if successes == n else min(middle + half, 1.0)
    return low, high


def clustered(yes: NDArray[np.int64], sizes: NDArray[np.int64]) -> Share:
    """Return a share of sentences with its interval, whose unit of sampling is the document.

    Sentences of one document are alike, so they tell less than so many that were drawn one by one. The
    variance of the ratio is linearised with documents as clusters (Cochran 1977, chapter 6); against that of
    single draws it gives the design effect (Kish 1965), and Wilson's interval is taken with the effective
    size n / deff (Korn and Graubard 1998, Survey Methodology 24:193).

    Parameters
    ----------
    yes, sizes : (m,) array of int64
        Tagged sentences and all sentences of each document.
    """
    n, m = int(sizes.sum()), int((sizes > 0).sum())
    if n == 0:
        return None, None, None
    p = float(yes.sum() / n)
    effective = float(m)  # one document alone, or all alike: nothing is known within
    spread = p * (1 - p) / n
    if m > 1 and spread > 0:
        residuals = yes - p * sizes
        variance = m / (m - 1) * float((residuals**2).sum()) / n**2
        # Never more than the sentences themselves: chance can make documents look too alike.
        effective = min(p * (1 - p) / variance, float(n)) if variance > 0 else float(n)
    low, high = wilson(p * effective, effective)
    return p, 0.0 if p == 0 else low, 1.0 if p == 1 else high


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Return p-values that are honest about how many there are (Holm 1979, Scand. J. Stat. 6:65).

    Parameters
    ----------
    p_values : sequence of float or None
        None where there was no test; it stays so and counts for none.
    """
    order = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    found: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, i) in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p))
        found[i] = largest
    return found
