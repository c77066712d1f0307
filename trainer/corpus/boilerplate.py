"""Lines that are no part of what an article says: fields of databases, copyright, newsletters, buttons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from trainer.corpus.sentences import sentence_spans
from trainer.errors import DataError

Piece = tuple[int, int, bool]
"""Start, end, and whether it is boilerplate."""


class Boilerplate:
    """Cuts texts into sentences and lines of boilerplate.

    Parameters
    ----------
    patterns : sequence of str
        RE2 patterns, each of which matches a whole line, in any case of its letters.

    Raises
    ------
    DataError
        When one is no pattern.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._lines: Any = None
        if patterns:
            import re2

            either = "|".join(f"(?:{pattern})" for pattern in patterns)
            try:
                self._lines = re2.compile(rf"(?im)^[ \t]*(?:{either})[ \t\r]*$")
            except re2.error as error:
                raise DataError(f"no pattern of boilerplate: {error}") from error

    def pieces(self, text: str) -> Iterator[Piece]:
        """Yield sentences and lines of boilerplate; a text without any is cut as `sentence_spans` does.

        Spans ascend, do not overlap, and neither start nor end in white space.
        """
        at = 0
        for start, end in self._marked(text):
            for piece in sentence_spans(text[at:start]):
                yield at + piece[0], at + piece[1], False
            line = text[start:end]
            yield start + len(line) - len(line.lstrip()), start + len(line.rstrip()), True
            at = end
        for piece in sentence_spans(text[at:] if at else text):
            yield at + piece[0], at + piece[1], False

    def _marked(self, text: str) -> Iterator[tuple[int, int]]:
        if self._lines is not None:
            for found in self._lines.finditer(text):
                if found.group().strip():
                    yield found.start(), found.end()


@lru_cache(maxsize=4)
def boilerplate_of(patterns: tuple[str, ...]) -> Boilerplate:
    """Return the boilerplate that patterns describe; compiled once a process."""
    return Boilerplate(patterns)
