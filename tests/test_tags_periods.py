"""Days fall into weeks, months and years, and nothing between the first and the last is skipped."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.tags.periods import PERIODS, filled, period_of


@given(st.dates(date(1900, 1, 8), date(2100, 1, 1)))
def test_a_day_is_in_its_periods(day):
    text = day.isoformat()
    assert (period_of(text, "day"), period_of(text, "month"), period_of(text, "year")) == (
        text,
        text[:7],
        text[:4],
    )
    monday = date.fromisoformat(period_of(text + "T09:30", "week"))
    assert monday.isocalendar()[:2] == day.isocalendar()[:2]
    assert monday.weekday() == 0


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("2026", ["year"]),
        ("2026-03", ["month", "year"]),
        ("soon", []),
        (None, []),
        ("2026-13-01", []),
        ("", []),
    ],
)
def test_what_a_date_does_not_say_is_not_made_up(text, known):
    assert sorted(kind for kind in PERIODS if period_of(text, kind)) == known


@given(st.lists(st.dates(date(2000, 1, 1), date(2010, 1, 1)), min_size=1), st.sampled_from(PERIODS))
def test_periods_follow_on_one_another(days, kind):
    known = [period_of(day.isoformat(), kind) for day in days]
    found = filled(known, kind)
    assert (found[0], found[-1]) == (min(known), max(known))
    assert set(known) <= set(found)
    assert found == sorted(set(found))
    every = {
        period_of((min(days) + timedelta(n)).isoformat(), kind)
        for n in range((max(days) - min(days)).days + 1)
    }
    assert set(found) == every | {found[0]}


def test_of_nothing_there_are_no_periods_and_of_ages_only_those_known():
    assert filled([], "day") == []
    assert filled(["1000-01-01", "2000-01-01"], "day") == ["1000-01-01", "2000-01-01"]
