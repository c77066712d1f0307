"""Runs of words and of characters, and where they stand in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

Span = tuple[int, int]
_WORD = re.compile(r"(?u)\b\w\w+\b")
_CHUNK = re.compile(r"\S+")


def word_grams(text: str, shortest: int, longest: int) -> list[str]:
    """Return the runs of words of a lower-cased text."""
    words = _WORD.findall(text)
    grams = list(words) if shortest == 1 else []
    for size in range(max(shortest, 2), longest + 1):
        grams += [" ".join(words[i : i + size]) for i in range(len(words) - size + 1)]
    return grams


def chunk_grams(chunk: str, shortest: int, longest: int) -> list[str]:
    """Return the runs of characters of one white-space-separated piece; a short piece counts once."""
    padded = f" {chunk} "
    grams = []
    for size in range(shortest, longest + 1):
        grams += [padded[i : i + size] for i in range(max(len(padded) - size + 1, 1))]
        if len(padded) <= size:
            break
    return grams


def word_spans(text: str, shortest: int, longest: int) -> Iterator[tuple[str, Span]]:
    """Yield the runs of words of a text with their places in it."""
    lowered, place = _lowered(text)
    words = [(match.group(), match.start(), match.end()) for match in _WORD.finditer(lowered)]
    for size in range(shortest, longest + 1):
        for i in range(len(words) - size + 1):
            run = words[i : i + size]
            yield " ".join(word for word, _, _ in run), _span(place, run[0][1], run[-1][2])


def char_spans(text: str, shortest: int, longest: int) -> Iterator[tuple[str, Span]]:
    """Yield the runs of characters of the pieces of a text with their places in it."""
    lowered, place = _lowered(text)
    for match in _CHUNK.finditer(lowered):
        start, end = match.span()
        padded = f" {match.group()} "
        for size in range(shortest, longest + 1):
            for i in range(max(len(padded) - size + 1, 1)):
                # The padding stands outside the piece: it has no place in the text.
                first, last = max(start + i - 1, start), min(start + i - 1 + size, end)
                yield padded[i : i + size], _span(place, first, last)
            if len(padded) <= size:
                break


def _span(place: Sequence[int], first: int, last: int) -> Span:
    """Return where a run of the lower-cased text stands: part of a letter that grew is the whole letter."""
    return place[first], place[last - 1] + 1 if first < last else place[first]


def _lowered(text: str) -> tuple[str, Sequence[int]]:
    """Return the lower-cased text and, for each place in it, the place in `text`: U+0130 grows."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered, range(len(text) + 1)
    place = [i for i, char in enumerate(text) for _ in char.lower()]
    return lowered, [*place, len(text)]
