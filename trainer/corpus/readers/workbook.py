"""Workbooks (.xlsx): every sheet is a table. They are opened in a child process, with limits."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from trainer.corpus.readers.lines import Bytes
from trainer.corpus.readers.rows import RowError
from trainer.corpus.readers.source import Record, Source
from trainer.corpus.readers.tables import Cells, table_records
from trainer.errors import TrainerWarning

MEMORY = 2 * 1024**3
"""Bytes of address space of the child: a million rows of ten cells take a gigabyte and a half."""
SECONDS = 60
"""Of computing."""
LARGEST = 512 * 1024**2
"""Bytes of the file."""
_SHOWN = 5
_START = """import sys
sys.path.insert(0, sys.argv[1])
from trainer.corpus.readers.cells import serve
serve({}, {})"""


def read_workbook(handle: Bytes, source: Source) -> Iterator[Record]:
    """Yield what the sheets hold; the first row of each names the columns.

    Raises
    ------
    RowError
        When the workbook cannot be opened within the limits.
    """
    for name, rows in sheets(handle, source.at):
        yield from table_records(rows, source, None, f"{source.at}:{name}")


def sheets(handle: Bytes, at: str) -> Iterator[tuple[str, Iterator[tuple[str, Cells]]]]:
    """Yield each sheet that holds anything, by name, with its rows; it is read before the next begins."""
    with _lines(handle) as lines:
        line = next(lines)
        if line[0] == "end":
            raise RowError("empty_text", "no sheet of the workbook holds anything")
        while line[0] == "sheet":
            _, name, column, merged = line
            _warn_of_merged(merged, f"{at}:{name}")
            last: list[Any] = []
            yield name, _rows(lines, last, f"{at}:{name}", column)
            line = last[0] if last else next(line for line in lines if line[0] != "row")


def _rows(lines: Iterator[list[Any]], last: list[Any], at: str, column: int) -> Iterator[tuple[str, Cells]]:
    """Yield the rows of a sheet; `last` takes the line after it."""
    for line in lines:
        if line[0] != "row":
            last.append(line)
            return
        yield f"{at}!{line[1]}", ["" if cell is None else cell for cell in line[2]]


@contextmanager
def _lines(handle: Bytes) -> Iterator[Iterator[list[Any]]]:
    with tempfile.TemporaryFile() as plain:
        _copy(handle, plain)
        # -P and the path: what lies in the folder of the user is never imported.
        start, home = _START.format(MEMORY, SECONDS), str(Path(__file__).parents[3])
        child = subprocess.Popen(  # noqa: S603  (our own interpreter and code)
            [sys.executable, "-P", "-c", start, home],
            stdin=plain,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert child.stdout is not None  # noqa: S101  (for the type checker: it is a pipe)
            yield _decoded(child.stdout)
        finally:
            child.kill()
            with suppress(OSError):
                if child.stdout:
                    child.stdout.close()
            child.wait()


def _decoded(stream: IO[bytes]) -> Iterator[list[Any]]:
    for line in stream:
        try:
            found = json.loads(line)
        except ValueError:
            break  # cut off: it died
        if found[0] == "error":
            raise RowError(found[1], found[2])
        yield found
        if found[0] == "end":
            return
    raise RowError("too_large", f"not opened in {SECONDS} seconds and {MEMORY // 1024**2:,} MB of memory")


def _copy(handle: Bytes, plain: IO[bytes]) -> None:
    left = LARGEST
    while data := handle.read(1 << 20):
        left -= len(data)
        if left < 0:
            raise RowError("too_large", f"a workbook of more than {LARGEST:,} bytes: save it as .csv")
        plain.write(data)
    plain.seek(0)


def _warn_of_merged(merged: Sequence[Sequence[Sequence[int]]], at: str) -> None:
    if merged:
        shown = ", ".join(f"{place(*first)}:{place(*last)}" for first, last in merged[:_SHOWN])
        more = f" and {len(merged) - _SHOWN:,} more" if len(merged) > _SHOWN else ""
        warnings.warn(
            f"{at}: merged cells ({shown}{more}): what they hold counts for the first row and column only",
            TrainerWarning,
            stacklevel=2,
        )


def place(row: int, column: int) -> str:
    """Return how a spreadsheet calls a cell, counted from 0: A1."""
    letters, column = "", column + 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row + 1}"
