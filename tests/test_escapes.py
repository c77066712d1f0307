from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from strategies import hostile_text, marked_text, unicode_text

from trainer.escapes import code_span, guarded, markdown, safe, unguarded

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


def shown(document):
    """Return the pieces of a page of Markdown: what kind each is, and its text."""
    page = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(document)
    inline = [child for token in page for child in token.children or ()]
    return [(one.type, one.content) for one in inline if one.content or one.nesting or one.type != "text"]


def plain(text):
    return safe(" ".join(text.split()))


@given(marked_text | unicode_text)
def test_markdown_shows_text_as_it_is_in_a_list_and_in_a_table(text):
    for page in (f"- x {markdown(text)} x", f"| x {markdown(text)} x |\n|---|"):
        read = shown(page)
        assert {kind for kind, _ in read} == {"text"}
        assert "".join(told for _, told in read) == f"x {plain(text)} x"


@given(marked_text | unicode_text)
def test_code_in_markdown_is_the_text_and_nothing_else(text):
    assert shown(f"Of {code_span(text)}, say.") == [
        ("text", "Of "), ("code_inline", plain(text) or " "), ("text", ", say.")
    ]  # fmt: skip
