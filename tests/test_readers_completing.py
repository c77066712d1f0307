"""Columns of other names, metadata of files, articles in one file, dates: as the user says."""

from __future__ import annotations

import json

import pytest

from trainer.corpus.readers.reading import Reading, parsed_columns
from trainer.corpus.sources import read_inputs
from trainer.errors import DataError, NotFoundError, TrainerWarning, UsageError
from trainer.records import Document, Rejection

TOPICS = ("tea", "rain")


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Write files and read them, or some of them."""
    monkeypatch.chdir(tmp_path)

    def run(files, *inputs, topics=None, **said):
        for name, content in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
            (tmp_path / name).write_text(content, encoding="utf-8", newline="")
        return list(read_inputs(inputs or list(files), topics, reading=Reading(**said)))

    return run


# Columns ---------------------------------------------------------------------------------------------------


def test_columns_are_taken_under_the_names_that_are_given():
    assert parsed_columns(["text=Body,date=Published on", "tea=T"], TOPICS) == {
        "text": "Body", "date": "Published on", "tea": "T",
    }  # fmt: skip


@pytest.mark.parametrize("given", ["text", "text=", "txet=Body", "text=A,text=B", "text=A,title=A", "tea=T"])
def test_a_name_that_is_none_is_refused(given):
    with pytest.raises(UsageError):
        parsed_columns([given])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "Body,Published,text\nA cup.,5 March 2026,other\n"),
        ("a.jsonl", '{"Body": "A cup.", "Published": "5 March 2026", "text": "other"}\n'),
        ("a.json", '[{"Body": "A cup.", "Published": "5 March 2026"}]'),
    ],
)
def test_every_kind_of_row_is_read_by_their_names(read, name, content):
    (found,) = read({name: content}, columns={"text": "Body", "date": "Published"})
    assert (found.text, found.date) == ("A cup.", "2026-03-05")


def test_a_parquet_file_too(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"Body": ["A cup."], "other": [1]}), tmp_path / "a.parquet")
    (found,) = read_inputs([tmp_path / "a.parquet"], None, reading=Reading({"text": "Body"}))
    assert found.text == "A cup."


def test_a_column_that_is_not_there_is_told(read):
    (told,) = read({"a.csv": "text,Day\nA cup.,2026\n"}, columns={"text": "Body"})
    assert "--columns names 'Body', and the first row does not; found" in told.detail


def test_topics_have_names_of_others_too(read):
    (found,) = read({"a.csv": "text,About tea?\nA cup.,1\n"}, topics=TOPICS, columns={"tea": "About tea?"})
    assert found.labels == {"tea": "yes"}


# Metadata --------------------------------------------------------------------------------------------------

TABLE = "file,title,date,source\nin/a.txt,Tea today,05.03.2026,Paper\nb.txt,,2026-03-06,\nc.txt,Gone,,\n"


def test_files_get_what_the_table_says(read):
    files = {"in/a.txt": "A cup.", "in/b.txt": "Wet.", "in/d.txt": "Dry.", "meta.csv": TABLE}
    with pytest.warns(TrainerWarning, match="1 documents stand in no row of the metadata"):
        found = read(files, "in", metadata="meta.csv")
    by_name = {record.id: record for record in found if isinstance(record, Document)}
    a, b = by_name["in/a.txt"], by_name["in/b.txt"]
    assert (a.title, a.date, a.source) == ("Tea today", "2026-03-05", "Paper")
    assert (b.title, b.date, b.source) == ("b", "2026-03-06", None)
    (told,) = [record for record in found if isinstance(record, Rejection)]
    assert (told.at, told.reason) == ("meta.csv:4", "no_such_file")


@pytest.mark.parametrize(
    ("table", "at", "reason"),
    [
        ("file,title\na.txt,One\na.txt,Two\n", "m.csv:3", "repeated_file"),
        ("file,title\na.txt,One\n,Two\n", "m.csv:3", "repeated_file"),
        ("file,title\na.txt,One\nb.txt\n", "m.csv:3", "ragged_row"),
    ],
)
def test_a_row_that_cannot_be_used_is_told(read, table, at, reason):
    found = read({"a.txt": "A cup.", "m.csv": table}, "a.txt", metadata="m.csv")
    assert [(r.at, r.reason) for r in found if isinstance(r, Rejection)] == [(at, reason)]
    assert found[0].title == "One"


def test_what_is_no_table_of_metadata_is_told(read):
    for name, content, error in (
        ("m.csv", "name,title\n", DataError),
        ("m.txt", "", UsageError),
        ("m.xlsx", "no", DataError),
    ):
        with pytest.raises(error, match=r"m\."):
            read({"a.txt": "A cup.", name: content}, "a.txt", metadata=name)
    with pytest.raises(NotFoundError, match="nowhere"):
        read({"a.txt": "A cup."}, metadata="nowhere.csv")


# Articles --------------------------------------------------------------------------------------------------

DUMP = "Search: tea\r\n\r\nDocument 1 of 2\r\nTea is hot.\r\nDocument 2 of 2\r\n\r\nRain fell.\r\n"


def test_one_file_gives_its_articles(read):
    told, one, two = read({"dump.txt": DUMP}, articles=r"Document \d+ of \d+$")
    assert (told.reason, told.at) == ("before_first_article", "dump.txt")
    assert [(d.id, d.text.strip(), d.title, d.size) for d in (one, two)] == [
        ("dump.txt#1", "Tea is hot.", None, None),
        ("dump.txt#2", "Rain fell.", None, None),
    ]


def test_groups_of_the_pattern_are_metadata(read):
    text = "TITLE: Tea (5 March 2026)\nHot.\nTITLE: Rain (6 March 2026)\n\n"
    one, told = read({"d.txt": text}, articles=r"TITLE: (?P<title>.+) \((?P<date>.+)\)$")
    assert (one.title, one.date, one.text) == ("Tea", "2026-03-05", "Hot.\n")
    assert (told.at, told.reason) == ("d.txt#2", "empty_text")


def test_a_file_without_such_a_line_is_one_article_and_told(read):
    with pytest.warns(TrainerWarning, match=r"--articles matches no line of 1 files.*a\.txt"):
        (found,) = read({"a.txt": "Tea."}, articles="Document")
    assert found.id == "a.txt"


@pytest.mark.parametrize("pattern", ["(", "x*", "", "(?P<author>x)"])
def test_a_pattern_that_cannot_be_meant_is_refused(read, pattern):
    with pytest.raises(UsageError, match="--articles"):
        read({"a.txt": "Tea."}, articles=pattern)


# Dates -----------------------------------------------------------------------------------------------------


def test_dates_become_iso_and_what_can_be_read_two_ways_is_told(read):
    rows = [{"text": "One.", "date": "31/12/2026"}, {"text": "Two.", "date": "03/04/2026"}]
    content = {"a.jsonl": "".join(json.dumps(row) + "\n" for row in rows)}
    told = r"1 can be read either way(.|\n)*a\.jsonl:2, column date: '03/04/2026'"
    with pytest.warns(TrainerWarning, match=told):
        assert [record.date for record in read(content)] == ["2026-12-31", "03/04/2026"]
    assert [record.date for record in read(content, day_first=True)] == ["2026-12-31", "2026-04-03"]
    assert [record.date for record in read(content, day_first=False)] == ["2026-12-31", "2026-03-04"]
