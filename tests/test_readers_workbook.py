"""Every sheet of a workbook is a table; one that is made to do harm does none."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import date, datetime

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.corpus.readers import workbook as workbook_room
from trainer.corpus.readers.workbook import place, sheets
from trainer.corpus.sources import read_inputs
from trainer.errors import TrainerWarning
from trainer.records import Document, LabelledText, Rejection
from trainer.sheets import workbook

TOPICS = ("tea", "rain")


def book(path, **named):
    """Write a workbook of sheets, each a list of rows."""
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False}) as made:
        day = made.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in named.items():
            sheet = made.add_worksheet(name)
            for i, row in enumerate(rows):
                for j, value in enumerate(row):
                    if isinstance(value, date | datetime):
                        sheet.write_datetime(i, j, value, day)
                    elif value is not None:
                        sheet.write(i, j, value)
    return path


def read(path, topics=TOPICS):
    return list(read_inputs([path], topics))


def test_rows_are_labelled_sentences_and_documents_as_in_any_table(tmp_path):
    rows = [
        ["Text", "Tea", "rain", "date"],
        ["A cup.", 1, 0, date(2026, 3, 5)],
        ["Wet.", "no", "", "5 March 2026"],
    ]
    one, two = read(book(tmp_path / "a.xlsx", One=rows))
    assert isinstance(one, LabelledText)
    assert (one.labels, one.date) == ({"tea": "yes", "rain": "no"}, "2026-03-05")
    assert one.at == f"{tmp_path}/a.xlsx:One!2"
    assert (two.labels, two.date) == ({"tea": "no"}, "2026-03-05")
    assert [type(record) for record in read(tmp_path / "a.xlsx", None)] == [Document, Document]


def test_every_sheet_is_read_and_one_without_texts_is_told(tmp_path):
    path = book(
        tmp_path / "a.xlsx",
        A=[["text"], ["One."]],
        Notes=[["remark"], ["hm"]],
        Empty=[],
        B=[["text"], ["Two."]],
    )
    found = read(path)
    assert [record.text for record in found if isinstance(record, Document)] == ["One.", "Two."]
    (told,) = [record for record in found if isinstance(record, Rejection)]
    assert (told.at, told.reason) == (f"{path}:Notes!1", "no_text")


def test_a_table_may_begin_anywhere_and_have_gaps(tmp_path):
    rows = [[], [None, None, "text", "tea"], [], [None, None, "A cup.", 1.0]]
    (found,) = read(book(tmp_path / "a.xlsx", A=rows))
    assert (found.text, found.labels, found.at) == ("A cup.", {"tea": "yes"}, f"{tmp_path}/a.xlsx:A!4")


def test_merged_cells_are_told_and_smear_nowhere(tmp_path):
    with xlsxwriter.Workbook(str(tmp_path / "a.xlsx")) as made:
        sheet = made.add_worksheet("A")
        sheet.write_row(0, 0, ["text", "tea"])
        sheet.write_row(1, 0, ["One."])
        sheet.write_row(2, 0, ["Two."])
        sheet.merge_range(1, 1, 2, 1, 1)
    with pytest.warns(TrainerWarning, match=r"A: merged cells \(B2:B3\)"):
        one, two = read(tmp_path / "a.xlsx")
    assert isinstance(one, LabelledText)
    assert isinstance(two, Document)


def test_cells_under_no_name_are_told(tmp_path):
    path = book(tmp_path / "a.xlsx", A=[["text"], ["One.", "a remark"], ["Two."]])
    with pytest.warns(TrainerWarning, match=r"1 rows have a cell under no name.*A!2"):
        assert len(read(path)) == 2


@pytest.mark.parametrize("content", [b"", b"PK", b"not a workbook", b"PK\x03\x04" + b"\0" * 100])
def test_a_broken_workbook_is_told(tmp_path, content):
    (tmp_path / "a.xlsx").write_bytes(content)
    (told,) = read(tmp_path / "a.xlsx")
    assert isinstance(told, Rejection)
    assert told.at == f"{tmp_path}/a.xlsx"


def test_a_packed_workbook_is_read(tmp_path):
    path = book(tmp_path / "a.xlsx", A=[["text"], ["One."]])
    (tmp_path / "b.xlsx.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert [record.text for record in read(tmp_path / "b.xlsx.gz")] == ["One."]


def test_a_bomb_ends_within_its_limits(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook_room, "MEMORY", 256 * 1024**2)
    monkeypatch.setattr(workbook_room, "SECONDS", 3)
    path = book(tmp_path / "a.xlsx", A=[["text"], ["One."]])
    bomb = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "xl/sharedStrings.xml":
                data = data.replace(b"One.", b"x" * 400 * 1024**2)
            new.writestr(name, data)
    assert len(bomb.getvalue()) < 2 * 1024**2
    (tmp_path / "b.xlsx").write_bytes(bomb.getvalue())
    (told,) = read(tmp_path / "b.xlsx")
    assert told.reason in ("too_large", "too_much_memory")


def test_a_reader_that_stops_leaves_no_process(tmp_path):
    path = book(tmp_path / "a.xlsx", A=[["text"], *([f"Row {i}."] for i in range(20_000))])
    records = read_inputs([path], TOPICS)
    assert next(records).text == "Row 0."
    records.close()


storable = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
cells = st.text(storable, max_size=20) | st.integers(-(10**9), 10**9)


@settings(max_examples=25)  # each starts a process
@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=8))
def test_what_is_written_is_read_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("x") / "a.xlsx"
    with workbook(path) as made:
        sheet = made.sheet("A", ["one", "two"])
        for row in rows:
            sheet.write(row)
    with path.open("rb") as file:
        for _, found in sheets(file, "a"):
            read_back = [tuple(cells) for _, cells in found]
    written = [("one", "two"), *(row for row in rows if any(cell != "" for cell in row))]
    # Excel's own escapes (_x0041_) stand for characters in either direction.
    assert [tuple(map(str, row)) for row in read_back] == [tuple(map(str, row)) for row in written] or any(
        "_x" in str(cell) for row in rows for cell in row
    )


def test_a_cell_is_called_as_spreadsheets_call_it():
    names = [place(0, 0), place(6, 25), place(0, 26), place(1, 701), place(0, 702)]
    assert names == ["A1", "Z7", "AA1", "ZZ2", "AAA1"]
