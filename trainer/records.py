"""The records that flow from documents to decisions.

All are frozen and carry no behaviour beyond what their fields mean. Offsets are code points into the
text of the document, half open: ``document.text[start:end] == sentence.text``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Answer = Literal["yes", "no"]
Label = Literal["yes", "no", "unknown"]
Origin = Literal["gold", "silver"]


@dataclass(frozen=True, slots=True)
class Document:
    """A text as it was read, with what is known of it.

    Attributes
    ----------
    id : str
        Unique in a corpus.
    text : str
        Whole text, as it was read or extracted.
    language : str or None
        ISO 639-1 code, where the input or the file names one.
    split : str or None
        The split that the input asks for: train, validation or test.
    format, encoding : str or None
        What it was read from, as a suffix without dot ("html"), and the character encoding of that.
    size : int or None
        Bytes that it was read from, where a whole file holds one document.
    at : str
        Where it was read, as ``path:line``; for messages only, in no fingerprint.
    """

    id: str
    text: str
    title: str | None = None
    source: str | None = None
    date: str | None = None
    url: str | None = None
    language: str | None = None
    split: str | None = None
    format: str | None = None
    encoding: str | None = None
    size: int | None = None
    at: str = ""


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A sentence somebody has judged.

    Attributes
    ----------
    labels : mapping of str to {"yes", "no"}
        By topic name; a topic that is missing was not judged.
    doc_id : str or None
        The document it was taken from; None for a loose sentence, which is its own document.
    split : str or None
        The split that the input asks for: train, validation or test.
    time : str or None
        When it was judged, as the input says it.
    """

    id: str
    text: str
    labels: Mapping[str, Answer]
    author: str
    doc_id: str | None = None
    title: str | None = None
    source: str | None = None
    date: str | None = None
    url: str | None = None
    language: str | None = None
    split: str | None = None
    time: str | None = None
    at: str = ""


@dataclass(frozen=True, slots=True)
class LabelledPlace:
    """A place that somebody has judged, of a document that is read elsewhere.

    Attributes
    ----------
    doc_id : str
    start, end : int or None
        Code points into its text; None for the document as a whole.
    """

    doc_id: str
    start: int | None
    end: int | None
    labels: Mapping[str, Answer]
    author: str
    time: str | None = None
    at: str = ""


@dataclass(frozen=True, slots=True)
class Rejection:
    """An input that was read and not used, and why."""

    at: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Vote:
    """One opinion on one topic of one sentence.

    Attributes
    ----------
    author : str
        ``rule:<topic>/<rule>@<version>``, ``human:<annotator>`` or ``silence``.
    start, end : int
        What in the sentence made the author say so; the whole sentence for people.
    weight : float
        How much the vote counts against others of its kind, 0 or more.
    at : str
        Where it was read, as ``path:line``; empty for rules.
    time : str or None
        When it was cast, as the input says it.
    """

    topic: str
    answer: Answer
    author: str
    start: int
    end: int
    weight: float = 1.0
    at: str = ""
    time: str | None = None


def listing(rejected: Sequence[Rejection], shown: int = 5) -> str:
    """Return the first rejections and the count of the rest, as indented lines."""
    lines = [f"\n  {rejection.at}: {rejection.detail}" for rejection in rejected[:shown]]
    if len(rejected) > shown:
        rest = Counter(rejection.reason for rejection in rejected[shown:])
        lines.append("\n  and " + ", ".join(f"{count} {reason}" for reason, count in rest.items()))
    return "".join(lines)
