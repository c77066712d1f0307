"""What people see: text of a corpus never reaches a terminal or a spreadsheet raw."""

from __future__ import annotations

import csv
import io
import json
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import hostile_text, json_values, unicode_text

from trainer.cli.render import (
    cell,
    console,
    explained_line,
    figure,
    print_json,
    progress_bar,
    safe,
    say,
    say_error,
    score_rows,
    table,
    to_json,
    why_undefined,
)
from trainer.errors import DataError
from trainer.model.explanations import Contribution, Explanation

# Taken from the Unicode database, not from the expression under test: controls, line and paragraph
# separators, surrogates, and whatever embeds, overrides or isolates a direction; the marks have no class.
_CATEGORIES = {"Cc", "Zl", "Zp", "Cs"}
_DIRECTIONS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
DANGEROUS = {
    chr(code)
    for code in range(sys.maxunicode + 1)
    if unicodedata.category(chr(code)) in _CATEGORIES or unicodedata.bidirectional(chr(code)) in _DIRECTIONS
} | set("\u061c\u200e\u200f")


def explanation(text: str, *contributions: Contribution) -> Explanation:
    return Explanation(text, "lighthouses", "no", 0.1, -1.0, 0.5, -1.0, contributions)


def test_every_dangerous_character_of_unicode_is_escaped():
    assert len(DANGEROUS) > 2000  # controls and surrogates; an empty set would prove nothing
    assert not set(safe("".join(sorted(DANGEROUS)))) & DANGEROUS


@given(hostile_text)
def test_safe_text_is_one_plain_line_and_stays_as_it_is(text):
    once = safe(text)
    assert not set(once) & DANGEROUS
    assert len(once.splitlines()) <= 1
    assert safe(once) == once


@given(unicode_text)
def test_harmless_text_is_not_touched(text):
    harmless = "".join(char for char in text if char.isalnum() or char in " .,;:!?[]()'\"\\/-")
    assert safe(harmless) == harmless


def test_joiners_that_scripts_need_are_left_alone():
    assert safe("क्\u200dष می\u200cخواهم") == "क्\u200dष می\u200cخواهم"


def test_what_an_escape_looks_like():
    assert safe("a\x1b[0m\u202eb\n") == r"a\x1b[0m\u202eb\n"


@given(json_values)
def test_json_parses_back_to_the_same_value_from_one_safe_line(value):
    line = to_json(value)
    assert json.loads(line) == value
    assert len(line.splitlines()) == 1
    assert not set(line) & DANGEROUS


@given(st.dictionaries(hostile_text, hostile_text, max_size=3))
def test_indented_json_is_safe_and_parses_back(value):
    text = to_json(value, indent=2)
    assert json.loads(text) == value
    assert not set(text) & (DANGEROUS - {"\n"})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_json_lacks_are_refused(value):
    with pytest.raises(ValueError, match="JSON compliant"):
        to_json({"f1": value})


@given(hostile_text)
def test_a_cell_starts_no_formula_and_keeps_to_its_line(text):
    made = cell(text)
    assert not made.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))
    assert not set(made) & DANGEROUS
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerow([made, "next"])
    assert list(csv.reader([file.getvalue()])) == [[made, "next"]]


@given(unicode_text)
def test_a_cell_adds_at_most_one_apostrophe(text):
    assert cell(text).removeprefix("'" if not text.startswith("'") else "") == safe(text)


def test_numbers_in_cells_stay_numbers():
    assert [cell(value) for value in (-1.5, 0, None, "-1.5", "=A1")] == ["-1.5", "0", "", "'-1.5", "'=A1"]


def test_an_undefined_score_says_why_and_zero_is_a_number():
    assert figure(None, "no positives") == "n/a (no positives)"
    assert figure(None) == "n/a"
    assert figure(0.0, "no positives") == "0.000"
    assert why_undefined({"support": 0}) == "no positives"
    assert why_undefined({"support": 3}) == "nothing tagged"
    assert why_undefined({"f1": 0.5}) == ""


def test_score_rows_hold_each_topic_then_the_means():
    undefined = {"precision": None, "recall": None, "support": 0}
    scores = {
        "topics": {"tides": {"precision": 0.5, "recall": 1.0, "support": 2}, "moss": undefined},
        "macro": {"precision": 0.5, "recall": 1.0},
        "micro": {"precision": None, "recall": 0.0, "support": 2},
    }
    assert score_rows(scores, ["precision", "recall", "support"]) == [
        ["tides", "0.500", "1.000", "2"],
        ["moss", "n/a (no positives)", "n/a (no positives)", "0"],
        ["macro", "0.500", "1.000", ""],
        ["micro", "n/a (nothing tagged)", "0.000", "2"],
    ]


def test_a_table_shows_markup_and_escapes_as_they_are_written(capsys):
    console().print(table("what [bold]", ["name", "n"], [["[red]a[/]\x1b[31m", 1], [":smile: [/x]", 2]]))
    out = capsys.readouterr().out
    for shown in ("what [bold]", r"[red]a[/]\x1b[31m", ":smile: [/x]"):
        assert shown in out
    assert not set(out) & (DANGEROUS - {"\n"})


@given(hostile_text, st.data())
def test_the_highlighted_line_says_exactly_the_safe_text(text, data):
    places = st.integers(0, len(text))
    spans = data.draw(st.lists(st.tuples(places, places).map(sorted).map(tuple), max_size=4))
    values = st.floats(-5, 5)
    contributions = [Contribution(f"word:{i}", data.draw(values), (span,)) for i, span in enumerate(spans)]
    assert explained_line(explanation(text, *contributions)).plain == safe(text)


def test_green_speaks_for_red_against_and_bold_is_strong():
    line = explained_line(
        explanation("abcd", Contribution("x", 1.0, ((0, 1),)), Contribution("y", -0.4, ((1, 2),)))
    )
    styles = {span.start: str(span.style) for span in line.spans}
    assert [styles.get(i) or line.style for i in range(4)] == ["bold green", "red", "dim", "dim"]


def test_words_for_people_go_to_stderr_escaped_line_by_line(capsys):
    say("first\x1b[2J\nsecond\u202e")
    say_error(DataError("no text", where="a.csv:3", hint="Add one."))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "first\\x1b[2J\nsecond\\u202e\nerror: a.csv:3: no text\nAdd one.\n"


def test_one_object_goes_to_stdout(capsys):
    print_json({"text": "río\u2028", "n": None})
    captured = capsys.readouterr()
    assert captured.out == '{\n  "text": "río\\u2028",\n  "n": null\n}\n'
    assert captured.err == ""


def test_no_bar_is_drawn_where_there_is_no_terminal(capsys):
    with progress_bar() as progress:
        progress("reading", 1, 2)
        progress("reading", 2, 2)
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


@pytest.mark.parametrize("width", [80, 100])
def test_a_table_that_is_too_wide_breaks_no_name_and_no_number_and_loses_nothing(width):
    from rich.console import Console

    def shown(columns, *rows):
        file = io.StringIO()
        Console(file=file, width=width).print(table("", columns, rows))
        assert max(map(len, file.getvalue().splitlines())) <= width
        return file.getvalue()

    names = ["topic", "precision", "recall", "F1", "avg. precision", "positives"]
    undefined = ["harbour_closures", *["n/a (no positives)"] * 4, "0"]
    scores = shown(names, undefined, ["tides", *["0.125"] * 4, "7"])
    assert "harbour_closures" in scores
    assert scores.count("0.125") == 4
    assert scores.count("n/a") == 4
    path = "/somewhere/deep/in/a/home/folder/of/many/names/that/never/end/artifacts/models/tides/1"
    assert "tides@10.5" + path in "".join(shown(["model", "F1", "path"], ["tides@1", "0.5", path]).split())
