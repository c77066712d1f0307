"""Tables: comma-, semicolon- and tab-separated files."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import chain
from typing import Any

from trainer.corpus.readers.encodings import as_utf8
from trainer.corpus.readers.lines import LONGEST_LINE, Bytes, numbered_lines, too_long
from trainer.corpus.readers.rows import FIELDS, read_row
from trainer.corpus.readers.source import Record, Source
from trainer.escapes import unguarded
from trainer.records import Rejection

_SHOWN = 8
"""Columns, and characters of each, that a message names."""
_EXPORTED = {"id", "doc_id", "split", "group", "origin"}
"""Columns that tell a sheet of ``trainer corpus export``, whose cells are guarded, from anybody else's."""


def read_table(handle: Bytes, source: Source, encoding: str = "utf-8") -> Iterator[Record]:
    """Yield what the rows of a table hold; the first row names the columns."""
    csv.field_size_limit(LONGEST_LINE)
    overlong: list[Rejection] = []

    def kept() -> Iterator[str]:
        for number, line in numbered_lines(as_utf8(handle, encoding)):
            if line is None:
                overlong.append(too_long(f"{source.at}:{number}"))
            yield line or ""  # an empty line keeps the count of lines right

    lines = kept()
    first = next(lines, "")
    # Spreadsheets of half the world write semicolons.
    delimiter = "\t" if source.format == "tsv" else max(",;\t", key=first.count)
    rows = csv.reader(chain([first], lines), delimiter=delimiter, strict=True)
    yield from _table_records(_numbered_cells(rows, source.at), source, encoding)
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
    rows: Iterator[tuple[str, list[str] | Rejection]], source: Source, encoding: str
) -> Iterator[Record]:
    topics, author = source.topics, source.author
    at, header = next(rows, (f"{source.at}:1", []))
    if isinstance(header, Rejection):
        yield header
        return
    header = [_column(cell, topics or ()) for cell in header]
    if "text" not in header or len(set(header)) != len(header):
        found = ", ".join(repr(name[:_SHOWN]) for name in header[:_SHOWN])
        detail = f"the first row must name the columns, 'text' among them, each once; found {found}"
        yield Rejection(at, "no_text", detail)
        return
    for name in set(header) - {*FIELDS, *(topics or ())}:
        if meant := get_close_matches(_plain(name), topics or (), n=1, cutoff=0.8):
            detail = f"column {name!r} is no topic, and its cells are not read. Did you mean {meant[0]!r}?"
            yield Rejection(at, "unknown_topic", detail)
    exported = set(header) >= _EXPORTED
    for at, cells in rows:
        if isinstance(cells, Rejection):
            yield cells
        elif len(cells) != len(header):
            yield Rejection(at, "ragged_row", f"expected {len(header)} cells, got {len(cells)}")
        else:
            values = map(unguarded, cells) if exported else cells
            row = dict(zip(header, values, strict=True))
            yield read_row(row, topics, at, author, format=source.format, encoding=encoding)


def _column(cell: str, topics: Sequence[str]) -> str:
    """Return the name of a column: `Text` is text, and `Export Controls` the topic export_controls."""
    name, plain = cell.strip(), _plain(cell)
    return plain if plain in (*FIELDS, *topics) else name


def _plain(cell: str) -> str:
    return cell.strip().lower().replace(" ", "_")
