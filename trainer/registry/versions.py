"""Models by name: versions, aliases, and what a reference like ``topics@production`` stands for."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.errors import (
    ArtifactError,
    NotDurableError,
    NotFoundError,
    TrainerError,
    UsageError,
    did_you_mean,
)
from trainer.names import below, checked, names_below
from trainer.registry.aliases import Alias, Move, aliases_in
from trainer.registry.files import MANIFEST, read_manifest
from trainer.storage import versions

PRODUCTION = "production"
DIGEST = "sha256:"
HINT = "`trainer fit` trains one; `trainer models list` shows what there is."


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

    @property
    def metrics(self) -> dict[str, Any]:
        """What was measured at `fit`.

        Raises
        ------
        ArtifactError
            When it cannot be read.
        """
        try:
            found = json.loads((self.path / "metrics.json").read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise ArtifactError("'metrics.json' cannot be read", where=str(self.path)) from error
        if not isinstance(found, dict):
            raise ArtifactError("'metrics.json' holds no metrics", where=str(self.path))
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return what ``trainer models list --json`` prints of it."""
        try:
            digest, metrics = self.manifest["digest"], self.metrics
            macro_f1 = (metrics.get("test") or metrics["out_of_fold"])["macro"]["f1"]
        except (ArtifactError, KeyError, TypeError, AttributeError):
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
    return below(root / "models", name, "model name")


def list_models(root: Path, name: str | None = None) -> Iterator[ModelVersion]:
    """Yield the saved models, by name and version."""
    for known in names_in(root):
        if name in (None, known):
            aliases, folder = read_aliases(root, known), models_folder(root, known)
            for version in versions(folder):
                mine = tuple(alias for alias, target in aliases.items() if target == version)
                yield ModelVersion(known, version, folder / version, mine)


def names_in(root: Path) -> list[str]:
    """Return the names of the saved models."""
    return names_below(root / "models")


def is_path(reference: str | Path) -> bool:
    """Return whether a reference is a folder: a path, or a text with a slash or a dot at its start."""
    text = str(reference)
    return isinstance(reference, Path) or text.startswith(".") or "/" in text or os.sep in text


def within(reference: str, name: str) -> str:
    """Return a reference in which a bare version or alias is one of the model called `name`."""
    bare = "@" not in reference and not is_path(reference) and reference != name
    return f"{name}@{reference}" if bare else reference


def find_model(reference: str | Path, root: Path) -> ModelVersion:
    """Find the model that a reference stands for.

    Parameters
    ----------
    reference : str or path
        A folder, written with a slash (``./topics``); or ``name`` (its ``production``, else its newest),
        ``name@3``, ``name@alias``, ``name@sha256:ab12…`` (8 characters or more).

    Raises
    ------
    NotFoundError
        Naming what there is instead.
    """
    if is_path(reference):
        return _at(Path(reference))
    name, _, wanted = str(reference).partition("@")
    known = list(list_models(root, checked(name, "model name")))
    if known:
        return _chosen(known, name, wanted, read_aliases(root, name))
    hint = HINT
    if os.path.isfile(os.path.join(reference, MANIFEST)):  # noqa: PTH113, PTH118
        hint = f"The folder of that name is written with a slash: './{reference}'."
    raise NotFoundError(f"no model '{name}' in '{root}'", hint=hint)


def _at(path: Path) -> ModelVersion:
    # Path.is_file raises on a name that is too long.
    if not os.path.isfile(path / MANIFEST):  # noqa: PTH113
        raise NotFoundError(f"no model in '{path}'", hint=HINT)
    return ModelVersion(path.resolve().parent.name, path.resolve().name, path)


def _chosen(known: list[ModelVersion], name: str, wanted: str, aliases: dict[str, str]) -> ModelVersion:
    if not wanted:
        wanted = aliases.get(PRODUCTION, known[-1].version)
    if wanted.startswith(DIGEST):
        matches = _with_digest(known, name, wanted.removeprefix(DIGEST).lower())
    else:
        number = aliases.get(wanted, wanted)
        matches = [model for model in known if model.version == number]
    if not matches:
        there = [*aliases, *(model.version for model in known)]
        raise NotFoundError(f"model '{name}' has no '{wanted}'. {did_you_mean(wanted, there)}", hint=HINT)
    return matches[-1]


def _with_digest(known: list[ModelVersion], name: str, start: str) -> list[ModelVersion]:
    if len(start) < 8:
        raise UsageError("a digest needs 8 characters or more")
    matches = [model for model in known if (model.digest or "").startswith(start)]
    if len({model.digest for model in matches}) > 1:
        raise UsageError(
            f"{len(matches)} versions of '{name}' have a digest that starts with {start}: give more of it"
        )
    return matches


def read_aliases(root: Path, name: str) -> dict[str, str]:
    """Return the version that each alias of `name` stands for."""
    found = {alias.name: alias.version for alias in aliases_in(models_folder(root, name))}
    return {alias: version for alias, version in found.items() if version is not None}


def promote(root: Path, name: str, version: str, alias: str = PRODUCTION) -> None:
    """Let an alias stand for a version; where it stood before is kept in its history.

    Raises
    ------
    NotFoundError
        When `name` has no such version, or it is removed at this moment.
    """
    folder = models_folder(root, name)
    missing = NotFoundError(f"model '{name}' in '{root}' has no version '{version}' to promote", hint=HINT)
    if version not in versions(folder):
        raise missing
    log = Alias(folder, alias)
    made = log.move(
        lambda head: None if head and head.version == version else (version, head.number if head else None)
    )
    # Whoever prunes removes first and then looks at the aliases; here it is the other way round, so that at
    # least one of the two sees the other.
    try:
        there = versions(folder)
    except TrainerError as error:
        raise NotDurableError(
            f"alias '{alias}' stands for version {version}, but whether that is still there {error.message}",
            where=str(folder),
            version=version,
        ) from error
    if version not in there:
        if made is not None:
            log.move(lambda head: _undone(log, made) if head == made else None)
        raise missing


def _undone(log: Alias, made: Move) -> tuple[str | None, int | None]:
    before = next(log.before(made), None)
    return (before.version, before.previous) if before else (None, None)


def rollback(root: Path, name: str, alias: str = PRODUCTION) -> str:
    """Let an alias stand for what it stood for before, as far as that is still there; return that version."""
    folder = models_folder(root, name)
    log = Alias(folder, alias)

    def back(head: Move | None) -> tuple[str, int | None]:
        there = versions(folder)
        for move in log.before(head):
            if move.version in there:
                return str(move.version), move.previous
        raise NotFoundError(f"alias '{alias}' of '{name}' has stood for no other version before")

    made = log.move(back)
    assert made is not None and made.version is not None  # noqa: S101, PT018  (a way back was found)
    return made.version


def history(root: Path, name: str, alias: str = PRODUCTION) -> list[Move]:
    """Return every move that an alias ever made, the last one first.

    Raises
    ------
    NotFoundError
        When there is no such alias.
    """
    found = list(Alias(models_folder(root, name), alias).moves())
    if not found:
        raise NotFoundError(f"model '{name}' in '{root}' has no alias '{alias}'", hint=HINT)
    return found
