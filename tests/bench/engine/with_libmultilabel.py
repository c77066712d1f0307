"""LibMultiLabel, its linear half: scikit-learn's vectoriser, LIBLINEAR with labels on all threads."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

# Its own default tolerances, looser than scikit-learn's; a regularised intercept, as LinearSVC has.
OPTIONS = {"svm": "-s 1 -c 1 -B 1", "lr": "-s 0 -c 1 -B 1"}


class Contender:
    """`Preprocessor` and `train_1vsrest`."""

    def __init__(self, variant: str) -> None:
        self.variant = variant
        self.preprocessor: Any = None
        self.model: Any = None

    def prepare(self, texts: Sequence[str], Y: np.ndarray, folder: Path) -> None:
        """Import; it starts a thread a physical core, of which some machines tell it one too few."""
        import libmultilabel.linear
        import psutil

        psutil.cpu_count = lambda logical=True: os.cpu_count()
        self.preprocessor = libmultilabel.linear.Preprocessor(
            tfidf_params={"ngram_range": (1, 2), "sublinear_tf": True}
        )

    def fit(self, texts: Sequence[str], Y: np.ndarray) -> None:
        """Fit on raw texts."""
        import libmultilabel.linear as linear

        labels = [[str(k) for k in np.flatnonzero(row)] for row in Y]
        data = {"data_format": "txt", "train": {"x": texts, "y": labels}}
        data["classes"] = [str(k) for k in range(Y.shape[1])]
        made = self.preprocessor.fit_transform(data)["train"]
        self.model = linear.train_1vsrest(made["y"], made["x"], options=OPTIONS[self.variant], verbose=False)

    def decide(self, texts: Sequence[str]) -> Any:
        """Return the decisions."""
        return self.scores(texts) > 0

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """Return the (n, k) margins."""
        return self.model.predict_values(self.preprocessor.vectorizer.transform(texts))

    def save(self, folder: Path) -> None:
        """Write the model into an empty folder."""
        import libmultilabel.linear as linear

        linear.save_pipeline(str(folder), self.preprocessor, self.model)

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        import libmultilabel.linear as linear

        self.preprocessor, self.model = linear.load_pipeline(str(folder / "linear_pipeline.pickle"))
