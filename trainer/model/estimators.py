"""The tagger as a scikit-learn pipeline, for those who need one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.model.features import Block

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from trainer.model.tagger import Tagger


def as_pipeline(tagger: Tagger) -> Pipeline:
    """Return a fitted pipeline of plain scikit-learn steps that decides as `tagger` does.

    ``predict`` gives the (n, k) decisions, ``predict_proba`` a list of k arrays as `MultiOutputClassifier`
    does. It knows no review band: what the tagger leaves to a human is decided by the threshold.
    """
    from sklearn.multioutput import MultiOutputClassifier
    from sklearn.pipeline import FeatureUnion, Pipeline

    blocks = [(f"{i}-{block.kind}", _vectorizer(block)) for i, block in enumerate(tagger.features.blocks)]
    union = FeatureUnion(blocks)
    classifiers = [_classifier(tagger, topic) for topic in range(len(tagger.topics))]
    several = MultiOutputClassifier(classifiers[0])
    several.estimators_ = classifiers
    several.classes_ = [classifier.classes_ for classifier in classifiers]
    return Pipeline([("features", union), ("topics", several)])


def _vectorizer(block: Block) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

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
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import FixedThresholdClassifier

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
