"""Reading gzip without being flooded."""

from __future__ import annotations

import gzip
import io
from typing import IO

from trainer.corpus.readers.lines import Bytes
from trainer.corpus.readers.rows import RowError

FREE = 4 * 1024 * 1024
"""Bytes that any gzip file may unpack to."""

LARGEST_RATIO = 200
"""Bytes out for a byte in, beyond `FREE`: text packs 3 to 20 times, a bomb 1,000 times."""

LARGEST_UNPACKED = 64 * 1024**3
"""Bytes that no gzip file may exceed."""


def unpacked(raw: IO[bytes]) -> Bytes:
    """Return the unpacked stream of a gzip file.

    Reading from it raises `RowError` with reason ``bomb`` beyond `LARGEST_UNPACKED`, or beyond `FREE` and
    `LARGEST_RATIO`.
    """
    return io.BufferedReader(_Watched(raw), buffer_size=64 * 1024)


class _Watched(io.RawIOBase):
    def __init__(self, raw: IO[bytes]) -> None:
        self._raw, self._zip, self._out = raw, gzip.GzipFile(fileobj=raw), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._zip.read(len(buffer))
        self._out += len(data)
        packed = max(1, self._raw.tell())
        if self._out > LARGEST_UNPACKED or self._out > max(FREE, LARGEST_RATIO * packed):
            raise RowError(
                "bomb",
                f"{packed:,} bytes unpack to more than {self._out:,}: at most {LARGEST_RATIO} times as much "
                f"is read beyond {FREE:,} bytes, and no more than {LARGEST_UNPACKED:,}",
            )
        buffer[: len(data)] = data
        return len(data)
