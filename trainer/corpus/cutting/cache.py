"""Tables kept under a key made from what they were made of: what was worked out once is found again.

This is what makes a build that was interrupted go on where it stopped, and a build from changed input do only
what changed. Nothing here is needed: whatever is damaged or gone is made anew.

A file is a seal, the SHA-256 of its name and of all that follows, and then an Arrow file: a table is believed
only when every byte of it is what was written, and under the name that it was written for.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.errors import ArtifactError, TrainerError
from trainer.storage import ABANDONED

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST = 4 * 1024**3
"""Bytes that are kept from one build to the next; the oldest go first."""
_SUFFIX = ".table"
_SEAL = 32


class TableCache:
    """A folder of tables by key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: str) -> Path:
        """Return where the table with this key is, or would be."""
        return self.folder / key[:2] / f"{key}{_SUFFIX}"

    def get(self, key: str) -> pa.Table | None:
        """Return the table with this key; None where there is none, or a damaged one."""
        path = self.path(key)
        table = load_table(path)
        if table is not None:
            with suppress(OSError):  # others may own it
                os.utime(path)  # used: not among the oldest
        return table

    def load(self, key: str) -> pa.Table:
        """Return the table with this key, which was there a moment ago.

        Raises
        ------
        ArtifactError
            When it is gone or damaged.
        """
        table = load_table(self.path(key))
        if table is None:
            raise ArtifactError(
                "sentences that this build has just cut are gone, or the disk has changed them",
                where=str(self.path(key)),
                hint="Run the same command again: what is missing is cut anew.",
            )
        return table

    def trim(self, used: Iterable[str], largest: int = LARGEST) -> None:
        """Remove the oldest tables beyond so many bytes, but none of those in use; and what was abandoned."""
        keep = {self.path(key) for key in used}
        found = list(self._files(f"*/*{_SUFFIX}"))
        room = largest - sum(size for _, size, path in found if path in keep)
        spare = sorted((file for file in found if file[2] not in keep), reverse=True)
        for _, size, path in spare:
            room -= size
            if room < 0:
                _remove(path)
        for written, _, path in self._files(f"*/.*{_SUFFIX}.*"):
            if written < time.time() - ABANDONED:
                _remove(path)

    def _files(self, pattern: str) -> Iterator[tuple[float, int, Path]]:
        """Yield when a file was last used, its bytes and its path."""
        for path in self.folder.glob(pattern):
            with suppress(OSError):  # another build may have removed it meanwhile
                stat = path.stat()
                yield stat.st_mtime, stat.st_size, path


def save_table(table: pa.Table, path: Path) -> None:
    """Write a table so that it is whole or not there."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(sink, table.schema, options=options) as file:
        file.write_table(table)
    data = memoryview(sink.getvalue())
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as file:
            file.write(_seal(path, data))
            file.write(data)
        fresh.replace(path)
    except OSError as error:
        raise TrainerError(
            f"cannot keep what was cut: {error.strerror or error}. Nothing was published",
            where=str(path.parent),
            hint="Free space, or remove the folder .cache among the artifacts: nothing in it is needed.",
        ) from error
    finally:
        _remove(fresh)


def load_table(path: Path) -> pa.Table | None:
    """Read a table; None where there is none that could be believed."""
    import pyarrow as pa

    try:
        data = memoryview(path.read_bytes())
    except OSError:
        return None
    if data[:_SEAL] != _seal(path, data[_SEAL:]):
        return None
    with pa.ipc.open_file(pa.py_buffer(data[_SEAL:])) as file:
        return file.read_all()


def _seal(path: Path, data: memoryview) -> bytes:
    seal = hashlib.sha256(path.name.encode() + b"\n")
    seal.update(data)
    return seal.digest()


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
