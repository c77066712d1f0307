"""Numbered lines of a file, each of a bounded length."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from typing import IO

from trainer.records import Rejection

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes; a longer line is rejected without being decoded."""

Bytes = IO[bytes] | gzip.GzipFile | io.BufferedReader


def too_long(at: str) -> Rejection:
    """Return the rejection of a line that is longer than `LONGEST_LINE`."""
    return Rejection(at, "too_long", f"the line is longer than {LONGEST_LINE:,} bytes")


def numbered_lines(handle: Bytes) -> Iterator[tuple[int, str | None]]:
    r"""Yield numbered lines of UTF-8, split on ``\n`` alone; None for one that is too long."""
    number = 0
    while line := handle.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            while line and not line.endswith(b"\n"):
                line = handle.readline(LONGEST_LINE)
            yield number, None
            continue
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        # What is not UTF-8 becomes lone surrogates, which the row check refuses by name.
        yield number, line.decode("utf-8", "surrogateescape")
