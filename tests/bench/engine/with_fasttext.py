"""fastText: one binary loss a label, trained from a file that is written before the clock starts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fasttext
import numpy as np

# Learning rate and epochs: the best tuned micro-F1 on the dev part of GoEmotions, of 5, 10, 25 epochs
# with rates from 0.05 to 1. Bigrams do it no good there: without them it is faster and better.
SETTINGS = {
    "bigrams": {"wordNgrams": 2, "epoch": 5, "lr": 0.5},
    "unigrams": {"wordNgrams": 1, "epoch": 5, "lr": 0.2},
}
_LABEL = "__label__"


def one_line(text: str) -> str:
    """Return the text without line ends, at which fastText would cut it."""
    return " ".join(text.split())


class Contender:
    """`train_supervised`."""

    def __init__(self, variant: str) -> None:
        self.variant = variant
        self.model: Any = None
        self.file = ""

    def prepare(self, texts: Sequence[str], Y: np.ndarray, folder: Path) -> None:
        """Write the file."""
        labels = ([f"{_LABEL}{k}" for k in np.flatnonzero(row)] for row in Y)
        lines = (" ".join([*marks, one_line(text)]) for text, marks in zip(texts, labels, strict=True))
        file = folder / "train.txt"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.file = str(file)

    def fit(self, texts: Sequence[str], Y: np.ndarray) -> None:
        """Fit on the file, with all threads."""
        threads = os.cpu_count() or 1
        self.model = fasttext.train_supervised(
            self.file, dim=16, loss="ova", thread=threads, verbose=0, **SETTINGS[self.variant]
        )

    def decide(self, texts: Sequence[str]) -> Any:
        """Return the labels at 0.5."""
        lines = [one_line(text) for text in texts]
        return self.model.predict(lines if len(lines) > 1 else lines[0], k=-1, threshold=0.5)

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """Return the (n, k) probabilities less a half."""
        names, values = self.model.predict([one_line(text) for text in texts], k=-1)
        columns = 1 + max(int(name.removeprefix(_LABEL)) for name in self.model.get_labels())
        found = np.full((len(texts), columns), -0.5)
        for row, (marks, probabilities) in enumerate(zip(names, values, strict=True)):
            found[row, [int(mark.removeprefix(_LABEL)) for mark in marks]] = np.asarray(probabilities) - 0.5
        return found

    def save(self, folder: Path) -> None:
        """Write the model into an empty folder."""
        self.model.save_model(str(folder / "model.bin"))

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        self.model = fasttext.load_model(str(folder / "model.bin"))
