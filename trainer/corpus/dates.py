"""Days as people write them -> ISO 8601."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

_ISO = re.compile(r"\d{4}(-\d{2}(-\d{2}([T ].*)?)?)?", re.DOTALL)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_NUMBERS = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})")
_YEAR_FIRST = re.compile(r"(\d{4})([./])(\d{1,2})\2(\d{1,2})")
_WORDS = re.compile(r"[^\W_]+")
_ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december",
)  # fmt: skip
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHOWN = 3


def iso_day(text: str, day_first: bool | None = None) -> str | None:
    """Return a day in ISO 8601; what is such a day, month or year already comes back as it is.

    ``5 March 2026``, ``March 5th, 2026``, ``Thu, 05 Mar 2026``, ``05.03.2026``, ``20260305``, ``31/12/2026``
    and the like. With a full stop the day comes first, as wherever dates are written so.

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
    if found := _COMPACT.fullmatch(plain) or _YEAR_FIRST.fullmatch(plain):
        year, month, day = (found.group(1), *found.groups()[-2:])
        return _iso(int(year), int(month), int(day))
    if found := _NUMBERS.fullmatch(plain):
        return _of_numbers(
            int(found[1]), int(found[3]), int(found[4]), True if found[2] == "." else day_first
        )
    return _of_words(plain)


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
    day, year = [word for i, word in enumerate(words[:3]) if i != months[0]]
    ordinal = _ORDINAL.fullmatch(day)
    if not ordinal or not re.fullmatch(r"\d{4}", year):
        return None
    return _iso(int(year), month, int(ordinal[1]))


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
    """Turns dates into ISO days and keeps what could not be turned.

    Parameters
    ----------
    day_first : bool or None
        See `iso_day`.
    """

    def __init__(self, day_first: bool | None = None) -> None:
        self._day_first = day_first
        self._unread: list[str] = []
        self._either_way = 0

    def read(self, text: str | None, at: str) -> str | None:
        """Return the day, or the text as it is written."""
        if not text:
            return text
        found = iso_day(text, self._day_first)
        if found is None:
            self._either_way += iso_day(text, True) is not None
            self._unread.append(f"{at}, column date: {text!r}")
        return text if found is None else found

    def messages(self) -> Iterator[str]:
        """Yield what to warn of."""
        if not self._unread:
            return
        count = len(self._unread)
        hint = ""
        if self._either_way:
            hint = f"; {self._either_way:,} can be read either way: say --day-first or --month-first"
        more = f"\n  and {count - _SHOWN:,} more" if count > _SHOWN else ""
        shown = "".join(f"\n  {line}" for line in self._unread[:_SHOWN])
        yield f"{count:,} dates are kept as they are written{hint}:{shown}{more}"
