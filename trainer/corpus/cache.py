"""Tables kept under a key made from what they were made of: what was worked out once is found again.

This is what makes a build that was interrupted go on where it stopped, and a build from changed input do only
what changed. Nothing here is needed: whatever is damaged or gone is made anew.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST = 4 * 1024**3
"""Bytes that are kept from one build to the next; the oldest go first."""


class TableCache:
    """A folder of tables by key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: str) -> Path:
        """Return where the table with this key is, or would be."""
        return self.folder / key[:2] / f"{key}.parquet"

    def get(self, key: str) -> pa.Table | None:
        """Return the table with this key; None where there is none, or a damaged one."""
        import pyarrow as pa

        path = self.path(key)
        try:
            table = load_table(path)
            os.utime(path)  # used: not among the oldest
        except (OSError, pa.ArrowException):
            with suppress(OSError):
                path.unlink()
            return None
        return table

    def trim(self, used: Iterable[str], largest: int = LARGEST) -> None:
        """Remove the oldest tables beyond so many bytes, but none of those in use."""
        keep = {self.path(key) for key in used}
        found = [(path.stat(), path) for path in self.folder.glob("*/*.parquet")]
        room = largest - sum(stat.st_size for stat, path in found if path in keep)
        for stat, path in sorted(found, key=lambda pair: -pair[0].st_mtime):
            room -= 0 if path in keep else stat.st_size
            if room < 0 and path not in keep:
                path.unlink(missing_ok=True)


def save_table(table: pa.Table, path: Path) -> None:
    """Write a table so that it is whole or not there, with a checksum for every page."""
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        pq.write_table(table, fresh, compression="zstd", write_page_checksum=True)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def load_table(path: Path) -> pa.Table:
    """Read a table, checking every page."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        return file.read()
