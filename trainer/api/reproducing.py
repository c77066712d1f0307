"""The verb that trains a saved model again, to see whether it comes out the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.api.building import build
from trainer.api.loading import find
from trainer.api.training import fit_again
from trainer.errors import NotFoundError
from trainer.model.tagger import Tagger
from trainer.progress import Progress, silent
from trainer.registry.format import read_model
from trainer.storage import artifacts_root

if TYPE_CHECKING:
    from trainer.config import Config
    from trainer.corpus.store import Corpus

TOLERANCE = 1e-6
"""Of a probability, on another processor."""
_MOST_TEXTS = 20_000
_BATCH = 4_096


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A saved model beside one that was trained again from what its manifest says.

    Attributes
    ----------
    model, version, digest : str
        Of the saved one.
    again : str
        The digest of the new one.
    same : bool
        Whether the two digests, and so all bytes, are the same.
    same_vocabulary : bool
    largest_difference : float
        Of a probability, over the golden texts and sentences of the corpus.
    differing : mapping of str to (str, str)
        Of the manifest, what is otherwise, then and now: files by their SHA-256, versions of libraries.
    """

    model: str
    version: str
    digest: str
    again: str
    same: bool
    same_vocabulary: bool
    largest_difference: float
    differing: Mapping[str, tuple[str, str]]

    @property
    def agrees(self) -> bool:
        """Whether it is the same model to a user: the same vocabulary, and probabilities within 1e-6.

        More cannot be had on another processor, where sums and logarithms may round otherwise.
        """
        return self.same_vocabulary and self.largest_difference <= TOLERANCE

    def to_dict(self) -> dict[str, Any]:
        """Return what ``trainer models reproduce --json`` prints."""
        return {**asdict(self), "agrees": self.agrees}


def reproduce(
    reference: str | Path, *, root: str | Path | None = None, progress: Progress = silent
) -> Reproduction:
    """Train a saved model again, from the corpus and the config that its manifest names, and compare.

    Nothing is saved. A corpus that is gone is built again where the shipped sentences are all of it. A search
    for settings is not made again: the table of what it tried is taken as it was saved.

    Raises
    ------
    NotFoundError
        When there is no such model, or its corpus is gone.
    """
    from trainer.config import config_from_dict

    saved = find(reference, root=root)
    before = read_model(saved.path)
    then, config = before.info, config_from_dict(before.info["config"])
    with TemporaryDirectory() as scratch:
        corpus = _corpus_of(then["corpus"], config, artifacts_root(root), Path(scratch), progress)
        result = fit_again(corpus, config, saved.metrics.get("search"), Path(scratch), progress)
        now, texts = result.model.info, _texts(corpus, saved.path)
    return Reproduction(
        model=saved.name,
        version=saved.version,
        digest=str(then["digest"]),
        again=str(now["digest"]),
        same=then["digest"] == now["digest"],
        same_vocabulary=then["files"]["vocabulary.txt"] == now["files"]["vocabulary.txt"],
        largest_difference=_largest_difference(before, result.model, texts),
        differing=_differing(then, now),
    )


def _corpus_of(
    about: Mapping[str, str], config: Config, root: Path, scratch: Path, progress: Progress
) -> Corpus:
    from trainer.corpus.store import corpus_with

    with suppress(NotFoundError):
        return corpus_with(about["fingerprint"], root, about["name"])
    if config.build.starter:
        built = build((), config, root=scratch, progress=progress)
        if built.fingerprint == about["fingerprint"]:
            return built
    more = ", nor are the shipped sentences all of it" if config.build.starter else ""
    raise NotFoundError(
        f"the model learned from a corpus with the fingerprint {about['fingerprint']}: none is in "
        f"'{root / 'corpora' / about['name']}'{more}",
        hint="--artifacts names another place; or build it again from the same inputs, with the settings "
        "that `trainer models show --json` has under manifest.config.",
    )


def _texts(corpus: Corpus, model: Path) -> list[str]:
    golden: list[str] = json.loads((model / "golden.json").read_bytes())["texts"]
    texts: list[str] = corpus.rows(columns=["text"]).column("text").to_pylist()
    return golden + texts[:: max(len(texts) // _MOST_TEXTS, 1)][:_MOST_TEXTS]


def _largest_difference(before: Tagger, after: Tagger, texts: list[str]) -> float:
    found = 0.0
    for start in range(0, len(texts), _BATCH):
        batch = texts[start : start + _BATCH]
        found = max(
            found, float(np.abs(before.predict_proba(batch) - after.predict_proba(batch)).max(initial=0))
        )
    return found


def _differing(then: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    found = {}
    for part in ("libraries", "files"):
        one, two = then.get(part, {}), now.get(part, {})
        for key in sorted({*one, *two}):
            if one.get(key) != two.get(key):
                found[f"{part}: {key}"] = (_short(one.get(key)), _short(two.get(key)))
    if then.get("engine") != now.get("engine"):
        found["engine"] = (_short(then.get("engine")), _short(now.get("engine")))
    return found


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        value = value.get("sha256", "")
    return "none" if value is None else str(value)[:40]
