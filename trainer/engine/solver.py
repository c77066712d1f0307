"""The linear solver: many binary problems over one matrix, each to a duality gap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trainer.engine.liblinear import solve_each
from trainer.engine.packed import PackedRows
from trainer.engine.sparse import SparseRows
from trainer.engine.threads import in_threads

try:
    from trainer.engine._linear import Descent as _Descent
    from trainer.engine._linear import Stored as _Stored
    from trainer.engine._linear import column_counts as _column_counts
    from trainer.engine._linear import shared_rows as _shared_rows
except ImportError:  # installed without a compiler
    _Descent = _Stored = _column_counts = _shared_rows = None

Loss = Literal["squared_hinge", "log_loss"]
COMPILED = _Descent is not None
_LOSSES = ("squared_hinge", "log_loss")
TOL = 1e-4
_WIDEST = 16
"""Problems that are solved together: a row of their weights is one line of the cache."""
_LINE = 16
"""Weights in a line of the cache."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One binary problem: a topic, on some of the rows.

    Attributes
    ----------
    topic : int
        Column of the labels.
    cost : (float, float)
        C of the negative and of the positive rows, which the weight of a row multiplies.
    rows : (n,) array of bool, optional
        The rows that have a part in it; else all.
    """

    topic: int
    cost: tuple[float, float]
    rows: NDArray[np.bool_] | None = None

    def signed_cost(self, Y: NDArray[np.int8], weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the cost of each row, negative where the label is "no", and 0 where the row has no part.

        Parameters
        ----------
        Y : (n, k) array of int8
        weights : (n, k) array
        """
        cost = np.array([-self.cost[0], self.cost[1], 0.0])[Y[:, self.topic]] * weights[:, self.topic]
        return cost if self.rows is None else np.where(self.rows, cost, 0.0)


@dataclass(frozen=True, slots=True)
class Solution:
    """The minimisers of m problems.

    Attributes
    ----------
    coef : (width, m) array of float32, or of float64 from LIBLINEAR
    intercept : (m,) array of float64
    objective : (m,) array of float64
        ``|w|^2 / 2 + sum of cost * loss``, the intercept being part of w.
    gap : (m,) array of float64
        How far above the minimum `objective` is at most.
    passes : (m,) array of int64
        Over the rows.
    converged : bool
        Whether each gap is as small as was asked for.
    alpha : (n, m) array of float32
        Dual variables, for a warm start; (n, 0) where nobody asked for them.
    """

    coef: NDArray[np.floating[Any]]
    intercept: NDArray[np.float64]
    objective: NDArray[np.float64]
    gap: NDArray[np.float64]
    passes: NDArray[np.int64]
    converged: bool
    alpha: NDArray[np.float32]


def solve(
    X: SparseRows | PackedRows,
    Y: NDArray[np.int8],
    weights: NDArray[np.float64],
    problems: Sequence[Problem],
    loss: Loss,
    *,
    fit_intercept: bool = True,
    tol: float = TOL,
    max_passes: int = 1_000,
    seed: int = 0,
    alpha: NDArray[np.float32] | None = None,
    keep_alpha: bool = True,
    n_jobs: int | None = None,
    compiled: bool = True,
) -> Solution:
    """Minimise ``|w|^2 / 2 + sum_i cost_i * loss(y_i (x_i w + b))`` for each problem.

    The intercept is the weight of one more feature of value 1 and, as LIBLINEAR's, in the penalty.

    Parameters
    ----------
    X : (n, width) SparseRows or PackedRows
        Rows that are packed are for the compiled solver only.
    Y : (n, k) array of int8
        1, 0 or, where it is not known, -1: such a row has no part in the topic.
    weights : (n, k) or (n, 1) array
        At least 0.
    tol : float
        A problem is solved when its duality gap is at most this share of its objective.
    alpha : (n, m) array, optional
        Where to start: the dual variables of a solution for nearly the same problems.
    keep_alpha : bool
        False gives the dual variables up: of many rows they take more room than all weights.
    n_jobs : int, optional
        Threads at most. The result does not depend on it.
    compiled : bool
        False asks for LIBLINEAR even where the compiled solver is there: it knows no gap, and no warm start.

    Raises
    ------
    ValueError
        When a value or a cost is not finite in float32, in which the compiled solver works.
    """
    weights = np.broadcast_to(weights, Y.shape)
    if isinstance(X, SparseRows) and not (compiled and COMPILED):
        costs = [problem.signed_cost(Y, weights) for problem in problems]
        coef, intercept = solve_each(X, costs, loss, fit_intercept, seed, n_jobs)
        unknown, none = np.full(len(problems), np.nan), np.zeros(len(problems), np.int64)
        start = np.zeros((len(X), len(problems)), np.float32)
        return Solution(coef, intercept, unknown, unknown, none, True, start)
    matrix = _Matrix.of(X) if isinstance(X, SparseRows) else X
    task = _Task(
        matrix, np.ascontiguousarray(Y, np.int8), weights,
        _LOSSES.index(loss), fit_intercept, tol, max_passes, seed, keep_alpha,
    )  # fmt: skip
    m = len(problems)
    parts = -(-m // _WIDEST)
    edges = [round(part * m / parts) for part in range(parts + 1)] if m else [0]
    pieces = [
        (list(problems[start:end]), None if alpha is None else alpha[:, start:end])
        for start, end in pairwise(edges)
    ]
    found = in_threads(lambda piece: task.run(*piece), pieces, n_jobs)
    return _joined(found, X.width, len(X), tol)


@dataclass(frozen=True)
class _Matrix:
    """A matrix without the features that stand in one row only.

    Their weight follows from the dual variable of the row, so that they need none while it changes.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    values: NDArray[np.float32]
    alone: NDArray[np.float32]
    """Squared length of the part of each row that was left out."""
    norms: NDArray[np.float32]
    lone_columns: NDArray[np.int32]
    lone_rows: NDArray[np.int64]
    lone_values: NDArray[np.float32]
    shared: NDArray[np.int64]
    """Columns of the features that stayed, the most frequent first: they lie together in the cache."""
    width: int

    def rows(self) -> Any:
        """Return what gives rows, for one thread."""
        return _Stored(self.indptr, self.indices, self.values)

    @classmethod
    def of(cls, X: SparseRows) -> _Matrix:
        df = _column_counts(X.indices, X.width)
        shared = np.flatnonzero(df > 1)
        shared = shared[np.argsort(-df[shared], kind="stable")]
        number = np.full(X.width, -1, np.int32)
        number[shared] = np.arange(len(shared), dtype=np.int32)
        rows = _shared_rows(X.indptr, X.indices, X.values, number, int((df == 1).sum()))
        return cls(*(*rows, shared, X.width))


@dataclass(frozen=True)
class _Task:
    matrix: _Matrix | PackedRows
    Y: NDArray[np.int8]
    sample_weight: NDArray[np.float64]
    loss: int
    bias: bool
    tol: float
    max_passes: int
    seed: int
    keep_alpha: bool

    def run(self, problems: list[Problem], start: NDArray[np.float32] | None) -> dict[str, Any]:
        matrix, n, m = self.matrix, len(self.Y), len(problems)
        stride = m if m < 4 else -(-m // 4) * 4
        weights = _aligned(max(len(matrix.shared), 1), stride)
        cost, alpha = np.zeros((n, stride), np.float32), np.zeros((n, stride), np.float32)
        with np.errstate(over="ignore", invalid="ignore"):  # told below
            for k, problem in enumerate(problems):
                cost[:, k] = problem.signed_cost(self.Y, self.sample_weight)
        if not np.isfinite(cost).all():
            raise ValueError("C times the weight of a row is beyond float32: scale the weights, or lower C")
        if start is not None:
            alpha[:, :m] = start
        descent = _Descent(
            matrix.rows(), matrix.alone, matrix.norms + np.float32(self.bias), cost, alpha, weights, m,
            self.loss, self.bias,
        )  # fmt: skip
        intercept, objective, gap, passes = descent.run(self.tol, self.max_passes, self.seed)
        alpha = np.maximum(alpha[:, :m], 0)
        coef = np.zeros((matrix.width, m), np.float32)
        coef[matrix.shared] = weights[: len(matrix.shared), :m]
        coef[matrix.lone_columns] = (
            np.where(cost[:, :m] < 0, -alpha, alpha)[matrix.lone_rows] * matrix.lone_values[:, None]
        )
        return {
            "coef": coef, "intercept": np.array(intercept), "objective": np.array(objective),
            "gap": np.array(gap), "passes": np.array(passes),
            "alpha": alpha if self.keep_alpha else alpha[:, :0].copy(),
        }  # fmt: skip


def _aligned(n: int, stride: int) -> NDArray[np.float32]:
    """Return zeros that begin where a line of the cache does: a row of them is then in one, not in two."""
    given = np.zeros(n * stride + _LINE, np.float32)
    first = -given.ctypes.data % (4 * _LINE) // 4
    return given[first : first + n * stride].reshape(n, stride)


def _joined(found: list[dict[str, Any]], width: int, n: int, tol: float) -> Solution:
    none: dict[str, Any] = {"coef": np.zeros((width, 0), np.float32), "alpha": np.zeros((n, 0), np.float32)}
    none |= {key: np.zeros(0) for key in ("intercept", "objective", "gap", "passes")}
    wide = found[0] if len(found) == 1 else {
        key: np.concatenate([one[key] for one in [none, *found]], axis=-1) for key in none
    }  # fmt: skip
    return Solution(converged=bool((wide["gap"] <= tol * wide["objective"]).all()), **wide)
