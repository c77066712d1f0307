from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import hostile_text, unicode_text

from trainer.escapes import guarded, unguarded

apostrophes = st.text("'=+-@\t\r\n＝＋－＠a ", max_size=6)


@given(hostile_text | unicode_text | apostrophes)
def test_a_guarded_cell_is_read_back_as_it_was(text):
    assert unguarded(guarded(text)) == text


@given(hostile_text | apostrophes)
def test_no_spreadsheet_takes_a_guarded_cell_for_a_formula(text):
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n"])
def test_whatever_starts_a_formula_is_guarded(start):
    assert guarded(f"{start}SUM(A1)") == f"'{start}SUM(A1)"


@pytest.mark.parametrize("text", ["plain", "it's", "a=b", "'tis", "'", ""])
def test_what_acts_on_nothing_is_left_alone_when_read(text):
    assert unguarded(text) == text


@pytest.mark.parametrize(
    ("value", "cell"),
    [("=1", "'=1"), ("'=1", "''=1"), ("''", "'''"), ("a", "a"), (None, ""), (-1, "-1"), (0.5, "0.5")],
)
def test_numbers_are_no_formulas_and_an_apostrophe_of_the_texts_own_is_guarded(value, cell):
    assert guarded(value) == cell


@given(st.lists(hostile_text | unicode_text | apostrophes, min_size=1, max_size=4))
def test_a_sheet_keeps_every_character(cells):
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\r\n").writerow([guarded(cell) for cell in cells])
    file.seek(0)
    found = next(csv.reader(file, strict=True))
    assert [unguarded(cell) for cell in found] == cells
