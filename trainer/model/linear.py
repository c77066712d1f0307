"""The linear model: one L2-regularised binary problem a topic, on the sentences judged for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainer.engine.costs import Problem
from trainer.engine.packed import PackedRows
from trainer.engine.solver import COMPILED, WIDEST, Loss, Solution, has_room, solve
from trainer.engine.sparse import SparseRows
from trainer.engine.threads import Shares, even_spans, in_threads
from trainer.progress import Progress, silent

if TYPE_CHECKING:
    from trainer.config import Classifier

Model = tuple[NDArray[np.floating[Any]], NDArray[np.float64]]
"""Weights, a column a topic, and intercepts."""
LOSSES: Mapping[str, Loss] = {"svm": "squared_hinge", "logistic": "log_loss"}
_TOL = 1e-5
"""Duality gap as a share of the objective: margins then change by less than they do from corpus to corpus."""

_STEPS = 100
"""Of the progress of one group."""


def fit_topics(
    X: SparseRows | PackedRows,
    Y: NDArray[np.int8],
    weights: NDArray[Any],
    rows: Sequence[NDArray[np.bool_]],
    settings: Classifier,
    seed: int,
    *,
    compiled: bool = True,
    told: Callable[[float], None] | None = None,
) -> list[Model]:
    """Fit every topic on each of several selections of rows, in parallel.

    Parameters
    ----------
    Y : (n, k) array of int8
        1, 0 or -1; a sentence that was not judged for a topic has no part in it.
    weights : (n, k) array
        Weight of each sentence for each topic; 0 leaves it out.
    rows : sequence of (n,) arrays of bool
        The selections.
    told : callable, optional
        Called with the share of the way that is done: see `trainer.engine.solver.solve`.

    Returns
    -------
    list of (coef, intercept)
        For each selection, a (width, k) array of float32, or of float64 from LIBLINEAR, and a (k,) array of
        float64. A topic of which a selection holds one class only gets no weights and an intercept of -/+ 10.
    """
    path = [settings.C]
    (only,) = fit_path(X, Y, weights, rows, settings, path, seed, warm=False, compiled=compiled, told=told)
    return only


def fit_in_turns(
    X: SparseRows | PackedRows,
    Y: NDArray[np.int8],
    weights: NDArray[Any],
    rows: Sequence[NDArray[np.bool_]],
    settings: Classifier,
    seed: int,
    progress: Progress = silent,
) -> Iterator[Model]:
    """Yield what `fit_topics` returns, of which some at a time are in memory where they are large.

    The selections are solved in the same groups whether side by side or one group after another: a problem
    stops where its group does, so that its last bits may depend on the others in it.
    """
    # LIBLINEAR draws from one random generator of the whole process: it never runs side by side.
    groups = _turns(rows, Y.shape[1]) if COMPILED else [rows]
    steps = _STEPS * len(groups)
    shares = Shares(len(groups), lambda done: progress("solving", int(_STEPS * done), steps))

    def solved(group: int) -> list[Model]:
        told = partial(shares.tell, group)
        told(0.0)
        models = fit_topics(X, Y, weights, groups[group], settings, seed, told=told)
        told(1.0)
        return models

    if has_room(X):
        yield from chain.from_iterable(in_threads(solved, range(len(groups)), stop=shares.stop))
        return
    for group in range(len(groups)):
        models = solved(group)
        while models:
            yield models.pop(0)  # nothing here keeps what the caller lets go


def _turns(rows: Sequence[NDArray[np.bool_]], topics: int) -> list[Sequence[NDArray[np.bool_]]]:
    """Part selections into as many even groups as cost no more passes over the rows than all together."""
    n = len(rows)
    for groups in range(n, 1, -1):
        spans = even_spans(n, groups)
        if sum(-(-(b - a) * topics // WIDEST) for a, b in spans) <= -(-n * topics // WIDEST):
            return [rows[a:b] for a, b in spans]
    return [rows]


def fit_path(
    X: SparseRows | PackedRows,
    Y: NDArray[np.int8],
    weights: NDArray[Any],
    rows: Sequence[NDArray[np.bool_]],
    settings: Classifier,
    path: Sequence[float],
    seed: int,
    *,
    warm: bool = True,
    n_jobs: int | None = None,
    compiled: bool = True,
    told: Callable[[float], None] | None = None,
) -> Iterator[list[Model]]:
    """Yield what `fit_topics` returns, for one C after another.

    Each begins at the dual variables of the one before (Chu et al., "Warm start for parameter selection of
    linear classifiers", KDD 2015). Where C ascends they are within their bounds, 0 and the cost of the row,
    as they are. Times the ratio of the two C they would be so as well, but further off: most grow by less.

    Parameters
    ----------
    path : sequence of float
        The values of C, ascending; that of `settings` is not used.
    warm : bool
        False begins at 0 each time. LIBLINEAR always does.
    """
    shares, fixed = _problems(Y, weights, rows, settings)
    start: NDArray[np.float32] | None = None
    for C in path:
        problems = [Problem(topic, (C * no, C * yes), rows[i]) for (i, topic), (no, yes) in shares.items()]
        found = solve(
            X, Y, weights, problems, LOSSES[settings.kind], tol=_TOL, seed=seed, alpha=start,
            keep_alpha=warm, n_jobs=n_jobs, compiled=compiled, told=told,
        )  # fmt: skip
        start = found.alpha if warm else None
        yield [_model(found, list(shares), i, intercept) for i, intercept in enumerate(fixed)]


def _model(
    found: Solution, solved: list[tuple[int, int]], selection: int, fixed: NDArray[np.float64]
) -> Model:
    """Return the model of a selection: of a solution, where all its topics were solved, no copy is made."""
    places = [place for place, (i, _) in enumerate(solved) if i == selection]
    topics = [solved[place][1] for place in places]
    intercept = fixed.copy()
    intercept[topics] = found.intercept[places]
    if len(topics) == len(fixed):
        return found.coef[:, places[0] : places[-1] + 1], intercept
    coef = np.zeros((len(found.coef), len(fixed)), found.coef.dtype)
    coef[:, topics] = found.coef[:, places]
    return coef, intercept


def _problems(
    Y: NDArray[np.int8],
    weights: NDArray[Any],
    rows: Sequence[NDArray[np.bool_]],
    settings: Classifier,
) -> tuple[dict[tuple[int, int], tuple[float, float]], NDArray[np.float64]]:
    """Return by selection and topic what multiplies C of "no" and "yes"; and what needs no solving.

    The second is the intercept where a selection holds one class only, and 0 elsewhere.
    """
    shares: dict[tuple[int, int], tuple[float, float]] = {}
    fixed = np.zeros((len(rows), Y.shape[1]))
    for i, chosen in enumerate(rows):
        for topic in range(Y.shape[1]):
            used = chosen & (Y[:, topic] >= 0) & (weights[:, topic] > 0)
            y = Y[used, topic]
            if not y.any() or y.all():
                fixed[i, topic] = 10.0 if y.any() else -10.0
                continue
            shares[i, topic] = _class_weight(y, weights[used, topic], settings)
    return shares, fixed


def _class_weight(
    y: NDArray[np.int8], weight: NDArray[np.floating[Any]], settings: Classifier
) -> tuple[float, float]:
    """Give both classes the same weight in all, or leave them as they are; return that of "no" and "yes"."""
    if settings.class_weight == "none":
        return 1.0, 1.0
    no, yes = (float(weight[y == answer].sum(dtype=np.float64)) for answer in (0, 1))
    both = float(weight.sum(dtype=np.float64))
    return both / (2 * no), both / (2 * yes)
