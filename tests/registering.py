"""Small saved models, for tests of the registry."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trainer.engine.vocabulary import Vocabulary
from trainer.errors import ArtifactError, NotFoundError
from trainer.model.features import Block, Features
from trainer.model.tagger import Tagger
from trainer.publishing import publish_unless, staging
from trainer.registry.format import read_model
from trainer.registry.versions import models_folder
from trainer.registry.write import write_model


def tiny_model(mark):
    """Return a model of one word, told from others by its intercept."""
    words = Block("word", (1, 1), False, Vocabulary.of(["lava"]), np.ones(1, np.uint32), 1)
    zeros = np.zeros((1, 2))
    weights, intercept = np.zeros((1, 1), np.float32), np.array([float(mark)])
    return Tagger(("volcanoes",), Features((words,)), weights, intercept, zeros, np.ones(1))


def saved(root, name="topics", mark=0.0, same=None, meanwhile=lambda: None):
    """Publish a small model; return version and digest, and whether it is new where `same` things are one.

    `meanwhile` is called when it is written, and not yet published.
    """
    parent = models_folder(Path(root), name)
    metrics = {"test": {"macro": {"f1": mark}}, "out_of_fold": {"macro": {"f1": -1.0}}}
    with staging(parent) as folder:
        digest = write_model(folder, tiny_model(mark), {"name": name}, ["lava"], metrics, "card")
        meanwhile()
        version, created = publish_unless(folder, parent, lambda there: bool(same) and sound(there, digest))
    return (version, digest) if same is None else (version, digest, created)


def sound(folder, digest=None):
    """Return whether a model is whole, and the one with this digest."""
    try:
        read_model(Path(folder), digest)
    except (ArtifactError, NotFoundError):
        return False
    return True
