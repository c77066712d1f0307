"""Writing folders and files so that each is whole or not there, and stays when it was announced.

Folders are staged beside their place, flushed file by file, and renamed to where nothing was. No lock is
trusted: what can be done twice at once is decided by a rename that only one process can make.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from trainer import disk
from trainer.disk import clear, flush_below, make_folder, rename_new, taken
from trainer.errors import NotDurableError, NotFoundError, NotPublishedError, TrainerError, UsageError
from trainer.storage import ABANDONED, versions

_STAGING = ".staging-"
_HINTS = {
    errno.ENOSPC: "Free the space, or choose another place with --artifacts.",
    errno.EDQUOT: "Free the space, or choose another place with --artifacts.",
    errno.ENOENT: "What was being written was removed meanwhile: do it again.",
}


@contextmanager
def staging(parent: Path) -> Iterator[Path]:
    """Give an empty folder beside the versions of `parent`; whatever is left in it at the end goes.

    Raises
    ------
    NotPublishedError
        When something cannot be written.
    """
    try:
        make_folder(parent)
        gc(parent)
        folder = parent / f"{_STAGING}{secrets.token_hex(8)}"
        folder.mkdir()
    except OSError as error:
        raise _not_published(parent, error) from error
    try:
        yield folder
    except OSError as error:
        raise _not_published(parent, error) from error
    finally:
        clear(folder)


@contextmanager
def nothing_lost(path: Path) -> Iterator[None]:
    """Turn what the file system refuses into a `NotPublishedError`."""
    try:
        yield
    except OSError as error:
        raise _not_published(path, error) from error


def gc(parent: Path, older_than: float = ABANDONED) -> tuple[str, ...]:
    """Remove what processes that were killed have left in `parent`; return the names.

    Needs no lock, and is safe whatever `older_than` is: a folder is taken away by a rename before anything in
    it is removed, so a publisher that was at work in it after all publishes nothing, never a part.

    Parameters
    ----------
    older_than : float
        Seconds in which nothing was added to the folder.
    """
    gone = []
    for path in sorted(parent.glob(f"{_STAGING}*")):
        grave = parent / f"{_STAGING}{secrets.token_hex(8)}"
        with suppress(OSError):
            if path.lstat().st_mtime <= time.time() - older_than:
                path.rename(grave)
                shutil.rmtree(grave) if grave.is_dir() else grave.unlink()
                gone.append(path.name)
    return tuple(gone)


def discard(folder: Path) -> None:
    """Remove a folder as far as that goes; from here on nobody takes what is left of it for the whole.

    Raises
    ------
    OSError
        When it could not be taken away: then it is whole.
    """
    grave = folder.with_name(f"{_STAGING}{secrets.token_hex(8)}")
    folder.rename(grave)
    clear(grave)


def publish(staged: Path, parent: Path) -> str:
    """Make a staged folder the next version of `parent`; return its number.

    Files, folder and parent are flushed to the disk, so a version that was announced survives a power cut.

    Raises
    ------
    NotDurableError
        When the version is there, but the disk did not confirm that it will stay.
    OSError
        When nothing was published; within `staging` it becomes a `NotPublishedError`.
    """
    return publish_unless(staged, parent, lambda folder: False)[0]


def publish_unless(staged: Path, parent: Path, same: Callable[[Path], bool]) -> tuple[str, bool]:
    """Publish a staged folder, unless a version is the same as it.

    Numbers are tried one by one, and each that is taken is looked at: two processes that publish the same
    thing at once make one version of it.

    Returns
    -------
    version, created
    """
    flush_below(staged)
    try:
        known = versions(parent)
    except TrainerError as error:
        raise NotPublishedError(f"{error.message}. Nothing was published", where=error.where) from error
    for version in reversed(known):
        if same(parent / version):
            return _confirmed(parent / version), False
    number = int(known[-1]) + 1 if known else 1
    while True:
        target = parent / str(number)
        try:
            rename_new(staged, target)
            break
        except FileExistsError:
            if same(target):
                return _confirmed(target), False
            number += 1
    confirm(parent, f"version {number}", version=str(number))
    return str(number), True


def _confirmed(folder: Path) -> str:
    """Flush a version that is there: whoever published it may not have come to that."""
    try:
        flush_below(folder)
    except OSError as error:
        raise _not_durable(folder, f"version {folder.name}", error, folder.name) from error
    confirm(folder.parent, f"version {folder.name}", version=folder.name)
    return folder.name


def confirm(folder: Path, what: str, version: str | None = None) -> None:
    """Flush the names in a folder to the disk, once `what` stands there.

    Raises
    ------
    NotDurableError
    """
    try:
        disk.flush(folder)
    except OSError as error:
        raise _not_durable(folder, what, error, version) from error


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file in one step: readers see the old bytes or the new ones.

    Raises
    ------
    NotPublishedError
        When the old bytes are still there.
    NotDurableError
        When the new ones are, and the disk did not confirm it.
    """
    with _fresh_file(path, data) as fresh:
        fresh.replace(path)
    confirm(path.parent, f"'{path.name}'")


def write_new(path: Path, data: bytes) -> None:
    """Write a file where there is none, in one step.

    Raises
    ------
    FileExistsError
        When there is one: of several processes one succeeds.
    NotPublishedError, NotDurableError
        As `write_atomically`.
    """
    lost = False
    with _fresh_file(path, data) as fresh:
        try:
            rename_new(fresh, path)
        except FileExistsError:
            lost = True
    if lost:
        raise taken(path)
    confirm(path.parent, f"'{path.name}'")


@contextmanager
def _fresh_file(path: Path, data: bytes) -> Iterator[Path]:
    """Give a flushed file with `data` beside `path`, to be renamed."""
    fresh = path.with_name(f"{_STAGING}{secrets.token_hex(8)}")
    try:
        make_folder(path.parent)
        fresh.write_bytes(data)
        disk.flush(fresh)
        yield fresh
    except OSError as error:
        raise _not_published(path, error) from error
    finally:
        with suppress(OSError):
            fresh.unlink()


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """Give a path to write a file or a folder to; at the end it is at `target`, whole, or nowhere.

    Raises
    ------
    UsageError
        When `target` is there already.
    NotFoundError
        When there is no folder to put it in.
    NotPublishedError, NotDurableError
        When it cannot be written.
    """
    there = UsageError(f"'{target}' is there already", hint="Name another path, or delete it first.")
    if os.path.lexists(target):
        raise there
    with _scratch_beside(target) as scratch:
        fresh = scratch / "fresh"
        yield fresh
        flush_below(fresh)
        try:
            rename_new(fresh, target)
        except FileExistsError:
            raise there from None
    confirm(target.parent, f"'{target.name}'")


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a folder beside `target` to write files in; each then takes the place of the file of its name.

    Raises
    ------
    NotFoundError
        When there is no folder to put it in.
    NotPublishedError, NotDurableError
        When it cannot be written; in the first case what was there before still is.
    """
    with _scratch_beside(target) as scratch:
        yield scratch
        flush_below(scratch)
        for fresh in sorted(scratch.iterdir()):
            fresh.replace(target.parent / fresh.name)
    confirm(target.parent, f"'{target.name}'")


@contextmanager
def _scratch_beside(target: Path) -> Iterator[Path]:
    if not target.parent.is_dir():
        raise NotFoundError(f"no folder '{target.parent}' to write '{target.name}' into")
    scratch = target.parent / f"{_STAGING}{secrets.token_hex(8)}"
    try:
        scratch.mkdir()
        yield scratch
    except OSError as error:
        raise NotPublishedError(
            f"cannot write: {error.strerror or error}. Nothing was left behind", where=str(target)
        ) from error
    finally:
        clear(scratch)


def _not_published(path: Path, error: OSError) -> NotPublishedError:
    return NotPublishedError(
        f"cannot write: {error.strerror or error}. Nothing was published",
        where=str(path),
        hint=_HINTS.get(error.errno or 0, "Choose another place with --artifacts."),
    )


def _not_durable(folder: Path, what: str, error: OSError, version: str | None) -> NotDurableError:
    return NotDurableError(
        f"{what} is there, but the disk did not confirm that it would outlast a power cut: "
        f"{error.strerror or error}",
        where=str(folder),
        hint="Check the disk, then do it again: what is there already is not made twice.",
        version=version,
    )
