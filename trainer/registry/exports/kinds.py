"""Ways out of the registry: each is checked against the artifact before it is written."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trainer.errors import ArtifactError, TrainerWarning
from trainer.model.tagger import Tagger
from trainer.registry.exports.exported import Exported, export_to, golden_texts
from trainer.registry.exports.wheel import export_wheel
from trainer.registry.files import FILES, MANIFEST
from trainer.registry.format import read_model

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def export_joblib(folder: Path, target: Path) -> Exported:
    """Write a joblib file with a plain scikit-learn pipeline whose decisions equal the artifact's.

    The file itself is loaded again and compared before it appears.

    Warns
    -----
    TrainerWarning
        Always: such a file runs code when it is loaded, and binds to the scikit-learn of today.
    """
    import joblib

    tagger = read_model(folder)
    pipeline = tagger.as_sklearn()
    _forget_addresses(pipeline)
    with export_to(target) as fresh:
        joblib.dump(pipeline, fresh, compress=3)
        _check_same(tagger, _loaded(fresh), golden_texts(folder))
    warnings.warn(
        "loading a joblib file runs whatever code is in it, and it needs the scikit-learn it was made with "
        "(and this package, where the model has lexicons): share it only with people who trust you, and keep "
        "the artifact itself",
        TrainerWarning,
        stacklevel=2,
    )
    return Exported(target)


def _loaded(file: Path) -> Pipeline:
    import joblib

    try:
        return joblib.load(file)
    except Exception as error:  # whatever the classes in it make of their state
        told = f"{error!r:.200}; nothing was written"
        raise ArtifactError(f"the pipeline cannot be loaded again: {told}") from error


def _forget_addresses(pipeline: Pipeline) -> None:
    """Drop where in memory a vectorizer found its stop words checked: the same model gives the same bytes."""
    for _, vectorizer in pipeline.named_steps["features"].transformer_list:
        vars(vectorizer).pop("_stop_words_id", None)


def export_folder(folder: Path, target: Path) -> Exported:
    """Copy the artifact to a folder of its own, whole and checked."""
    digest = read_model(folder).info["digest"]
    with export_to(target) as fresh:
        fresh.mkdir()
        for name in (*FILES, MANIFEST):
            (fresh / name).write_bytes((folder / name).read_bytes())
        read_model(fresh, digest)
    return Exported(target)


def _check_same(tagger: Tagger, pipeline: Pipeline, texts: list[str]) -> None:
    decisions = np.asarray(pipeline.predict(texts), dtype=bool)
    if not np.array_equal(tagger.predict_proba(texts) >= tagger.thresholds, decisions):
        raise ArtifactError("the export does not decide as the artifact does; nothing was written")


EXPORTS: dict[str, Callable[[Path, Path], Exported]] = {
    "dir": export_folder,
    "joblib": export_joblib,
    "wheel": export_wheel,
}
