"""Tables: comma-, semicolon- and tab-separated files."""

from __future__ import annotations

import csv
import shlex
import warnings
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import chain
from typing import Any

from trainer.corpus.readers.encodings import as_utf8
from trainer.corpus.readers.lines import LONGEST_LINE, Bytes, numbered_lines, too_long
from trainer.corpus.readers.rows import FIELDS, read_row
from trainer.corpus.readers.source import Record, Source
from trainer.errors import TrainerWarning
from trainer.escapes import unguarded
from trainer.records import Rejection

Cells = list[Any] | Rejection
OURS = {
    "sentence_id", "part", "start", "end", "previous", "next", "group", "why", "probability", "note",
    "duplicate_group", "model_version", "model_digest", "document_digest",
}  # fmt: skip
"""Columns of sheets that this package writes, and that say nothing that it reads."""
_LIKELY_TEXT = ("body", "content", "article", "sentence", "message", "full_text", "fulltext", "story")
_SHOWN = 8
"""Columns, and characters of each, that a message names."""
_EXPORTED = ({"id", "doc_id", "split", "group", "origin"}, {"sentence_id", "doc_id", "start", "end"})
"""Columns that tell sheets that this package wrote, whose cells are guarded, from anybody else's."""


def read_table(handle: Bytes, source: Source, encoding: str = "utf-8") -> Iterator[Record]:
    """Yield what the rows of a table hold; the first row names the columns."""
    rows = table_cells(handle, source.at, source.format == "tsv", encoding)
    yield from table_records(rows, source, encoding, source.at)


def table_cells(handle: Bytes, at: str, tabs: bool, encoding: str = "utf-8") -> Iterator[tuple[str, Cells]]:
    """Yield the cells of each row with the line that it starts on; lines that are too long come last."""
    csv.field_size_limit(LONGEST_LINE)
    overlong: list[Rejection] = []

    def kept() -> Iterator[str]:
        for number, line in numbered_lines(as_utf8(handle, encoding)):
            if line is None:
                overlong.append(too_long(f"{at}:{number}"))
            yield line or ""  # an empty line keeps the count of lines right

    lines = kept()
    first = next(lines, "")
    # Spreadsheets of half the world write semicolons.
    delimiter = "\t" if tabs else max(",;\t", key=first.count)
    yield from _numbered_cells(csv.reader(chain([first], lines), delimiter=delimiter, strict=True), at)
    for rejection in overlong:
        yield rejection.at, rejection


def _numbered_cells(rows: Any, path: str) -> Iterator[tuple[str, Cells]]:
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


def table_records(
    rows: Iterator[tuple[str, Cells]], source: Source, encoding: str | None, name: str
) -> Iterator[Record]:
    """Yield what the rows of a table hold; the first names the columns.

    Parameters
    ----------
    rows : iterator of (str, list or Rejection)
        Where each row stands, and its cells; a rejection ends the table.
    name : str
        What the table is called in messages.
    """
    topics, author = source.topics, source.author
    at, header = next(rows, (f"{source.at}:1", []))
    if isinstance(header, Rejection):
        yield header
        return
    columns = [_column(str(cell), source) for cell in header]
    if trouble := _header_trouble(columns, source):
        yield Rejection(at, "no_text", trouble)
        return
    misspelt = list(_misspelt(columns, topics or (), at))
    yield from misspelt
    if not misspelt:
        _warn_of_unread(columns, source, name)
    exported = any(set(columns) >= ours for ours in _EXPORTED)
    unnamed: list[str] = []
    for at, cells in rows:
        if isinstance(cells, Rejection):
            yield cells
        elif len(cells) != len(columns):
            yield Rejection(at, "ragged_row", f"expected {len(columns)} cells, got {len(cells)}")
        else:
            values = [unguarded(cell) if exported and isinstance(cell, str) else cell for cell in cells]
            row = dict(zip(columns, values, strict=True))
            unnamed += [at] if row.pop("", "") != "" else []
            read_from = {"format": source.format, "encoding": encoding}
            yield read_row(row, topics, at, author, source.open_topics, **read_from)
    if unnamed:
        told = (
            f"{len(unnamed):,} rows have a cell under no name, which is not read; the first is {unnamed[0]}"
        )
        warnings.warn(f"{name}: {told}", TrainerWarning, stacklevel=2)


def _header_trouble(columns: Sequence[str], source: Source) -> str:
    """Return what is wrong with the names of the columns, or nothing."""
    found = ", ".join(repr(name[:_SHOWN]) for name in columns[:_SHOWN])
    if twice := {name for name in columns if name and columns.count(name) > 1}:
        return f"the first row must name each column once, and {min(twice)!r} stands twice; found {found}"
    gone = [f"{theirs!r}" for ours, theirs in source.columns.items() if ours not in columns]
    if gone:
        return f"--columns names {', '.join(gone)}, and the first row does not; found {found}"
    if "text" in columns or ("doc_id" in columns and set(source.topics or ()) & set(columns)):
        return ""
    meant = next((name for name in columns if _plain(name) in _LIKELY_TEXT), None)
    hint = f". Is it {meant!r}? Then say --columns text={shlex.quote(meant)}" if meant else ""
    return f"the first row must name the columns, 'text' among them, each once; found {found}{hint}"


def _misspelt(columns: Sequence[str], topics: Sequence[str], at: str) -> Iterator[Rejection]:
    known = {*FIELDS, *topics}
    for name in dict.fromkeys(column for column in columns if column not in known):
        if meant := get_close_matches(_plain(name), topics, n=1, cutoff=0.8):
            detail = f"column {name!r} is no topic, and its cells are not read. Did you mean {meant[0]!r}?"
            yield Rejection(at, "unknown_topic", detail)


def _warn_of_unread(columns: Sequence[str], source: Source, name: str) -> None:
    """Say which columns are passed over; those that this package writes are known to be."""
    topics = source.topics or ()
    ends = ("_probability", "_decided_by")
    known = {*FIELDS, *OURS, *topics, *(topic + end for topic in topics for end in ends), ""}
    unread = [column for column in columns if column not in known]
    if unread and source.topics is not None:
        shown = ", ".join(map(repr, unread[:_SHOWN])) + (", …" if len(unread) > _SHOWN else "")
        warnings.warn(f"{name}: columns that are not read: {shown}", TrainerWarning, stacklevel=2)


def _column(cell: str, source: Source) -> str:
    """Return the name of a column: `Text` is text, and `Export Controls` the topic export_controls."""
    name, plain = cell.strip(), _plain(cell)
    for ours, theirs in source.columns.items():
        if name == theirs:
            return ours
    if plain in source.columns:
        return f"{name} (theirs)"  # another column is to be taken for it
    return plain if plain in (*FIELDS, *(source.topics or ())) else name


def _plain(cell: str) -> str:
    return cell.strip().lower().replace(" ", "_")
