"""scikit-learn: one pipeline a variant, kept with joblib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np


def word_vectorizer() -> Any:
    """Return the word 1- and 2-grams that all variants have."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)


def features(variant: str) -> Any:
    """Return the vectoriser of a variant."""
    if variant != "chars":
        return word_vectorizer()
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import FeatureUnion

    chars = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    return FeatureUnion([("word", word_vectorizer()), ("char", chars)])


def classifier(variant: str) -> Any:
    """Return the solver of a variant."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.svm import LinearSVC

    one = LogisticRegression(solver="liblinear") if "lr" in variant else LinearSVC(random_state=0)
    return OneVsRestClassifier(one, n_jobs=-1 if variant.endswith("processes") else None)


class Contender:
    """A pipeline of `TfidfVectorizer` and `OneVsRestClassifier`."""

    def __init__(self, variant: str) -> None:
        self.variant = variant
        self.model: Any = None

    def prepare(self, texts: Sequence[str], Y: np.ndarray, folder: Path) -> None:
        """Import and put together."""
        from sklearn.pipeline import Pipeline

        self.model = Pipeline([("features", features(self.variant)), ("labels", classifier(self.variant))])

    def fit(self, texts: Sequence[str], Y: np.ndarray) -> None:
        """Fit on raw texts. Threads gain nothing; LogisticRegression crashes in threads and in processes."""
        self.model.fit(texts, Y)

    def decide(self, texts: Sequence[str]) -> Any:
        """Return the decisions."""
        return self.model.predict(texts)

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """Return the (n, k) margins."""
        return self.model.decision_function(texts)

    def save(self, folder: Path) -> None:
        """Write the model into an empty folder."""
        joblib.dump(self.model, folder / "model.joblib")

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        self.model = joblib.load(folder / "model.joblib")

    def squared_norms(self) -> np.ndarray:
        """Return the (k,) squared lengths of weights and intercept, which LIBLINEAR regularises both."""
        solved = self.model[-1].estimators_
        return np.array([float((one.coef_**2).sum() + (one.intercept_**2).sum()) for one in solved])
