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
    assert "found 'sentence', 'tea'" in told.detail
    assert told.detail.endswith("Is it 'sentence'? Then say --columns text=sentence")
