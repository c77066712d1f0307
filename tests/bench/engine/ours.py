"""The engine that is measured. What depends on how its parts are put together stands here alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np  # else where it is used: a cold start is to import what the package does, as it does

VARIANTS: dict[str, dict[str, Any]] = {
    "svm": {"loss": "squared_hinge", "ngram_range": (1, 2)},
    "lr": {"loss": "log_loss", "ngram_range": (1, 2)},
    "chars": {"loss": "squared_hinge", "ngram_range": (1, 2), "char_ngram_range": (2, 5)},
}
_SAVED = "model"


class Contender:
    """What `trainer fit` calls: features, then the solver, without its calibration and thresholds.

    `TopicClassifier` is the same with scikit-learn's manners; importing that takes as much memory as the fit.
    """

    def __init__(self, variant: str) -> None:
        self.settings = VARIANTS[variant]
        self.model: Any = None

    def prepare(self, texts: Sequence[str], Y: np.ndarray, folder: Path) -> None:
        """Load what fitting needs: importing is timed by the cold start."""
        import trainer.engine.solver
        import trainer.model.learning
        import trainer.model.packing
        import trainer.model.tagger  # noqa: F401

    def fit(self, texts: Sequence[str], Y: np.ndarray) -> None:
        """Fit on raw texts."""
        import numpy as np

        from trainer.engine.costs import Problem
        from trainer.engine.solver import solve
        from trainer.engine.threads import chunks
        from trainer.model.features import Features
        from trainer.model.learning import learn_blocks
        from trainer.model.packing import packed
        from trainer.model.tagger import Tagger

        asked = {"word": self.settings["ngram_range"], "char": self.settings.get("char_ngram_range")}
        wanted = [(kind, ngrams, texts) for kind, ngrams in asked.items() if ngrams]
        features = Features(learn_blocks(wanted, 1, True, remember=True))
        k = Y.shape[1]
        problems = [Problem(topic, (1.0, 1.0)) for topic in range(k)]
        labels, weights = np.ascontiguousarray(Y, np.int8), np.ones((len(Y), 1))
        X = packed(features, chunks(texts, 65_536))
        found = solve(X, labels, weights, problems, self.settings["loss"], keep_alpha=False)
        topics = tuple(f"topic-{i}" for i in range(k))
        line, half = np.tile([1.0, 0.0], (k, 1)), np.full(k, 0.5)
        self.model = Tagger(topics, features, found.coef, found.intercept, line, half)

    def decide(self, texts: Sequence[str]) -> Any:
        """Return the decisions."""
        return self.model.predict_matrix(texts)

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """Return the (n, k) margins."""
        margins: np.ndarray = self.model.decision_function(texts)
        return margins

    def save(self, folder: Path) -> None:
        """Write the model into an empty folder, its weights as with ``classifier.precision=float16``."""
        import numpy as np

        from trainer.registry.write import write_model

        place = folder / _SAVED
        place.mkdir()
        half = replace(self.model, weights=self.model.weights.astype(np.float16))
        write_model(place, half, {"name": "bench"}, [], {}, "")

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        import trainer

        self.model = trainer.load(folder / _SAVED)

    def squared_norms(self) -> np.ndarray:
        """Return the (k,) squared lengths of weights and intercept, which are both regularised."""
        return (self.model.weights.astype(float) ** 2).sum(axis=0) + self.model.intercept**2
