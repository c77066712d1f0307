"""One file of many articles: cut where a line begins the next one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import re2

from trainer.errors import UsageError
from trainer.records import Document, Rejection

ABOUT = ("title", "source", "date", "url", "language")
"""Groups of the pattern that say something of the article."""
_SHOWN = 3


class Articles:
    """Cuts files apart.

    Parameters
    ----------
    pattern : str
        RE2, matched at the start of lines. Its groups ``title``, ``source``, ``date``, ``url``, ``language``
        say so of the article that the line begins.

    Raises
    ------
    UsageError
        When it is no pattern, matches nothing at all, or has a group of another name.
    """

    def __init__(self, pattern: str) -> None:
        try:
            self._starts = re2.compile(f"(?m)^(?:{_any_line_end(pattern)})")
        except re2.error as error:
            raise UsageError(f"--articles {pattern!r} is no pattern: {error}") from error
        if unknown := sorted(set(self._starts.groupindex) - set(ABOUT)):
            raise UsageError(f"--articles: group '{unknown[0]}' is none of {', '.join(ABOUT)}")
        if self._starts.search("") is not None:
            raise UsageError(
                f"--articles {pattern!r} matches an empty line: every line would begin an article"
            )
        self._whole: list[str] = []

    def cut(self, document: Document) -> Iterator[Document | Rejection]:
        """Yield the articles of a file, called by its name and their number, from 1.

        The line that begins an article is no part of its text: offsets count from the character after it.
        """
        text = document.text
        starts = list(self._starts.finditer(text))
        if not starts:
            self._whole.append(document.at)
            yield document
            return
        if before := text[: starts[0].start()].strip():
            detail = f"{len(before):,} characters stand before the first article"
            yield Rejection(document.at, "before_first_article", detail)
        ends = [found.start() for found in starts[1:]] + [len(text)]
        for number, (found, end) in enumerate(zip(starts, ends, strict=True), 1):
            body = _after_line(text, found.end())
            at, piece = f"{document.at}#{number}", text[body:end]
            if not piece.strip():
                yield Rejection(at, "empty_text", "the article has no text")
                continue
            about: dict[str, Any] = {key: value.strip() for key, value in found.groupdict().items() if value}
            about.setdefault("title", None)  # that of the file is of all of them
            yield replace(document, id=f"{document.id}#{number}", text=piece, at=at, size=None, **about)

    def messages(self) -> Iterator[str]:
        """Yield what to warn of."""
        if self._whole:
            shown = ", ".join(self._whole[:_SHOWN]) + (", …" if len(self._whole) > _SHOWN else "")
            count = len(self._whole)
            yield f"--articles matches no line of {count:,} files, each taken for one article: {shown}"


def _any_line_end(pattern: str) -> str:
    """Return a pattern whose ``$`` at the end stands before the line ends of Windows, too."""
    ends = pattern.endswith("$") and not pattern.endswith(r"\$")
    return pattern[:-1] + r"[ \t\r]*$" if ends else pattern


def _after_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1
