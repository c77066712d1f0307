"""What a reader is told of the file before it, and the limits that all readers share."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainer.corpus.readers.lines import Bytes
from trainer.corpus.readers.notes import Notes
from trainer.corpus.readers.rows import RowError
from trainer.records import Document, LabelledPlace, LabelledText, Rejection

Record = Document | LabelledText | LabelledPlace | Rejection

LARGEST_DOCUMENT = 32 * 1024 * 1024
"""Bytes; a file that is one document, or one JSON value, is rejected beyond it: a library of 30 books."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file as its records speak of it.

    Attributes
    ----------
    at : str
        Its path, in text that can be stored.
    name : str
        What its documents are called.
    format : str
        Its suffix without the dot, and without ``.gz``.
    topics : sequence of str or None
        The topics of the config; None passes labels over.
    titles : mapping of str to str
        Topic -> title: what labels may be called elsewhere.
    split : str or None
        The split that the rows are in, where the file as a whole is one.
    by_topic : bool
        Whether an export asks one question a topic: what is not answered is then not judged.
    columns : mapping of str to str
        Our name of a column or key -> theirs.
    open_topics : collection of str
        Those that a complete list leaves unknown where it does not name them.
    known : sequence of str
        Topics that columns may have the names of though `topics` is None.
    notes : Notes
        Takes what is to be said at the end.
    """

    at: str
    name: str
    format: str
    topics: Sequence[str] | None = None
    titles: Mapping[str, str] = field(default_factory=dict)
    split: str | None = None
    by_topic: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)
    open_topics: Collection[str] = ()
    known: Sequence[str] = ()
    notes: Notes = field(default_factory=Notes, compare=False)

    @property
    def known_topics(self) -> Sequence[str]:
        """The topics that a column may be of, whether it is read or passed over."""
        return self.known if self.topics is None else self.topics

    def ours(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return a row under our names of its keys."""
        if not self.columns:
            return row
        taken = {ours: row[theirs] for ours, theirs in self.columns.items() if theirs in row}
        self.notes.see(self.at, taken)
        theirs = set(self.columns.values())
        rest = {key: value for key, value in row.items() if key not in theirs and key not in self.columns}
        return {**rest, **taken}

    @property
    def author(self) -> str:
        """Who made the labels, where a row does not say."""
        return f"human:{Path(self.name).name}"

    @property
    def title(self) -> str:
        """Title of a document that has none of its own."""
        stem = Path(self.name.removesuffix(".gz")).stem
        return stem or self.name


def own_title(document: Document) -> str | None:
    """Return the title of a document, unless that is only the name of its file."""
    of_file = document.size is not None and document.title == Source("", document.id, "").title
    return None if of_file else document.title


def document_bytes(handle: Bytes) -> bytes:
    """Return the bytes of a file that is one document.

    Raises
    ------
    RowError
        When there are more of them than `LARGEST_DOCUMENT`.
    """
    data = handle.read(LARGEST_DOCUMENT + 1)
    if len(data) > LARGEST_DOCUMENT:
        refused = too_large("")
        raise RowError(refused.reason, refused.detail)
    return data


def too_large(at: str) -> Rejection:
    """Return the rejection of a file that is larger than `LARGEST_DOCUMENT`."""
    return Rejection(at, "too_large", f"one document of more than {LARGEST_DOCUMENT:,} bytes: cut it up")
