"""Columns of other names, metadata of files, articles in one file, dates: as the user says."""

from __future__ import annotations

import json
import shlex
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import xlsx

from trainer.corpus import sources
from trainer.corpus.readers.reading import Reading, parsed_columns
from trainer.corpus.sources import read_inputs
from trainer.errors import DataError, NotFoundError, TrainerWarning, UsageError
from trainer.records import Document, Rejection

TOPICS = ("tea", "rain")


def told_of(match, call, *args, **options):
    with pytest.warns(TrainerWarning, match=match):
        return call(*args, **options)


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
    columns = {"text": "Body", "date": "Published"}
    (found,) = (
        read({name: content}, columns=columns)
        if name != "a.csv"
        else told_of("columns that are not read: 'text'", read, {name: content}, columns=columns)
    )
    assert (found.text, found.date) == ("A cup.", "2026-03-05")


def test_a_parquet_file_too(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"Body": ["A cup."], "other": [1]}), tmp_path / "a.parquet")
    with pytest.warns(TrainerWarning, match="columns that are not read: 'other'"):
        (found,) = read_inputs([tmp_path / "a.parquet"], None, reading=Reading({"text": "Body"}))
    assert found.text == "A cup."
    (told,) = read_inputs([tmp_path / "a.parquet"], None)
    assert told.detail.endswith("There is: 'Body', 'other'. Is it 'Body'? Then say --columns text=Body")
    (told,) = read_inputs([tmp_path / "a.parquet"], None, reading=Reading({"text": "Bodies"}))
    assert "no column 'Bodies', which --columns text=Bodies names. Did you mean 'Body'?" in told.detail


def test_a_column_that_is_not_there_is_told(read):
    (told,) = read({"a.csv": "text,Day\nA cup.,2026\n"}, columns={"text": "Body"})
    assert "no column 'Body', which --columns text=Body names. There is: 'text', 'Day'" in told.detail
    (told,) = read({"a.csv": "text,Day\nA cup.,2026\n"}, columns={"date": "Days"})
    assert "no column 'Days', which --columns date=Days names. Did you mean 'Day'?" in told.detail
    (told,) = read({"a.jsonl": '{"text": "A cup."}\n'}, columns={"text": "Body"})
    assert "no key 'Body', which --columns text=Body names. There is: 'text'" in told.detail
    told_of(
        "a.jsonl: no object has the key 'Day', which --columns date=Day names",
        read, {"a.jsonl": '{"text": "A cup."}\n'}, columns={"date": "Day"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("header", "option"),
    [
        ("Body", "--columns text=Body"),
        ("Article text", "--columns 'text=Article text'"),
        ("Texts", "--columns text=Texts"),
        ("Body, long", """--columns '"text=Body, long"'"""),
        ("Bodytext", "--columns text=Bodytext"),
    ],
)
def test_the_likely_text_is_named_with_what_to_type(read, header, option):
    (told,) = read({"a.csv": f'Nr,"{header}"\n1,A cup.\n'})
    assert told.detail.endswith(f"Is it {header!r}? Then say {option}")
    given = shlex.split(option)[1]
    assert parsed_columns([given]) == {"text": header}
    (told,) = read({"a.jsonl": json.dumps({"Nr": 1, header: "A cup."}) + "\n"})
    assert told.detail.endswith(f"Then say {option}")


def test_nothing_is_guessed_where_nothing_is_likely(read):
    (told,) = read({"a.csv": "Nr,Price\n1,2\n"})
    assert told.detail.endswith("no column 'text'. There is: 'Nr', 'Price'.")


def test_a_name_of_ours_that_is_none_is_refused_in_python_too(tmp_path):
    with pytest.raises(UsageError, match=r"'txet' is no column of ours\. Did you mean 'text'"):
        read_inputs([], TOPICS, reading=Reading({"txet": "Body"}))
    with pytest.raises(UsageError, match="'tea' is no column"):
        read_inputs([], None, reading=Reading({"tea": "T"}))
    assert list(read_inputs([], None, reading=Reading({"tea": "T"}), known=TOPICS)) == []


def test_topics_are_not_told_of_where_labels_are_passed_over(read, tmp_path):
    (tmp_path / "a.csv").write_text("text,tea,page\nA cup.,1,7\n")
    with pytest.warns(TrainerWarning, match="a.csv: columns that are not read: 'page'$"):
        list(read_inputs(["a.csv"], None, known=TOPICS))
    with pytest.warns(TrainerWarning, match="not read: 'tea', 'page'"):
        list(read_inputs(["a.csv"], None))


def test_tables_with_the_same_columns_are_told_of_once(read):
    files = {f"{name}.csv": "text,page\nA cup.,7\n" for name in "abcde"}
    told_of(
        r"5 tables: columns that are not read: 'page'\n  a.csv\n  b.csv\n  c.csv\n  and 2 more", read, files
    )


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
        ("file,title\na.txt,One\n,Two\n", "m.csv:3", "no_file"),
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
    assert [record.date for record in read(content)] == ["2026-12-31", "2026-04-03"]
    assert [record.date for record in read(content, day_first=True)] == ["2026-12-31", "2026-04-03"]
    assert [record.date for record in read(content, day_first=False)] == ["2026-12-31", "2026-03-04"]


def test_a_date_is_read_as_the_others_of_its_table_and_else_kept_and_told(read):
    rows = "text,Day\nOne.,03/04/2026\nTwo.,{}\n"
    files = {
        "a.csv": rows.format("31/12/2026"),
        "b.csv": rows.format("12/31/2026"),
        "c.csv": rows.format("soon"),
    }
    told = r"2 dates are kept.*; 1 can be read either way: say --day-first or --month-first:\n  c.csv:2, co"
    found = told_of(told, read, files, columns={"date": "Day"})
    assert [record.date for record in found] == [
        "2026-04-03", "2026-12-31", "2026-03-04", "2026-12-31", "03/04/2026", "soon",
    ]  # fmt: skip


def test_dates_that_disagree_settle_nothing(read):
    rows = "text,date\nOne.,03/04/2026\nTwo.,31/12/2026\nThree.,12/31/2026\n"
    found = told_of(r"1 dates are kept(.|\n)*a.csv:2, column 'date': '03/04/2026'", read, {"a.csv": rows})
    assert [record.date for record in found] == ["03/04/2026", "2026-12-31", "2026-12-31"]


def test_a_table_is_read_again_only_where_a_date_needs_it(read, monkeypatch):
    opened = []
    real = sources.read_table
    monkeypatch.setattr(sources, "read_table", lambda *args: opened.append(1) or real(*args))
    read({"a.csv": "text,date\nOne.,5 March 2026\nTwo.,2026-03-05\n"})
    assert len(opened) == 1
    read({"a.csv": "text,date\nOne.,03/04/2026\nTwo.,04/03/2026\nThree.,31/12/2026\n"})
    assert len(opened) == 3


def test_what_is_said_of_a_table_that_is_read_again_is_said_once(read):
    rows = "text,date,page\nOne.,03/04/2026,7\nTwo.,31/12/2026,8\n"
    told_of("^a.csv: columns that are not read: 'page'$", read, {"a.csv": rows})


def test_dates_of_articles_are_a_column(read):
    dump = "* 03/04/2026\nOne.\n* 31/12/2026\nTwo.\n"
    found = read({"a.txt": dump}, articles=r"\* (?P<date>.+)$")
    assert [record.date for record in found] == ["2026-04-03", "2026-12-31"]


isos = st.dates(date(1990, 1, 1), date(2040, 1, 1)).map(date.isoformat) | st.sampled_from(
    ["2026", "2026-03", "2026-03-05T09:30Z", "2026-03-05 09:30:00+01:00"]
)


@given(st.lists(isos, min_size=1, max_size=5))
def test_iso_dates_come_out_byte_for_byte(tmp_path_factory, dates):
    path = tmp_path_factory.mktemp("x") / "a.jsonl"
    path.write_text("".join(json.dumps({"text": f"No {i}.", "date": d}) + "\n" for i, d in enumerate(dates)))
    assert [record.date for record in read_inputs([path], None)] == dates


# More of metadata ------------------------------------------------------------------------------------------


def test_the_table_stands_above_the_document(read):
    page = "<title>Own</title><meta name=date content=2020-01-01><p>A cup."
    table = "file,title,date\na.html,,04/03/2026\nb.html,Theirs,31/03/2026\n"
    a, b = read({"in/a.html": page, "in/b.html": page + " Two.", "m.csv": table}, "in", metadata="m.csv")
    assert [(d.title, d.date) for d in (a, b)] == [("Own", "2026-03-04"), ("Theirs", "2026-03-31")]


def test_a_file_is_named_from_the_folder_of_the_table_too_and_the_table_is_no_input(read):
    table = "file,title\nweek/a.txt,One\nx.txt,Two\n"
    found = read({"in/week/a.txt": "A.", "in/x.txt": "X.", "in/m.csv": table}, "in", metadata="in/m.csv")
    assert [(d.id, d.title) for d in found] == [("in/week/a.txt", "One"), ("in/x.txt", "Two")]
    found = read({"in/m.csv": "file,title\nweek/a.txt,One\n"}, "in/week/a.txt", metadata="in/m.csv")
    assert [d.title for d in found] == ["One"]
    files = {"far/off/b.txt": "B.", "far/m.csv": "file,title\noff/b.txt,One\n"}
    found = read(files, "far/off/../off/b.txt", metadata="far/m.csv")
    assert [(d.id, d.title) for d in found] == [("b.txt", "One")]


def test_a_row_that_two_files_take_is_told(read):
    files = {"a/x.txt": "A.", "b/x.txt": "B.", "m.csv": "file,title\nx.txt,One\n"}
    found = told_of(
        r"1 documents took a row .* m.csv:2, a/x.txt and b/x.txt", read, files, "a", "b", metadata="m.csv"
    )
    assert [d.title for d in found] == ["One", "One"]


def test_the_table_may_be_a_workbook_with_other_sheets(read, tmp_path):
    day = date(2026, 3, 5)
    book = xlsx(
        Notes=[["hm"]], Files=[["File", "Date", "remark"], ["a.txt", day, "x"], ["b.txt", "soon", ""]]
    )
    (tmp_path / "m.xlsx").write_bytes(book)
    with pytest.warns(TrainerWarning) as caught:
        a, b, told = read({"a.txt": "A.", "b.txt": "B."}, metadata="m.xlsx")
    assert [str(one.message) for one in caught] == [
        "m.xlsx:Files: columns that are not read: 'remark'",
        "1 dates are kept as they are written:\n  m.xlsx:Files!3, column 'date': 'soon'",
    ]
    assert (a.date, b.date) == ("2026-03-05", "soon")
    assert (told.at, told.reason) == ("m.xlsx:Notes!1", "no_file")


def test_a_column_of_the_table_that_stands_twice_is_refused(read):
    with pytest.raises(DataError, match="column 'date' stands twice"):
        read({"a.txt": "A.", "m.csv": "file,date,Date\na.txt,2026,2027\n"}, "a.txt", metadata="m.csv")
