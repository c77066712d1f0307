"""Margins -> probabilities: Platt scaling."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FEWEST = 3
"""Positives and negatives below which nothing is fitted and the margin is taken as log-odds."""


def sigmoid(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``1 / (1 + exp(-z))`` without overflow."""
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, small) / (1.0 + small)


def fit_platt(margins: NDArray[np.float64], y: NDArray[np.bool_]) -> tuple[float, float]:
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
    positives, negatives = int(y.sum()), int((~y).sum())
    if min(positives, negatives) < FEWEST:
        return 1.0, 0.0
    target = np.where(y, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    design = np.column_stack([margins, np.ones(len(margins))])
    beta: NDArray[np.float64] = np.array([0.0, np.log((positives + 1) / (negatives + 1))])
    loss = _loss(design @ beta, target)
    for _ in range(100):
        p = sigmoid(design @ beta)
        gradient = design.T @ (p - target)
        if np.abs(gradient).max() < 1e-8 * len(y):
            break
        hessian = (design * (p * (1 - p))[:, None]).T @ design + 1e-12 * np.eye(2)
        step = np.asarray(np.linalg.solve(hessian, gradient), dtype=np.float64)
        beta, loss, moved = _backtrack(design, target, beta, step, loss)
        if not moved:
            break
    slope, offset = (float(value) for value in beta)
    return (slope, offset) if slope > 0 else (1.0, 0.0)


def _loss(z: NDArray[np.float64], target: NDArray[np.float64]) -> float:
    return float(np.sum(np.logaddexp(0.0, z) - target * z))


def _backtrack(
    design: NDArray[np.float64],
    target: NDArray[np.float64],
    beta: NDArray[np.float64],
    step: NDArray[np.float64],
    loss: float,
) -> tuple[NDArray[np.float64], float, bool]:
    length = 1.0
    while length > 1e-10:
        trial = beta - length * step
        lower = _loss(design @ trial, target)
        if lower < loss:
            return trial, lower, True
        length /= 2
    return beta, loss, False
