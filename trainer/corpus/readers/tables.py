"""Tables: comma-, semicolon- and tab-separated files, and what is done with the rows of any table."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Protocol

from trainer.corpus.readers.encodings import as_utf8
from trainer.corpus.readers.headers import listed, missing, misspelt, our_name, twice, unread
from trainer.corpus.readers.lines import LONGEST_LINE, Bytes, numbered_lines, too_long
from trainer.corpus.readers.rows import FIELDS, read_row
from trainer.corpus.readers.source import Record, Source
from trainer.escapes import unguarded
from trainer.records import Rejection

Cells = list[Any] | Rejection
Rows = Iterator[tuple[str, Cells]]
_ABOVE = 10
"""Rows that are looked at for the names of the columns: a sheet may begin with a title."""
_EXPORTED = (
    {"id", "doc_id", "split", "group", "origin"},
    {"sentence_id", "doc_id", "start", "end"},
    {"id", "doc_id", "inclusion"},
)
"""Columns that tell sheets that this package wrote, whose cells are guarded, from anybody else's."""


class Lettered(Protocol):
    """A sheet of a workbook, whose columns have letters."""

    @property
    def errors(self) -> Mapping[str, tuple[int, list[str]]]:
        """Letters of a column -> how many cells hold an error, and the first of them."""

    def cell(self, at: str, place: int) -> str:
        """Return the name of a cell of the row at `at`."""

    def letters(self, place: int) -> str:
        """Return the letters of a column."""


def read_table(handle: Bytes, source: Source, encoding: str = "utf-8") -> Iterator[Record]:
    """Yield what the rows of a table hold; a row at its head names the columns."""
    rows = table_cells(handle, source.at, source.format == "tsv", encoding)
    yield from table_records(rows, source, encoding, source.at)


def table_cells(handle: Bytes, at: str, tabs: bool, encoding: str = "utf-8") -> Rows:
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


def _numbered_cells(rows: Any, path: str) -> Rows:
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
    rows: Rows, source: Source, encoding: str | None, name: str, sheet: Lettered | None = None
) -> Iterator[Record]:
    """Yield what the rows of a table hold.

    Parameters
    ----------
    rows : iterator of (str, list or Rejection)
        Where each row stands, and its cells.
    name : str
        What the table is called in messages.
    sheet : Lettered, optional
        Tells what its cells are called, and which of them hold errors.
    """
    head, above = _head(rows, source, name)
    yield from above
    if head is None:
        return
    near = misspelt(head.names, source.topics or ())
    for wrong, meant in near:
        detail = f"column {wrong!r} is no topic, and its cells are not read. Did you mean {meant!r}?"
        yield Rejection(head.at, "unknown_topic", detail)
    _note_columns(head, source, name, sheet, {wrong for wrong, _ in near})
    yield from _records(rows, head, source, encoding, name, sheet)


@dataclass(frozen=True, slots=True)
class _Head:
    """The row that names the columns: as it is written, and by our names."""

    at: str
    written: list[str]
    names: list[str]

    @property
    def exported(self) -> bool:
        return any(set(self.names) >= ours for ours in _EXPORTED)

    def place(self, name: str) -> int | None:
        return self.names.index(name) if name in self.names else None


def _head(rows: Rows, source: Source, name: str) -> tuple[_Head | None, list[Rejection]]:
    """Return the row that names the columns, and what is said of those above it; or what is wrong."""
    trouble: Rejection | None = None
    above: list[Rejection] = []
    title = True
    for at, cells in islice(rows, _ABOVE):
        if isinstance(cells, Rejection):
            return None, [trouble or cells]
        written = [str(cell).strip() for cell in cells]
        head = _Head(at, written, [our_name(cell, source) for cell in written])
        found = _trouble(head, source)
        if found is None:
            return head, above
        wide = sum(map(bool, written)) > 1
        if trouble is None or (title and wide):  # of a title, a cell by itself, there is less to say
            trouble, title = found, not wide
        if found.reason == "repeated_column" and not above:
            break
        detail = f"it stands above the names of the columns: {listed(written)}"
        above.append(Rejection(at, "above_header", detail))
    return None, [trouble or Rejection(f"{name}:1", "no_text", missing([], source))]


def _trouble(head: _Head, source: Source) -> Rejection | None:
    # A label may say where it stands instead of its text.
    places = "doc_id" in head.names and set(source.known_topics) & set(head.names)
    lacks = "" if places and "text" not in source.columns else missing(head.written, source)
    if lacks:
        return Rejection(head.at, "no_text", f"a row at the head must name the columns: {lacks}")
    if again := twice(head.names):
        name, one, two = again
        detail = (
            f"each column must have a name of its own, and {name!r} stands twice: as column {one + 1}, "
            f"{head.written[one]!r}, and as column {two + 1}, {head.written[two]!r}"
        )
        return Rejection(head.at, "repeated_column", detail)
    return None


def _note_columns(head: _Head, source: Source, name: str, sheet: Lettered | None, told: set[str]) -> None:
    """Note which columns are passed over, what the date is called, and which cells hold errors."""
    for place, (ours, written) in enumerate(zip(head.names, head.written, strict=True)):
        letter = "" if sheet is None else f" ({sheet.letters(place)})"
        if ours == "date":
            source.notes.name_column(name, ours, f"{written!r}{letter}")
        if sheet is not None and ours in (*FIELDS, *source.known_topics):
            count, first = sheet.errors.get(sheet.letters(place), (0, []))
            if count:
                more = f" and {count - len(first):,} more" if count > len(first) else ""
                what = f"{count:,} cells of column {written!r} hold an error and count as blank"
                source.notes.say(f"{what}: {', '.join(first)}{more}", name)
    if not head.exported:
        passed_over = [
            written for ours, written in zip(head.names, head.written, strict=True) if ours not in told
        ]
        if what := unread(passed_over, source):
            source.notes.say(what, name)


def _records(
    rows: Rows, head: _Head, source: Source, encoding: str | None, name: str, sheet: Lettered | None
) -> Iterator[Record]:
    unnamed, first_unnamed = 0, ""
    read_from = {"format": source.format, "encoding": encoding}
    blank = [place for place, column in enumerate(head.names) if not column]
    for at, cells in rows:
        if isinstance(cells, Rejection):
            yield cells
            continue
        if len(cells) != len(head.names):
            yield Rejection(at, "ragged_row", f"expected {len(head.names)} cells, got {len(cells)}")
            continue
        texts = [cell if type(cell) is str else as_text(cell) for cell in cells]
        if any(texts[place] for place in blank):
            unnamed, first_unnamed = unnamed + 1, first_unnamed or at
        row = dict(zip(head.names, map(unguarded, texts) if head.exported else texts, strict=True))
        cell = None if sheet is None else _cells(sheet, head, at)
        yield read_row(row, source.topics, at, source.author, source.open_topics, cell, **read_from)
    if unnamed:
        source.notes.say(
            f"{unnamed:,} rows have a cell under no name, which is not read; the first is {first_unnamed}",
            name,
        )


def as_text(cell: Any) -> str:
    """Return a cell of a workbook as a file of text would have it."""
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


def _cells(sheet: Lettered, head: _Head, at: str) -> Any:
    def named(column: str) -> str:
        place = head.place(column)
        return at if place is None else sheet.cell(at, place)

    return named
