"""Days as people write them come out in ISO 8601, and what can be read two ways is not guessed."""

from __future__ import annotations

from calendar import month_name
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.corpus.dates import Dates, column_order, iso_day

FORMS = [
    "{d.day} {month} {d.year}",
    "{d.day:02} {month:.3} {d.year}",
    "{month} {d.day}, {d.year}",
    "{month:.3} {d.day} {d.year}",
    " {month} {d.day}, {d.year:04}, 09:30 GMT",
    "{d.day:02}.{d.month:02}.{d.year:04}",
    "{d.day}.{d.month}.{d.year:04}",
    "{d.year:04}{d.month:02}{d.day:02}",
    "{d.year:04}/{d.month}/{d.day}",
    "{d.year:04}-{d.month:02}-{d.day:02}",
]


@given(st.dates(date(1000, 1, 1)), st.sampled_from(FORMS))
def test_a_day_is_read_in_every_form(day, form):
    written = form.format(d=day, month=month_name[day.month])
    assert iso_day(written).strip() == day.isoformat()
    assert iso_day(written.upper()).strip() == day.isoformat()


@given(st.dates(date(1000, 1, 1)), st.sampled_from("/-"))
def test_numbers_are_read_as_they_are_meant(day, mark):
    british = f"{day.day:02}{mark}{day.month:02}{mark}{day.year:04}"
    american = f"{day.month}{mark}{day.day}{mark}{day.year:04}"
    assert iso_day(british, day_first=True) == iso_day(american, day_first=False) == day.isoformat()
    plain = day.day > 12 or day.day == day.month
    assert iso_day(british) == iso_day(american) == (day.isoformat() if plain else None)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Thu, 05 Mar 2026 09:30:00 GMT", "2026-03-05"),
        ("Thursday, March 5th, 2026", "2026-03-05"),
        ("5. Sept. 2026", "2026-09-05"),
        ("2026 March 5", "2026-03-05"),
        ("31/12/2026 9:30 PM", "2026-12-31"),
        ("05.03.2026, 09:30", "2026-03-05"),
        ("2026-3-5", "2026-03-05"),
        ("2026", "2026"),
        ("2026-03", "2026-03"),
        ("2026-03-05T09:30+01:00", "2026-03-05T09:30+01:00"),
        ("2026-03-05 09:30", "2026-03-05 09:30"),
    ],
)
def test_what_papers_write(text, day):
    assert iso_day(text) == day


@pytest.mark.parametrize(
    "text",
    [
     "", "soon", "2026-13", "2026-02-30", "31.02.2026", "Ma 5 2026", "March 2026", "5 6 2026", "20261301",
     "32/12/2026", "May June 5 2026", "5 March 26", "44197"],
)  # fmt: skip
def test_what_is_no_day(text):
    assert iso_day(text) is None


@given(st.text(max_size=20))
def test_any_text_is_a_day_or_none(text):
    found = iso_day(text)
    assert found is None or found == text or date.fromisoformat(found)


def test_what_could_not_be_read_is_kept_and_told():
    dates = Dates()
    assert dates.read("03/04/2026", None, "a.csv:2", "'Published' (D)") == "03/04/2026"
    assert dates.read("soon", None, "a.csv:3") == "soon"
    assert dates.read("5 March 2026", None, "a.csv:4") == "2026-03-05"
    assert dates.read("03/04/2026", True, "a.csv:4") == "2026-04-03"
    assert dates.read(None, None, "a.csv:5") is None
    (told,) = dates.messages()
    assert told.startswith("2 dates are kept as they are written; 1 can be read either way: say --day-first")
    assert "a.csv:2, column 'Published' (D): '03/04/2026'" in told
    assert "a.csv:3, column 'date': 'soon'" in told
    assert list(Dates().messages()) == []


def test_the_first_few_are_shown_and_the_rest_counted():
    dates = Dates()
    for number in range(1000):
        dates.read(f"week {number}", None, f"a.csv:{number}")
    (told,) = dates.messages()
    assert told.count("\n") == 4
    assert told.endswith("and 997 more")


@given(st.lists(st.dates(date(1000, 1, 1)), max_size=6), st.booleans(), st.sampled_from("/-"))
def test_a_column_is_read_as_the_dates_that_can_be_read_one_way_only(days, day_first, mark):
    form = "{0.day}{1}{0.month}{1}{0.year:04}" if day_first else "{0.month}{1}{0.day}{1}{0.year:04}"
    written = [form.format(day, mark) for day in days]
    settled = any(day.day > 12 for day in days)
    assert column_order(written) == (day_first if settled else None)
    if settled:
        assert [iso_day(text, day_first) for text in written] == [day.isoformat() for day in days]


@pytest.mark.parametrize(
    "dates",
    [
        ["31/12/2026", "12/31/2026"],
        ["31.12.2026"],
        ["31/13/2026"],
        ["31/02/2026"],
        ["soon", "2026-12-31"],
        [],
    ],
)
def test_a_column_that_settles_nothing(dates):
    assert column_order(dates) is None
