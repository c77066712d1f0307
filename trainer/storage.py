"""Writing folders so that each is whole or not there, and JSON so that equal things have equal bytes."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from trainer.errors import NotFoundError, TrainerError, UsageError

_STAGING = ".staging-"
_ABANDONED = 24 * 3600
"""Seconds."""


def artifacts_root(root: str | Path | None = None) -> Path:
    """Return where produced files live: `root`, else ``$TRAINER_ARTIFACTS``, else ``./artifacts``."""
    return Path(root or os.environ.get("TRAINER_ARTIFACTS") or "artifacts")


def canonical_json(value: Any) -> bytes:
    """Encode as UTF-8 JSON with sorted keys and no choice left: equal values, equal bytes.

    Raises
    ------
    ValueError
        On NaN or infinity, which JSON does not have.
    """
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False)
    return (text + "\n").encode()


def sha256(data: bytes) -> str:
    """Return the SHA-256 of `data` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def versions(parent: Path) -> list[str]:
    """Return the version numbers that stand in `parent`, ascending."""
    if not parent.is_dir():
        return []
    names = [path.name for path in parent.iterdir() if path.is_dir()]
    # "07" and other digits than 0-9 are not names that `publish` gives.
    numbers = [int(name) for name in names if name.isdecimal() and name == str(int(name))]
    return [str(number) for number in sorted(numbers)]


@contextmanager
def staging(parent: Path) -> Iterator[Path]:
    """Give an empty folder beside the versions of `parent`; whatever is left in it at the end goes."""
    try:
        parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(parent)
        folder = parent / f"{_STAGING}{secrets.token_hex(8)}"
        folder.mkdir()
    except OSError as error:
        raise _cannot_write(parent, error) from error
    try:
        yield folder
    except OSError as error:
        raise _cannot_write(parent, error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(parent: Path) -> None:
    """Remove what a process that was killed has left behind; what is younger may be at work."""
    for path in parent.glob(f"{_STAGING}*"):
        with suppress(OSError):
            if path.stat().st_mtime < time.time() - _ABANDONED:
                shutil.rmtree(path, ignore_errors=True)


def publish(staged: Path, parent: Path) -> str:
    """Make a staged folder the next version of `parent`; return its number.

    Files, folder and parent are flushed to the disk, so a version that was announced survives a power cut.
    A number that another process took meanwhile is skipped: a published folder is never empty, so the
    rename fails on it instead of replacing it.
    """
    _flush_below(staged)
    number = int(versions(parent)[-1]) + 1 if versions(parent) else 1
    while True:
        try:
            staged.rename(parent / str(number))
            break
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
            number += 1
    try:
        _flush(parent)
    except OSError as error:
        raise TrainerError(
            f"version {number} is there, but the disk did not confirm that it would outlast a power cut: "
            f"{error.strerror or error}",
            where=str(parent),
        ) from error
    return str(number)


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file in one step: readers see the old bytes or the new ones."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(data)
        _flush(fresh)
        fresh.replace(path)
        _flush(path.parent)
    except OSError as error:
        raise _cannot_write(path, error) from error
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
    TrainerError
        When it cannot be written.
    """
    if os.path.lexists(target):
        raise UsageError(f"'{target}' is there already", hint="Name another path, or delete it first.")
    if not target.parent.is_dir():
        raise NotFoundError(f"no folder '{target.parent}' to write '{target.name}' into")
    scratch = target.parent / f"{_STAGING}{secrets.token_hex(8)}"
    try:
        scratch.mkdir()
        fresh = scratch / "fresh"
        yield fresh
        _flush_below(fresh)
        fresh.rename(target)
        _flush(target.parent)
    except OSError as error:
        raise TrainerError(
            f"cannot write: {error.strerror or error}. Nothing was left behind", where=str(target)
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a folder beside `target` to write files in; each then takes the place of the file of its name.

    Raises
    ------
    NotFoundError
        When there is no folder to put it in.
    TrainerError
        When it cannot be written; what was there before is then still there.
    """
    if not target.parent.is_dir():
        raise NotFoundError(f"no folder '{target.parent}' to write '{target.name}' into")
    scratch = target.parent / f"{_STAGING}{secrets.token_hex(8)}"
    try:
        scratch.mkdir()
        yield scratch
        _flush_below(scratch)
        for fresh in sorted(scratch.iterdir()):
            fresh.replace(target.parent / fresh.name)
        _flush(target.parent)
    except OSError as error:
        raise TrainerError(
            f"cannot write: {error.strerror or error}. Nothing was left behind", where=str(target)
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def version_folder(kind: str, parent: Path, version: str | None, hint: str) -> Path:
    """Return the folder of one version of `parent`, or of the newest.

    Raises
    ------
    NotFoundError
        Naming what there is instead.
    """
    known = versions(parent)
    chosen = version or (known[-1] if known else None)
    if chosen in known:
        return parent / str(chosen)
    if not known:
        raise NotFoundError(f"no {kind} in '{parent}'", hint=hint)
    raise NotFoundError(f"no version '{version}' of {kind} '{parent.name}'. There is: {', '.join(known)}.")


def _flush_below(path: Path) -> None:
    """Flush a folder and all that is in it, or a file."""
    if path.is_file():
        _flush(path)
    for folder, _, names in os.walk(path, topdown=False):
        for name in names:
            _flush(Path(folder) / name)
        _flush(Path(folder))


def _flush(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open a folder; its renames are journalled
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _cannot_write(path: Path, error: OSError) -> TrainerError:
    return TrainerError(
        f"cannot write: {error.strerror or error}. Nothing was published",
        where=str(path),
        hint="Free the space or choose another place with --artifacts.",
    )
