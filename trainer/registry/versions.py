"""Models by name: versions, aliases, and what a reference like ``topics@production`` stands for."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.errors import ArtifactError, NotFoundError, UsageError, did_you_mean
from trainer.publishing import staging, write_atomically
from trainer.registry.format import MANIFEST, read_manifest
from trainer.storage import canonical_json, versions

PRODUCTION = "production"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_HINT = "`trainer fit` trains one; `trainer models list` shows what there is."


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A saved model, not yet loaded."""

    name: str
    version: str
    path: Path
    aliases: tuple[str, ...] = ()

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest, with ``digest``."""
        return read_manifest(self.path)

    @property
    def digest(self) -> str | None:
        """SHA-256 of the manifest; None when that cannot be read."""
        try:
            return str(self.manifest["digest"])
        except ArtifactError:
            return None

    def to_dict(self) -> dict[str, Any]:
        """Return what ``trainer models list --json`` prints of it."""
        try:
            digest = self.manifest["digest"]
            metrics = json.loads((self.path / "metrics.json").read_bytes())
            macro_f1 = (metrics.get("test") or metrics["out_of_fold"])["macro"]["f1"]
        except (
            ArtifactError, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError
        ):  # fmt: skip
            digest = macro_f1 = None  # damaged: listed all the same
        return {
            "name": self.name,
            "version": self.version,
            "digest": digest,
            "path": str(self.path),
            "aliases": list(self.aliases),
            "macro_f1": macro_f1,
        }


def models_folder(root: Path, name: str) -> Path:
    """Return the folder of the versions of `name`."""
    return root / "models" / _checked(name, "model name")


def list_models(root: Path, name: str | None = None) -> Iterator[ModelVersion]:
    """Yield the saved models, by name and version."""
    folder = root / "models"
    names = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    for known in names:
        if _NAME.fullmatch(known) and name in (None, known):
            aliases = read_aliases(root, known)
            for version in versions(folder / known):
                mine = tuple(alias for alias, target in aliases.items() if target == version)
                yield ModelVersion(known, version, folder / known / version, mine)


def find_model(reference: str | Path, root: Path) -> ModelVersion:
    """Find the model that a reference stands for.

    Parameters
    ----------
    reference : str or path
        A folder; or ``name`` (its ``production``, else its newest), ``name@3``, ``name@alias``,
        ``name@sha256:ab12…`` (8 characters or more).

    Raises
    ------
    NotFoundError
        Naming what there is instead.
    """
    path = Path(reference)
    if os.path.isfile(path / MANIFEST):  # noqa: PTH113  (Path.is_file raises on a name that is too long)
        return ModelVersion(path.resolve().parent.name, path.resolve().name, path)
    if "/" in str(reference) or isinstance(reference, Path):
        raise NotFoundError(f"no model in '{reference}'", hint=_HINT)
    name, _, wanted = str(reference).partition("@")
    known = list(list_models(root, _checked(name, "model name")))
    if not known:
        raise NotFoundError(f"no model '{name}' in '{root}'", hint=_HINT)
    return _chosen(known, name, wanted, read_aliases(root, name))


def _chosen(known: list[ModelVersion], name: str, wanted: str, aliases: dict[str, str]) -> ModelVersion:
    if not wanted:
        wanted = aliases.get(PRODUCTION, known[-1].version)
    if wanted.startswith("sha256:"):
        start = wanted.removeprefix("sha256:")
        if len(start) < 8:
            raise UsageError("a digest needs 8 characters or more")
        matches = [model for model in known if (model.digest or "").startswith(start)]
    else:
        number = aliases.get(wanted, wanted)
        matches = [model for model in known if model.version == number]
    if not matches:
        there = [*aliases, *(model.version for model in known)]
        raise NotFoundError(f"model '{name}' has no '{wanted}'. {did_you_mean(wanted, there)}", hint=_HINT)
    return matches[-1]


def read_aliases(root: Path, name: str) -> dict[str, str]:
    """Return the version that each alias of `name` stands for."""
    folder = models_folder(root, name) / "aliases"
    files = sorted(folder.glob("*.json")) if folder.is_dir() else []
    return {file.stem: _history(file)[-1] for file in files}


def promote(root: Path, name: str, version: str, alias: str = PRODUCTION) -> None:
    """Let an alias stand for a version; where it stood before is kept in its history.

    Raises
    ------
    NotFoundError
        When `name` has no such version.
    """
    if version not in versions(models_folder(root, name)):
        raise NotFoundError(f"model '{name}' in '{root}' has no version '{version}' to promote", hint=_HINT)
    file = models_folder(root, name) / "aliases" / f"{_checked(alias, 'alias')}.json"
    history = _history(file) if file.is_file() else []
    if history[-1:] != [version]:
        write_atomically(file, canonical_json({"history": [*history, version]}))


def rollback(root: Path, name: str, alias: str = PRODUCTION) -> str:
    """Let an alias stand for what it stood for before; return that version."""
    file = models_folder(root, name) / "aliases" / f"{_checked(alias, 'alias')}.json"
    history = _history(file) if file.is_file() else []
    if len(history) < 2:
        raise NotFoundError(f"alias '{alias}' of '{name}' has stood for no other version before")
    write_atomically(file, canonical_json({"history": history[:-1]}))
    return history[-2]


def prunable(root: Path, name: str, keep: int) -> tuple[str, ...]:
    """Return the versions that nothing needs: no alias stands for them, or would after a rollback.

    Parameters
    ----------
    keep : int
        How many of the newest stay in any case, 1 or more: numbers are then never given twice.
    """
    if keep < 1:
        raise UsageError("the newest version stays: keep 1 or more")
    folder = models_folder(root, name)
    known = versions(folder)
    if not known:
        raise NotFoundError(f"no model '{name}' in '{root}'", hint=_HINT)
    files = sorted((folder / "aliases").glob("*.json")) if (folder / "aliases").is_dir() else []
    needed = {version for file in files for version in _history(file)[-2:]}
    return tuple(version for version in known[:-keep] if version not in needed)


def prune(root: Path, name: str, keep: int) -> tuple[str, ...]:
    """Remove the versions that `prunable` names, each whole: what is being removed is no version any more."""
    gone = prunable(root, name, keep)
    folder = models_folder(root, name)
    if gone:
        with staging(folder) as scratch:
            for version in gone:
                (folder / version).rename(scratch / version)
    return gone


def _history(file: Path) -> list[str]:
    try:
        history = json.loads(file.read_bytes())["history"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError("not an alias file", where=str(file)) from error
    if not isinstance(history, list) or not history or not all(isinstance(v, str) for v in history):
        raise ArtifactError("an alias needs a history of versions", where=str(file))
    return history


def _checked(name: str, what: str) -> str:
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{what} {name!r} must be lower-case letters, digits, '-' and '_', starting with a letter"
        )
    return name
