"""The linear model: one L2-regularised binary problem a topic, on the sentences judged for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trainer.engine.solver import Loss, Problem, solve
from trainer.engine.sparse import SparseRows

if TYPE_CHECKING:
    from trainer.config import Classifier

LOSSES: Mapping[str, Loss] = {"svm": "squared_hinge", "logistic": "log_loss"}
_TOL = 1e-5
"""Duality gap as a share of the objective: margins then change by less than they do from corpus to corpus."""


def fit_topics(
    X: SparseRows,
    Y: NDArray[np.int8],
    weights: NDArray[np.float64],
    rows: Sequence[NDArray[np.bool_]],
    settings: Classifier,
    seed: int,
    *,
    compiled: bool = True,
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Fit every topic on each of several selections of rows, in parallel.

    Parameters
    ----------
    Y : (n, k) array of int8
        1, 0 or -1; a sentence that was not judged for a topic has no part in it.
    weights : (n, k) array
        Weight of each sentence for each topic; 0 leaves it out.
    rows : sequence of (n,) arrays of bool
        The selections.

    Returns
    -------
    list of (coef, intercept)
        For each selection, a (width, k) and a (k,) array of float64. A topic of which a selection
        holds one class only gets no weights and an intercept of -/+ 10.
    """
    coef = np.zeros((len(rows), X.width, Y.shape[1]))
    intercept = np.zeros((len(rows), Y.shape[1]))
    problems: dict[tuple[int, int], Problem] = {}
    for i, chosen in enumerate(rows):
        for topic in range(Y.shape[1]):
            used = chosen & (Y[:, topic] >= 0) & (weights[:, topic] > 0)
            y, weight = Y[used, topic], weights[used, topic]
            if len(np.unique(y)) < 2:
                intercept[i, topic] = 10.0 if y.any() else -10.0
                continue
            share = _class_weight(y, weight, settings)
            cost = (settings.C * float(share[y == 0][0]), settings.C * float(share[y == 1][0]))
            problems[i, topic] = Problem(topic, cost, chosen)
    found = solve(
        X, Y, weights, list(problems.values()), LOSSES[settings.kind], tol=_TOL, seed=seed, compiled=compiled
    )
    for place, (i, topic) in enumerate(problems):
        coef[i, :, topic], intercept[i, topic] = found.coef[:, place], found.intercept[place]
    return list(zip(coef, intercept, strict=True))


def _class_weight(
    y: NDArray[np.int8], weight: NDArray[np.float64], settings: Classifier
) -> NDArray[np.float64]:
    """Give both classes the same weight in all, or leave them as they are."""
    if settings.class_weight == "none":
        return np.ones(len(y))
    mass = np.array([weight[y == 0].sum(), weight[y == 1].sum()])
    return np.asarray((weight.sum() / (2 * mass))[y], dtype=np.float64)
