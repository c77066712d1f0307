"""What is done to every record that was read: articles cut apart, metadata filled in, dates made ISO."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from trainer.corpus.dates import Dates, column_order, is_either_way
from trainer.corpus.readers.articles import Articles
from trainer.corpus.readers.metadata import Metadata
from trainer.corpus.readers.notes import Notes, table_of
from trainer.corpus.readers.reading import Reading
from trainer.corpus.readers.source import Record
from trainer.records import Document, LabelledPlace, Rejection

Again = Callable[[], Iterable[Record]]
"""Reads the records of a file once more."""


class Completer:
    """Completes records one after the other, and keeps what deserves to be said at the end.

    Parameters
    ----------
    reading : Reading
        What the user says of his inputs.
    notes : Notes
        What the readers have to say.
    """

    def __init__(self, reading: Reading, notes: Notes) -> None:
        self._day_first, self._notes = reading.day_first, notes
        self._dates = Dates()
        self._articles = None if reading.articles is None else Articles(reading.articles)
        self._metadata: Metadata | None = None
        if reading.metadata is not None:
            self._metadata = Metadata(Path(reading.metadata), self._dates, reading.day_first, notes)
        self._orders: dict[str, bool | None] | None = {}
        self._again: Again | None = None

    def begin(self, again: Again | None) -> None:
        """Turn to the next file; `again` is called where only its other dates tell how one is meant."""
        self._again, self._orders = again, {} if again is None else None

    def completed(self, record: Record) -> Iterator[Record]:
        """Yield the record, completed; a file of several articles gives several."""
        if isinstance(record, Rejection | LabelledPlace):
            yield record
            return
        if not isinstance(record, Document):
            yield self._dated(record, self._order)
            return
        filled = record if self._metadata is None else self._metadata.filled(record)
        if self._articles is not None and record.size is not None:
            yield from self._cut(filled, self._articles)
        elif filled.date != record.date:  # the table's, which is read already
            yield filled
        else:
            yield self._dated(filled, self._order if record.size is None else _unknown)

    def left_over(self) -> Iterator[Rejection]:
        """Yield what of the metadata was for no file."""
        if self._metadata is not None:
            yield from self._metadata.left_over()

    def messages(self) -> Iterator[str]:
        """Yield what to warn of."""
        yield from self._notes.messages()
        yield from self._dates.messages()
        if self._articles is not None:
            yield from self._articles.messages()
        if self._metadata is not None:
            yield from self._metadata.messages()

    def _cut(self, document: Document, articles: Articles) -> Iterator[Record]:
        """Yield the articles of a file, whose dates are a column of their own."""
        parts = list(articles.cut(document))
        order = column_order(part.date for part in parts if isinstance(part, Document) and part.date)
        for part in parts:
            yield self._dated(part, lambda at: order)

    def _dated(self, record: Record, order: Callable[[str], bool | None]) -> Record:
        if isinstance(record, Rejection | LabelledPlace) or not record.date:
            return record
        day_first = self._day_first
        if day_first is None and is_either_way(record.date):
            day_first = order(record.at)
        column = self._notes.column(record.at, "date")
        day = self._dates.read(record.date, day_first, record.at, column)
        return record if day == record.date else replace(record, date=day)

    def _order(self, at: str) -> bool | None:
        """Return how the column of dates of a table is written, reading the file once more for it."""
        if self._orders is None:
            found: dict[str, set[str]] = {}
            assert self._again is not None  # noqa: S101  (for the type checker)
            for record in self._again():
                if not isinstance(record, Rejection | LabelledPlace) and record.date:
                    found.setdefault(table_of(record.at), set()).add(record.date)
            self._orders = {table: column_order(dates) for table, dates in found.items()}
        return self._orders.get(table_of(at))


def _unknown(at: str) -> None:
    """Return how the dates of a file are written that holds but one."""
