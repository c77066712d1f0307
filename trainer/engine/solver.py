"""The linear solver: many binary problems over one matrix, each to a duality gap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trainer.engine.costs import Judged, Problem
from trainer.engine.liblinear import solve_each
from trainer.engine.packed import PackedRows, shared_columns
from trainer.engine.sparse import SparseRows
from trainer.engine.threads import Shares, even_spans, in_threads

try:
    from trainer.engine._linear import Descent as _Descent
    from trainer.engine._linear import Room as _Room
    from trainer.engine._linear import Stored as _Stored
    from trainer.engine._linear import column_counts as _column_counts
    from trainer.engine._linear import shared_rows as _shared_rows
except ImportError:  # installed without a compiler
    _Descent = _Room = _Stored = _column_counts = _shared_rows = None

Loss = Literal["squared_hinge", "log_loss"]
COMPILED = _Descent is not None
_LOSSES = ("squared_hinge", "log_loss")
TOL: dict[Loss, float] = {"squared_hinge": 1e-4, "log_loss": 2e-5}
"""Duality gap as a share of the objective.

Few texts have a probability of a half or more for a rare topic. Where the logistic loss is left at a gap of
1e-4, F1 at that threshold is off by 0.003.
"""
WIDEST = 16
"""Problems that are solved together: a row of their weights is one line of the cache."""
_NARROW = 8
"""Lanes where there are few problems, or no room for more: as many numbers as one instruction takes."""
_ROOMY = 4_000_000
"""Rows, and twice the features, up to which each thread has `WIDEST` lanes, and each group a thread.

Lanes take 64 bytes for a row, and for a feature twice. Beyond, two threads have the room of one.
"""
_LINE = 16
"""Weights in a line of the cache."""


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


def has_room(X: SparseRows | PackedRows) -> bool:
    """Whether each thread may have `WIDEST` lanes over these rows, and each group of problems a thread."""
    return len(X) + 2 * X.width <= _ROOMY


def solve(
    X: SparseRows | PackedRows,
    Y: NDArray[np.int8],
    weights: NDArray[np.float64],
    problems: Sequence[Problem],
    loss: Loss,
    *,
    fit_intercept: bool = True,
    tol: float | None = None,
    max_passes: int = 1_000,
    seed: int = 0,
    alpha: NDArray[np.float32] | None = None,
    keep_alpha: bool = True,
    n_jobs: int | None = None,
    compiled: bool = True,
    told: Callable[[float], None] | None = None,
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
    tol : float, optional
        A problem is solved when its duality gap is at most this share of its objective; else see `TOL`.
    alpha : (n, m) array, optional
        Where to start: the dual variables of a solution for nearly the same problems.
    keep_alpha : bool
        False gives the dual variables up: of many rows they take more room than all weights.
    n_jobs : int, optional
        Threads at most. The result does not depend on it.
    compiled : bool
        False asks for LIBLINEAR even where the compiled solver is there: it knows no gap, and no warm start.
    told : callable, optional
        Called with the share of the way that is done, again and again, by any thread; what it raises ends the
        work. LIBLINEAR tells nothing.

    Raises
    ------
    ValueError
        When a value or a cost is not finite in float32, in which the compiled solver works.
    """
    judged = Judged.of(Y, weights)
    tol = TOL[loss] if tol is None else tol
    if isinstance(X, SparseRows) and not (compiled and COMPILED):
        costs = [judged.numbers(problem) for problem in problems]
        coef, intercept, passes = solve_each(X, costs, loss, fit_intercept, seed, n_jobs)
        unknown = np.full(len(problems), np.nan)
        start = np.zeros((len(X), len(problems)), np.float32)
        return Solution(coef, intercept, unknown, unknown, passes, True, start)
    matrix = _Matrix.of(X) if isinstance(X, SparseRows) else X
    task = _Task(matrix, judged, _LOSSES.index(loss), fit_intercept, tol, max_passes, seed, keep_alpha)
    m = len(problems)
    parts = -(-m // (WIDEST if matrix.stored is not None or has_room(X) else _NARROW))
    places = even_spans(m, parts)
    out = _Out.of(X.width, len(X), m, keep_alpha)
    shares = Shares(parts, None if told is None else lambda done: told(done / parts))
    in_threads(
        lambda part: task.run(problems, alpha, out, *places[part], partial(shares.tell, part)),
        range(parts), n_jobs, shares.stop,
    )  # fmt: skip
    converged = bool((out.gap <= tol * out.objective).all())
    return Solution(out.coef, out.intercept, out.objective, out.gap, out.passes, converged, out.alpha)


@dataclass(frozen=True)
class _Out:
    """Where the solutions of m problems go, each into its column."""

    coef: NDArray[np.float32]
    intercept: NDArray[np.float64]
    objective: NDArray[np.float64]
    gap: NDArray[np.float64]
    passes: NDArray[np.int64]
    alpha: NDArray[np.float32]

    @classmethod
    def of(cls, width: int, n: int, m: int, keep_alpha: bool) -> _Out:
        coef, alpha = np.zeros((width, m), np.float32), np.zeros((n, m if keep_alpha else 0), np.float32)
        return cls(coef, np.zeros(m), np.zeros(m), np.zeros(m), np.zeros(m, np.int64), alpha)


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
    shared: NDArray[np.int32]
    """Columns of the features that stayed, the most frequent first: they lie together in the cache."""
    width: int

    @property
    def stored(self) -> Any:
        """What gives the rows."""
        return _Stored(self.indptr, self.indices, self.values)

    def rows(self) -> Any:
        """Return what gives the rows, for one thread."""
        return self.stored

    @classmethod
    def of(cls, X: SparseRows) -> _Matrix:
        df = _column_counts(X.indices, X.width)
        shared = shared_columns(df)
        number = np.full(X.width, -1, np.int32)
        number[shared] = np.arange(len(shared), dtype=np.int32)
        rows = _shared_rows(X.indptr, X.indices, X.values, number, int((df == 1).sum()))
        return cls(*(*rows, shared, X.width))


@dataclass(frozen=True)
class _Task:
    matrix: _Matrix | PackedRows
    judged: Judged
    loss: int
    bias: bool
    tol: float
    max_passes: int
    seed: int
    keep_alpha: bool

    def run(
        self,
        problems: Sequence[Problem],
        start: NDArray[np.float32] | None,
        out: _Out,
        first: int,
        end: int,
        told: Callable[[float], None],
    ) -> None:
        """Solve the problems from `first` up to `end`."""
        matrix, n, m = self.matrix, len(self.judged.Y), end - first
        lanes = _NARROW if m <= _NARROW else WIDEST
        costs = self.judged.costs(problems[first:end], lanes)
        weights = _aligned(max(len(matrix.shared), 1), lanes)
        alpha = _aligned(n, lanes)
        if start is not None:
            alpha[:, :m] = start[:, first:end]
        descent = _Descent(
            matrix.rows(), matrix.alone, matrix.norms + np.float32(self.bias), costs.numbers, costs.codes,
            costs.table, alpha, weights, m, self.loss, self.bias,
        )  # fmt: skip
        found = descent.run(self.tol, self.max_passes, self.seed, told)
        for numbers, into in zip(found, (out.intercept, out.objective, out.gap, out.passes), strict=True):
            into[first:end] = numbers
        if self.keep_alpha:
            out.alpha[:, first:end] = np.maximum(alpha[:, :m], 0)
        descent.put(out.coef, first, matrix.shared)
        descent.put_lone(out.coef, first, matrix.lone_columns, matrix.lone_rows, matrix.lone_values)


def _aligned(n: int, stride: int) -> NDArray[np.float32]:
    """Return zeros that begin where a line of the cache does: a row of them is then in one, not in two."""
    given = np.frombuffer(_Room(4 * (n * stride + _LINE), zeros=True), np.float32)
    first = -given.ctypes.data % (4 * _LINE) // 4
    return given[first : first + n * stride].reshape(n, stride)
