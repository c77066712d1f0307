"""Every sheet of a workbook is a table; one that is made to do harm does none."""

from __future__ import annotations

import gzip
import io
import resource
import struct
import time
import zipfile
import zlib
from datetime import date, datetime

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import xlsx

from trainer.corpus.readers import packages
from trainer.corpus.readers import workbook as workbook_room
from trainer.corpus.readers.cells import place
from trainer.corpus.readers.workbook import sheets
from trainer.corpus.sources import read_inputs
from trainer.errors import TrainerWarning
from trainer.records import Document, LabelledText, Rejection
from trainer.sheets import workbook

TOPICS = ("tea", "rain")


def book(path, **named):
    """Write a workbook of sheets, each a list of rows."""
    path.write_bytes(xlsx(**named))
    return path


def remade(data, change):
    """A workbook whose parts are as `change` makes them."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return out.getvalue()


def read(path, topics=TOPICS):
    return list(read_inputs([path], topics, known=TOPICS))


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


STRINGS, SHEET = "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"
SMALL = xlsx(A=[["text", "tea"], ["One.", 1]])


def grown(part, old, new):
    return remade(SMALL, lambda name, data: data.replace(old, new) if name == part else data)


def lying(data, part):
    """A workbook that says that a part unpacks to what it is shortly before it grows: 100 bytes."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        start = archive.read(part)[:100]
    found, place = bytearray(data), -1
    while (place := found.find(b"PK\x01\x02", place + 1)) >= 0:
        length, offset = (
            struct.unpack_from("<H", found, place + 28),
            struct.unpack_from("<I", found, place + 42),
        )
        if found[place + 46 : place + 46 + length[0]] == part.encode():
            for at in (place + 16, offset[0] + 14):
                struct.pack_into("<I", found, at, zlib.crc32(start))
            for at in (place + 24, offset[0] + 22):
                struct.pack_into("<I", found, at, len(start))
    return bytes(found)


def refused(tmp_path, data):
    """Read a workbook that is refused; return why. It must take seconds, and no memory of ours."""
    (tmp_path / "a.xlsx").write_bytes(data)
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (told,) = read(tmp_path / "a.xlsx")
    assert time.monotonic() - began < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024  # kB
    assert told.at == f"{tmp_path}/a.xlsx"
    return told.reason


def test_a_bomb_is_refused_before_it_is_opened(tmp_path):
    data = grown(STRINGS, b"One.", b"x" * 300 * 1024**2)
    assert len(data) < 2 * 1024**2
    assert refused(tmp_path, data) == "bomb"


def test_a_header_that_lies_is_refused(tmp_path):
    data = lying(grown(STRINGS, b"One.", b"x" * 300 * 1024**2), STRINGS)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert len(archive.read(STRINGS)) == 100  # as far as its header goes it is sound
    assert refused(tmp_path, data) in ("malformed_xlsx", "too_large", "too_much_memory")


def test_a_string_in_very_many_cells_is_refused(tmp_path):
    cells = b"".join(b'<row><c t="s"><v>2</v></c></row>' for _ in range(50_000))
    data = grown(SHEET, b"</sheetData>", cells + b"</sheetData>")
    data = remade(data, lambda name, part: part.replace(b"One.", b"x" * 10**5) if name == STRINGS else part)
    assert refused(tmp_path, data) in ("too_large", "too_much_memory")


def test_a_cell_that_is_far_away_is_refused(tmp_path):
    assert refused(tmp_path, grown(SHEET, b'r="B2"', b'r="XFD1048576"')) == "too_large"


def test_a_size_that_is_only_said_does_no_harm(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(grown(SHEET, b'ref="A1:B2"', b'ref="A1:XFD1048576"'))
    assert [record.text for record in read(tmp_path / "a.xlsx")] == ["One."]


def test_entities_are_refused(tmp_path):
    head = b'<!DOCTYPE a [<!ENTITY b "bbbb">]><workbook'
    assert refused(tmp_path, grown("xl/workbook.xml", b"<workbook", head)) == "bomb"


def test_a_workbook_with_a_password_is_told(tmp_path):
    assert refused(tmp_path, b"\xd0\xcf\x11\xe0" + bytes(600)) == "encrypted"


@pytest.mark.parametrize("last", ["sys.exit(0)", "print('junk', flush=True)", "os.abort()", "print('[]')"])
def test_a_child_that_dies_or_talks_nonsense_costs_that_file_alone(tmp_path, monkeypatch, last):
    with monkeypatch.context() as patch:
        patch.setattr(workbook_room, "_START", f"import os, sys\n{last}  # {{}} {{}}")
        assert refused(tmp_path, SMALL) == "too_large"
    assert len(read(tmp_path / "a.xlsx")) == 1


def test_a_child_that_hangs_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook_room, "_START", "import time; time.sleep(60)  # {} {}")
    monkeypatch.setattr(workbook_room, "SECONDS", 0.1)
    assert refused(tmp_path, SMALL) == "too_large"


def test_rows_of_far_more_than_the_file_are_a_bomb(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook_room, "_FREE", 0)
    monkeypatch.setattr(workbook_room, "_LARGEST_RATIO", 1)
    path = book(tmp_path / "a.xlsx", A=[["text"], *([f"Row {i % 7} " * 50] for i in range(200))])
    *rows, told = read(path)
    assert told.reason == "bomb"
    assert 0 < len(rows) < 200


def test_a_row_that_is_too_long_is_told_and_the_others_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook_room, "_START", workbook_room._START.replace(
        "serve(", "import trainer.corpus.readers.cells as c; c.LONGEST_LINE = 400; serve("))  # fmt: skip
    path = book(tmp_path / "a.xlsx", A=[["text"], ["One."], ["x" * 200], ["Two."]])
    one, told, two = read(path)
    assert (one.text, told.reason, told.at, two.text) == ("One.", "too_long", f"{path}:A!3", "Two.")


def test_errors_are_told_with_their_cells_and_count_as_blank(tmp_path):
    with xlsxwriter.Workbook(str(tmp_path / "a.xlsx")) as made:
        sheet = made.add_worksheet("A & B")
        sheet.write_row(0, 1, ["text", "tea", "page"])
        for row in range(1, 6):
            sheet.write_string(row, 1, f"Cup {row}.")
            sheet.write_formula(row, 2, "=1/0", None, "#DIV/0!" if row != 2 else 1)
            sheet.write_formula(row, 3, "=VLOOKUP(1,2,3)", None, "#N/A")  # nobody reads this column
        sheet.write_string(6, 1, "#REF!")
    with pytest.warns(TrainerWarning) as caught:
        found = read(tmp_path / "a.xlsx")
    assert [str(one.message).removeprefix(f"{tmp_path}/") for one in caught] == [
        "a.xlsx:A & B: 4 cells of column 'tea' hold an error and count as blank: C2 (#DIV/0!), C4 (#DIV/0!), "
        "C5 (#DIV/0!) and 1 more",
        "a.xlsx:A & B: columns that are not read: 'page'",
    ]
    assert [type(one) for one in found] == [Document, LabelledText, *[Document] * 4]
    assert found[-1].text == "#REF!"


def test_errors_are_found_across_the_borders_of_chunks(tmp_path, monkeypatch):
    with xlsxwriter.Workbook(str(tmp_path / "a.xlsx")) as made:
        sheet = made.add_worksheet("A")
        for row in range(300):
            sheet.write_formula(row, row % 3, "=X", None, "#REF!" if row % 2 else 1)
    for size in (1000, 1024, 4097, 10**6):
        monkeypatch.setattr(packages, "_CHUNK", size)
        monkeypatch.setattr(packages, "_OVERLAP", 500)
        with (tmp_path / "a.xlsx").open("rb") as file:
            found = packages.checked_package(file)
        assert {column: count for column, (count, _) in found["A"].items()} == {"A": 50, "B": 50, "C": 50}


def test_the_cell_that_is_at_fault_is_named(tmp_path):
    rows = [
        [],
        [None, "remark", "tea", "text", "date"],
        [None, "", "maybe", "A.", ""],
        [None, "x", 1, "", ""],
        [None, "x", 1, "B.", "03/04/2026"],
    ]
    path = book(tmp_path / "a.xlsx", **{"Week 1!": rows})
    with pytest.warns(TrainerWarning) as caught:
        wrong, empty, _ = read(path)
    assert (wrong.at, wrong.reason) == (f"{path}:Week 1!!C3", "bad_labels")
    assert (empty.at, empty.reason) == (f"{path}:Week 1!!D4", "empty_text")
    assert f"{path}:Week 1!!5, column 'date' (E): '03/04/2026'" in str(caught[-1].message)


def test_the_dates_of_a_sheet_are_a_column_of_their_own(tmp_path):
    british = [["text", "date"], ["A.", "03/04/2026"], ["B.", "31/12/2026"]]
    american = [["text", "date"], ["C.", "03/04/2026"], ["D.", "12/31/2026"]]
    found = read(book(tmp_path / "a.xlsx", UK=british, US=american))
    assert [one.date for one in found] == ["2026-04-03", "2026-12-31", "2026-03-04", "2026-12-31"]


def test_cells_are_what_a_file_of_text_would_hold(tmp_path):
    rows = [["text", "tea", "rain", "id", "date", "title"], [2026, True, 1.0, 17.0, date(2026, 3, 5), 2.5],
            ["Two.", False, "1.0", "x", datetime(2026, 3, 5, 9, 30), "t"]]  # fmt: skip
    one, two = read(book(tmp_path / "a.xlsx", A=rows))
    assert (one.text, one.id, one.date, one.title) == ("2026", "17", "2026-03-05", "2.5")
    assert (one.labels, two.labels) == ({"tea": "yes", "rain": "yes"}, {"tea": "no", "rain": "yes"})
    assert two.date == "2026-03-05T09:30:00"


def test_hidden_sheets_are_read_and_charts_are_none(tmp_path):
    with xlsxwriter.Workbook(str(tmp_path / "a.xlsx")) as made:
        made.add_worksheet("A").write_column(0, 0, ["text", "One."])
        chart = made.add_chart({"type": "line"})
        chart.add_series({"values": "=A!$A$1:$A$2"})
        made.add_chartsheet("C").set_chart(chart)
        for name, hide in (("B", "hide"), ("D", "very_hidden")):
            sheet = made.add_worksheet(name)
            sheet.write_column(0, 0, ["text", f"{name}."])
            getattr(sheet, hide)()
    assert [record.text for record in read(tmp_path / "a.xlsx")] == ["One.", "B.", "D."]


def test_a_sheet_of_an_exported_corpus_has_its_guards_taken_off(tmp_path):
    header = ["text", "tea", "id", "doc_id", "split", "group", "origin"]
    rows = [header, ["'=A1", 1, "x", "x", "train", "g", "gold"], ["''=A1", 0, "y", "y", "train", "g", "gold"]]
    assert [one.text for one in read(book(tmp_path / "a.xlsx", A=rows))] == ["=A1", "'=A1"]


def test_a_reader_that_stops_leaves_no_process(tmp_path):
    path = book(tmp_path / "a.xlsx", A=[["text"], *([f"Row {i}."] for i in range(20_000))])
    records = read_inputs([path], TOPICS)
    assert next(records).text == "Row 0."
    records.close()


storable = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
cells = st.text(storable, max_size=20) | st.integers(-(10**9), 10**9)


@settings(max_examples=15, deadline=None)  # each starts a process
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
