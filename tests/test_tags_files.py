"""A table comes back from every kind of file as it was written, whatever its text."""

from __future__ import annotations

import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given
from strategies import some_documents

from trainer.errors import DataError, NotFoundError, UsageError
from trainer.model.table import TagRows, predict_table
from trainer.records import Document
from trainer.tags.read import read_tags, topics_of
from trainer.tags.write import suffix_of, write_table

LAVA = "Red lava poured down the slope of the volcano."
READABLE = (".csv", ".jsonl", ".parquet")
"""Of any text; a workbook, which starts a process to be read, is tried with some."""


def written(table, target):
    write_table(table.to_batches(), table.schema, target, suffix_of(target))
    return target


@given(some_documents())
@pytest.mark.parametrize("suffix", READABLE)
def test_what_is_written_is_read_back(small, tmp_path_factory, suffix, documents):
    table = predict_table(small.fit.model, documents)
    assume(len(table) or suffix != ".jsonl")  # of no rows, such a file holds no columns either
    found = read_tags(written(table, tmp_path_factory.mktemp("t") / f"tags{suffix}"))
    assert found.schema.names == table.schema.names
    assert topics_of(found) == small.fit.model.topics
    # A cell of a sheet holds no empty text; the rows of documents have none.
    assert found.to_pylist() == table.to_pylist()


def test_a_workbook_is_read_back(small, tmp_path):
    documents = [
        Document("=1", f"{LAVA} '=cmd() \u00e9t\u00e9. 5 is a number.", "Title", date="2024-01-02"),
        Document("2", "3"),
    ]
    table = predict_table(small.fit.model, documents)
    assert read_tags(written(table, tmp_path / "tags.xlsx")).to_pylist() == table.to_pylist()


@pytest.mark.parametrize("suffix", [*READABLE, ".xlsx"])
def test_the_same_table_is_the_same_bytes(small, tmp_path, suffix):
    table = predict_table(small.fit.model, [LAVA, "=cmd()", "Soup."])
    one, two = (written(table, tmp_path / f"{name}{suffix}").read_bytes() for name in ("one", "two"))
    assert one == two


def test_a_sheet_opens_as_utf8_and_runs_nothing(small, tmp_path):
    table = predict_table(small.fit.model, [Document("=1+1", "=HYPERLINK(0) été", "+cmd", "@x")])
    data = written(table, tmp_path / "tags.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    header, *rows = csv.reader(data.decode("utf-8-sig").splitlines())
    assert header == table.schema.names
    for cell in [cell for row in rows for cell in row]:
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert any("'=HYPERLINK(0) été" in row for row in rows)


def test_columns_that_others_added_are_passed_over(small, tmp_path):
    table = predict_table(small.fit.model, [LAVA])
    more = table.append_column("my note", pa.array(["seen"] * len(table)))
    assert read_tags(written(more, tmp_path / "tags.csv")).equals(table)


def test_a_sheet_saved_with_semicolons_is_read(small, tmp_path):
    table = predict_table(small.fit.model, [f"{LAVA} One, two; three."])
    path = written(table, tmp_path / "tags.csv")
    rows = list(csv.reader(path.read_text("utf-8-sig").splitlines()))
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    assert read_tags(path).equals(table)


def test_words_that_were_left_out_are_blank(small, tmp_path):
    table = predict_table(small.fit.model, [LAVA])
    located = table.drop_columns(["text", "previous", "next", "title"])
    found = read_tags(written(located, tmp_path / "t.parquet"))
    assert found["text"].to_pylist() == [None]
    assert found.schema.equals(TagRows(small.fit.model).schema)


def cells(path, change):
    """Change one cell of a table in a file."""
    rows = list(csv.reader(path.read_text("utf-8-sig").splitlines()))
    change(rows)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda rows: rows[1].__setitem__(rows[0].index("volcanoes"), "maybe"), "row 2, column volcanoes"),
        (lambda rows: rows[1].__setitem__(rows[0].index("start"), "here"), "row 2, column start"),
        (lambda rows: rows[0].__setitem__(0, "document"), "lacks doc_id"),
        (lambda rows: rows[0].__setitem__(0, "text"), "stands twice"),
        (lambda rows: rows[1].pop(), "expected 24 cells, got 23"),
        (lambda rows: rows.clear(), "lacks"),
    ],
)
def test_another_table_is_told_by_row_and_column(small, tmp_path, change, told):
    path = written(predict_table(small.fit.model, [LAVA]), tmp_path / "tags.csv")
    cells(path, change)
    with pytest.raises(DataError, match=r"tags\.csv") as error:
        read_tags(path)
    assert told in str(error.value)


@pytest.mark.parametrize("name", ["t.parquet", "t.jsonl", "t.csv"])
def test_a_damaged_file_is_told(tmp_path, name):
    (tmp_path / name).write_bytes(b'{"a": 1}\n{"a"' if name.endswith("jsonl") else b'\xff\xfe"a\n')
    with pytest.raises(DataError, match=name):
        read_tags(tmp_path / name)


def test_other_tables_and_places_are_told(tmp_path):
    pq.write_table(pa.table({"text": ["a"]}), tmp_path / "t.parquet")
    with pytest.raises(DataError, match="no table of tagged sentences"):
        read_tags(tmp_path / "t.parquet")
    (tmp_path / "t.jsonl").write_text(json.dumps({"a": 1}) + "\n" + json.dumps({"b": 1}) + "\n", "utf-8")
    with pytest.raises(DataError, match=r"t\.jsonl:2"):
        read_tags(tmp_path / "t.jsonl")
    with pytest.raises(NotFoundError, match="nowhere"):
        read_tags(tmp_path / "nowhere.csv")
    with pytest.raises(UsageError, match=r"\.xlsx"):
        suffix_of(tmp_path / "tags.xls")
