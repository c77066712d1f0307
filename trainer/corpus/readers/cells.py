"""The process in which a workbook is opened: its sheets come out as lines of JSON, one a row.

``["sheet", name, column of the first cell, merged ranges]``, then ``["row", number, cells]`` for each row
with anything in it; last ``["end"]``, or ``["error", reason, detail]``. Rows and columns count from 1.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any


def serve(memory: int, seconds: int) -> None:
    """Write what the workbook on standard input holds.

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
        for line in _lines(sys.stdin.buffer.read()):
            answers.write(json.dumps(line, ensure_ascii=False) + "\n")
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


def _lines(data: bytes) -> Iterator[list[Any]]:
    from python_calamine import CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            start = sheet.start
            if start is None:
                continue
            yield [
                "sheet",
                name,
                start[1] + 1,
                [list(map(list, found)) for found in sheet.merged_cell_ranges or ()],
            ]
            for number, row in enumerate(sheet.iter_rows(), 1):
                cells = [_plain(value) for value in row]
                if any(cell != "" for cell in cells):
                    yield ["row", number, cells]
        yield ["end"]
    except MemoryError:
        yield ["error", "too_much_memory", "it needs more memory than is given to one file"]
    except Exception as error:  # the library's way of saying that the file is broken
        yield ["error", "malformed_xlsx", f"{type(error).__name__}: {str(error)[:200]}"]


def _plain(value: Any) -> Any:
    """Return a cell as a sheet of text would have it: days in ISO 8601, whole numbers without a point."""
    match value:
        case bool() | str():
            return value
        case float() if value.is_integer() and abs(value) < 1e15:
            return int(value)
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
        case _:
            return value
