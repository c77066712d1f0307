"""The verb that trains a saved model again, to see whether it comes out the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from trainer.api.loading import find
from trainer.api.training import fit
from trainer.progress import Progress, silent
from trainer.storage import artifacts_root


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
    differing : mapping of str to (str, str)
        Of the manifest, what is otherwise, then and now: files by their SHA-256, versions of libraries.
    """

    model: str
    version: str
    digest: str
    again: str
    same: bool
    differing: Mapping[str, tuple[str, str]]

    def to_dict(self) -> dict[str, Any]:
        """Return what ``trainer models reproduce --json`` prints."""
        return asdict(self)


def reproduce(
    reference: str | Path, *, root: str | Path | None = None, progress: Progress = silent
) -> Reproduction:
    """Train a saved model again, from the corpus and the config that its manifest names, and compare.

    Nothing is saved. Other versions of libraries, or another processor, may give other last bits.

    Raises
    ------
    NotFoundError
        When there is no such model, or its corpus is gone.
    """
    from trainer.config import config_from_dict
    from trainer.corpus.store import corpus_with
    from trainer.registry.format import read_manifest

    saved = find(reference, root=root)
    then = saved.manifest
    about = then["corpus"]
    corpus = corpus_with(about["fingerprint"], artifacts_root(root), about["name"])
    with TemporaryDirectory() as scratch:
        result = fit(
            corpus, config_from_dict(then["config"]), allow_leakage=True, root=scratch, progress=progress
        )
        assert result.path is not None  # noqa: S101  (it was saved)
        now = read_manifest(result.path)
    return Reproduction(
        model=saved.name,
        version=saved.version,
        digest=str(then["digest"]),
        again=str(now["digest"]),
        same=then["digest"] == now["digest"],
        differing=_differing(then, now),
    )


def _differing(then: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    found = {}
    for part in ("files", "libraries"):
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
