"""What to draw of a topic: arrays for the page, for notebooks, for whoever draws himself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.intervals import wilson
from trainer.metrics import reliability_bins

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curves:
    """The curves of one topic on judged sentences.

    Attributes
    ----------
    thresholds : (m,) array
        Every probability that was given, falling: tagging from there on gives the point of the same place.
    precision, recall, f1 : (m,) array
    predicted, observed, observed_low, observed_high : (b,) array
        Reliability, in bins of about equally many: mean probability, share that is so, and its interval.
    sizes : (b,) array of int64
        Sentences in each bin.
    coverage, error : (m,) array
        When only the share `coverage` that is farthest from the threshold is decided: the share of these
        that is decided wrongly.
    chosen : (float, float, float) or None
        The threshold of the model, and precision and recall there; None where either is undefined.
    """

    thresholds: Floats
    precision: Floats
    recall: Floats
    f1: Floats
    predicted: Floats
    observed: Floats
    observed_low: Floats
    observed_high: Floats
    sizes: NDArray[np.int64]
    coverage: Floats
    error: Floats
    chosen: tuple[float, float, float] | None


def curves_of(y: NDArray[np.bool_], scores: Floats, threshold: float) -> Curves | None:
    """Return the curves of one topic; None where no sentence, or every one, is on it.

    Parameters
    ----------
    y : (n,) array of bool
        Of judged sentences.
    scores : (n,) array
        Their probabilities.
    """
    if not len(y) or y.all() or not y.any():
        return None
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.r_[scores[order][1:] != scores[order][:-1], True])
    found, taken, positives = np.cumsum(y[order])[ends].astype(float), ends + 1.0, float(y.sum())
    tagged = scores >= threshold
    hits = float((y & tagged).sum())
    chosen = (threshold, hits / float(tagged.sum()), hits / positives) if tagged.any() else None
    predicted, observed, low, high, sizes = reliability(y, scores)
    coverage, error = coverage_and_error(y, scores, threshold)
    return Curves(
        thresholds=scores[order][ends],
        precision=found / taken,
        recall=found / positives,
        f1=2 * found / (taken + positives),
        predicted=predicted,
        observed=observed,
        observed_low=low,
        observed_high=high,
        sizes=sizes,
        coverage=coverage,
        error=error,
        chosen=chosen,
    )


def reliability(
    y: NDArray[np.bool_], scores: Floats
) -> tuple[Floats, Floats, Floats, Floats, NDArray[np.int64]]:
    """Return mean probability, observed share, its Wilson interval and size of each bin of equal mass."""
    bins = reliability_bins(scores)
    sizes = np.bincount(bins)
    hits = np.bincount(bins, weights=y)
    ends = [wilson(hit, n) for hit, n in zip(hits.tolist(), sizes.tolist(), strict=True)]
    low, high = (np.array([end[side] for end in ends], dtype=float) for side in (0, 1))
    return np.bincount(bins, weights=scores) / sizes, hits / sizes, low, high, sizes


def coverage_and_error(y: NDArray[np.bool_], scores: Floats, threshold: float) -> tuple[Floats, Floats]:
    """Return the share of sentences decided, and the share of these decided wrongly, as the band narrows.

    Sentences are decided from the farthest from the threshold on; equally far ones together.
    """
    distance = np.abs(scores - threshold)
    order = np.argsort(-distance, kind="stable")
    wrong = np.cumsum(((scores >= threshold) != y)[order])
    ends = np.flatnonzero(np.r_[distance[order][1:] != distance[order][:-1], True])
    return (ends + 1) / len(y), wrong[ends] / (ends + 1.0)
