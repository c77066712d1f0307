"""Tables: comma-, semicolon- and tab-separated files."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from trainer.corpus.lines import LONGEST_LINE, too_long
from trainer.corpus.rows import FIELDS, read_row
from trainer.escapes import unguarded
from trainer.records import Document, LabelledText, Rejection

Record = Document | LabelledText | Rejection
_EXPORTED = {"id", "doc_id", "split", "group", "origin"}
"""Columns that tell a sheet of ``trainer corpus export``, whose cells are guarded, from anybody else's."""


def read_table(
    lines: Iterable[tuple[int, str | None]], path: str, topics: Sequence[str] | None
) -> Iterator[Record]:
    """Yield what the rows of a table hold; the first row names the columns."""
    csv.field_size_limit(LONGEST_LINE)
    overlong: list[Rejection] = []

    def kept() -> Iterator[str]:
        for number, line in lines:
            if line is None:
                overlong.append(too_long(f"{path}:{number}"))
            yield line or ""  # an empty line keeps the count of lines right

    source = kept()
    first = next(source, "")
    # Spreadsheets of half the world write semicolons.
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(chain([first], source), delimiter=delimiter, strict=True)
    yield from _table_records(_numbered_cells(rows, path), path, topics)
    yield from overlong


def _numbered_cells(rows: Any, path: str) -> Iterator[tuple[str, list[str] | Rejection]]:
    """Yield the cells of each row with the line that it starts on; a rejection ends the file."""
    start = 1
    while True:
        at = f"{path}:{start}"
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield at, Rejection(at, "malformed_csv", f"{error}; the rows from here on are not read")
            return
        start = rows.line_num + 1
        if cells:
            yield at, cells


def _table_records(
    rows: Iterator[tuple[str, list[str] | Rejection]], path: str, topics: Sequence[str] | None
) -> Iterator[Record]:
    author = f"human:{Path(path).name}"
    at, header = next(rows, (f"{path}:1", []))
    if isinstance(header, Rejection):
        yield header
        return
    header = [_column(cell, topics or ()) for cell in header]
    if "text" not in header or len(set(header)) != len(header):
        yield Rejection(at, "no_text", "the first row must name the columns, 'text' among them, each once")
        return
    exported = set(header) >= _EXPORTED
    for at, cells in rows:
        if isinstance(cells, Rejection):
            yield cells
        elif len(cells) != len(header):
            yield Rejection(at, "ragged_row", f"expected {len(header)} cells, got {len(cells)}")
        else:
            values = map(unguarded, cells) if exported else cells
            yield read_row(dict(zip(header, values, strict=True)), topics, at, author)


def _column(cell: str, topics: Sequence[str]) -> str:
    """Return the name of a column: `Text` is text, and `Export Controls` the topic export_controls."""
    name = cell.strip()
    plain = name.lower().replace(" ", "_")
    return plain if plain in (*FIELDS, *topics) else name
