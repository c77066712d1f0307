"""Days, weeks, months and years of ISO dates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta

PERIODS = ("day", "week", "month", "year")
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ].*)?)?)?", re.DOTALL)
_MOST = 4_000
"""Periods without a document are listed as long as there are no more than so many."""


def period_of(text: str | None, kind: str) -> str | None:
    """Return the period that an ISO date lies in, by its first day; None where it says less than that.

    Parameters
    ----------
    kind : str
        One of `PERIODS`; a week is called by its Monday.
    """
    found = _DATE.fullmatch((text or "").strip())
    if not found:
        return None
    year, month, day = found.groups()
    try:
        exact = date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    match kind:
        case "year":
            return year
        case "month":
            return f"{year}-{month}" if month else None
        case "week":
            return (exact - timedelta(days=exact.weekday())).isoformat() if day else None
        case _:
            return exact.isoformat() if day else None


def filled(periods: Sequence[str], kind: str) -> list[str]:
    """Return the periods in order, with those between that hold nothing."""
    known = sorted(set(periods))
    if not known:
        return []
    found = [known[0]]
    while found[-1] < known[-1] and len(found) < _MOST:
        found.append(_after(found[-1], kind))
    return found if found[-1] == known[-1] else known


def _after(period: str, kind: str) -> str:
    match kind:
        case "year":
            return f"{int(period) + 1:04}"
        case "month":
            year, month = map(int, period.split("-"))
            return f"{year + month // 12:04}-{month % 12 + 1:02}"
        case _:
            return (date.fromisoformat(period) + timedelta(days=7 if kind == "week" else 1)).isoformat()
