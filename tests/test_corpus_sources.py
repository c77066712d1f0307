from __future__ import annotations

import csv
import gzip
import io
import json
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import unicode_text

from trainer.corpus.readers import lines
from trainer.corpus.readers.jsons import decode_json
from trainer.corpus.sources import read_inputs
from trainer.errors import NotFoundError
from trainer.records import Document, LabelledText, Rejection

TOPICS = ("tea", "rain")
usable_text = unicode_text.filter(lambda text: text.strip() and "\0" not in text)

# Lines of a JSONL file, each with what must come of it.
LINES = {
    '{"text": "A cup."}': "accepted",
    '{"text": "A cup.", "labels": ["tea"]}': "accepted",
    '{"text": "One\u2028two\u2029three\u0085four\x0bfive\x0csix\x1cseven"}': "malformed_json",
    '{"text": "One\u2028two\u2029three\u0085four"}': "accepted",
    '{"text": "A \\u2028cup."}\r': "accepted",
    '{"text": "caf\\u00e9 \\ud83d\\ude42"}': "accepted",
    "": "blank",
    " \t": "blank",
    "\r": "blank",
    "{": "malformed_json",
    "{'text': 1}": "malformed_json",
    '{"text": "A cup."} {}': "malformed_json",
    '["A cup."]': "malformed_json",
    '"A cup."': "malformed_json",
    "null": "malformed_json",
    '{"text": "A cup.", "weight": NaN}': "malformed_json",
    '{"text": "A cup.", "weight": -Infinity}': "malformed_json",
    '{"text": "A cup.", "text": "A pot."}': "malformed_json",
    '{"text": "A cup.", "labels": {"tea": 1, "tea": 0}}': "malformed_json",
    '{"text": "A cup.", "n": ' + "1" * 5000 + "}": "malformed_json",
    '{"text": ' + "[" * 100_000: "malformed_json",
    '{"text": "A cup.", "labels": ["tee"]}': "unknown_topic",
    '{"text": "A cup.", "labels": "?"}': "unknown_topic",
    '{"text": "A cup.", "labels": null}': "bad_labels",
    '{"text": "A \\u0000cup."}': "nul_byte",
    '{"text": "A \\ud800cup."}': "not_utf8",
    '{"text": ""}': "empty_text",
    '{"texte": "A cup."}': "no_text",
}


def read(path, topics=TOPICS, **options):
    return list(read_inputs([path], topics, **options))


def outcome(record):
    return record.reason if isinstance(record, Rejection) else "accepted"


@contextmanager
def fresh_file(name, data):
    """Not tmp_path: Hypothesis needs a fresh one for every example."""
    with TemporaryDirectory() as folder:
        yield write(Path(folder), name, data)


def write(where, name, data):
    path = where / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


# -- JSONL ------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(sorted(LINES)), min_size=1, max_size=12), st.booleans())
def test_every_line_of_jsonl_is_accepted_or_rejected_by_its_number(lines, ends_with_newline):
    data = "\n".join(lines) + "\n" * ends_with_newline
    with fresh_file("rows.jsonl", data) as path:
        found = [(record.at, outcome(record)) for record in read(path)]
    expected = [
        (f"{path}:{number}", LINES[line]) for number, line in enumerate(lines, 1) if LINES[line] != "blank"
    ]
    if not data.strip():
        expected = [(f"{path}:1", "empty_text")]
    assert found == expected


@given(st.lists(usable_text, min_size=1, max_size=6), st.booleans(), st.sampled_from(["", "\ufeff"]))
def test_any_text_comes_through_jsonl_unchanged(texts, ascii_only, mark):
    rows = [json.dumps({"text": text}, ensure_ascii=ascii_only) for text in texts]
    with fresh_file("rows.jsonl", mark + "\n".join(rows)) as path:
        assert [(record.at, record.text) for record in read(path)] == [
            (f"{path}:{number}", text) for number, text in enumerate(texts, 1)
        ]


def test_bytes_that_are_not_utf8_are_rejected_on_their_line_alone(tmp_path):
    path = write(tmp_path, "rows.jsonl", b'{"text": "A cup."}\n{"text": "caf\xe9"}\n{"text": "A pot."}\n')
    first, second, third = read(path)
    assert (first.text, third.text) == ("A cup.", "A pot.")
    assert (second.at, second.reason) == (f"{path}:2", "not_utf8")


def test_a_byte_order_mark_is_taken_off_the_start_and_nowhere_else(tmp_path):
    path = write(tmp_path, "rows.jsonl", '\ufeff{"text": "A cup."}\n\ufeff{"text": "A pot."}\n')
    assert [outcome(record) for record in read(path)] == ["accepted", "malformed_json"]


@pytest.mark.parametrize("name", ["e.jsonl", "e.csv", "e.txt", "e.md", "e.jsonl.gz", "e.csv.gz"])
@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf"])
def test_an_empty_file_is_rejected_and_not_passed_over(tmp_path, name, data):
    path = write(tmp_path, name, gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
    (rejection,) = read(path)
    assert isinstance(rejection, Rejection)
    assert rejection.at.startswith(str(path))


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_what_json_does_not_have_is_refused_by_name(constant):
    with pytest.raises(ValueError, match=f"^{constant} is not JSON$"):
        decode_json(f'{{"a": [{constant}]}}')


def test_a_key_that_stands_twice_is_refused_by_name_at_any_depth():
    with pytest.raises(ValueError, match=r"^key 'b' stands twice$"):
        decode_json('[{"a": {"b": 1, "c": 2, "b": 1}}]')


def test_deep_nesting_is_refused_and_not_a_crash():
    with pytest.raises(ValueError, match="nested too deeply"):
        decode_json("[" * 100_000)


def test_a_line_that_is_too_long_is_rejected_and_the_next_one_read(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "LONGEST_LINE", 40)
    long = json.dumps({"text": "x" * 100})
    fits = json.dumps({"text": "x" * (39 - len('{"text": ""}'))}) + "\n"
    assert len(fits) == 40
    path = write(tmp_path, "rows.jsonl", fits + long + "\n" + fits + long)
    assert [(record.at, outcome(record)) for record in read(path)] == [
        (f"{path}:1", "accepted"),
        (f"{path}:2", "too_long"),
        (f"{path}:3", "accepted"),
        (f"{path}:4", "too_long"),
    ]


# -- CSV --------------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(usable_text, st.sampled_from(["", "0", "1"]), unicode_text), min_size=1, max_size=6),
    st.sampled_from(",;\t"),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\ufeff"]),
)
def test_any_cell_comes_through_a_quoted_table_with_the_line_it_starts_on(rows, delimiter, newline, mark):
    rows = [row for row in rows if "\0" not in row[2]]
    sheet = io.StringIO(newline="")
    writer = csv.writer(sheet, delimiter=delimiter, lineterminator=newline, quoting=csv.QUOTE_ALL)
    writer.writerow(["text", "tea", "title"])
    expected = []
    for text, tea, title in rows:
        line = sheet.getvalue().count("\n") + 1
        labels = {"": None, "0": {"tea": "no"}, "1": {"tea": "yes"}}[tea]
        # A labelled sentence is taken without the white space around it, a document as it is.
        expected.append((line, text if labels is None else text.strip(), labels, title or None))
        writer.writerow([text, tea, title])
    with fresh_file("sheet.csv", mark + sheet.getvalue()) as path:
        found = read(path)
    assert [(record.at, record.text, getattr(record, "labels", None), record.title) for record in found] == [
        (f"{path}:{line}", *rest) for line, *rest in expected
    ]


def sheet(tmp_path, text, name="sheet.csv"):
    path = write(tmp_path, name, text)
    return [(record.at.removeprefix(f"{path}:"), outcome(record)) for record in read(path)]


def test_a_newline_inside_quotes_is_text_and_counts_as_a_line(tmp_path):
    text = 'text,tea\n"A\ncup.\n",1\nA pot.,0,extra\nA jug.,1\n'
    assert sheet(tmp_path, text) == [("2", "accepted"), ("5", "ragged_row"), ("6", "accepted")]
    assert read(tmp_path / "sheet.csv")[0].text == "A\ncup."


def test_semicolons_and_tabs_part_cells_where_the_header_says_so(tmp_path):
    assert sheet(tmp_path, "text;tea;rain\nA cup, a pot.;1;\n") == [("2", "accepted")]
    record = read(tmp_path / "sheet.csv")[0]
    assert (record.text, record.labels) == ("A cup, a pot.", {"tea": "yes"})
    assert sheet(tmp_path, "text\ttea\nA cup, a pot.\t0\n", "sheet.tsv") == [("2", "accepted")]


def test_ragged_rows_are_rejected_one_by_one(tmp_path):
    text = "text,tea\nA cup.\nA pot.,1\nA jug.,1,2\n\nA mug.,0\n"
    assert sheet(tmp_path, text) == [
        ("2", "ragged_row"), ("3", "accepted"), ("4", "ragged_row"), ("6", "accepted"),
    ]  # fmt: skip


def test_an_unclosed_quote_loses_no_row_silently(tmp_path):
    text = 'text,tea\nA cup.,1\nA pot.,1\n"A jug.,1\nA mug.,0\nA bowl.,0\n'
    assert sheet(tmp_path, text) == [("2", "accepted"), ("3", "accepted"), ("4", "malformed_csv")]
    assert "rows from here on are not read" in read(tmp_path / "sheet.csv")[-1].detail


def test_a_stray_quote_says_where_reading_ends(tmp_path):
    assert sheet(tmp_path, 'text,tea\n"A cup.",1\n"A" pot.,1\nA jug.,0\n') == [
        ("2", "accepted"),
        ("3", "malformed_csv"),
    ]


@pytest.mark.parametrize("header", ["words,tea", "", " , "])
def test_a_table_without_one_text_column_is_rejected_as_a_whole(tmp_path, header):
    assert sheet(tmp_path, f"{header}\nA cup.,1\n")[0][1] == "no_text"


def test_a_header_may_have_spaces_around_names(tmp_path):
    assert sheet(tmp_path, "text , tea\nA cup.,1\n") == [("2", "accepted")]


def test_an_unknown_topic_in_a_cell_is_rejected(tmp_path):
    assert sheet(tmp_path, "text,labels\nA cup.,tea\nA pot.,tea; tee\n") == [
        ("2", "accepted"),
        ("3", "unknown_topic"),
    ]


def test_lines_are_counted_right_behind_one_that_is_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "LONGEST_LINE", 30)
    text = f"text,tea\nA cup.,1\n{'x' * 99},1\nA pot.,1,2\nA jug.,0\n"
    assert sorted(sheet(tmp_path, text)) == [
        ("2", "accepted"), ("3", "too_long"), ("4", "ragged_row"), ("5", "accepted"),
    ]  # fmt: skip


# -- gzip -------------------------------------------------------------------------------------------------

# Random digits, so that the compressed file is long enough for cuts in the middle of rows.
ROWS = [{"text": f"Cup {n * 7919 % 10007} of {n * 104729 % 99991} stood here."} for n in range(60)]
PACKED = gzip.compress("".join(json.dumps(row) + "\n" for row in ROWS).encode(), mtime=0)


@given(st.integers(1, len(PACKED) - 1))
def test_a_gzip_cut_anywhere_gives_whole_rows_and_one_rejection(cut):
    with fresh_file("rows.jsonl.gz", PACKED[:cut]) as path:
        *accepted, last = read(path)
    assert [record.text for record in accepted] == [row["text"] for row in ROWS[: len(accepted)]]
    assert [record.at for record in accepted] == [f"{path}:{n}" for n in range(1, len(accepted) + 1)]
    assert (last.at, last.reason) == (str(path), "damaged_gzip")


@pytest.mark.parametrize("name", ["rows.jsonl.gz", "sheet.csv.gz", "note.txt.gz"])
@pytest.mark.parametrize(
    "data",
    [
        b"not gzip at all",
        gzip.compress(b"text\nA cup.\n", mtime=0)[:-4] + b"\0\0\0\0",
        gzip.compress(b"text\nA cup.\n", mtime=0) + b"rest",
    ],
)
def test_a_damaged_gzip_is_named(tmp_path, name, data):
    path = write(tmp_path, name, data)
    assert (read(path)[-1].at, outcome(read(path)[-1])) == (str(path), "damaged_gzip")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jsonl", b'\xef\xbb\xbf{"text": "A cup."}\n'),
        ("a.csv", b"\xef\xbb\xbftext\nA cup.\n"),
        ("a.tsv", b"text\ttea\nA cup.\t\n"),
        ("a.txt", b"\xef\xbb\xbfA cup."),
        ("a.md", b"A cup."),
    ],
)
def test_any_kind_may_be_gzipped(tmp_path, name, data):
    plain, packed = write(tmp_path, name, data), write(tmp_path, name + ".gz", gzip.compress(data, mtime=0))
    assert [record.text for record in read(plain)] == ["A cup."]
    assert [record.text for record in read(packed)] == ["A cup."]


# -- text files, folders, globs ---------------------------------------------------------------------------


def test_a_text_file_is_one_document_named_after_the_file(tmp_path):
    path = write(tmp_path, "note.txt", "A cup.\r\nA pot.\n")
    about = {"format": "txt", "encoding": "utf-8", "size": 15}
    assert read(path) == [Document("note.txt", "A cup.\r\nA pot.\n", title="note", at=str(path), **about)]


def test_line_by_line_each_line_is_a_document_of_its_own(tmp_path):
    path = write(
        tmp_path, "note.txt", "A cup.\u2028Still.\n\n  A cup. \nnul\0\n\xff".encode("latin-1", "ignore")
    )
    path.write_bytes("A cup.\u2028Still.\n\n  A cup. \nnul\0\n".encode() + b"\xff\n")
    found = read(path, whole=False)
    assert [(record.at.removeprefix(f"{path}:"), outcome(record)) for record in found] == [
        ("1", "accepted"), ("3", "accepted"), ("4", "nul_byte"), ("5", "not_utf8"),
    ]  # fmt: skip
    assert [record.text for record in found[:2]] == ["A cup.\u2028Still.", "A cup."]
    assert len({record.id for record in found[:2]}) == 2


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b"One\ntw\xffo\nthree", ":2", "unknown_encoding"),
        ("Caf\u00e9\ntw".encode() + b"\xffo\nthree", ":2", "not_utf8"),
        (b"A\0cup.", "", "nul_byte"),
        (b" \n\t", "", "empty_text"),
    ],
)
def test_a_text_file_that_cannot_be_used_says_why(tmp_path, data, line, reason):
    path = write(tmp_path, "note.txt", data)
    (rejection,) = read(path)
    assert (rejection.at, rejection.reason) == (f"{path}{line}", reason)


def test_a_folder_is_read_in_the_order_of_names_without_hidden_files(tmp_path):
    top = tmp_path / "pile"
    for name in ("b.txt", "a/z.md", "a/A.txt", ".hidden.txt", ".git/x.txt", "c.odt"):
        write(top, name, "A cup.")
    found = read(top)
    assert [record.id for record in found if isinstance(record, Document)] == [
        "pile/a/A.txt",
        "pile/a/z.md",
        "pile/b.txt",
    ]
    (refused,) = [record for record in found if isinstance(record, Rejection)]
    assert (refused.at, refused.reason) == (f"{top}/c.odt", "unsupported_type")


def test_ids_do_not_depend_on_where_a_folder_lies_or_how_it_is_named(tmp_path, monkeypatch):
    for parent in ("one", "two/three"):
        write(tmp_path / parent / "pile", "sub/a.txt", "A cup.")
    monkeypatch.chdir(tmp_path / "one" / "pile")
    paths = [".", "../pile", tmp_path / "one" / "pile", f"{tmp_path}/two/three/pile/"]
    assert {record.id for path in paths for record in read(path)} == {"pile/sub/a.txt"}


def test_a_folder_linked_into_itself_is_read_once(tmp_path):
    write(tmp_path / "pile", "a.txt", "A cup.")
    (tmp_path / "pile" / "loop").symlink_to(tmp_path / "pile")
    assert [record.id for record in read(tmp_path / "pile")] == ["pile/a.txt"]


def test_a_glob_is_read_in_order_and_a_name_with_brackets_is_a_name(tmp_path):
    for name in ("b.txt", "a.txt", "deep/er/c.txt", "d[1].txt", "e.csv"):
        write(tmp_path, name, "text\nA cup.\n")
    assert [record.id for record in read(f"{tmp_path}/**/*.txt")] == ["a.txt", "b.txt", "d[1].txt", "c.txt"]
    assert [record.id for record in read(f"{tmp_path}/d[1].txt")] == ["d[1].txt"]


@pytest.mark.parametrize("item", ["gone.txt", "*.txt", "a\0b"])
def test_an_input_that_is_not_there_is_said_before_anything_is_read(tmp_path, monkeypatch, item):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotFoundError, match="no file, folder or glob"):
        read_inputs([write(tmp_path, "here.md", "A cup."), item], TOPICS)


def test_a_link_that_leads_nowhere_is_not_there(tmp_path):
    (tmp_path / "link.txt").symlink_to(tmp_path / "gone.txt")
    for item in (tmp_path / "link.txt", f"{tmp_path}/*.txt"):
        with pytest.raises(NotFoundError):
            read_inputs([item], TOPICS)
    write(tmp_path, "note.txt", "A cup.")
    assert [record.id for record in read(f"{tmp_path}/*.txt")] == ["note.txt"]


def test_a_file_that_cannot_be_opened_is_rejected_and_the_others_read(tmp_path, monkeypatch):
    # Root may open anything, so the refusal is made by hand.
    locked, opened = write(tmp_path, "a.txt", "A cup."), Path.open

    def refusing(path, *arguments, **options):
        if path == locked:
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **options)

    write(tmp_path, "b.txt", "A pot.")
    monkeypatch.setattr(Path, "open", refusing)
    refused, accepted = read(f"{tmp_path}/*.txt")
    assert refused == Rejection(str(locked), "unreadable", "Permission denied")
    assert accepted.text == "A pot."


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse file names that are not UTF-8")
@pytest.mark.parametrize("suffix", [".txt", ".jsonl", ".csv", ".pdf"])
def test_a_file_name_that_is_not_utf8_is_shown_in_text_that_can_be_stored(tmp_path, suffix):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9" + suffix.encode())
    Path(path).write_text("text,labels\nA cup.,tea\n")
    for item in (path, tmp_path, f"{tmp_path}/*{suffix}"):
        for record in read(item):
            shown = [record.at, getattr(record, "id", ""), getattr(record, "author", "")]
            "".join(shown).encode("utf-8")
            assert "caf\\xe9" in record.at


def test_progress_never_goes_back_and_ends_at_the_sum_of_the_files(tmp_path):
    write(tmp_path, "a.txt", "A cup.")
    write(tmp_path, "b.jsonl", '{"text": "A pot."}\n' * 500)
    write(tmp_path, "c.jsonl.gz", PACKED)
    total = sum(path.stat().st_size for path in tmp_path.iterdir())
    calls = []
    list(read_inputs([f"{tmp_path}/*"], TOPICS, lambda *call: calls.append(call)))
    assert {call[0] for call in calls} == {"reading"}
    assert {call[2] for call in calls} == {total}
    done = [call[1] for call in calls]
    assert done == sorted(done)
    assert done[-1] == total


# -- standard input ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "whole", "expected"),
    [
        (b'{"text": "A cup."}\n{"text": "A pot."}\n', True, ["A cup.", "A pot."]),
        (b'\xef\xbb\xbf \n{"text": "A cup."}\n', True, ["A cup."]),
        (b"A cup.\nA pot.\n", True, ["A cup.\nA pot.\n"]),
        (b"A cup.\nA pot.\n", False, ["A cup.", "A pot."]),
        (b"\xef\xbb\xbfA cup.", True, ["A cup."]),
    ],
)
def test_standard_input_holds_rows_or_a_text(monkeypatch, data, whole, expected):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(data))))
    found = read("-", whole=whole)
    assert [record.text for record in found] == expected
    assert all(record.at.startswith("<stdin>") for record in found)


def test_empty_standard_input_is_rejected(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(b""))))
    assert [outcome(record) for record in read("-")] == ["empty_text"]


def test_the_author_of_labels_is_the_file_that_holds_them(tmp_path):
    path = write(tmp_path, "ann.csv", "text,labels\nA cup.,tea\n")
    (record,) = read(path)
    assert isinstance(record, LabelledText)
    assert record.author == "human:ann.csv"


def test_files_of_one_name_in_two_folders_are_two_documents(tmp_path, monkeypatch):
    for folder in ("x1", "x2"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "r.txt").write_text(f"A cup in {folder}.", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert [record.id for record in read_inputs(["x*/r.txt"], ())] == ["x1/r.txt", "x2/r.txt"]
    assert [record.id for record in read_inputs([tmp_path / "x1" / "r.txt"], ())] == ["r.txt"]


def test_a_name_too_long_for_any_file_system_is_not_found():
    with pytest.raises(NotFoundError, match="so long a name"):
        list(read_inputs(["a" * 300], ()))


def test_an_empty_path_is_not_this_folder():
    with pytest.raises(NotFoundError, match="an input is empty"):
        list(read_inputs([""], ()))


def test_columns_are_known_however_they_are_written(tmp_path):
    path = write(tmp_path, "sheet.csv", b"Text,Export Controls,TEA\nA cup.,1,0\n")
    (found,) = read_inputs([path], ("tea", "export_controls"))
    assert found.labels == {"tea": "no", "export_controls": "yes"}
