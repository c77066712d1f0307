"""A table that says title, source, date, url and language of files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from trainer.corpus.readers.encodings import found_encoding
from trainer.corpus.readers.rows import RowError
from trainer.corpus.readers.tables import Cells, table_cells
from trainer.corpus.readers.workbook import sheets
from trainer.errors import DataError, NotFoundError, UsageError
from trainer.records import Document, Rejection

FILE = "file"
ABOUT = ("title", "source", "date", "url", "language")


class Metadata:
    """What a table says of documents, by the name of their file.

    A name may be the document's own, as tables of tags show it, any end of it (``week-1/a.txt``, ``a.txt``),
    or its path from the folder of the table.

    Parameters
    ----------
    path : Path
        A .csv, .tsv or .xlsx file with a column ``file`` and any of ``title``, ``source``, ``date``, ``url``,
        ``language``.

    Raises
    ------
    NotFoundError, UsageError, DataError
        When it is not there, is no table, or lacks the column.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise NotFoundError(f"no table of metadata '{path}'")
        self._rows: dict[str, tuple[str, dict[str, Any]]] = {}
        self._rejected: list[Rejection] = []
        self._used: set[str] = set()
        self._without = 0
        try:
            for rows in _tables(path):
                self._take(rows, path)
        except RowError as error:
            raise DataError(error.detail, where=str(path)) from error

    def filled(self, document: Document) -> Document:
        """Return a document with what the table says of it, which stands above what the document says."""
        name = next((name for name in _ends(document.id) if name in self._rows), None)
        if name is None:
            self._without += 1
            return document
        self._used.add(name)
        _, about = self._rows[name]
        return replace(document, **{key: value for key, value in about.items() if value})

    def left_over(self) -> Iterator[Rejection]:
        """Yield the rows that could not be used, or were for no document."""
        yield from self._rejected
        for name, (at, _) in self._rows.items():
            if name not in self._used:
                yield Rejection(at, "no_such_file", f"no document '{name}' was read")

    def messages(self) -> Iterator[str]:
        """Yield what to warn of."""
        if self._without:
            yield f"{self._without:,} documents stand in no row of the metadata"

    def _take(self, rows: Iterator[tuple[str, Cells]], path: Path) -> None:
        at, header = next(rows, (f"{path}:1", []))
        if isinstance(header, Rejection):
            raise DataError(header.detail, where=header.at)
        names = [str(cell).strip().lower() for cell in header]
        if FILE not in names:
            found = ", ".join(map(repr, names[:8]))
            raise DataError(f"metadata needs a column '{FILE}'; found {found}", where=at)
        for at, cells in rows:
            if isinstance(cells, Rejection) or len(cells) != len(names):
                detail = cells.detail if isinstance(cells, Rejection) else f"expected {len(names)} cells"
                self._rejected.append(Rejection(at, "ragged_row", detail))
                continue
            row = {name: str(cell).strip() for name, cell in zip(names, cells, strict=True)}
            name = PurePosixPath(row[FILE].replace("\\", "/")).as_posix()
            if name in self._rows or not row[FILE]:
                told = f"'{name}' stands in {self._rows[name][0]} too" if row[FILE] else "no file is named"
                self._rejected.append(Rejection(at, "repeated_file", told))
                continue
            self._rows[name] = (at, {key: row[key] for key in ABOUT if key in row})


def _tables(path: Path) -> Iterator[Iterator[tuple[str, Cells]]]:
    match path.suffix.lower():
        case ".csv" | ".tsv":
            with path.open("rb") as file:
                encoding = found_encoding(file)
            with path.open("rb") as file:
                yield table_cells(file, str(path), path.suffix.lower() == ".tsv", encoding)
        case ".xlsx":
            with path.open("rb") as file:
                for _, rows in sheets(file, str(path)):
                    yield rows
        case _:
            raise UsageError(f"metadata must be .csv, .tsv or .xlsx, not '{path}'")


def _ends(name: str) -> Iterator[str]:
    """Yield a name and every end of it that begins after a slash, the longest first."""
    parts = PurePosixPath(name).parts
    for start in range(len(parts)):
        yield "/".join(parts[start:])
