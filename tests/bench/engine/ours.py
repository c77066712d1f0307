"""The engine that is measured. What depends on how its parts are put together stands here alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

VARIANTS: dict[str, dict[str, Any]] = {
    "svm": {"loss": "squared_hinge", "ngram_range": (1, 2)},
    "lr": {"loss": "log_loss", "ngram_range": (1, 2)},
    "chars": {"loss": "squared_hinge", "ngram_range": (1, 2), "char_ngram_range": (2, 5)},
}
_SAVED = "model"


class Contender:
    """`TopicClassifier` with the settings of a variant."""

    def __init__(self, variant: str) -> None:
        self.variant = variant
        self.model: Any = None

    def prepare(self, texts: Sequence[str], Y: np.ndarray, folder: Path) -> None:
        """Load what fitting needs: importing is timed by the cold start."""
        import trainer.estimators

        self.model = trainer.estimators.TopicClassifier(sublinear_tf=True, C=1.0, **VARIANTS[self.variant])

    def fit(self, texts: Sequence[str], Y: np.ndarray) -> None:
        """Fit on raw texts."""
        self.model.fit(texts, Y)

    def decide(self, texts: Sequence[str]) -> Any:
        """Return the decisions."""
        decide = getattr(self.model, "predict_matrix", None) or self.model.predict
        return decide(texts)

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """Return the (n, k) margins."""
        return np.asarray(self.model.decision_function(texts))

    def save(self, folder: Path) -> None:
        """Write the model into an empty folder, in the format of `trainer fit`."""
        from trainer.registry.write import write_model

        place = folder / _SAVED
        place.mkdir()
        topics = [f"topic-{i}" for i in range(len(self.model.intercept_))]
        write_model(place, self.model.as_tagger(topics), {"name": "bench"}, [], {}, "")

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        from trainer.registry.format import read_model

        self.model = read_model(folder / _SAVED)

    def squared_norms(self) -> np.ndarray:
        """Return the (k,) squared lengths of weights and intercept, which are both regularised."""
        solved = getattr(self.model, "classifier_", self.model)
        coef, intercept = np.asarray(solved.coef_, dtype=float), np.asarray(solved.intercept_, dtype=float)
        return (coef**2).sum(axis=1) + intercept**2
