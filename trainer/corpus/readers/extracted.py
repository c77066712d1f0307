"""What is taken out of a page, a PDF or a Word file; it crosses a pipe as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from trainer.corpus.dates import iso_day

_BLANKS = re.compile(r"[ \t\r\f\v\n]+")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?=\D|$)")


@dataclass(frozen=True, slots=True)
class Extracted:
    """Text whose paragraphs are parted by blank lines, and what the file says of itself.

    Attributes
    ----------
    date : str or None
        YYYY-MM-DD, or what the file says where that is no day that can be read.
    language : str or None
        ISO 639-1 code.
    """

    text: str
    title: str | None = None
    source: str | None = None
    date: str | None = None
    url: str | None = None
    language: str | None = None


def paragraphs(blocks: Iterable[str]) -> str:
    """Join blocks of text by blank lines, leaving out those that are blank."""
    return "\n\n".join(block for block in (block.strip() for block in blocks) if block)


def one_line(text: object) -> str | None:
    """Return a title as one line of at most 500 characters; None when it is blank."""
    line = _BLANKS.sub(" ", text.replace("\0", "")).strip() if isinstance(text, str) else ""
    return line[:500] or None


def day(text: object) -> str | None:
    """Return a day as YYYY-MM-DD: that of a time in ISO form, or one as people write it; else None."""
    line = one_line(text)
    if line is None:
        return None
    found = _DAY.match(line)
    day = iso_day(found[0] if found else line)
    return day if day and len(day) == len("2026-03-05") else None


def language_code(tag: object) -> str | None:
    """Return the two letters at the start of a language tag such as ``en-GB``."""
    first = re.split("[-_]", tag.strip().lower())[0] if isinstance(tag, str) else ""
    return first if re.fullmatch("[a-z]{2}", first) else None
