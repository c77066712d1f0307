"""Ways out of the registry: each is checked against the artifact before it is written."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trainer.errors import ArtifactError, TrainerWarning, UsageError
from trainer.model.tagger import Tagger
from trainer.publishing import staging
from trainer.registry.format import FILES, MANIFEST, read_model

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def export_joblib(folder: Path, target: Path) -> None:
    """Write a joblib file with a plain scikit-learn pipeline whose decisions equal the artifact's.

    Warns
    -----
    TrainerWarning
        Always: such a file runs code when it is loaded, and binds to the scikit-learn of today.
    """
    import joblib

    tagger = read_model(folder)
    pipeline = tagger.as_sklearn()
    texts = json.loads((folder / "golden.json").read_bytes())["texts"]
    _check_same(tagger, np.asarray(pipeline.predict(texts), dtype=bool), texts)
    _forget_addresses(pipeline)
    _refuse_existing(target)
    with staging(target.parent) as scratch:
        joblib.dump(pipeline, scratch / "pipeline", compress=3)
        (scratch / "pipeline").replace(target)
    warnings.warn(
        "loading a joblib file runs whatever code is in it, and it needs the scikit-learn it was made with "
        "(and this package, where the model has lexicons): share it only with people who trust you, and keep "
        "the artifact itself",
        TrainerWarning,
        stacklevel=2,
    )


def _forget_addresses(pipeline: Pipeline) -> None:
    """Drop where in memory a vectorizer found its stop words checked: the same model gives the same bytes."""
    for _, vectorizer in pipeline.named_steps["features"].transformer_list:
        vars(vectorizer).pop("_stop_words_id", None)


def export_folder(folder: Path, target: Path) -> None:
    """Copy the artifact to a folder of its own, whole and checked."""
    read_model(folder)
    _refuse_existing(target)
    with staging(target.parent) as fresh:
        for name in (*FILES, MANIFEST):
            (fresh / name).write_bytes((folder / name).read_bytes())
        read_model(fresh)
        fresh.rename(target)


def _check_same(tagger: Tagger, decisions: np.ndarray, texts: list[str]) -> None:
    if not np.array_equal(tagger.predict_proba(texts) >= tagger.thresholds, decisions):
        raise ArtifactError("the export does not decide as the artifact does; nothing was written")


def _refuse_existing(target: Path) -> None:
    if target.exists():
        raise UsageError(f"'{target}' is there already", hint="Name another file, or delete it first.")


EXPORTS: dict[str, Callable[[Path, Path], None]] = {"dir": export_folder, "joblib": export_joblib}
