"""The verbs on saved models: load, list, find, name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from trainer.api.settings import DEFAULT_NAME, config_of
from trainer.engine.threads import begun
from trainer.errors import NotFoundError, UsageError
from trainer.lazy import nothing_collected, numpy_begins_idle
from trainer.progress import Progress, silent
from trainer.registry import versions as versions_room
from trainer.registry.aliases import Move
from trainer.registry.files import read_files
from trainer.registry.versions import DIGEST, ModelVersion, find_model, is_path, list_models, names_in
from trainer.storage import ABANDONED, artifacts_root

if TYPE_CHECKING:
    from trainer.config import Config
    from trainer.model.tagger import Tagger


def load(
    reference: str | Path = DEFAULT_NAME, *, digest: str | None = None, root: str | Path | None = None
) -> Tagger:
    """Load a saved model, checking every byte of it first.

    Parameters
    ----------
    reference : str or path
        ``name`` (its ``production``, else its newest), ``name@3``, ``name@alias``, ``name@sha256:…``, or the
        folder of a version, written with a slash (``./topics``).
    digest : str, optional
        Refuse any other model than the one with this digest: 8 characters of it or more.
    root : path, optional
        Folder of the artifacts; else ``$TRAINER_ARTIFACTS``, else ``./artifacts``.

    Raises
    ------
    NotFoundError
        When there is no such model.
    ArtifactError
        When it is damaged, altered, or another than `digest` says.
    """
    found = find_model(reference, artifacts_root(root))
    if digest is None and isinstance(reference, str) and not is_path(reference):
        wanted = reference.partition("@")[2]
        digest = wanted if wanted.startswith(DIGEST) else None  # the name itself is a pin
    return _read(found.path, None if digest is None else digest.removeprefix(DIGEST).lower())


def _read(folder: Path, digest: str | None = None) -> Tagger:
    with nothing_collected(), numpy_begins_idle():
        files = begun(lambda: read_files(folder, digest))  # while what makes a model of them is imported
        from trainer.registry.format import read_model  # what only finds models needs no numpy

        return read_model(folder, digest, files)


def model_in_use(
    reference: str | Path | None = None,
    config: Config | str | Path | None = None,
    *,
    root: str | Path | None = None,
    progress: Progress = silent,
) -> tuple[Tagger, ModelVersion]:
    """Load the model that tags: the one named, else the config's own, which is trained if there is none.

    Raises
    ------
    NotFoundError
        When a model is named that is not there.
    """
    settings = config_of(config)
    try:
        found = find(settings.name if reference is None else reference, root=root)
    except NotFoundError:
        if reference is not None or models(settings.name, root=root):
            raise
        from trainer.api.training import fit

        fit(None, settings, root=root, progress=progress)
        found = find(settings.name, root=root)
    return _read(found.path), found


def models(name: str | None = None, *, root: str | Path | None = None) -> list[ModelVersion]:
    """Return the saved models, by name and version."""
    return list(list_models(artifacts_root(root), name))


def find(reference: str | Path = DEFAULT_NAME, *, root: str | Path | None = None) -> ModelVersion:
    """Find a saved model without loading it; see `load`."""
    return find_model(reference, artifacts_root(root))


def with_digest(digest: str, *, root: str | Path | None = None) -> ModelVersion:
    """Find the saved model with a digest, whatever it is called.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    for version in models(root=root):
        if version.digest == digest:
            return version
    raise NotFoundError(
        f"no saved model has the digest {digest[:12]}",
        hint="`trainer models list` shows what there is; --artifacts names another place.",
    )


def promote(
    reference: str | Path, *, alias: str = "production", root: str | Path | None = None
) -> ModelVersion:
    """Let an alias stand for a version that is saved under `root`."""
    found, folder = find(reference, root=root), artifacts_root(root)
    if found.path.resolve().parent != (folder / "models" / found.name).resolve():
        raise UsageError(f"'{found.path}' is not a saved version in '{folder}'")
    versions_room.promote(folder, found.name, found.version, alias)
    return found


def prune(
    name: str = DEFAULT_NAME, *, keep: int, dry_run: bool = False, root: str | Path | None = None
) -> tuple[str, ...]:
    """Remove old versions of a model, and return their numbers.

    The newest `keep` stay, and so does every version that an alias stands for, or would after a rollback.

    Parameters
    ----------
    dry_run : bool
        Only say which would go.
    """
    from trainer.registry import pruning

    remove = pruning.prunable if dry_run else pruning.prune
    return remove(artifacts_root(root), name, keep)


def rollback(name: str = DEFAULT_NAME, *, alias: str = "production", root: str | Path | None = None) -> str:
    """Let an alias stand for what it stood for before; return that version."""
    return versions_room.rollback(artifacts_root(root), name, alias)


def history(
    name: str = DEFAULT_NAME, *, alias: str = "production", root: str | Path | None = None
) -> list[Move]:
    """Return what an alias ever stood for, the last move first.

    Raises
    ------
    NotFoundError
        When there is no such alias.
    """
    return versions_room.history(artifacts_root(root), name, alias)


def gc(
    name: str | None = None, *, older_than: float = ABANDONED, root: str | Path | None = None
) -> tuple[str, ...]:
    """Remove what killed processes have left beside the versions of a model, or of all; return the paths.

    Parameters
    ----------
    older_than : float
        Seconds in which nothing was added to it. What is still being written is never published in part.
    """
    from trainer.registry import pruning

    folder = artifacts_root(root)
    names = [name] if name is not None else names_in(folder)
    return tuple(
        str(folder / "models" / one / gone)
        for one in names
        for gone in pruning.gc_models(folder, one, older_than)
    )
