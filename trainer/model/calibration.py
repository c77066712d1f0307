"""Which map takes the margins of a topic to probabilities: none, Platt, beta or isotonic; numpy only.

What a map is stands in `trainer.model.maps`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from trainer.model.maps import probabilities, sigmoid

if TYPE_CHECKING:
    from trainer.config import Calibration

Method = Literal["none", "platt", "beta", "isotonic"]
Floats = NDArray[np.float64]

FEWEST = 3
"""Positives and negatives below which nothing is fitted and the margin is taken as log-odds."""
FEWEST_ISOTONIC = 200
"""Positives below which ``auto`` does not try an isotonic map: it has a number of its own for every step."""
IDENTITY = (1.0, 0.0)
"""Slope and offset of the map that takes a margin as log-odds."""


@dataclass(frozen=True, slots=True)
class Calibrated:
    """The map of one topic.

    Attributes
    ----------
    method : str
        None, Platt, beta or isotonic.
    why : str
        Why this one.
    curve : array
        See `trainer.model.maps`.
    """

    method: Method
    why: str
    curve: Floats


def fit_platt(margins: Floats, y: NDArray[np.bool_]) -> tuple[float, float]:
    """Fit slope and offset of ``sigmoid(slope * margin + offset)``.

    The targets are those of Platt (1999), ``(n+ + 1) / (n+ + 2)`` and ``1 / (n- + 2)``; the minimum of the
    convex loss is found by Newton steps with backtracking, as in Lin, Lin and Weng (Machine Learning, 2007).

    Parameters
    ----------
    margins : (n,) array
        Of sentences that the model was not trained on.
    y : (n,) array of bool

    Returns
    -------
    (slope, offset) : tuple of float
        ``(1, 0)`` with too few of either class, or when the margins do not order the classes.
    """
    if _too_few(y):
        return IDENTITY
    slope, offset = _least_loss(np.column_stack([margins, np.ones(len(margins))]), y)[0].tolist()
    return (slope, offset) if slope > 0 else IDENTITY


def fit_beta(margins: Floats, y: NDArray[np.bool_]) -> Floats:
    """Fit a, b and c of a beta map (Kull, Silva Filho and Flach, EJS 11:5052, 2017).

    The log-odds are ``a log(s) - b log(1 - s) + c`` with ``s = sigmoid(margin)`` and a, b at least 0: one
    slope for margins far below 0 and another for those far above. The targets are Platt's, so that the
    optimum is finite; it is that of one of the sets of active bounds.

    Returns
    -------
    (3,) array
        ``(1, 1, 0)``, which takes the margin as log-odds, with too few of either class, or when the margins
        do not order the classes.
    """
    identity = np.array([1.0, 1.0, 0.0])
    if _too_few(y):
        return identity
    design = np.column_stack(
        [-np.logaddexp(0.0, -margins), np.logaddexp(0.0, margins), np.ones(len(margins))]
    )
    best, least = identity, np.inf
    for free in ([0, 1, 2], [0, 2], [1, 2]):
        beta, loss = _least_loss(design[:, free], y)
        if (beta[:-1] > 0).all() and loss < least:
            best, least = np.zeros(3), loss
            best[free] = beta
    return best


def fit_isotonic(margins: Floats, y: NDArray[np.bool_]) -> Floats:
    """Fit a monotone step map by pooling adjacent violators (Ayer et al., Ann. Math. Statist. 26:641, 1955).

    All runs of violators are pooled at once, until there is none; equal margins are one point. The ends are
    drawn in to Platt's targets: no finite number of sentences shows that a probability is 0 or 1. Between
    two steps the map is a straight line.

    Returns
    -------
    (2, m) array
        Margins, ascending, and probabilities, never descending, of the knots.
    """
    levels, place = np.unique(margins, return_inverse=True)
    if not len(levels):
        return np.array([[0.0], [0.5]])
    weight = np.bincount(place).astype(float)
    total = np.bincount(place, weights=y)
    starts = np.arange(len(levels))
    while True:
        mean = total / weight
        first = np.r_[True, mean[1:] > mean[:-1]]
        if first.all():
            break
        starts, at = starts[first], np.flatnonzero(first)
        total, weight = np.add.reduceat(total, at), np.add.reduceat(weight, at)
    low, high = 1 / (int((~y).sum()) + 2), (int(y.sum()) + 1) / (int(y.sum()) + 2)
    ends = np.r_[starts[1:], len(levels)] - 1
    knots = np.unique(np.r_[starts, ends])
    block = np.searchsorted(starts, knots, side="right") - 1
    return np.vstack([levels[knots], np.clip(mean, low, high)[block]])


def fit_curve(method: Method, margins: Floats, y: NDArray[np.bool_]) -> Floats:
    """Fit the map of a method; see `trainer.model.maps` for what is returned."""
    match method:
        case "none":
            return np.array(IDENTITY)
        case "platt":
            return np.array(fit_platt(margins, y))
        case "beta":
            return fit_beta(margins, y)
        case "isotonic":
            return fit_isotonic(margins, y)


def choose_calibration(
    margins: Floats,
    y: NDArray[np.bool_],
    groups: NDArray[np.int64],
    folds: NDArray[np.int64],
    settings: Calibration,
    least: Method = "none",
) -> Calibrated:
    """Choose and fit the map of one topic.

    ``auto`` fits each method on all folds but one and takes its log loss on that one. Beginning with `least`,
    a richer method replaces a simpler one when it is better by more than one standard error, as Breiman et
    al. (CART, 1984) prune trees; groups are the unit, since sentences of one document err alike.

    Parameters
    ----------
    margins : (n,) array
        Of sentences that the model was not trained on.
    y : (n,) array of bool
    groups, folds : (n,) arrays of int64
        The group of each sentence, and the fold that held it out; a group lies in one fold.
    least : {"none", "platt"}
        What is taken where nothing better can be shown: the margin of an SVM is no log-odds.
    """
    positives, negatives = int(y.sum()), int((~y).sum())
    few = f"people judged {positives:,} positives and {negatives:,} negatives"
    wanted = settings.method
    if wanted in ("none", least):
        why = "as configured" if wanted == least else "the margin of an SVM is no log-odds"
        return Calibrated(least, why, fit_curve(least, margins, y))
    if min(positives, negatives) < settings.fewest:
        why = f"{few}; {settings.fewest} of each are needed for more"
        return Calibrated(least, why, fit_curve(least, margins, y))
    if wanted != "auto":
        return Calibrated(wanted, "as configured", fit_curve(wanted, margins, y))
    order: list[Method] = ["none", "platt", "beta", "isotonic"]
    tried = [
        method
        for method in order[order.index(least) :]
        if method != "isotonic" or positives >= FEWEST_ISOTONIC
    ]
    losses = {method: _loss_out_of_fold(method, margins, y, folds) for method in tried}
    chosen = tried[0]
    for method in tried[1:]:
        gain, error = _mean_and_error(losses[chosen] - losses[method], groups)
        if gain > error:
            chosen = method
    told = ", ".join(f"{method} {loss.mean():.4f}" for method, loss in losses.items())
    why = f"log loss out of fold: {told}; a richer one must be better by a standard error"
    return Calibrated(chosen, why, fit_curve(chosen, margins, y))


def split_curves(topics: tuple[str, ...], maps: list[Floats]) -> tuple[Floats, Mapping[str, Floats]]:
    """Return the (k, 2) slopes and offsets of maps, and by topic those maps that are no line.

    Of a topic of the second kind the first holds the identity, and means nothing.
    """
    lines = np.array([curve if curve.shape == (2,) else IDENTITY for curve in maps]).reshape(len(maps), 2)
    return lines, {topic: curve for topic, curve in zip(topics, maps, strict=True) if curve.shape != (2,)}


def _too_few(y: NDArray[np.bool_]) -> bool:
    return min(int(y.sum()), int((~y).sum())) < FEWEST


def _loss_out_of_fold(
    method: Method, margins: Floats, y: NDArray[np.bool_], folds: NDArray[np.int64]
) -> Floats:
    """Return the log loss of each sentence under a map that was fitted on the other folds."""
    p = np.zeros(len(y))
    for fold in np.unique(folds):
        inside = folds == fold
        p[inside] = probabilities(margins[inside], fit_curve(method, margins[~inside], y[~inside]))
    # A probability may round to 0 or 1; a loss of 700 is as good as infinite.
    tiny = np.finfo(np.float64).tiny
    return -np.log(np.maximum(np.where(y, p, 1 - p), tiny))


def _mean_and_error(values: Floats, groups: NDArray[np.int64]) -> tuple[float, float]:
    """Return the mean over sentences and its standard error, groups as clusters (Cochran 1977, ch. 6)."""
    mean = float(values.mean())
    _, place = np.unique(groups, return_inverse=True)
    residuals = np.bincount(place, weights=values - mean)
    m = len(residuals)
    if m < 2:
        return mean, np.inf
    return mean, float(np.sqrt(m / (m - 1) * (residuals**2).sum())) / len(values)


def _least_loss(design: Floats, y: NDArray[np.bool_]) -> tuple[Floats, float]:
    """Minimise the cross entropy against Platt's targets over weights of columns, the last of them ones."""
    positives, negatives = int(y.sum()), int((~y).sum())
    target = np.where(y, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    beta = np.zeros(design.shape[1])
    beta[-1] = np.log((positives + 1) / (negatives + 1))
    loss = _loss(design @ beta, target)
    for _ in range(100):
        p = sigmoid(design @ beta)
        gradient = design.T @ (p - target)
        if np.abs(gradient).max() < 1e-8 * len(y):
            break
        hessian = (design * (p * (1 - p))[:, None]).T @ design + 1e-12 * np.eye(len(beta))
        step = np.asarray(np.linalg.solve(hessian, gradient), dtype=np.float64)
        beta, loss, moved = _backtrack(design, target, beta, step, loss)
        if not moved:
            break
    return beta, loss


def _loss(z: Floats, target: Floats) -> float:
    return float(np.sum(np.logaddexp(0.0, z) - target * z))


def _backtrack(
    design: Floats, target: Floats, beta: Floats, step: Floats, loss: float
) -> tuple[Floats, float, bool]:
    length = 1.0
    while length > 1e-10:
        trial = beta - length * step
        lower = _loss(design @ trial, target)
        if lower < loss:
            return trial, lower, True
        length /= 2
    return beta, loss, False
