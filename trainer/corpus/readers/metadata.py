"""A table that says title, source, date, url and language of files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from trainer.corpus.dates import Dates, column_order
from trainer.corpus.readers.encodings import found_encoding
from trainer.corpus.readers.headers import listed
from trainer.corpus.readers.notes import Notes
from trainer.corpus.readers.rows import RowError
from trainer.corpus.readers.tables import Rows, as_text, table_cells
from trainer.corpus.readers.workbook import opened
from trainer.errors import DataError, NotFoundError, UsageError
from trainer.records import Document, Rejection

FILE = "file"
ABOUT = ("title", "source", "date", "url", "language")


@dataclass(slots=True)
class _Row:
    """What the table says of one file, and the first document that it was taken for."""

    at: str
    about: dict[str, str]
    document: str = ""


class Metadata:
    """What a table says of documents, by the name of their file.

    A name may be the document's own, as tables of tags show it, its path in the folder that was given, or its
    path from the folder of the table.

    Parameters
    ----------
    path : Path
        A .csv, .tsv or .xlsx file with a column ``file`` and any of ``title``, ``source``, ``date``, ``url``,
        ``language``.
    dates : Dates
        Reads the dates.
    day_first : bool or None
        How 03/04/2026 is meant; None leaves it to the other dates of the table.
    notes : Notes
        Takes what is to be said of the table.

    Raises
    ------
    NotFoundError, UsageError, DataError
        When it is not there, is no table, or lacks the column.
    """

    def __init__(self, path: Path, dates: Dates, day_first: bool | None, notes: Notes) -> None:
        if not path.is_file():
            raise NotFoundError(f"no table of metadata '{path}'")
        self._rows: dict[str, _Row] = {}
        self._rejected: list[Rejection] = []
        self._without = self._shared = 0
        self._first_shared = ""
        self._folder = path.resolve().parent
        self._notes = notes
        try:
            taken = [self._take(name, rows) for name, rows in _tables(path)]
        except (RowError, OSError) as error:
            detail = error.detail if isinstance(error, RowError) else error.strerror or str(error)
            raise DataError(detail, where=str(path)) from error
        if not any(taken):
            told = self._rejected[-1].detail if self._rejected else f"metadata needs a column '{FILE}'"
            raise DataError(told, where=self._rejected[-1].at if self._rejected else str(path))
        written = {row.about["date"] for row in self._rows.values() if row.about.get("date")}
        order = column_order(written) if day_first is None else day_first
        for row in self._rows.values():
            if "date" in row.about:
                row.about["date"] = dates.read(row.about["date"], order, row.at) or ""

    def filled(self, document: Document) -> Document:
        """Return a document with what the table says of it, which stands above what the document says."""
        row = next((self._rows[name] for name in self._names(document) if name in self._rows), None)
        if row is None:
            self._without += 1
            return document
        if row.document and row.document != document.id:
            self._shared += 1
            self._first_shared = self._first_shared or f"{row.at}, {row.document} and {document.id}"
        row.document = row.document or document.id
        about = {key: value for key, value in row.about.items() if value}
        return replace(document, **about)  # type: ignore[arg-type]  # every key is a field of text

    def left_over(self) -> Iterator[Rejection]:
        """Yield the rows that could not be used, or were for no document."""
        yield from self._rejected
        for name, row in self._rows.items():
            if not row.document:
                yield Rejection(row.at, "no_such_file", f"no document '{name}' was read")

    def messages(self) -> Iterator[str]:
        """Yield what to warn of."""
        if self._without:
            yield f"{self._without:,} documents stand in no row of the metadata"
        if self._shared:
            yield (
                f"{self._shared:,} documents took a row of the metadata that another one took before; name "
                f"files with their folder: {self._first_shared}"
            )

    def _names(self, document: Document) -> Iterator[str]:
        """Yield what the table may call a document, the surest first."""
        yield document.id
        if document.size is not None:
            with suppress(ValueError):  # another drive of Windows
                yield Path(os.path.relpath(document.at, self._folder)).as_posix()
        if inside := document.id.partition("/")[2]:
            yield inside

    def _take(self, table: str, rows: Rows) -> bool:
        """Take in the rows of a table; tell whether it has any to take."""
        at, header = next(rows, (table, []))
        if isinstance(header, Rejection):
            self._rejected.append(header)
            return False
        names = [str(cell).strip().lower() for cell in header]
        if FILE not in names:
            detail = f"metadata needs a column '{FILE}'. There is: {listed([str(cell) for cell in header])}."
            self._rejected.append(Rejection(at, "no_file", detail))
            return False
        if again := next((key for key in (FILE, *ABOUT) if names.count(key) > 1), None):
            raise DataError(f"column '{again}' stands twice", where=at)
        if unread := [name for name in names if name and name not in (FILE, *ABOUT)]:
            self._notes.say(f"columns that are not read: {listed(unread)}", table)
        self._take_rows(rows, names)
        return True

    def _take_rows(self, rows: Rows, names: Sequence[str]) -> None:
        for at, cells in rows:
            if isinstance(cells, Rejection):
                self._rejected.append(cells)
            elif len(cells) != len(names):
                detail = f"expected {len(names)} cells, got {len(cells)}"
                self._rejected.append(Rejection(at, "ragged_row", detail))
            else:
                self._keep(at, names, [as_text(cell).strip() for cell in cells])

    def _keep(self, at: str, names: Sequence[str], cells: Sequence[str]) -> None:
        row = dict(zip(names, cells, strict=True))
        if not row[FILE]:
            if any(cells):
                self._rejected.append(Rejection(at, "no_file", "no file is named"))
            return
        name = PurePosixPath(row[FILE].replace("\\", "/")).as_posix()
        if name in self._rows:
            told = f"'{name}' stands in {self._rows[name].at} too, which counts"
            self._rejected.append(Rejection(at, "repeated_file", told))
            return
        self._rows[name] = _Row(at, {key: row[key] for key in ABOUT if key in row})


def _tables(path: Path) -> Iterator[tuple[str, Rows]]:
    match path.suffix.lower():
        case ".csv" | ".tsv":
            with path.open("rb") as file:
                encoding = found_encoding(file)
            with path.open("rb") as file:
                yield str(path), table_cells(file, str(path), path.suffix.lower() == ".tsv", encoding)
        case ".xlsx":
            with path.open("rb") as file:
                for sheet in opened(file, str(path)):
                    yield sheet.at, sheet.rows
        case _:
            raise UsageError(f"metadata must be .csv, .tsv or .xlsx, not '{path}'")
