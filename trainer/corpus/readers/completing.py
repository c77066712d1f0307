"""What is done to every record that was read: articles cut apart, metadata filled in, dates made ISO."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from trainer.corpus.dates import Dates
from trainer.corpus.readers.articles import Articles
from trainer.corpus.readers.metadata import Metadata
from trainer.corpus.readers.reading import Reading
from trainer.corpus.readers.source import Record
from trainer.records import Document, LabelledPlace, Rejection


class Completer:
    """Completes records one after the other, and keeps what deserves to be said at the end.

    Parameters
    ----------
    reading : Reading
        What the user says of his inputs.
    """

    def __init__(self, reading: Reading) -> None:
        self._dates = Dates(reading.day_first)
        self._articles = None if reading.articles is None else Articles(reading.articles)
        self._metadata = None if reading.metadata is None else Metadata(Path(reading.metadata))

    def completed(self, record: Record) -> Iterator[Record]:
        """Yield the record, completed; a file of several articles gives several."""
        if isinstance(record, Rejection | LabelledPlace):
            yield record
            return
        if self._metadata is not None and isinstance(record, Document):
            record = self._metadata.filled(record)
        whole_file = isinstance(record, Document) and record.size is not None
        if self._articles is None or not whole_file or not isinstance(record, Document):
            yield self._dated(record)
            return
        for part in self._articles.cut(record):
            yield part if isinstance(part, Rejection) else self._dated(part)

    def left_over(self) -> Iterator[Rejection]:
        """Yield what of the metadata was for no file."""
        if self._metadata is not None:
            yield from self._metadata.left_over()

    def messages(self) -> Iterator[str]:
        """Yield what to warn of."""
        yield from self._dates.messages()
        if self._articles is not None:
            yield from self._articles.messages()
        if self._metadata is not None:
            yield from self._metadata.messages()

    def _dated(self, record: Record) -> Record:
        if isinstance(record, Rejection | LabelledPlace) or not record.date:
            return record
        day = self._dates.read(record.date, record.at)
        return record if day == record.date else replace(record, date=day)
