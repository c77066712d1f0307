"""How much text the files gave, and what to tell of it at the end."""

from __future__ import annotations

from collections.abc import Iterator

from trainer.corpus.readers.source import Record
from trainer.records import Document, Rejection

BYTES_A_CHARACTER = 1000
"""A file that gives less than a character for so many bytes is poor: a scan has 5,000 bytes and more for each
character that a stamp or a page number left on it, a report full of pictures 200."""

FEW_CHARACTERS = 200
"""A page of `SMALL_PAGE` bytes or more with fewer characters is poor: one line, "switch on JavaScript"."""

SMALL_PAGE = 2000
_EXTRACTED = ("html", "pdf", "docx")
_SHOWN = 3


class Yields:
    """Keeps the first names and the counts of what deserves a warning."""

    def __init__(self) -> None:
        self._poor: list[str] = []
        self._missing: dict[str, list[str]] = {}

    def note(self, record: Record) -> None:
        """Take notice of one record."""
        if isinstance(record, Document) and is_poor(record):
            self._poor.append(f"{record.at} ({len(record.text):,} characters of {record.size:,} bytes)")
        elif isinstance(record, Rejection) and record.reason == "missing_extra":
            self._missing.setdefault(record.detail, []).append(record.at)

    def messages(self) -> Iterator[str]:
        """Yield what to warn of."""
        for detail, names in self._missing.items():
            yield f"{_count(names, 'file')} not read: {detail}{_listed(names)}"
        if self._poor:
            yield (
                f"{_count(self._poor, 'document')} gave hardly any text; a scan needs to be recognised "
                f"first, a page that scripts fill to be saved from the browser:{_listed(self._poor)}"
            )


def is_poor(document: Document) -> bool:
    """Tell whether a page, a PDF or a Word file gave hardly any text."""
    if document.format not in _EXTRACTED or document.size is None:
        return False
    length = len(document.text)
    empty_page = document.format == "html" and length < FEW_CHARACTERS and document.size >= SMALL_PAGE
    return empty_page or length * BYTES_A_CHARACTER < document.size


def _listed(names: list[str]) -> str:
    more = f"\n  and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return "".join(f"\n  {name}" for name in names[:_SHOWN]) + more


def _count(names: list[str], noun: str) -> str:
    return f"{len(names):,} {noun}{'s' * (len(names) > 1)}"
