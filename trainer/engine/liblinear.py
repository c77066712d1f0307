"""The linear solver without a compiler: LIBLINEAR, as scikit-learn has it, one problem at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainer.engine.sparse import SparseRows

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_NEXT_TO_NOTHING = 1e-12


def solve_each(
    X: SparseRows,
    costs: Sequence[NDArray[np.float64]],
    loss: str,
    fit_intercept: bool,
    seed: int,
    n_jobs: int | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return the (width, m) weights, (m,) intercepts and (m,) passes; see `trainer.engine.solver.solve`.

    Parameters
    ----------
    costs : sequence of (n,) arrays
        For each problem, the cost of each row, negative where the label is "no", and 0 where it has no part.
    """
    # Imported here: joblib fails at that where the system does not say how many processors there are.
    from joblib import Parallel, delayed
    from threadpoolctl import threadpool_limits

    matrix = to_scipy(X)
    jobs = [delayed(_fit_one)(matrix, cost, _estimator(loss, fit_intercept, seed)) for cost in costs]
    # Threads: the solver leaves the interpreter lock, and no matrix is copied. The solver for SVMs draws from
    # one random generator of the whole process, so its fits take turns: side by side they disturb each other.
    workers = 1 if loss == "squared_hinge" else n_jobs or -1
    # The number of BLAS threads changes the last bits. The limit reaches only libraries that are loaded
    # already, as `_estimator` has done.
    with threadpool_limits(1):
        fitted = Parallel(n_jobs=workers, prefer="threads")(jobs)
    coef = np.array([coef for coef, _, _ in fitted]).reshape(len(fitted), X.width).T
    passes = np.array([passes for _, _, passes in fitted], dtype=np.int64)
    return coef, np.array([intercept for _, intercept, _ in fitted]), passes


def _fit_one(
    matrix: csr_matrix, cost: NDArray[np.float64], estimator: Any
) -> tuple[NDArray[np.float64], float, int]:
    used = np.flatnonzero(cost)
    rows, cost = matrix[used], cost[used]
    if len(cost) and (cost > 0).all() == (cost > 0).any():  # one class: scikit-learn wants two
        rows.resize(len(cost) + 1, rows.shape[1])  # of the other, a row that holds nothing and weighs nothing
        cost = np.r_[cost, -np.sign(cost[0]) * _NEXT_TO_NOTHING]
    estimator.fit(rows, cost > 0, sample_weight=np.abs(cost))
    return estimator.coef_[0], float(np.sum(estimator.intercept_)), int(np.max(estimator.n_iter_))


def _estimator(loss: str, fit_intercept: bool, seed: int) -> Any:
    if loss == "squared_hinge":
        from sklearn.svm import LinearSVC

        return LinearSVC(C=1.0, fit_intercept=fit_intercept, random_state=seed, max_iter=10_000)
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(
        C=1.0, fit_intercept=fit_intercept, solver="liblinear", random_state=seed, max_iter=1_000
    )


def to_scipy(X: SparseRows) -> csr_matrix:
    """Return the same matrix for scikit-learn."""
    from scipy.sparse import csr_matrix

    small = len(X.values) < 2**31
    indices = X.indices if small else X.indices.astype(np.int64)
    return csr_matrix((X.values, indices, X.indptr.astype(indices.dtype)), shape=(len(X), X.width))
