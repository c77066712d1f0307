"""Plain text: a file is one document, or each of its lines is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from trainer.corpus.readers.encodings import as_utf8, decoded
from trainer.corpus.readers.lines import Bytes, numbered_lines, too_long
from trainer.corpus.readers.rows import RowError, checked_text, content_id
from trainer.corpus.readers.source import Record, Source, document_bytes
from trainer.records import Document, Rejection


def read_whole(handle: Bytes, source: Source) -> Record:
    """Return the document that a file of text is.

    Raises
    ------
    RowError
        When it cannot be used.
    """
    data = document_bytes(handle)
    text, encoding = decoded(data)
    return Document(
        source.name, checked_text(text), source.title, format=source.format, encoding=encoding,
        size=len(data), at=source.at,
    )  # fmt: skip


def read_lines(handle: Bytes, source: Source, encoding: str = "utf-8") -> Iterator[Record]:
    """Yield a document for each line that is not blank."""
    about = Document("", "", format=source.format, encoding=encoding)
    for number, line in numbered_lines(as_utf8(handle, encoding)):
        at = f"{source.at}:{number}"
        if line is None:
            yield too_long(at)
        elif text := line.strip():
            try:
                identity = content_id("line", f"{at}\0{checked_text(text)}")
                yield replace(about, id=identity, text=text, at=at)
            except RowError as error:
                yield Rejection(at, error.reason, error.detail)
