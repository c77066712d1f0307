"""What is asked of the file system: names that replace nothing, and bytes that stay."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path

_AT_FDCWD, _RENAME_NOREPLACE = -100, 1  # <fcntl.h>, <linux/fs.h>


def rename_new(source: Path, target: Path) -> None:
    """Rename a file or a folder, and never onto something that is there.

    Raises
    ------
    FileExistsError
        When there is something.
    """
    if _renamed_by_kernel(source, target):
        return
    if os.path.lexists(target):
        raise taken(target)
    try:
        if source.is_dir() or os.name == "nt":
            source.rename(target)  # a folder with something in it is not replaced, on Windows nothing is
        else:
            os.link(source, target)
            source.unlink()
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise
        raise taken(target) from error


def taken(path: Path) -> FileExistsError:
    """Return the error that says that something is there already."""
    return FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))


def _renamed_by_kernel(source: Path, target: Path) -> bool:
    """Rename by Linux's ``renameat2``; False where the system or the file system does not have it."""
    if sys.platform != "linux":
        return False
    import ctypes

    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if rename(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), _RENAME_NOREPLACE) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
        return False
    raise OSError(number, os.strerror(number), str(target))  # of the class that the number has


def make_folder(path: Path) -> None:
    """Make a folder and those above it, and flush the names of new ones."""
    missing = [folder for folder in (path, *path.parents) if not folder.is_dir()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in reversed(missing):
        flush(folder.parent)


def clear(folder: Path) -> None:
    """Remove a folder as far as that goes."""
    with suppress(OSError):  # to ignore errors does not include that of closing a folder
        shutil.rmtree(folder, ignore_errors=True)


def flush_below(path: Path) -> None:
    """Flush a folder and all that is in it, or a file."""
    if path.is_file():
        flush(path)
        return
    # What cannot be listed cannot be flushed: by itself the walk would pass over it.
    for folder, _, names in os.walk(path, topdown=False, onerror=_raise):
        for name in names:
            flush(Path(folder) / name)
        flush(Path(folder))


def _raise(error: OSError) -> None:
    raise error


def flush(path: Path) -> None:
    """Flush a file, or the names in a folder, to the disk."""
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open a folder; its renames are journalled
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
