from __future__ import annotations

import pytest

from trainer.corpus.sources import read_inputs
from trainer.errors import TrainerWarning
from trainer.records import LabelledText, Rejection

TOPICS = ("tea", "export_controls")


@pytest.fixture
def read(tmp_path):
    def run(text):
        (tmp_path / "sheet.csv").write_text(text, encoding="utf-8")
        return list(read_inputs([tmp_path / "sheet.csv"], TOPICS))

    return run


@pytest.mark.parametrize("written", ["export_control", "Export Controlls", "exportcontrols"])
def test_a_column_that_is_nearly_a_topic_is_told_of_and_the_others_are_read(read, written):
    told, row = read(f"text,tea,{written}\nA cup.,1,1\n")
    assert isinstance(told, Rejection)
    assert (told.reason, told.at.rpartition(":")[2]) == ("unknown_topic", "1")
    assert told.detail == (
        f"column {written!r} is no topic, and its cells are not read. Did you mean 'export_controls'?"
    )
    assert isinstance(row, LabelledText)
    assert row.labels == {"tea": "yes"}


def test_columns_of_other_names_are_nobodys_topic(read):
    with pytest.warns(TrainerWarning, match="columns that are not read: 'remarks', 'page'"):
        (row,) = read("text,tea,remarks,page\nA cup.,0,none,7\n")
    assert row.labels == {"tea": "no"}


def test_a_sheet_without_texts_says_which_columns_it_has(read):
    (told,) = read("sentence;tea\nA cup.;1\n")
    assert told.reason == "no_text"
    assert "There is: 'sentence', 'tea'" in told.detail
    assert told.detail.endswith("Is it 'sentence'? Then say --columns text=sentence")


@pytest.mark.parametrize(
    ("header", "one", "two"),
    [("text,tea,Tea", "2, 'tea'", "3, 'Tea'"), ("text,page,page", "2, 'page'", "3, 'page'")],
)
def test_a_column_that_stands_twice_is_named_with_its_places(read, header, one, two):
    (told,) = read(f"{header}\nA cup.,1,0\n")
    assert told.reason == "repeated_column"
    assert f"as column {one}, and as column {two}" in told.detail


def test_titles_above_the_names_of_columns_are_told_and_passed_over(read):
    title, blank, row = read("Sentences of the week,\n,\ntext,tea\nA cup.,1\n")
    assert (title.reason, title.at[-1], blank.at[-1]) == ("above_header", "1", "2")
    assert title.detail.endswith("'Sentences of the week'")
    assert (row.at[-1], row.labels) == ("4", {"tea": "yes"})


def test_a_text_that_says_text_is_no_header(read):
    one, two = read("text,tea\ntext,1\nA cup.,0\n")
    assert (one.text, two.text) == ("text", "A cup.")


def test_what_this_project_exports_is_not_told_of(read):
    (row,) = read(
        "text,tea,coffee,annotator,id,doc_id,start,end,split,group,origin,source,date,title,url\n"
        "'=cup,1,0,anna,x,x,0,4,train,g,gold,,,,\n"
    )
    assert (row.text, row.labels) == ("=cup", {"tea": "yes"})


def test_of_a_title_and_a_header_without_texts_the_header_is_told_of(read):
    (told,) = read("Sentences of the week,\n,\nBody,tea\nA text.,1\n")
    assert told.at.endswith(":3")
    assert told.detail.endswith("Is it 'Body'? Then say --columns text=Body")
