"""All topics over one matrix, as a classifier of scikit-learn."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from trainer.engine.costs import Problem
from trainer.engine.solver import Loss, solve
from trainer.model.learners.inputs import from_scipy, sample_weights, seed_of


class JointLinearClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Linear SVM or logistic regression, all classes or labels over one matrix, to a duality gap.

    The objective is LIBLINEAR's, ``|w|^2 / 2 + C * sum of loss``, the intercept being the weight of one more
    feature of value 1. Two classes make one problem, more make one against the rest for each; an (n, k)
    matrix of labels makes one a column, and -1 in it says that a label is not known.

    Parameters
    ----------
    loss : {"squared_hinge", "log_loss"}
    C : float
        Above 0; larger values regularise less.
    fit_intercept : bool
    class_weight : {"balanced", None} or mapping
        What multiplies C for a class; of label matrices, for 0 and 1.
    tol : float, optional
        A problem is solved when its duality gap is at most this share of its objective; by default 1e-4, and
        2e-5 of the logistic loss.
    max_iter : int
        Passes over the rows at most.
    random_state : int, optional
        Of the order in which rows are visited; None is 0, so that the same data give the same weights.
    n_jobs : int, optional
        Threads at most; no result depends on it.
    warm_start : bool
        Begin at the solution before, if it was for as many rows and problems.

    Attributes
    ----------
    classes_ : array of the class labels; of label matrices, (0, 1)
    coef_ : (k, n_features) array
    intercept_ : (k,) array
    objective_, dual_gap_, n_iter_ : (k,) arrays
        The objective reached, how far above the minimum it is at most, and the passes made.

    References
    ----------
    Fan et al., "LIBLINEAR: A library for large linear classification", JMLR 2008.
    """

    __module__ = "trainer.estimators"

    def __init__(
        self,
        *,
        loss: Loss = "squared_hinge",
        C: float = 1.0,
        fit_intercept: bool = True,
        class_weight: Any = None,
        tol: float | None = None,
        max_iter: int = 1_000,
        random_state: int | None = None,
        n_jobs: int | None = None,
        warm_start: bool = False,
    ) -> None:
        self.loss = loss
        self.C = C
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.warm_start = warm_start

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> JointLinearClassifier:
        """Fit all problems.

        Parameters
        ----------
        X : (n, n_features) matrix, sparse or dense
        y : (n,) array of classes, or (n, k) array of 1, 0 and, where it is not known, -1
        sample_weight : (n,) or (n, k) array, optional

        Raises
        ------
        ValueError
            When X or y holds NaN or infinity, y has one class only, or a parameter is not known.
        """
        if self.loss not in ("squared_hinge", "log_loss"):
            raise ValueError(f'loss must be "squared_hinge" or "log_loss", not {self.loss!r}')
        if not self.C > 0 or not np.isfinite(self.C):
            raise ValueError(f"C must be a number above 0, not {self.C!r}")
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64, accept_large_sparse=True)
        Y = self._encoded(y, X.shape[0])
        weights = sample_weights(sample_weight, Y)
        if not weights.any():
            raise ValueError("every sample_weight is zero: no row is left to learn from")
        problems = [
            Problem(k, (self.C * no, self.C * yes)) for k, (no, yes) in enumerate(self._class_weights(Y))
        ]
        start: NDArray[np.float32] | None = getattr(self, "_alpha", None) if self.warm_start else None
        if start is not None and start.shape != (len(Y), len(problems)):
            start = None
        seed = 0 if self.random_state is None else seed_of(self.random_state)
        found = solve(
            from_scipy(X), Y, weights, problems, self.loss, fit_intercept=self.fit_intercept, tol=self.tol,
            max_passes=self.max_iter, seed=seed, alpha=start, n_jobs=self.n_jobs,
        )  # fmt: skip
        if not found.converged:
            warnings.warn(
                f"{self.max_iter} passes did not close the duality gap: raise max_iter",
                ConvergenceWarning,
                stacklevel=2,
            )
        self.coef_, self.intercept_ = np.ascontiguousarray(found.coef.T), found.intercept
        self.objective_, self.dual_gap_, self.n_iter_ = found.objective, found.gap, found.passes
        if self.warm_start:
            self._alpha = found.alpha
        return self

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return the margins: (n,) for two classes, else (n, k)."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        return self.shaped(np.asarray(X @ self.coef_.T) + self.intercept_)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the class of each row, or the (n, k) labels."""
        return self.decided(self.decision_function(X))

    def shaped(self, margins: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n, k) margins as scikit-learn has them: of two classes in one dimension."""
        return margins[:, 0] if not self.multilabel_ and len(self.classes_) == 2 else margins

    def decided(self, margins: NDArray[np.float64]) -> NDArray[Any]:
        """Return the class of each row, or the (n, k) labels, by margins."""
        if self.multilabel_:
            return (margins > 0).astype(np.int64)
        best = margins.argmax(axis=1) if margins.ndim == 2 else (margins > 0).astype(int)
        return np.asarray(self.classes_[best])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags

    def _encoded(self, y: Any, n: int) -> NDArray[np.int8]:
        """Return labels as an (n, k) array of 1, 0 and -1."""
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None")
        y = y.toarray() if issparse(y) else np.asarray(y)
        if len(y) != n:
            raise ValueError(f"X has {n} rows and y {len(y)}")
        labels = y.ndim == 2 and bool(np.isin(y, (-1, 0, 1)).all())
        if y.ndim == 2 and y.shape[1] > 1 and not labels:
            raise ValueError("a label matrix holds 1, 0 and, where a label is not known, -1")
        self.multilabel_ = labels
        if labels:
            self.classes_ = np.array([0, 1])
            return np.ascontiguousarray(y, np.int8)
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        if type_of_target(y) == "continuous":
            raise ValueError("Unknown label type: continuous")
        self.classes_, code = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y holds one class only ({self.classes_[0]!r}): there is nothing to tell apart")
        if len(self.classes_) == 2:
            return code.astype(np.int8)[:, None]
        one_hot: NDArray[np.int8] = (code[:, None] == np.arange(len(self.classes_))).astype(np.int8)
        return one_hot

    def _class_weights(self, Y: NDArray[np.int8]) -> list[tuple[float, float]]:
        """Return what multiplies C in each problem: where the answer is "no", and where it is "yes"."""
        given = self.class_weight
        if isinstance(given, str) and given != "balanced":
            raise ValueError(f'class_weight must be "balanced", a mapping or None, not {given!r}')
        several = not self.multilabel_ and len(self.classes_) > 2
        if given == "balanced":
            counts = [((Y[:, k] == 0).sum(), (Y[:, k] == 1).sum()) for k in range(Y.shape[1])]
            if several:  # as LIBLINEAR: one class against a rest that keeps its weight
                return [(1.0, len(Y) / (len(counts) * max(yes, 1))) for _, yes in counts]
            return [((no + yes) / (2 * max(no, 1)), (no + yes) / (2 * max(yes, 1))) for no, yes in counts]
        weight = [float((given or {}).get(label, 1.0)) for label in self.classes_.tolist()]
        return [(1.0, yes) for yes in weight] if several else [(weight[0], weight[1])] * Y.shape[1]
