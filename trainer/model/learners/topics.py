"""Raw texts -> topics: vectorizer and classifier in one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from trainer.engine.counting import Kind
from trainer.engine.liblinear import to_scipy
from trainer.engine.solver import Loss
from trainer.model.features import Features
from trainer.model.learners.classifier import JointLinearClassifier
from trainer.model.learners.inputs import EMPTY, ascending, listed_texts
from trainer.model.learning import learn_blocks
from trainer.model.scoring import Scorer
from trainer.model.tagger import Tagger


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
        listed = listed_texts(texts)
        wanted: list[tuple[Kind, tuple[int, int] | None]] = [
            ("word", self.ngram_range),
            ("char", self.char_ngram_range),
        ]
        if self.ngram_range is self.char_ngram_range is None:
            raise ValueError("ngram_range and char_ngram_range are both None: there is nothing to go by")
        self.features_ = Features(
            learn_blocks(
                [(kind, ascending(ngrams), listed) for kind, ngrams in wanted if ngrams is not None],
                self.min_df,
                self.sublinear_tf,
                self.max_df,
            )
        )
        if not len(self.features_):
            raise ValueError(EMPTY)
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
        margins = self._sums(listed_texts(texts)) + self.intercept_
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
