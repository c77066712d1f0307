"""Bytes that need no memory where they are many: they wait in a file and are read where they stand there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from mmap import ACCESS_READ, mmap
from typing import Any

from trainer.errors import NotPublishedError


class Spool:
    """Takes bytes, one part after another, then gives all of them.

    A few stay in memory. Of more, a temporary file is mapped: the system reads a page when somebody asks, and
    may forget it again. The file has no name, and goes with the last that reads it.

    Raises
    ------
    NotPublishedError
        When no temporary file can be made, or no more can be written to it.
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
            self._flush()

    def whole(self) -> bytearray | mmap:
        """Return all that was taken; nothing more is taken from then on."""
        if self._file is None:
            return self._held
        self._flush()
        with _refused():
            return mmap(self._file.fileno(), 0, access=ACCESS_READ)  # which holds the file open by itself

    def __del__(self) -> None:
        if self._file is not None:
            with suppress(OSError):  # what could not be written, and was told
                self._file.close()

    def _flush(self) -> None:
        with _refused():
            self._file = self._file or tempfile.TemporaryFile()  # noqa: SIM115 (closed above)
            self._file.write(self._held)
            self._file.flush()
        self._held = bytearray()


@contextmanager
def _refused() -> Iterator[None]:
    """Say where it is that the system takes no more."""
    try:
        yield
    except OSError as error:
        raise NotPublishedError(
            f"sentences wait in a temporary file, which cannot be written: {error.strerror}",
            where=tempfile.tempdir,
            hint="Free some space there, or name another folder by the variable TMPDIR.",
        ) from error
