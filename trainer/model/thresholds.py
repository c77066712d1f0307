"""Probabilities -> decisions: a threshold a topic for a declared objective, and a band for review."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.config import Objective, Thresholds

Floats = NDArray[np.float64]
ABOVE_ALL = float(np.nextafter(1.0, 2.0))
"""A threshold that no probability reaches."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A threshold.

    Attributes
    ----------
    threshold : float
    why_fixed : str or None
        Why it is ``fixed`` although something else was declared; None where it was chosen as declared.
    """

    threshold: float
    why_fixed: str | None = None


def choose_threshold(
    scores: Floats, y: NDArray[np.bool_], settings: Thresholds, wanted: Objective | None = None
) -> Choice:
    """Choose the threshold of one topic.

    Candidates are the middles of the gaps between scores. For ``f1`` and ``f_beta`` it is the best one inside
    the allowed range, whose ends and ``fixed`` are candidates too; for ``cost`` that of least
    ``value * false tags + missed``, ``fixed`` among them; of equals the one nearest to ``fixed``. For
    ``precision_at_least`` it is the lowest, for ``recall_at_least`` the highest that has as much.

    Parameters
    ----------
    scores : (n,) array
        Probabilities of sentences that the model was not trained on.
    y : (n,) array of bool
    wanted : Objective, optional
        Of the topic; by default that of `settings`.

    Returns
    -------
    Choice
        ``fixed`` where there is nothing to choose by, or where the promise cannot be kept.
    """
    goal = wanted or settings
    if goal.objective == "fixed":
        return Choice(goal.value or settings.fixed)
    if not y.any() or y.all():
        told = f"people judged {int(y.sum()):,} positives and {int((~y).sum()):,} negatives"
        return Choice(settings.fixed, f"{told}: there is nothing to choose by")
    candidates = _candidates(goal, np.unique(scores), settings)
    tags, hits = _tags_and_hits(candidates, scores, y)
    if goal.objective in ("precision_at_least", "recall_at_least"):
        return _as_promised(goal, candidates, tags, hits, int(y.sum()), settings.fixed)
    if goal.objective == "cost":
        gain = -(goal.value * (tags - hits) + (y.sum() - hits))
    else:
        square = 1.0 if goal.objective == "f1" else goal.value**2
        gain = (1 + square) * hits / (tags + square * y.sum())
    best = candidates[gain >= gain.max() - 1e-12]
    return Choice(float(best[np.argmin(np.abs(best - settings.fixed))]))


def review_band(scores: Floats, y: NDArray[np.bool_], threshold: float, error: float) -> tuple[float, float]:
    """Return the narrowest band around a threshold outside of which at most a share `error` is wrong.

    Both shares, each on its side: false tags among the tags (scores at or above the upper end), and missed
    ones among what is not tagged (scores below the lower end). One share over all decisions would promise
    nothing of a rare topic, which is tagged hardly ever. An end is the threshold itself or the middle of a
    gap between two scores.

    Returns
    -------
    (lower, upper) : tuple of float
        Scores from `lower` on and below `upper` are for review: 0, or `ABOVE_ALL`, where no smaller band
        would do.
    """
    levels = np.unique(scores)
    gaps = (levels[1:] + levels[:-1]) / 2
    up = np.r_[threshold, gaps[gaps > threshold]]
    tags, hits = _tags_and_hits(up, scores, y)
    kept = up[tags - hits <= error * tags]
    upper = float(kept[0]) if len(kept) else ABOVE_ALL
    down = np.r_[gaps[gaps < threshold], threshold]
    tags, hits = _tags_and_hits(down, scores, y)
    kept = down[y.sum() - hits <= error * (len(y) - tags)]
    return float(kept[-1]) if len(kept) else 0.0, upper


def outside(
    scores: Floats, y: NDArray[np.bool_], lower: float | Floats, upper: float | Floats
) -> dict[str, float | None]:
    """Return what a band leaves to the model: its share of the sentences, and the two shares of errors.

    Returns
    -------
    dict
        ``coverage``, ``false_tags`` (among tags) and ``missed`` (among what is not tagged); None where there
        is nothing to have a share of.
    """
    tagged, left = scores >= upper, scores < lower
    return {
        "coverage": float((tagged | left).mean()) if len(scores) else None,
        "false_tags": float((~y[tagged]).mean()) if tagged.any() else None,
        "missed": float(y[left].mean()) if left.any() else None,
    }


def _candidates(goal: Objective, levels: Floats, settings: Thresholds) -> Floats:
    gaps = (levels[1:] + levels[:-1]) / 2
    if goal.objective in ("f1", "f_beta"):
        found = np.unique(np.r_[gaps, settings.lowest, settings.highest, settings.fixed])
        return found[(found >= settings.lowest) & (found <= settings.highest)]
    # From a threshold that tags every sentence to one that tags none.
    gaps = np.r_[levels[0] / 2, gaps, (levels[-1] + 1) / 2 if levels[-1] < 1 else ABOVE_ALL]
    return np.unique(np.r_[gaps, settings.fixed] if goal.objective == "cost" else gaps)


def _as_promised(
    goal: Objective,
    candidates: Floats,
    tags: NDArray[np.int64],
    hits: NDArray[np.int64],
    positives: int,
    fixed: float,
) -> Choice:
    """Return the lowest threshold with the precision, or the highest with the recall, or say why not."""
    if goal.objective == "recall_at_least":
        # The lowest candidate tags every sentence: there is one.
        return Choice(float(candidates[hits / positives >= goal.value][-1]))
    precision = np.where(tags > 0, hits / np.maximum(tags, 1), 0.0)
    kept = candidates[precision >= goal.value]
    if len(kept):
        return Choice(float(kept[0]))
    best = int(np.argmax(precision))
    told = f"{precision[best]:.3f} (at {candidates[best]:.3f})"
    return Choice(fixed, f"no threshold has a precision of {goal.value:g} out of fold: the best is {told}")


def _tags_and_hits(
    candidates: Floats, scores: Floats, y: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many sentences each threshold tags, and how many of these are positive."""
    order = np.argsort(scores, kind="stable")
    below = np.searchsorted(scores[order], candidates, side="left")
    hits = np.r_[np.cumsum(y[order][::-1])[::-1], 0][below]
    return len(scores) - below, hits.astype(np.int64)
