"""Scores of binary decisions, topic by topic: pure functions on arrays.

Labels are 1, 0 or -1 (not judged); what was not judged counts nowhere. An undefined score is None: precision
where nothing was tagged, recall and average precision where there is nothing to find.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Score = float | None
Labels = NDArray[np.int8]


def precision_recall_f1(tp: int, fp: int, fn: int) -> tuple[Score, Score, Score]:
    """Return precision, recall and F1 from counts.

    F1 is ``2 tp / (2 tp + fp + fn)``, so it is 0 when there are positives and none was found, and None
    when there was nothing to find.
    """
    precision = tp / (tp + fp) if tp + fp else None
    recall = tp / (tp + fn) if tp + fn else None
    f1 = 2 * tp / (2 * tp + fp + fn) if tp + fn else None
    return precision, recall, f1


def average_precision(y: NDArray[np.bool_], scores: NDArray[np.float64]) -> Score:
    """Return the average precision: the sum over thresholds of precision times the gain in recall.

    Ties of the score are one threshold, as in ``sklearn.metrics.average_precision_score``.
    """
    positives = int(y.sum())
    if positives == 0:
        return None
    order = np.argsort(-scores, kind="stable")
    found = np.cumsum(y[order])
    last_of_tie = np.r_[scores[order][1:] != scores[order][:-1], True]
    found, taken = found[last_of_tie], np.flatnonzero(last_of_tie) + 1
    gained = np.diff(np.r_[0, found])
    return float(np.sum(found / taken * gained) / positives)


def brier(scores: NDArray[np.float64], y: NDArray[np.bool_]) -> Score:
    """Return the mean squared distance of probabilities from what is so (Brier 1950); None of nothing."""
    return float(np.mean((scores - y) ** 2)) if len(y) else None


def reliability_bins(scores: NDArray[np.float64], most: int = 10) -> NDArray[np.intp]:
    """Return the bin of each probability: `most` bins of about equally many, ties in one bin.

    Bins of equal width would hold nearly everything in the first one where a topic is rare.
    """
    edges = np.quantile(scores, np.arange(1, most) / most) if len(scores) else np.empty(0)
    return np.unique(np.searchsorted(edges, scores, side="left"), return_inverse=True)[1].reshape(-1)


def expected_calibration_error(scores: NDArray[np.float64], y: NDArray[np.bool_]) -> Score:
    """Return the mean distance, over `reliability_bins`, of mean probability from observed share.

    As in Naeini, Cooper and Hauskrecht (AAAI 2015), with bins of equal mass (Nguyen and O'Connor 2015). It is
    never below 0, and chance alone lifts it on few sentences. None of nothing.
    """
    if not len(y):
        return None
    off = np.bincount(reliability_bins(scores), weights=scores - y)
    return float(np.abs(off).sum() / len(y))


def confusion(y: Labels, tagged: NDArray[np.bool_]) -> tuple[int, int, int]:
    """Return true positives, false positives and false negatives of one topic."""
    yes, no = y == 1, y == 0
    return int((yes & tagged).sum()), int((no & tagged).sum()), int((yes & ~tagged).sum())


def ordinary_rows(Y: Labels) -> NDArray[np.bool_]:
    """Return which rows of an (n, k) array of 1, 0 and -1 are on no topic, as far as anybody looked.

    A tag of such a sentence is a false one, where its topic was judged at all.
    """
    return np.asarray((Y <= 0).all(axis=1) & (Y == 0).any(axis=1), dtype=bool)


def score_table(
    Y: Labels, tagged: NDArray[np.bool_], scores: NDArray[np.float64] | None, topics: Sequence[str]
) -> dict[str, Any]:
    """Return the scores of all topics, with micro and macro averages.

    Parameters
    ----------
    Y : (n, k) array of int8
        1, 0 or -1 (not judged).
    tagged : (n, k) array of bool
    scores : (n, k) array, optional
        For average precision; None leaves it out (rules have no scores).

    Returns
    -------
    dict
        ``topics``, ``micro``, ``macro``; micro pools the judged decisions of all topics, macro is the mean
        over the topics for which the score is defined.
    """
    table: dict[str, dict[str, Any]] = {}
    counts = np.zeros(3, dtype=np.int64)
    for i, topic in enumerate(topics):
        y = Y[:, i]
        cells = confusion(y, tagged[:, i])
        counts += cells
        table[topic] = _row(cells, int((y == 1).sum()))
        if scores is not None:
            judged = y >= 0
            table[topic]["average_precision"] = average_precision(y[judged] == 1, scores[judged, i])
    micro = _row((int(counts[0]), int(counts[1]), int(counts[2])), int((Y == 1).sum()))
    keys = [key for key in next(iter(table.values()), {}) if key != "support"]
    macro = {key: _mean(table, key) for key in keys}
    if scores is not None:
        judged_all = Y >= 0
        micro["average_precision"] = average_precision(Y[judged_all] == 1, scores[judged_all])
    return {"topics": table, "micro": micro, "macro": macro}


def _row(cells: tuple[int, int, int], support: int) -> dict[str, Any]:
    precision, recall, f1 = precision_recall_f1(*cells)
    return {"precision": precision, "recall": recall, "f1": f1, "support": support}


def _mean(table: Mapping[str, Mapping[str, Any]], key: str) -> Score:
    values = [row[key] for row in table.values() if row[key] is not None]
    return float(np.mean(values)) if values else None
