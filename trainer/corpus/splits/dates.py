"""Splits by date: train on what came before, test on what came after, with a gap between.

A group stands on a side only when all its dated documents lie there. A document without a date goes to train:
the test is then still later than all that is known to be in train, and hand-made sentences, which seldom have
a date, are not lost. They may well speak of later days, so they are counted.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from trainer.errors import DataError

_Ints = NDArray[np.int64]
_END = date.max.toordinal()
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:[T ].*)?)?)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class DatedSides:
    """What `by_date` finds.

    Attributes
    ----------
    side : (n,) array of int64
        The side of each row; -1 where it is left out.
    cuts : tuple of date
        The first day after which, once the gap has passed, a later side begins; one a border.
    left_out : dict of group to str
        Groups that lie in a gap or across it, and how.
    undated, unreadable : int
        Rows without a date, and rows whose date is none: both count as undated.
    """

    side: NDArray[np.int64]
    cuts: tuple[date, ...]
    left_out: dict[Hashable, str]
    undated: int
    unreadable: int


def day_span(text: str | None) -> tuple[int, int] | None:
    """Return the first and the last day that an ISO date covers, as ordinals; None where it is none.

    ``2024`` covers a year, ``2024-03`` a month, ``2024-03-05`` and ``2024-03-05T09:30+01:00`` a day: as
    written, in no other time zone.
    """
    found = _DATE.fullmatch(text.strip()) if text else None
    if not found:
        return None
    year, month, day = (int(part) if part else None for part in found.groups())
    try:
        first = date(year or 0, 1 if month is None else month, 1 if day is None else day)
        end = 12 if month is None else month
        last = date(first.year, end, monthrange(first.year, end)[1] if day is None else day)
    except ValueError:
        return None
    return first.toordinal(), last.toordinal()


def by_date(
    groups: Sequence[Hashable],
    dates: Sequence[str | None],
    shares: Sequence[float],
    cut: date | None = None,
    gap_days: int = 0,
) -> DatedSides:
    """Give each group the side on which all its days lie.

    Parameters
    ----------
    groups, dates : length n
        Group and ISO date of each row.
    shares : sequence of float
        Wanted share of each side, from the earliest to the latest; a share of 0 gets nothing.
    cut : date, optional
        Where the last side begins, whatever its share; earlier borders, and without it all, are laid where
        the shares of the rows that stay come nearest to those wanted.
    gap_days : int
        Days from each cut on that belong to no side.

    Raises
    ------
    DataError
        When no row has a date, or a side that should have rows gets none.
    """
    number = {name: i for i, name in enumerate(dict.fromkeys(groups))}
    group_of = np.fromiter((number[name] for name in groups), dtype=np.int64, count=len(groups))
    first, last, undated, unreadable = _spans(group_of, dates, len(number))
    rows = np.bincount(group_of, minlength=len(number))
    sides = [i for i, share in enumerate(shares) if share > 0]
    side = np.full(len(number), sides[0], dtype=np.int64)
    left: dict[Hashable, str] = {}
    cuts: list[date] = []
    names = list(number)
    earlier = np.arange(len(names))
    for place in range(len(sides) - 1, 0, -1):
        wanted = shares[sides[place]] / sum(shares[i] for i in sides[: place + 1])
        if cut is not None and not cuts:
            day = cut.toordinal()
        else:
            day = _cut(first[earlier], last[earlier], rows[earlier], wanted, gap_days)
        begins = day + gap_days
        across = earlier[(last[earlier] >= day) & (first[earlier] < begins)]
        left |= {names[i]: _said(int(first[i]), int(last[i]), day, gap_days) for i in across.tolist()}
        later = earlier[first[earlier] >= begins]
        earlier = earlier[last[earlier] < day]
        _refuse_nothing(earlier, later, day, gap_days)
        side[across], side[later] = -1, sides[place]
        cuts.insert(0, date.fromordinal(day))
    return DatedSides(side[group_of], tuple(cuts), left, undated, unreadable)


def _refuse_nothing(earlier: _Ints, later: _Ints, day: int, gap: int) -> None:
    if len(earlier) and len(later):
        return
    begins = date.fromordinal(min(day + gap, _END))
    where = f"before {date.fromordinal(day)}" if len(later) else f"on {begins} or later"
    raise DataError(
        f"no group of documents lies wholly {where}",
        hint='Move build.split.cut, shorten build.split.gap_days, or split with by = "topics".',
    )


def _spans(group_of: _Ints, dates: Sequence[str | None], count: int) -> tuple[_Ints, _Ints, int, int]:
    """Return the first and last day of each group (0 for none), and how many rows have no date."""
    known = {text: day_span(text) for text in dict.fromkeys(dates)}
    first = np.full(count, np.iinfo(np.int64).max)
    last = np.zeros(count, dtype=np.int64)
    spans = [known[text] for text in dates]
    dated = np.array([span is not None for span in spans], dtype=bool)
    days = np.array([span for span in spans if span is not None], dtype=np.int64).reshape(-1, 2)
    np.minimum.at(first, group_of[dated], days[:, 0])
    np.maximum.at(last, group_of[dated], days[:, 1])
    first[last == 0] = 0
    undated = sum(not text or not text.strip() for text in dates)
    return first, last, undated, int((~dated).sum()) - undated


def _cut(first: _Ints, last: _Ints, rows: _Ints, wanted: float, gap: int) -> int:
    """Return the day that leaves, of the rows that stay, nearest to the wanted part after it."""
    days = np.unique(np.concatenate([first[last > 0] - gap, last[last > 0] + 1]))
    days = days[(days > 0) & (days <= _END)]
    if not len(days):
        raise DataError(
            "too few rows have a date that can be read to cut by date",
            hint='Date the documents, or split with by = "topics".',
        )
    before = _rows_up_to(last, rows, days - 1)
    after = rows.sum() - _rows_up_to(first, rows, days + gap - 1)
    away = np.abs(after / np.maximum(before + after, 1) - wanted)
    return int(days[np.argmin(away)])  # of equal ones the earliest


def _rows_up_to(days: _Ints, rows: _Ints, borders: _Ints) -> _Ints:
    order = np.argsort(days, kind="stable")
    total = np.concatenate([[0], np.cumsum(rows[order])])
    found: _Ints = total[np.searchsorted(days[order], borders, side="right")]
    return found


def _said(first: int, last: int, day: int, gap: int) -> str:
    span = f"{date.fromordinal(first)} to {date.fromordinal(last)}"
    where = str(date.fromordinal(day))
    if not gap:
        return f"{span} lies across the cut at {where}"
    return f"{span} touches the gap from {where} to {date.fromordinal(min(day + gap - 1, _END))}"
