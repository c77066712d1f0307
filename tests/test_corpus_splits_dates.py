from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.corpus.splits import by_date
from trainer.corpus.splits.dates import day_span
from trainer.errors import DataError

days = st.dates(date(2023, 1, 1), date(2024, 12, 31))
precision = st.sampled_from(["%Y", "%Y-%m", "%Y-%m-%d", "%Y-%m-%d", "%Y-%m-%dT09:30:00+01:00"])
texts = st.builds(lambda day, form: day.strftime(form), days, precision) | st.sampled_from([None, "", "soon"])


def ordinals(*texts):
    return tuple(date.fromisoformat(text).toordinal() for text in texts)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024", "2024-01-01", "2024-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2023-02", "2023-02-01", "2023-02-28"),
        ("2024-12", "2024-12-01", "2024-12-31"),
        ("2024-03-05", "2024-03-05", "2024-03-05"),
        ("2024-03-05T23:59:59-11:00", "2024-03-05", "2024-03-05"),
        ("2024-03-05 10:00", "2024-03-05", "2024-03-05"),
        (" 2024-03-05\n", "2024-03-05", "2024-03-05"),
    ],
)
def test_a_date_covers_what_it_says(text, first, last):
    assert day_span(text) == ordinals(first, last)


@pytest.mark.parametrize(
    "text",
    [None, "", " ", "soon", "24", "2024-13", "2024-00", "2023-02-29", "0000", "2024-3-5", "5 March 2024",
     "20240305", "2024-03-05x", "２０２４", "-2024", "2024-", "99999-01-01"],
)  # fmt: skip
def test_what_is_no_date_has_no_days(text):
    assert day_span(text) is None


@given(st.text())
def test_no_text_makes_it_stumble(text):
    span = day_span(text)
    assert span is None or span[0] <= span[1]


@given(
    st.lists(st.tuples(st.sampled_from("abcdefghij"), texts), min_size=1, max_size=30),
    days,
    st.integers(0, 60),
)
def test_every_group_lies_wholly_where_it_stands(rows, cut, gap):
    groups, dates = zip(*rows, strict=True)
    try:
        found = by_date(groups, dates, [0.8, 0, 0.2], cut, gap)
    except DataError:
        return
    assert found.cuts == (cut,)
    begins = cut + timedelta(gap)
    for group in set(groups):
        spans = [day_span(text) for name, text in rows if name == group]
        spans = [span for span in spans if span]
        sides = {int(side) for side, name in zip(found.side, groups, strict=True) if name == group}
        if all(last < cut.toordinal() for _, last in spans):
            assert sides == {0}
        elif all(first >= begins.toordinal() for first, _ in spans):
            assert sides == {2}
        else:
            assert sides == {-1}
        assert (group in found.left_out) == (sides == {-1})
    assert found.undated == sum(not text for text in dates)
    assert found.unreadable == dates.count("soon")


@given(st.lists(st.tuples(st.sampled_from("abcdefghij"), texts), min_size=1, max_size=30), st.randoms())
def test_the_order_of_the_rows_does_not_matter(rows, random):
    order = random.sample(range(len(rows)), len(rows))
    mixed = [rows[i] for i in order]
    try:
        found = by_date(*zip(*rows, strict=True), [0.6, 0.2, 0.2], None, 3)
    except DataError as error:
        with pytest.raises(DataError, match=error.message[:20]):
            by_date(*zip(*mixed, strict=True), [0.6, 0.2, 0.2], None, 3)
        return
    again = by_date(*zip(*mixed, strict=True), [0.6, 0.2, 0.2], None, 3)
    assert again.side.tolist() == found.side[order].tolist()
    assert (again.cuts, again.left_out) == (found.cuts, found.left_out)


def a_year(n=730):
    return [f"d{i}" for i in range(n)], [str(date(2023, 1, 1) + timedelta(i)) for i in range(n)]


def test_shares_say_where_the_cuts_are():
    groups, dates = a_year(1_000)
    found = by_date(groups, dates, [0.7, 0.1, 0.2])
    assert np.bincount(found.side).tolist() == [700, 100, 200]
    assert found.side.tolist() == sorted(found.side.tolist())
    assert found.cuts == (date(2023, 1, 1) + timedelta(700), date(2023, 1, 1) + timedelta(800))
    assert not found.left_out


def test_a_gap_is_left_out_on_both_borders_and_the_shares_hold_without_it():
    groups, dates = a_year(1_000)
    found = by_date(groups, dates, [0.7, 0.1, 0.2], gap_days=30)
    assert int((found.side == -1).sum()) == 60 == len(found.left_out)
    # The last border is laid first, when the gap at the earlier one is not yet lost.
    assert np.bincount(found.side[found.side >= 0]) == pytest.approx([658, 94, 188], abs=7)


def test_what_straddles_the_cut_or_lies_in_the_gap_is_listed_with_its_days():
    groups, dates = list("abbcd"), ["2023-05", "2023-12-31", "2024-02-01", "2024-01-20", "2024-02-01"]
    found = by_date(groups, dates, [0.5, 0.5], date(2024, 1, 1), 31)
    assert found.side.tolist() == [0, -1, -1, -1, 1]
    assert found.left_out == {
        "b": "2023-12-31 to 2024-02-01 touches the gap from 2024-01-01 to 2024-01-31",
        "c": "2024-01-20 to 2024-01-20 touches the gap from 2024-01-01 to 2024-01-31",
    }
    plain = by_date(["a", "b", "c"], ["2023", "2024", "2024-07"], [0.5, 0.5], date(2024, 6, 1))
    assert plain.left_out == {"b": "2024-01-01 to 2024-12-31 lies across the cut at 2024-06-01"}


def test_without_a_date_a_row_goes_to_train_and_a_group_where_its_dates_are():
    found = by_date(list("abccd"), [None, "2024", "2024", "soon", "2022"], [0.5, 0.5], date(2023, 1, 1))
    assert found.side.tolist() == [0, 1, 1, 1, 0]
    assert (found.undated, found.unreadable) == (1, 1)


@pytest.mark.parametrize(
    ("dates", "cut", "said"),
    [
        ([None, "soon"], date(2024, 1, 1), "lies wholly on 2024-01-11 or later"),
        ([None, "soon"], None, "too few rows have a date"),
        (["9999", "9999-12-31"], date(9999, 12, 31), "lies wholly on 9999-12-31 or later"),
        (["2024-01-05", "2024-03-01"], date(2023, 1, 1), "lies wholly before 2023-01-01"),
        (["2024-01-05", "2024-03-01"], date(2025, 1, 1), "lies wholly on 2025-01-11 or later"),
        (["2024-01-05", "2024-01-05"], None, "lies wholly"),
    ],
)
def test_a_side_that_gets_nothing_is_refused(dates, cut, said):
    with pytest.raises(DataError, match=said):
        by_date(["a", "b"], dates, [0.5, 0.5], cut, 10)
