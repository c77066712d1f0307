"""The tagger as a scikit-learn pipeline, for those who need one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import FeatureUnion, Pipeline

from trainer.engine.liblinear import to_scipy
from trainer.errors import UsageError
from trainer.lexicons import LexiconMatcher
from trainer.model.features import Block, LexiconBlock

if TYPE_CHECKING:
    from trainer.model.tagger import Tagger


class LexiconVectorizer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """One column a lexicon: `weight` where one of its terms stands in the text.

    Parameters
    ----------
    lexicons : mapping of str to sequence of str
        Terms by name; the columns are sorted by name. See `trainer.lexicons`.
    weight : float
        Value of a lexicon that is found.
    """

    __module__ = "trainer.estimators"  # the name that pickles of it go by

    def __init__(self, lexicons: Mapping[str, Sequence[str]], weight: float = 1.0) -> None:
        self.lexicons = lexicons
        self.weight = weight

    def fit(self, texts: Sequence[str], y: object = None) -> LexiconVectorizer:
        """Do nothing: there is nothing to learn."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def transform(self, texts: Sequence[str]) -> csr_matrix:
        """Return the (n, number of lexicons) matrix."""
        return to_scipy(LexiconBlock(LexiconMatcher(self.lexicons), self.weight).transform(texts))

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """Return the names of the lexicons."""
        return np.array(sorted(self.lexicons), dtype=object)


def as_pipeline(tagger: Tagger) -> Pipeline:
    """Return a fitted pipeline that decides as `tagger` does: plain scikit-learn steps, and one for lexicons.

    ``predict`` gives the (n, k) decisions, ``predict_proba`` a list of k arrays as `MultiOutputClassifier`
    does. It knows no review band: what the tagger leaves to a human is decided by the threshold.

    Raises
    ------
    UsageError
        When a topic is calibrated by a curve.
    """
    for topic in tagger.curves:
        raise UsageError(
            f"the probabilities of topic '{topic}' are no logistic function of a weighted sum of features: "
            "no pipeline of plain scikit-learn steps gives them",
            hint="Train with --set calibration.method=platt (or none), or use the model itself.",
        )
    # scikit-learn refuses an empty vocabulary; a block that learned nothing has no columns to miss.
    learned = [block for block in tagger.features.blocks if block.vocabulary]
    blocks = [(f"{i}-{block.kind}", _vectorizer(block)) for i, block in enumerate(learned)]
    union = FeatureUnion(blocks)
    classifiers = [_classifier(tagger, topic) for topic in range(len(tagger.topics))]
    several = MultiOutputClassifier(classifiers[0])
    several.estimators_ = classifiers
    several.classes_ = [classifier.classes_ for classifier in classifiers]
    return Pipeline([("features", union), ("topics", several)])


def _vectorizer(block: Block | LexiconBlock) -> Any:
    if isinstance(block, LexiconBlock):
        return LexiconVectorizer(block.matcher.lexicons, block.weight)
    vectorizer = TfidfVectorizer(
        analyzer="word" if block.kind == "word" else "char_wb",
        ngram_range=block.ngrams,
        sublinear_tf=block.sublinear_tf,
        vocabulary=dict(block.column),
    )
    vectorizer.idf_ = block.idf
    return vectorizer


def _classifier(tagger: Tagger, topic: int) -> Any:
    """Fold the calibration into the weights: the probabilities are then those of a logistic regression."""
    slope, offset = tagger.calibration[topic]
    logistic = LogisticRegression()
    logistic.coef_ = slope * tagger.weights[:, topic].astype(np.float64)[None, :]
    logistic.intercept_ = np.array([slope * tagger.intercept[topic] + offset])
    logistic.classes_ = np.array([0, 1])
    logistic.n_features_in_ = len(tagger.features)
    threshold = FixedThresholdClassifier(
        logistic, threshold=float(tagger.thresholds[topic]), response_method="predict_proba"
    )
    threshold.estimator_ = logistic
    return threshold
