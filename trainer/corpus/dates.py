"""Days as people write them -> ISO 8601."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache

_ISO = re.compile(r"\d{4}(-\d{2}(-\d{2}([T ].*)?)?)?", re.DOTALL | re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_TIME = r"(?:,?[T ]\s*(?:at )?\d{1,2}[:.h]\d{2}\b.{0,40})?"
_NUMBERS = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})" + _TIME, re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})([./-])(\d{1,2})\2(\d{1,2})" + _TIME, re.ASCII)
_WORDS = re.compile(r"[^\W_]+")
_ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?", re.ASCII)
_YEAR = re.compile(r"\d{4}", re.ASCII)
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december",
)  # fmt: skip
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LONGEST = 100
"""Characters; no day takes more."""
_SHOWN = 3


@lru_cache(4096)  # a column has few days, and many rows
def iso_day(text: str, day_first: bool | None = None) -> str | None:
    """Return a day in ISO 8601; what is such a day, month or year already comes back as it is.

    ``5 March 2026``, ``March 5th, 2026``, ``Thu, 05 Mar 2026``, ``05.03.2026``, ``20260305``, ``31/12/2026``
    and the like, with a time of day or without. With full stops the day comes first, as wherever dates are
    written so.

    Parameters
    ----------
    day_first : bool, optional
        How ``03/04/2026`` is meant.

    Returns
    -------
    str or None
        None where it cannot be told, or is no day.
    """
    plain = text.strip()
    if _ISO.fullmatch(plain):
        return text if _is_day(plain) else None
    if len(plain) > _LONGEST:
        return None
    if found := _COMPACT.fullmatch(plain):
        return _iso(int(found[1]), int(found[2]), int(found[3]))
    if found := _YEAR_FIRST.fullmatch(plain):
        return _iso(int(found[1]), int(found[3]), int(found[4]))
    if found := _NUMBERS.fullmatch(plain):
        order = True if found[2] == "." else day_first
        return _of_numbers(int(found[1]), int(found[3]), int(found[4]), order)
    return _of_words(plain)


def column_order(dates: Iterable[str]) -> bool | None:
    """Tell whether a column of dates has the day first: one that can be read in one way only settles it.

    Returns
    -------
    bool or None
        None where no date settles it, or two do and disagree.
    """
    said = set()
    for text in dates:
        found = _NUMBERS.fullmatch(text.strip())
        if found and found[2] != ".":
            first, second, year = int(found[1]), int(found[3]), int(found[4])
            if (first > 12) != (second > 12) and _of_numbers(first, second, year, None):
                said.add(first > 12)
    return said.pop() if len(said) == 1 else None


def is_either_way(text: str) -> bool:
    """Tell whether a date can be read with the day first, and with the month first."""
    return iso_day(text) is None and iso_day(text, True) is not None


def _of_numbers(first: int, second: int, year: int, day_first: bool | None) -> str | None:
    if first > 12 or second > 12 or first == second:
        day_first = first > 12 or first == second
    if day_first is None:
        return None
    return _iso(year, second, first) if day_first else _iso(year, first, second)


def _of_words(text: str) -> str | None:
    """Return the day of a text that names a month, or None."""
    words = [word.lower() for word in _WORDS.findall(text)]
    words = [word for word in words if not (len(word) >= 3 and any(w.startswith(word) for w in _WEEKDAYS))]
    months = [i for i, word in enumerate(words) if _month(word)]
    if len(months) != 1 or len(words) < 3 or months[0] > 1:
        return None
    month = _month(words[months[0]])
    one, two = [word for i, word in enumerate(words[:3]) if i != months[0]]
    if months[0] == 1 and _YEAR.fullmatch(one):
        one, two = two, one  # 2026 March 5
    ordinal = _ORDINAL.fullmatch(one)
    if not ordinal or not _YEAR.fullmatch(two):
        return None
    return _iso(int(two), month, int(ordinal[1]))


def _month(word: str) -> int:
    """Return the number of a month by its name, or three letters and more of it; 0 for none."""
    found = [i for i, name in enumerate(_MONTHS, 1) if name.startswith(word)]
    return found[0] if len(word) >= 3 and len(found) == 1 else 9 if word == "sept" else 0


def _is_day(text: str) -> bool:
    year, month, day = ([int(part) for part in re.findall(r"\d+", text[:10])] + [1, 1])[:3]
    return _iso(year, month, day) is not None


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


class Dates:
    """Turns dates into ISO days, and counts what could not be turned."""

    def __init__(self) -> None:
        self._unread = self._either_way = 0
        self._first: list[str] = []

    def read(self, text: str | None, day_first: bool | None, at: str, column: str = "'date'") -> str | None:
        """Return the day, or the text as it is written.

        Parameters
        ----------
        day_first : bool or None
            See `iso_day`.
        at, column : str
            Where the date stands, and what its column is called.
        """
        if not text:
            return text
        found = iso_day(text, day_first)
        if found is None:
            self._unread += 1
            self._either_way += is_either_way(text)
            if len(self._first) < _SHOWN:
                self._first.append(f"{at}, column {column}: {text[:_LONGEST]!r}")
        return text if found is None else found

    def messages(self) -> Iterator[str]:
        """Yield what to warn of."""
        if not self._unread:
            return
        hint = ""
        if self._either_way:
            hint = f"; {self._either_way:,} can be read either way: say --day-first or --month-first"
        more = f"\n  and {self._unread - _SHOWN:,} more" if self._unread > _SHOWN else ""
        shown = "".join(f"\n  {line}" for line in self._first)
        yield f"{self._unread:,} dates are kept as they are written{hint}:{shown}{more}"
