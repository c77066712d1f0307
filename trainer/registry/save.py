"""Publishing a trained model as the next version, unless it is there already."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Any
from unicodedata import unidata_version

from trainer import __version__
from trainer.config import Config
from trainer.corpus.examples import Examples
from trainer.corpus.starter import SOURCE
from trainer.corpus.store import Corpus
from trainer.engine.sparse import ENGINE
from trainer.errors import ArtifactError
from trainer.model.tagger import Tagger
from trainer.publishing import publish_unless, staging
from trainer.registry.card import model_card
from trainer.registry.format import read_model
from trainer.registry.versions import models_folder
from trainer.registry.write import write_model

GOLDEN_TEXTS = 24
_LONGEST_GOLDEN = 1_000
"""Characters."""
_LIBRARIES = ("joblib", "numpy", "scikit-learn", "scipy")


def save_model(
    tagger: Tagger, corpus: Corpus, config: Config, metrics: Mapping[str, Any], training: Examples, root: Path
) -> tuple[Path, str, str, bool]:
    """Publish a model.

    Returns
    -------
    path, version, digest, created
        `created` is False when a version with this digest stood there before.

    Raises
    ------
    NotPublishedError
        When it cannot be written: all is as it was before.
    NotDurableError
        When the version is there, but the disk did not confirm that it will stay.
    """
    parent = models_folder(root, config.name)
    about = {"name": corpus.name, "fingerprint": corpus.fingerprint}
    rates = _rates(training)
    description = {
        "name": config.name,
        "corpus": about,
        "config": config.model_dump(mode="json"),
        "assumed_rates": rates,
        # Its own version from the code itself: a source tree that was never installed has no metadata.
        "libraries": {
            **{name: library_version(name) for name in _LIBRARIES},
            "topic-trainer": __version__,
            "unicode": unidata_version,  # Python's: what is a letter, and which is its small one
        },
        "seeds": {"fit": config.seed},
        "engine": f"scikit-learn, {ENGINE} scoring",
    }
    with staging(parent) as folder:
        card = model_card(config, about, metrics, rates)
        digest = write_model(folder, tagger, description, _golden_texts(training, config), metrics, card)
        version, created = publish_unless(folder, parent, lambda there: _is(there, digest))
    return parent / version, version, digest, created


def _rates(training: Examples) -> dict[str, float]:
    """Return the share of sentences on each topic among those that people judged: probabilities are of it."""
    found = {}
    for i, topic in enumerate(training.topics):
        y = training.Y[training.gold, i]
        if (y >= 0).any():
            found[topic] = round(float((y[y >= 0] == 1).mean()), 6)
    return found


def _is(folder: Path, digest: str) -> bool:
    try:
        read_model(folder, digest)
    except ArtifactError:
        return False  # another one, or damaged: training again is how it is mended
    return True


def _golden_texts(training: Examples, config: Config) -> list[str]:
    """Return texts that give nobody's documents away: shipped sentences, titles and definitions."""
    shipped = [
        text
        for text, source in zip(training.texts, training.sources, strict=True)
        if source.startswith(SOURCE)
    ]
    step = max(len(shipped) // GOLDEN_TEXTS, 1)
    topics = config.topics[:GOLDEN_TEXTS]
    about = [text for topic in topics for text in (topic.title, " ".join(topic.definition.split()))]
    return [text[:_LONGEST_GOLDEN] for text in (*shipped[::step][:GOLDEN_TEXTS], *about, "")]
