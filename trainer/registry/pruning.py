"""Removing versions that nothing needs, and what killed processes have left."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path

from trainer.disk import rename_new
from trainer.errors import NotFoundError, TrainerError, UsageError
from trainer.publishing import discard, gc, nothing_lost
from trainer.registry.aliases import aliases_in
from trainer.registry.versions import HINT, models_folder
from trainer.storage import ABANDONED, versions

_GRAVE = ".removed-"


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
        raise NotFoundError(f"no model '{name}' in '{root}'", hint=HINT)
    needed = _needed(folder)
    return tuple(version for version in known[:-keep] if version not in needed)


def prune(root: Path, name: str, keep: int) -> tuple[str, ...]:
    """Remove the versions that `prunable` names, each whole: what is being removed is no version any more."""
    folder = models_folder(root, name)
    with nothing_lost(folder):
        return tuple(version for version in prunable(root, name, keep) if _removed(folder, version))


def gc_models(root: Path, name: str, older_than: float = ABANDONED) -> tuple[str, ...]:
    """Remove what killed processes have left of `name`; see `trainer.publishing.gc`.

    A version that `prune` was killed over, when an alias came to stand for it, is put back.

    Returns
    -------
    tuple of str
        Names of what was removed.
    """
    folder = models_folder(root, name)
    with nothing_lost(folder):
        gone = list(gc(folder, older_than))
        for alias in aliases_in(folder):
            gone += gc(alias.path, older_than)
        gone += [grave.name for grave in sorted(folder.glob(f"{_GRAVE}*")) if _buried(folder, grave)]
    return tuple(gone)


def _needed(folder: Path) -> set[str | None]:
    """Return the versions that an alias stands for, or would after a rollback."""
    needed, there = set(), versions(folder)
    for alias in aliases_in(folder):
        head = alias.head()
        before = (move.version for move in alias.before(head) if move.version in there)
        needed |= {head.version if head else None, next(before, None)}
    return needed


def _removed(folder: Path, version: str) -> bool:
    grave = folder / f"{_GRAVE}{version}-{secrets.token_hex(8)}"
    try:
        (folder / version).rename(grave)
    except FileNotFoundError:
        return False  # another process was faster
    try:
        return _buried(folder, grave)
    except (OSError, TrainerError):  # whether an alias needs it cannot be read: then it stays
        with suppress(OSError):
            rename_new(grave, folder / version)
        raise


def _buried(folder: Path, grave: Path) -> bool:
    """Remove a version that was taken away, unless an alias has come to stand for it: then it is put back."""
    version = grave.name.removeprefix(_GRAVE).partition("-")[0]
    if version in _needed(folder):
        with suppress(FileExistsError, FileNotFoundError):
            rename_new(grave, folder / version)
        return False
    with suppress(FileNotFoundError):  # another process was faster
        discard(grave)  # under another name: what is put back from a grave is always whole
    return True
