"""The linear model: one L2-regularised binary problem a topic, on the sentences judged for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainer.model.sparse import SparseRows

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from trainer.config import Classifier


def fit_topics(
    X: SparseRows,
    Y: NDArray[np.int8],
    weights: NDArray[np.float64],
    rows: Sequence[NDArray[np.bool_]],
    settings: Classifier,
    seed: int,
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
    from joblib import Parallel, delayed
    from threadpoolctl import threadpool_limits

    matrix = to_scipy(X)
    jobs = [
        delayed(_fit_one)(
            matrix,
            Y[:, topic],
            np.where(chosen, weights[:, topic], 0.0),
            settings,
            _estimator(settings, seed),
        )
        for chosen in rows
        for topic in range(Y.shape[1])
    ]
    # Threads: the solver leaves the interpreter lock, and no matrix is copied. The solver for SVMs draws from
    # one random generator of the whole process, so its fits take turns: side by side they disturb each other.
    n_jobs = 1 if settings.kind == "svm" else -1
    # The number of BLAS threads changes the last bits. The limit reaches only libraries that are loaded
    # already, as `_estimator` has done.
    with threadpool_limits(1):
        fitted = Parallel(n_jobs=n_jobs, prefer="threads")(jobs)
    k = Y.shape[1]
    return [
        (
            np.stack([coef for coef, _ in fitted[i : i + k]], axis=1),
            np.array([intercept for _, intercept in fitted[i : i + k]]),
        )
        for i in range(0, len(fitted), k)
    ]


def to_scipy(X: SparseRows) -> csr_matrix:
    """Return the same matrix for scikit-learn."""
    from scipy.sparse import csr_matrix

    indices, indptr = X.indices.astype(np.int32), X.indptr
    return csr_matrix((X.values, indices, indptr.astype(np.int32)), shape=(len(X), X.width))


def _fit_one(
    matrix: csr_matrix, y: NDArray[np.int8], weight: NDArray[np.float64], settings: Classifier, estimator: Any
) -> tuple[NDArray[np.float64], float]:
    used = (y >= 0) & (weight > 0)
    y, weight = y[used], weight[used]
    if len(np.unique(y)) < 2:
        return np.zeros(matrix.shape[1]), 10.0 if y.any() else -10.0
    estimator.fit(matrix[used], y, sample_weight=weight * _class_weight(y, weight, settings))
    return estimator.coef_[0], float(estimator.intercept_[0])


def _class_weight(
    y: NDArray[np.int8], weight: NDArray[np.float64], settings: Classifier
) -> NDArray[np.float64]:
    """Give both classes the same weight in all, or leave them as they are."""
    if settings.class_weight == "none":
        return np.ones(len(y))
    mass = np.array([weight[y == 0].sum(), weight[y == 1].sum()])
    return np.asarray((weight.sum() / (2 * mass))[y], dtype=np.float64)


def _estimator(settings: Classifier, seed: int) -> Any:
    if settings.kind == "svm":
        from sklearn.svm import LinearSVC

        return LinearSVC(C=settings.C, random_state=seed, max_iter=10_000)
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=settings.C, solver="liblinear", random_state=seed, max_iter=1_000)
