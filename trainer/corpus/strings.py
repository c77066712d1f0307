"""Columns of strings without a Python object each, many of them on disk: millions of sentences fit so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from trainer.spool import Spool

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH = 4_096
"""Strings that are Python objects at one time, while all are read."""
_TOGETHER = 65_536
"""Strings that are taken in memory; more are taken so many at a time, by way of the disk."""


class Strings(Sequence[str]):
    """A column of a Parquet file; null is the empty string.

    It is what a tuple of the strings would be, and equal to it, but each is made when somebody asks.

    Parameters
    ----------
    values : Arrow array of strings
    """

    __slots__ = ("_values",)

    def __init__(self, values: pa.Array | pa.ChunkedArray) -> None:
        import pyarrow as pa

        wide = values.cast(pa.large_string())  # a take of more than 2 GB needs it
        self._values = wide.combine_chunks() if isinstance(wide, pa.ChunkedArray) else wide

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Strings: ...
    def __getitem__(self, place: int | slice) -> str | Strings:
        if not isinstance(place, slice):
            return self._values[place].as_py() or ""
        start, stop, step = place.indices(len(self))
        if step == 1:
            return Strings(self._values.slice(start, max(stop - start, 0)))
        return self.take(np.arange(start, stop, step))

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), _BATCH):
            for value in self._values.slice(start, _BATCH).to_pylist():
                yield value or ""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Strings | tuple):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Strings of {len(self):,} rows"

    @property
    def arrow(self) -> pa.Array:
        """The strings as an Arrow array, without a copy; the empty string may be null."""
        return self._values

    def take(self, rows: NDArray[np.integer[Any]]) -> Strings:
        """Return the strings of some rows."""
        import pyarrow as pa

        if len(rows) <= _TOGETHER:
            return Strings(self._values.take(pa.array(rows)))
        taken = StringsWriter()
        for start in range(0, len(rows), _TOGETHER):
            taken.write(self._values.take(pa.array(rows[start : start + _TOGETHER])))
        return taken.strings()


class StringsWriter:
    """Takes the parts of a column, one after another, then gives all of it. They wait in a `Spool`."""

    def __init__(self) -> None:
        self._text, self._ends = Spool(), Spool()
        self._ends.write(np.zeros(1, np.int64))

    def write(self, values: pa.Array | pa.ChunkedArray) -> None:
        """Take the strings that follow."""
        import pyarrow.compute as pc

        part = pc.fill_null(Strings(values).arrow, "")
        if len(part) == 0:
            return
        _, ends, text = part.buffers()
        places = np.frombuffer(ends, np.int64, len(part) + 1, 8 * part.offset)
        self._ends.write(places[1:] + (self._text.size - places[0]))
        if text is not None:
            self._text.write(text.slice(places[0], places[-1] - places[0]))

    def strings(self) -> Strings:
        """Return the column; nothing more is taken from then on."""
        import pyarrow as pa

        n = self._ends.size // 8 - 1
        ends, text = (pa.py_buffer(spool.whole()) for spool in (self._ends, self._text))
        return Strings(pa.Array.from_buffers(pa.large_string(), n, [None, ends, text]))


def taken(values: Sequence[str], rows: NDArray[np.integer[Any]]) -> Sequence[str]:
    """Return the strings of some rows, held as all of them are."""
    return values.take(rows) if isinstance(values, Strings) else tuple(values[i] for i in rows.tolist())
