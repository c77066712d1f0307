"""Small saved models, for tests of the registry."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from trainer.engine.vocabulary import Vocabulary
from trainer.errors import ArtifactError, NotFoundError
from trainer.model.features import Block, Features
from trainer.model.tagger import Tagger
from trainer.publishing import publish_unless, staging
from trainer.registry.files import FILES, MANIFEST
from trainer.registry.format import read_model
from trainer.registry.versions import models_folder
from trainer.registry.write import write_model
from trainer.storage import canonical_json, sha256

TEXTS = ["Lava ran past the lamp.", "", "ash ash"]


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


def tiny() -> Tagger:
    """A model so small that its numbers can be written down."""
    words = Block(
        "word", (1, 1), False, Vocabulary.of(["ash", "lamp", "lava"]), np.array([2, 1, 5], np.uint32), 7
    )
    weights = np.array([[0.5, -1.0], [2.0, 0.25], [-0.125, 3.0]], dtype=np.float32)
    return Tagger(
        ("lighthouses", "volcanoes"),
        Features((words,)),
        weights,
        np.array([-0.5, 0.25]),
        np.array([[1.0, 0.0], [2.0, -0.5]]),
        np.array([0.5, 0.25]),
        0.125,
    )


def written(folder: Path, tagger: Tagger | None = None, texts: list[str] | None = None, **about: Any) -> str:
    folder.mkdir()
    golden = TEXTS if texts is None else texts
    return write_model(
        folder, tagger or tiny(), {"name": "tiny", **about}, golden, {"test": None}, "# Card ☃\n"
    )


def resigned(folder: Path, change: Callable[[dict[str, Any]], object] = lambda manifest: None) -> None:
    """Change the manifest and make all sizes, hashes and the checksum agree: what only a forger would do."""
    manifest = json.loads((folder / MANIFEST).read_bytes())
    for name in FILES:
        data = (folder / name).read_bytes()
        manifest["files"][name] = {"size": len(data), "sha256": sha256(data)}
    change(manifest)
    manifest.pop("checksum", None)
    manifest["checksum"] = sha256(canonical_json(manifest))
    (folder / MANIFEST).write_bytes(canonical_json(manifest))
