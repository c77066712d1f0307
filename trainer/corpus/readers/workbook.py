"""Workbooks (.xlsx): every sheet is a table. They are opened in a child process, with limits."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from trainer.corpus.readers.cells import letters
from trainer.corpus.readers.lines import LONGEST_LINE, Bytes, too_long
from trainer.corpus.readers.rows import RowError
from trainer.corpus.readers.source import Record, Source
from trainer.corpus.readers.tables import Cells, table_records

SECONDS = 10
"""Of computing, and one more for each MB of the file: 200,000 rows of ten cells, 20 MB, take 6."""
MEMORY = 512 * 1024**2
"""Bytes of address space of the child, and `MEMORY_A_BYTE` more for each byte of the file."""
MEMORY_A_BYTE = 32
LARGEST_MEMORY = 2 * 1024**3
LARGEST = 256 * 1024**2
"""Bytes of the file."""
_FREE = 256 * 1024**2  # bytes that the rows of any workbook may come to
_LARGEST_RATIO = 200  # beyond that, bytes of rows for a byte of the file
_START = """import sys
sys.path.insert(0, sys.argv[1])
from trainer.corpus.readers.cells import serve
serve({}, {})"""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet that holds something.

    Attributes
    ----------
    at : str
        The file and the name of the sheet.
    column : int
        Number of the column that the first cell of each row stands in, from 1.
    merged, ranges : int, list of str
        How many ranges of cells are merged, and the first of them.
    errors : mapping of str to (int, list of str)
        Letters of a column -> how many of its cells hold an error, and the first of them.
    rows : iterator of (str, list or Rejection)
        Where each row stands, and its cells; to be read before the next sheet.
    """

    name: str
    at: str
    column: int
    merged: int
    ranges: list[str]
    errors: Mapping[str, tuple[int, list[str]]]
    rows: Iterator[tuple[str, Cells]]

    def cell(self, at: str, place: int) -> str:
        """Return how a spreadsheet calls the cell at a place, from 0, of the row at `at`."""
        sheet, _, row = at.rpartition("!")
        return f"{sheet}!{self.letters(place)}{row}"

    def letters(self, place: int) -> str:
        """Return how a spreadsheet calls the column at a place, from 0."""
        return letters(self.column + place)


def read_workbook(handle: Bytes, source: Source) -> Iterator[Record]:
    """Yield what the sheets hold, hidden ones too; a row of each names the columns.

    Raises
    ------
    RowError
        When the workbook cannot be opened within the limits.
    """
    for sheet in opened(handle, source.at):
        if sheet.merged:
            more = (
                f" and {sheet.merged - len(sheet.ranges):,} more" if sheet.merged > len(sheet.ranges) else ""
            )
            source.notes.say(
                f"merged cells ({', '.join(sheet.ranges)}{more}): a value counts for the first cell only",
                sheet.at,
            )
        yield from table_records(sheet.rows, source, None, sheet.at, sheet)


def sheets(handle: Bytes, at: str) -> Iterator[tuple[str, Iterator[tuple[str, Cells]]]]:
    """Yield each sheet that holds anything, by name, with its rows; it is read before the next begins."""
    for sheet in opened(handle, at):
        yield sheet.name, sheet.rows


def opened(handle: Bytes, at: str) -> Iterator[Sheet]:
    """Yield each sheet that holds anything; it is read before the next begins.

    Raises
    ------
    RowError
        When the workbook cannot be opened within the limits, or holds nothing.
    """
    with _lines(handle) as lines:
        line = next(lines)
        if line[0] == "end":
            raise RowError("empty_text", "no sheet of the workbook holds anything")
        while line[0] == "sheet":
            about: dict[str, Any] = line[1]
            last: list[list[Any]] = []
            where = f"{at}:{about['name']}"
            yield Sheet(at=where, rows=_rows(lines, last, where), **about)
            line = last[0] if last else next(line for line in lines if line[0] not in ("row", "long"))


def _rows(lines: Iterator[list[Any]], last: list[list[Any]], at: str) -> Iterator[tuple[str, Cells]]:
    """Yield the rows of a sheet; `last` takes the line after it."""
    for line in lines:
        where = f"{at}!{line[1]}" if len(line) > 1 else at
        if line[0] == "row":
            yield where, line[2]
        elif line[0] == "long":
            yield where, too_long(where)
        else:
            last.append(line)
            return


@contextmanager
def _lines(handle: Bytes) -> Iterator[Iterator[list[Any]]]:
    with tempfile.TemporaryFile() as plain:
        size = _copy(handle, plain)
        memory = min(MEMORY + MEMORY_A_BYTE * size, LARGEST_MEMORY)
        seconds = SECONDS + size // 1024**2
        # -P and the path: what lies in the folder of the user is never imported.
        start, home = _START.format(memory, seconds), str(Path(__file__).parents[3])
        child = subprocess.Popen(  # noqa: S603  (our own interpreter and code)
            [sys.executable, "-P", "-c", start, home],
            stdin=plain,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert child.stdout is not None  # noqa: S101  (for the type checker: it is a pipe)
            with _Watch(child.kill, 2 * seconds) as watch:
                limits = f"{seconds:,} seconds and {memory // 1024**2:,} MB of memory"
                yield _decoded(child.stdout, watch, size, limits)
        finally:
            child.kill()
            with suppress(OSError):
                if child.stdout:
                    child.stdout.close()
            child.wait()


class _Watch:
    """Ends a process that is waited for too long, though it may not be computing."""

    def __init__(self, end: Callable[[], None], seconds: float) -> None:
        self.waiting_since: float | None = None
        self._end, self._seconds = end, seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._over.wait(min(0.5, self._seconds)):
            since = self.waiting_since
            if since is not None and time.monotonic() - since > self._seconds:
                self._end()

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *raised: Any) -> None:
        self._over.set()
        self._thread.join()


def _decoded(stream: IO[bytes], watch: _Watch, size: int, limits: str) -> Iterator[list[Any]]:
    taken = 0
    while True:
        watch.waiting_since = time.monotonic()
        data = stream.readline(LONGEST_LINE)
        watch.waiting_since = None
        taken += len(data)
        if taken > max(_FREE, _LARGEST_RATIO * size):
            raise RowError("bomb", f"{size:,} bytes hold rows of more than {taken:,}: save it as .csv")
        try:
            line = json.loads(data)
            if not isinstance(line, list) or not line:
                raise ValueError("not an answer")
        except ValueError:  # cut off: it died
            raise RowError("too_large", f"not opened in {limits}: is a cell far from the others?") from None
        if line[0] == "error":
            raise RowError(line[1], line[2])
        yield line
        if line[0] == "end":
            return


def _copy(handle: Bytes, plain: IO[bytes]) -> int:
    """Copy the file to where the child reads it; return its size."""
    size = 0
    while data := handle.read(1 << 20):
        size += len(data)
        if size > LARGEST:
            raise RowError("too_large", f"a workbook of more than {LARGEST:,} bytes: save it as .csv")
        plain.write(data)
    plain.flush()
    plain.seek(0)
    return size
