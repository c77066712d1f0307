"""The engine as scikit-learn estimators: a vectorizer, a classifier, and both in one for raw texts."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from trainer.engine.costs import Problem
from trainer.engine.counting import Kind, counter, learn
from trainer.engine.liblinear import to_scipy
from trainer.engine.solver import Loss, solve
from trainer.engine.sparse import SparseRows
from trainer.engine.vocabulary import Vocabulary
from trainer.model.features import Features, counted_rows, in_parts, learn_blocks, smooth_idf
from trainer.model.scoring import Scorer
from trainer.model.tagger import Tagger

_EMPTY = "empty vocabulary: no text holds an n-gram that min_df and max_df leave"
_KINDS: dict[str, Kind] = {"word": "word", "char_wb": "char"}


class NgramTfidfVectorizer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Texts -> TF-IDF rows: the features and values of scikit-learn's ``TfidfVectorizer``, only faster.

    Texts are put into small letters; a word is two or more letters, digits or underscores, a character n-gram
    stands inside a white-space-separated piece padded with one blank. Parameters are those of
    ``TfidfVectorizer``; others of it (stop words, own tokenizers) are not known here.

    Parameters
    ----------
    analyzer : {"word", "char_wb"}
    ngram_range : (int, int)
        Shortest and longest, at most 64.
    min_df, max_df : int or float
        N-grams of fewer, or more, texts are left out; a float is a share of the texts.
    norm : {"l2", None}
    use_idf, smooth_idf, sublinear_tf : bool
    dtype : dtype
        Of the values: float64 or float32.
    n_jobs : int, optional
        Threads at most; no result depends on it.

    Attributes
    ----------
    vocabulary_ : dict of str to int
    idf_ : (n_features,) array of float64
    """

    __module__ = "trainer.estimators"

    def __init__(
        self,
        *,
        analyzer: Literal["word", "char_wb"] = "word",
        ngram_range: tuple[int, int] = (1, 1),
        min_df: float = 1,
        max_df: float = 1.0,
        norm: Literal["l2"] | None = "l2",
        use_idf: bool = True,
        smooth_idf: bool = True,
        sublinear_tf: bool = False,
        dtype: Any = np.float64,
        n_jobs: int | None = None,
    ) -> None:
        self.analyzer = analyzer
        self.ngram_range = ngram_range
        self.min_df = min_df
        self.max_df = max_df
        self.norm = norm
        self.use_idf = use_idf
        self.smooth_idf = smooth_idf
        self.sublinear_tf = sublinear_tf
        self.dtype = dtype
        self.n_jobs = n_jobs

    def fit(self, texts: Iterable[str], y: object = None) -> NgramTfidfVectorizer:
        """Learn vocabulary and document frequencies.

        Raises
        ------
        ValueError
            When a parameter is not known, or no n-gram is left.
        """
        self._learn(_listed(texts))
        return self

    def fit_transform(self, texts: Iterable[str], y: object = None) -> csr_matrix:
        """Learn from texts and return their rows."""
        listed = _listed(texts)
        self._learn(listed)
        return self.transform(listed)

    def transform(self, texts: Iterable[str]) -> csr_matrix:
        """Return the (n, n_features) rows of texts."""
        matrix = to_scipy(self._rows(_listed(texts)))
        matrix.data = matrix.data.astype(self.dtype, copy=False)
        return matrix

    @property
    def vocabulary_(self) -> dict[str, int]:
        """The column of each n-gram."""
        return {gram: column for column, gram in enumerate(self._fitted())}

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Return the n-grams, ascending."""
        return np.array(self._fitted().grams, dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "features_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array = True, False
        tags.requires_fit = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        # The table in memory is made anew from the vocabulary: it has no bytes that last.
        return {key: value for key, value in super().__getstate__().items() if key != "_counter"}

    def _fitted(self) -> Vocabulary:
        if not hasattr(self, "features_"):
            raise NotFittedError("this NgramTfidfVectorizer has learned nothing yet: call fit")
        features: Vocabulary = self.features_
        return features

    def _learn(self, texts: list[str]) -> None:
        if self.analyzer not in _KINDS:
            raise ValueError(f'analyzer must be "word" or "char_wb", not {self.analyzer!r}')
        if self.norm not in ("l2", None):
            raise ValueError(f'norm must be "l2" or None, not {self.norm!r}')
        kind, norm = _KINDS[self.analyzer], self.norm is not None
        found = learn(kind, _ascending(self.ngram_range), texts, self.min_df, self.max_df, norm)
        if not found.vocabulary:
            raise ValueError(_EMPTY)
        self.features_ = found.vocabulary
        self.idf_ = self._idf(found.df, found.n)
        self._counter: Any = found.counter

    def _idf(self, df: NDArray[np.uint32], n: int) -> NDArray[np.float64]:
        if not self.use_idf:
            return np.ones(len(df))
        return smooth_idf(df, n) if self.smooth_idf else np.log(n / df) + 1.0

    def _rows(self, texts: list[str]) -> SparseRows:
        features = self._fitted()
        if getattr(self, "_counter", None) is None:
            kind = _KINDS[self.analyzer]
            shortest, longest = self.ngram_range
            self._counter = counter(kind, (shortest, longest), features, self.norm is not None)

        return in_parts(
            lambda part: counted_rows(self._counter, part, self.idf_, self.sublinear_tf), texts, self.n_jobs
        )


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
        1e-5 of the logistic loss.
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
        weights = _weights(sample_weight, Y)
        if not weights.any():
            raise ValueError("every sample_weight is zero: no row is left to learn from")
        problems = [
            Problem(k, (self.C * no, self.C * yes)) for k, (no, yes) in enumerate(self._class_weights(Y))
        ]
        start: NDArray[np.float32] | None = getattr(self, "_alpha", None) if self.warm_start else None
        if start is not None and start.shape != (len(Y), len(problems)):
            start = None
        seed = 0 if self.random_state is None else _seed(self.random_state)
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


class TopicClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Raw texts -> labels: words, characters or both, and a linear model.

    Parameters
    ----------
    ngram_range : (int, int), optional
        Of words; None leaves words out.
    char_ngram_range : (int, int), optional
        Of characters inside words; None leaves them out.
    min_df, max_df, sublinear_tf
        See `NgramTfidfVectorizer`.
    loss, C, fit_intercept, class_weight, tol, max_iter, random_state, n_jobs
        See `JointLinearClassifier`.
    """

    __module__ = "trainer.estimators"

    def __init__(
        self,
        *,
        ngram_range: tuple[int, int] | None = (1, 2),
        char_ngram_range: tuple[int, int] | None = None,
        min_df: float = 1,
        max_df: float = 1.0,
        sublinear_tf: bool = True,
        loss: Loss = "squared_hinge",
        C: float = 1.0,
        fit_intercept: bool = True,
        class_weight: Any = None,
        tol: float | None = None,
        max_iter: int = 1_000,
        random_state: int | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.ngram_range = ngram_range
        self.char_ngram_range = char_ngram_range
        self.min_df = min_df
        self.max_df = max_df
        self.sublinear_tf = sublinear_tf
        self.loss = loss
        self.C = C
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, texts: Iterable[str], y: Any, sample_weight: Any = None) -> TopicClassifier:
        """Learn from texts and their (n,) classes or (n, k) labels."""
        listed = _listed(texts)
        wanted: list[tuple[Kind, tuple[int, int] | None]] = [
            ("word", self.ngram_range),
            ("char", self.char_ngram_range),
        ]
        if self.ngram_range is self.char_ngram_range is None:
            raise ValueError("ngram_range and char_ngram_range are both None: there is nothing to go by")
        self.features_ = Features(
            learn_blocks(
                [(kind, _ascending(ngrams), listed) for kind, ngrams in wanted if ngrams is not None],
                self.min_df,
                self.sublinear_tf,
                self.max_df,
            )
        )
        if not len(self.features_):
            raise ValueError(_EMPTY)
        names = ("loss", "C", "fit_intercept", "class_weight", "tol", "max_iter", "random_state", "n_jobs")
        self.classifier_ = JointLinearClassifier(**{name: getattr(self, name) for name in names})
        self.classifier_.fit(to_scipy(self.features_.transform(listed)), y, sample_weight)
        self.classes_ = self.classifier_.classes_
        self.weights_ = np.ascontiguousarray(self.classifier_.coef_.T, dtype=np.float32)
        self._sums = Scorer(self.features_, self.weights_)
        return self

    @property
    def coef_(self) -> NDArray[np.float64]:
        """The (k, n_features) weights."""
        return self.classifier_.coef_

    @property
    def intercept_(self) -> NDArray[np.float64]:
        """The (k,) intercepts."""
        return self.classifier_.intercept_

    def decision_function(self, texts: Iterable[str]) -> NDArray[np.float64]:
        """Return the margins of texts, by weights in float32; see `JointLinearClassifier`."""
        check_is_fitted(self)
        margins = self._sums(_listed(texts)) + self.intercept_
        return self.classifier_.shaped(margins)

    def predict(self, texts: Iterable[str]) -> NDArray[Any]:
        """Return the class of each text, or the (n, k) labels."""
        return self.classifier_.decided(self.decision_function(texts))

    def as_tagger(self, topics: Sequence[str]) -> Tagger:
        """Return what `trainer.load` would: it saves without pickle, explains, and needs no scikit-learn.

        Probabilities are the logistic function of the margins, thresholds 0.5.

        Parameters
        ----------
        topics : sequence of str
            The names of the k columns of the labels.
        """
        check_is_fitted(self)
        k = len(self.intercept_)
        if len(topics) != k:
            raise ValueError(f"{len(topics)} names for {k} columns of labels")
        calibration = np.tile([1.0, 0.0], (k, 1))
        return Tagger(
            tuple(topics), self.features_, self.weights_, self.intercept_, calibration, np.full(k, 0.5)
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "classifier_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array = True, False
        tags.classifier_tags.multi_label = True
        return tags


def from_scipy(X: Any) -> SparseRows:
    """Return a matrix of scipy, or a dense one, as plain arrays: no zeros stored, indices ascending."""
    matrix = csr_matrix(X)
    if not matrix.has_canonical_format:
        matrix = matrix.copy()
        matrix.sum_duplicates()
    if matrix.nnz and not matrix.data.all():
        matrix = matrix.copy()
        matrix.eliminate_zeros()
    return SparseRows(
        matrix.indptr.astype(np.int64),
        matrix.indices.astype(np.int32),
        matrix.data.astype(np.float64),
        matrix.shape[1],
    )


def _ascending(ngrams: tuple[int, int]) -> tuple[int, int]:
    shortest, longest = ngrams
    if not 1 <= shortest <= longest <= 64:
        raise ValueError(f"ngram_range must ascend within 1 and 64, not {ngrams!r}")
    return shortest, longest


def _listed(texts: Iterable[str]) -> list[str]:
    if isinstance(texts, str):
        raise ValueError("an iterable of texts is wanted, not one string")
    listed = list(texts)
    for i, text in enumerate(listed):
        if not isinstance(text, str):
            raise TypeError(f"texts must be strings; text {i} is {type(text).__name__}")
    return listed


def _weights(given: Any, Y: NDArray[np.int8]) -> NDArray[np.float64]:
    if given is None:
        return np.ones((len(Y), 1))
    weights = np.array(given, dtype=np.float64)
    if weights.ndim == 1:
        weights = weights[:, None]
    if weights.ndim != 2 or len(weights) != len(Y) or weights.shape[1] not in (1, Y.shape[1]):
        raise ValueError(f"sample_weight has shape {np.shape(given)}: ({len(Y)},) or {Y.shape} is wanted")
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError("sample_weight holds NaN, infinity or a number below 0")
    return weights


def _seed(random_state: Any) -> int:
    from sklearn.utils import check_random_state

    if isinstance(random_state, (int, np.integer)):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))
