"""Bytes that need no memory where they are many: they wait in a file and are read where they stand there."""

from __future__ import annotations

from mmap import ACCESS_READ, mmap
from tempfile import TemporaryFile
from typing import Any


class Spool:
    """Takes bytes, one part after another, then gives all of them.

    A few stay in memory. Of more, a temporary file is mapped: the system reads a page when somebody asks, and
    may forget it again. The file has no name, and goes with the last that reads it.
    """

    LARGEST = 1 << 22
    """Bytes that are in memory at most."""

    def __init__(self) -> None:
        self.size = 0
        self._held = bytearray()
        self._file: Any = None

    def write(self, data: Any) -> None:
        """Take what follows: bytes, or an array of numbers."""
        view = memoryview(data).cast("B")
        self._held += view
        self.size += len(view)
        if len(self._held) > self.LARGEST:
            self._file = self._file or TemporaryFile()  # noqa: SIM115 (closed below)
            self._flush()

    def whole(self) -> bytearray | mmap:
        """Return all that was taken; nothing more is taken from then on."""
        if self._file is None:
            return self._held
        self._flush()
        return mmap(self._file.fileno(), 0, access=ACCESS_READ)  # which holds the file open by itself

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()

    def _flush(self) -> None:
        self._file.write(self._held)
        self._file.flush()
        self._held = bytearray()
