"""Vowpal Wabbit: one against all for several labels, from a file written before the clock starts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import vowpalwabbit

PASSES = {"passes10": 10, "passes3": 3}
BITS = 24
_TOKEN = re.compile(r"(?u)\b\w\w+\b")
_SAVED = "model.vw"


def one_line(text: str) -> str:
    """Return the tokens that scikit-learn would take; colons and bars mean something to the format."""
    return "| " + " ".join(_TOKEN.findall(text.lower()))


class Contender:
    """`--multilabel_oaa` with hashed word 1- and 2-grams."""

    def __init__(self, variant: str) -> None:
        self.variant = variant
        self.model: Any = None
        self.folder = Path()

    def prepare(self, texts: Sequence[str], Y: np.ndarray, folder: Path) -> None:
        """Write the file."""
        marks = (",".join(str(k) for k in np.flatnonzero(row)) for row in Y)
        lines = (f"{mark} {one_line(text)}" for text, mark in zip(texts, marks, strict=True))
        (folder / "train.vw").write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.folder = folder

    def fit(self, texts: Sequence[str], Y: np.ndarray) -> None:
        """Fit on the file, in passes over its cache; one thread learns, another parses."""
        files = f"-d {self.folder / 'train.vw'} --cache_file {self.folder / 'cache'} -k"
        self.model = vowpalwabbit.Workspace(
            f"--multilabel_oaa {Y.shape[1]} --loss_function logistic --ngram 2 -b {BITS} "
            f"--passes {PASSES[self.variant]} --holdout_off --quiet {files}"
        )

    def decide(self, texts: Sequence[str]) -> Any:
        """Return the labels at 0.5."""
        return [self.model.predict(one_line(text)) for text in texts]

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """Return the (n, k) probabilities less a half, from a second reading of the saved model.

        Version 9.11 appends probabilities to those of whichever text its recycled example held before.
        """
        if not texts:
            return np.zeros((0, 0))
        options = f"-i {self.folder / _SAVED} -t --quiet --probabilities --link logistic"
        model = vowpalwabbit.Workspace(options)
        labels = len(model.predict(one_line(texts[0])))
        return np.array([model.predict(one_line(text))[-labels:] for text in texts]) - 0.5

    def save(self, folder: Path) -> None:
        """Write the model into an empty folder."""
        self.model.save(str(folder / _SAVED))

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        self.folder = folder
        self.model = vowpalwabbit.Workspace(f"-i {folder / _SAVED} -t --quiet")
