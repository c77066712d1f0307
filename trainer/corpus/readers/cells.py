"""The process in which a workbook is opened: its sheets come out as lines of JSON, one a row.

``["sheet", {…}]`` with the name of a sheet, the number of its first column, its merged ranges and the
cells that hold an error; then ``["row", number, cells]`` for each row with anything in it, or
``["long", number]`` for one that is too long to be told; last ``["end"]``, or ``["error", reason, detail]``.
Rows and columns count from 1.
"""

from __future__ import annotations

import json
import os
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import IO, Any

from trainer.corpus.readers.lines import LONGEST_LINE
from trainer.corpus.readers.packages import Errors, checked_package
from trainer.corpus.readers.rows import RowError

SHOWN = 5
"""Merged ranges of a sheet that are named."""
_OLD = b"\xd0\xcf\x11\xe0"  # what Office wrote before 2007, and what a password still makes of a workbook


def serve(memory: int, seconds: int) -> None:
    """Write what the workbook on standard input, a file, holds.

    Parameters
    ----------
    memory : int
        Bytes of address space.
    seconds : int
        Of computing; waiting for the reader may take any time.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="surrogatepass")
    os.dup2(2, 1)  # what a library prints must not get into the answers
    _limit(memory, seconds)
    with suppress(BrokenPipeError):
        for line in _lines(sys.stdin.buffer):
            text = json.dumps(line, ensure_ascii=False)
            if line[0] == "row" and len(text) > LONGEST_LINE // 4:  # a character has 4 bytes at most
                text = json.dumps(["long", line[1]])
            answers.write(text + "\n")
        answers.flush()


def _limit(memory: int, seconds: int) -> None:
    with suppress(ImportError, ValueError, OSError):  # Windows has none
        import resource
        import signal

        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to act on
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _lines(file: IO[bytes]) -> Iterator[list[Any]]:
    try:
        start = file.read(len(_OLD))
        if not start:
            raise RowError("empty_text", "the file is empty")
        if start == _OLD:
            detail = "it needs a password, or is of the old kind .xls: save it as .xlsx without a password"
            raise RowError("encrypted", detail)
        errors = checked_package(file)
        file.seek(0)
        yield from _sheets(file, errors)
        yield ["end"]
    except RowError as error:
        yield ["error", error.reason, error.detail]
    except MemoryError:
        yield ["error", "too_much_memory", "it needs more memory than is given to one file"]
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError, RuntimeError) as error:
        yield ["error", "malformed_xlsx", f"not a sound workbook: {str(error)[:200]}"]
    except Exception as error:  # the library's way of saying that the file is broken
        yield ["error", "malformed_xlsx", f"{type(error).__name__}: {str(error)[:200]}"]


def _sheets(file: IO[bytes], errors: Mapping[str, Errors]) -> Iterator[list[Any]]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum

    book = CalamineWorkbook.from_filelike(file)
    for about in book.sheets_metadata:
        if about.typ not in (SheetTypeEnum.WorkSheet, SheetTypeEnum.MacroSheet):
            continue  # a chart has no cells
        sheet = book.get_sheet_by_name(about.name)
        if sheet.start is None:
            continue
        merged = sheet.merged_cell_ranges or []
        told = {
            "name": about.name,
            "column": sheet.start[1] + 1,
            "merged": len(merged),
            "ranges": [f"{place(*first)}:{place(*last)}" for first, last in merged[:SHOWN]],
            "errors": errors.get(about.name, {}),
        }
        yield ["sheet", told]
        for number, row in enumerate(sheet.iter_rows(), 1):
            cells = [_plain(value) for value in row]
            if any(cell != "" for cell in cells):
                yield ["row", number, cells]


def _plain(value: Any) -> Any:
    """Return a cell as JSON has it: days in ISO 8601, whole numbers without a point."""
    kind = type(value)
    return value if kind is str or kind is bool else _PLAIN.get(kind, str)(value)


def _whole(value: float) -> int | float:
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _day(value: datetime) -> str:
    return value.date().isoformat() if value.time() == time() else value.isoformat()


_PLAIN: dict[type, Callable[[Any], Any]] = {
    int: int, float: _whole, datetime: _day, date: date.isoformat, time: time.isoformat, timedelta: str,
}  # fmt: skip


def letters(column: int) -> str:
    """Return how a spreadsheet calls a column, counted from 1: A."""
    name = ""
    while column:
        column, letter = divmod(column - 1, 26)
        name = chr(ord("A") + letter) + name
    return name


def place(row: int, column: int) -> str:
    """Return how a spreadsheet calls a cell, counted from 0: A1."""
    return f"{letters(column + 1)}{row + 1}"
