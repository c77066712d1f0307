"""Probabilities -> decisions: a threshold a topic for a declared objective."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainer.config import Thresholds


def choose_threshold(scores: NDArray[np.float64], y: NDArray[np.bool_], settings: Thresholds) -> float:
    """Choose the threshold of one topic.

    Parameters
    ----------
    scores : (n,) array
        Probabilities of sentences that the model was not trained on.
    y : (n,) array of bool

    Returns
    -------
    float
        For ``f1`` the middle of the gap between two scores at which F1 is highest inside the allowed range
        (the one nearest to ``fixed`` among equals); ``fixed`` where there is nothing to choose by.
    """
    if settings.objective == "fixed" or not y.any() or y.all():
        return settings.fixed
    levels = np.unique(scores)
    candidates = np.r_[(levels[1:] + levels[:-1]) / 2, settings.lowest, settings.highest, settings.fixed]
    candidates = np.unique(candidates[(candidates >= settings.lowest) & (candidates <= settings.highest)])
    f1 = _f1_at(candidates, scores, y)
    best = candidates[f1 >= f1.max() - 1e-12]
    return float(best[np.argmin(np.abs(best - settings.fixed))])


def _f1_at(
    candidates: NDArray[np.float64], scores: NDArray[np.float64], y: NDArray[np.bool_]
) -> NDArray[np.float64]:
    order = np.argsort(scores, kind="stable")
    above = len(scores) - np.searchsorted(scores[order], candidates, side="left")
    hits = np.r_[np.cumsum(y[order][::-1])[::-1], 0][len(scores) - above]
    return np.asarray(2 * hits / (above + y.sum()), dtype=np.float64)
