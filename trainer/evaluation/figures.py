"""The figures of a set of decisions, each with its interval.

Every figure but the average precision and the calibration error is a quotient of counts, and counts of
documents add up: a figure of a resample is a quotient of a row of a matrix product. Arrays have the topics
last, then ``macro`` and ``micro``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation.bootstrap import Resamples, divided, percentile_interval
from trainer.intervals import clustered
from trainer.metrics import brier, expected_calibration_error, reliability_bins, score_table

COUNTED = ("precision", "recall", "f1")

Floats = NDArray[np.float64]
Labels = NDArray[np.int8]
Tagged = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of one tagger on one set of sentences.

    Attributes
    ----------
    table : mapping
        ``topics``, ``macro`` and ``micro`` as of `score_table`, each figure with ``…_interval``.
    samples : mapping of str to (n, k + 2) array
        Each figure in every sample; NaN where it is not defined.
    """

    table: Mapping[str, Any]
    samples: Mapping[str, Floats]


def figures_of(
    Y: Labels,
    tagged: Tagged,
    scores: Floats | None,
    topics: Sequence[str],
    resamples: Resamples,
) -> Figures:
    """Return the figures of decisions with their intervals.

    Intervals are percentiles of `resamples`. A share that is 0 or 1 is so in every sample, which would say
    that it is certain: there Wilson's interval is taken, with the documents as the unit.

    Parameters
    ----------
    Y : (n, k) array of int8
        1, 0 or -1 (not judged).
    tagged : (n, k) array of bool
    scores : (n, k) array, optional
        Probabilities; without them there is no average precision, calibration error or Brier score.
    """
    cells = cells_of(Y, tagged)
    samples = quotients(resamples.sums(cells))
    table = score_table(Y, tagged, scores, topics)
    if scores is not None:
        samples |= _scored(Y, scores, resamples)
        _add_calibration(table, Y, scores, topics)
    _add_intervals(table, samples, resamples.totals(cells), topics)
    return Figures(table, samples)


def cells_of(Y: Labels, tagged: Tagged) -> Floats:
    """Return an (n, k, 3) array: true positive, false positive, false negative."""
    yes, no = Y == 1, Y == 0
    return np.stack([yes & tagged, no & tagged, yes & ~tagged], axis=-1).astype(float)


def quotients(cells: Floats) -> dict[str, Floats]:
    """Return precision, recall and F1 of (…, k, 3) counts as (…, k + 2) arrays; NaN where undefined."""
    pooled = cells.sum(axis=-2, keepdims=True)
    found = {}
    for key, value in _shares(cells).items():
        micro = _shares(pooled)[key]
        found[key] = np.concatenate([value, _nanmean(value), micro], axis=-1)
    return found


def _shares(cells: Floats) -> dict[str, Floats]:
    tp, fp, fn = (cells[..., i] for i in range(3))
    there = tp + fn > 0
    return {
        "precision": divided(tp, tp + fp),
        "recall": divided(tp, tp + fn),
        "f1": np.where(there, divided(2 * tp, 2 * tp + fp + fn), np.nan),
    }


def _nanmean(values: Floats) -> Floats:
    """Return the mean over the last axis of what is defined, keeping the axis."""
    defined = ~np.isnan(values)
    return divided(
        np.where(defined, values, 0.0).sum(-1, keepdims=True), defined.sum(-1, keepdims=True).astype(float)
    )


def _scored(Y: Labels, scores: Floats, resamples: Resamples) -> dict[str, Floats]:
    k = Y.shape[1]
    judged = Y >= 0
    columns = [(judged[:, i], Y[:, i] == 1, scores[:, i]) for i in range(k)]
    ap = [_resampled_ap(y[rows], s[rows], resamples.rows[rows], resamples) for rows, y, s in columns]
    flat = judged.ravel()
    documents = np.repeat(resamples.rows, k)[flat]
    pooled = _resampled_ap((Y == 1).ravel()[flat], scores.ravel()[flat], documents, resamples)
    by_topic = np.stack(ap, axis=-1) if ap else np.empty((resamples.n, 0))
    found = {"average_precision": np.concatenate([by_topic, _nanmean(by_topic), pooled[:, None]], axis=-1)}
    square = np.where(judged, (scores - (Y == 1)) ** 2, 0.0)
    sums = resamples.sums(np.stack([square, judged.astype(float)], axis=-1))
    found["brier"] = _with_means(divided(sums[..., 0], sums[..., 1]), sums[..., 0], sums[..., 1])
    found["ece"] = _resampled_ece(Y, scores, resamples)
    return found


def _with_means(by_topic: Floats, above: Floats, below: Floats) -> Floats:
    pooled = divided(above.sum(-1, keepdims=True), below.sum(-1, keepdims=True))
    return np.concatenate([by_topic, _nanmean(by_topic), pooled], axis=-1)


def _resampled_ap(
    y: NDArray[np.bool_], scores: Floats, documents: NDArray[np.intp], resamples: Resamples
) -> Floats:
    """Return the average precision in every sample.

    Rows are sorted once. Only places where a positive stands add to the sum, so rows are summed up to each of
    them, ties of the score as one.
    """
    from scipy.sparse import csr_matrix

    if not y.any():
        return np.full(resamples.n, np.nan)
    order = np.argsort(-scores, kind="stable")
    y, scores, documents = y[order], scores[order], documents[order]
    tie = np.r_[0, np.cumsum(scores[1:] != scores[:-1])]
    last = np.flatnonzero(np.r_[tie[1:] != tie[:-1], True])
    ends = last[np.unique(tie[y])] + 1  # after every tie that holds a positive
    segment = np.searchsorted(ends, np.arange(ends[-1]), side="right")
    rows = np.arange(ends[-1])
    shape = (len(ends), resamples.documents)
    # How many rows, and positives, of each document lie between two such places: mostly none.
    taken = csr_matrix((np.ones(len(rows)), (segment, documents[rows])), shape=shape)
    hits = csr_matrix((y[rows].astype(float), (segment, documents[rows])), shape=shape)
    found = []
    for batch in resamples.batches():
        drawn = np.ascontiguousarray(batch.T)
        above, hit = np.cumsum(taken @ drawn, axis=0), hits @ drawn
        positives = np.cumsum(hit, axis=0)
        precision = np.divide(positives, above, out=np.zeros(above.shape), where=above > 0)
        found.append(divided((precision * hit).sum(axis=0), positives[-1]))
    return np.concatenate(found)


def _resampled_ece(Y: Labels, scores: Floats, resamples: Resamples) -> Floats:
    found = []
    for i in range(Y.shape[1]):
        rows = Y[:, i] >= 0
        bins = reliability_bins(scores[rows, i])
        inside = np.zeros((len(Y), int(bins.max()) + 1 if len(bins) else 1, 2))
        inside[np.flatnonzero(rows), bins, 0] = scores[rows, i] - (Y[rows, i] == 1)
        inside[np.flatnonzero(rows), bins, 1] = 1.0
        sums = resamples.sums(inside)
        found.append(divided(np.abs(sums[..., 0]).sum(-1), sums[..., 1].sum(-1)))
    by_topic = np.stack(found, axis=-1) if found else np.empty((resamples.n, 0))
    unknown = np.full((resamples.n, 1), np.nan)  # pooled over topics, errors of different topics cancel
    return np.concatenate([by_topic, _nanmean(by_topic), unknown], axis=-1)


def _add_calibration(table: dict[str, Any], Y: Labels, scores: Floats, topics: Sequence[str]) -> None:
    for i, topic in enumerate(topics):
        rows = Y[:, i] >= 0
        table["topics"][topic]["ece"] = expected_calibration_error(scores[rows, i], Y[rows, i] == 1)
        table["topics"][topic]["brier"] = brier(scores[rows, i], Y[rows, i] == 1)
    for key in ("ece", "brier"):
        defined = [row[key] for row in table["topics"].values() if row[key] is not None]
        table["macro"][key] = float(np.mean(defined)) if defined else None
    table["micro"]["brier"] = brier(scores[Y >= 0], Y[Y >= 0] == 1)


def _add_intervals(
    table: dict[str, Any], samples: Mapping[str, Floats], totals: Floats, topics: Sequence[str]
) -> None:
    rows = [*(table["topics"][topic] for topic in topics), table["macro"], table["micro"]]
    pooled = np.concatenate([totals, totals.sum(axis=1, keepdims=True)], axis=1)
    for column, row in enumerate(rows):
        counts = None if row is table["macro"] else pooled[:, min(column, len(topics))]
        for key in [key for key in row if key in samples]:
            found: tuple[float | None, float | None] | None = percentile_interval(samples[key][:, column])
            if row[key] is None:
                found = None
            elif key == "ece" and found is not None:
                found = _unbiased(row[key], samples[key][:, column])
            elif key in COUNTED and row[key] in (0.0, 1.0) and counts is not None:
                found = _wilson(key, counts)
            elif key in COUNTED and row[key] in (0.0, 1.0):
                found = _mean_of([table["topics"][topic][f"{key}_interval"] for topic in topics])
            row[f"{key}_interval"] = None if found is None else list(found)


def _mean_of(intervals: Sequence[Sequence[float] | None]) -> tuple[float, float] | None:
    """Return the mean of intervals end by end, for a mean of shares that are all 0 or all 1."""
    ends = np.array([interval for interval in intervals if interval is not None])
    return (float(ends[:, 0].mean()), float(ends[:, 1].mean())) if len(ends) else None


def _unbiased(error: float, samples: Floats) -> tuple[float, float]:
    """Return the interval of a calibration error, which chance lifts once in a sample, and again in its own.

    The basic bootstrap interval (Davison and Hinkley 1997, section 5.2) takes that back at the lower end; the
    upper end is never below the error that was found.
    """
    low, high = np.nanquantile(samples, [0.025, 0.975])
    return max(0.0, 2 * error - float(high)), max(error, 2 * error - float(low))


def _wilson(key: str, counts: Floats) -> tuple[float | None, float | None]:
    tp, fp, fn = (counts[:, i].astype(np.int64) for i in range(3))
    above = 2 * tp if key == "f1" else tp
    below = {"precision": tp + fp, "recall": tp + fn, "f1": 2 * tp + fp + fn}[key]
    _, low, high = clustered(above, below)
    return low, high
