"""``trainer predict`` and ``trainer explain``: what comes in, what goes out, and what is refused."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import hostile_text

import trainer
from trainer.registry.files import FILES, MANIFEST
from trainer.registry.versions import promote

LAVA = "Red lava poured down the slope of the volcano."
LAMP = "The lighthouse keeper trimmed the lamp."
SOUP = "The mayor likes soup."
BOTH = "From the lamp room the keeper watched lava reach the harbour."
DOCUMENT = f"{LAMP}  {SOUP}\n\nCafé “Río” 🌋 closed; {LAVA}\n"


@pytest.fixture
def tagging(cli, small):
    """Run a command with the small model."""

    def run(command, *arguments, stdin=None):
        return cli(command, *arguments, "--model", "small", "--artifacts", small.root, stdin=stdin)

    return run


def lines_of(result):
    """Return the JSON values on stdout, each of which must stand on a line of its own."""
    assert result.stdout.endswith("\n")
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_prediction_is_one_line_with_the_promised_keys_and_types(tagging, small):
    (row,) = lines_of(tagging("predict", "--text", LAVA))
    assert list(row) == ["text", "labels", "review", "scores"]
    assert row["text"] == LAVA
    assert row["labels"] == ["volcanoes"]
    assert row["review"] == []
    assert list(row["scores"]) == list(small.config.topic_names)
    assert all(type(score) is float and 0 <= score <= 1 for score in row["scores"].values())


def test_it_says_what_python_says(tagging, small, tmp_path):
    texts = [LAVA, LAMP, SOUP]
    (tmp_path / "a.txt").write_text("\n".join(texts), encoding="utf-8")
    tagger = trainer.load("small", root=small.root)
    for row, found in zip(lines_of(tagging("predict", "a.txt")), tagger.predict(texts), strict=True):
        assert (row["text"], row["labels"], row["review"]) == (
            found.text, list(found.labels), list(found.review),
        )  # fmt: skip
        assert row["scores"] == found.scores


def test_no_topic_is_an_empty_list(tagging):
    (row,) = lines_of(tagging("predict", "--text", SOUP))
    assert row["labels"] == []


def test_what_is_too_close_to_call_is_in_review_and_in_no_label(small, cli, tmp_path):
    wide = ("--set", "thresholds.review=0.49")
    file = small.root.parent / "inputs" / "small.toml"
    shutil.copytree(small.root / "corpora", tmp_path / "artifacts" / "corpora")
    assert cli("fit", "--config", file, *wide).exit_code == 0
    (row,) = lines_of(cli("predict", "--config", file, *wide, "--text", SOUP + " " + LAMP + " " + LAVA))
    assert set(row["labels"]).isdisjoint(row["review"])
    assert row["review"], "a band of almost one half leaves something to a human"


def test_documents_come_with_offsets_into_the_file(tagging, tmp_path):
    (tmp_path / "d.txt").write_text(DOCUMENT, encoding="utf-8")
    rows = lines_of(tagging("predict", "d.txt", "--documents"))
    assert [list(row) for row in rows] == [
        ["text", "labels", "review", "scores", "doc_id", "start", "end"]
    ] * 3
    assert [row["doc_id"] for row in rows] == ["d.txt"] * 3
    assert [DOCUMENT[row["start"] : row["end"]] for row in rows] == [row["text"] for row in rows]
    assert [row["labels"] for row in rows] == [["lighthouses"], [], ["volcanoes"]]


def test_documents_in_rows_keep_their_ids(tagging, tmp_path):
    rows = [{"id": "first", "text": f"{SOUP} {LAVA}"}, {"id": 7, "text": LAMP}]
    (tmp_path / "d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = lines_of(tagging("predict", "d.jsonl", "--documents"))
    assert [row["doc_id"] for row in found] == ["first", "first", "7"]
    texts = {str(row["id"]): row["text"] for row in rows}
    assert all(texts[row["doc_id"]][row["start"] : row["end"]] == row["text"] for row in found)


def test_without_documents_no_row_has_a_place(tagging, tmp_path):
    (tmp_path / "d.jsonl").write_text(json.dumps({"id": "x", "text": LAVA}) + "\n", encoding="utf-8")
    (row,) = lines_of(tagging("predict", "d.jsonl"))
    assert not {"doc_id", "start", "end"} & set(row)


def test_one_line_of_a_text_file_is_one_text(tagging, tmp_path):
    data = f"\ufeff{LAVA}\r\n\n   \n  {LAMP}  \n{SOUP}".encode()
    (tmp_path / "a.md").write_bytes(data)
    with gzip.open(tmp_path / "b.txt.gz", "wb") as file:
        file.write(data)
    texts = [row["text"] for row in lines_of(tagging("predict", "a.md", "b.txt.gz"))]
    assert texts == [LAVA, LAMP, SOUP] * 2


def test_tables_folders_and_globs_are_read_and_labels_in_rows_passed_over(tagging, tmp_path):
    folder = tmp_path / "in" / "deep"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text(f'text,labels\n"{LAVA}",nonsense\n"two\nlines",\n', encoding="utf-8")
    (folder / "b.tsv").write_text(f"id\ttext\n1\t{LAMP}\n", encoding="utf-8")
    (folder / ".hidden.txt").write_text("never", encoding="utf-8")
    for given_as in ("in", "in/**/*.?sv"):
        result = tagging("predict", given_as)
        assert [row["text"] for row in lines_of(result)] == [LAVA, "two\nlines", LAMP]


def test_standard_input_is_lines_of_text(process, small):
    code, out, _ = run_process(process, small, f"{LAVA}\n\n{LAMP}\r\n".encode())
    assert code == 0
    assert [json.loads(line)["text"] for line in out.splitlines()] == [LAVA, LAMP]


@pytest.mark.parametrize("start", ["", "\ufeff", "\n  "], ids=["plain", "byte-order mark", "blank line"])
def test_standard_input_that_starts_with_a_brace_is_jsonl(start, process, small):
    rows = [{"text": LAVA, "id": "1"}, {"text": "two\nlines\u2028", "labels": ["nonsense"]}]
    data = start + "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    code, out, _ = run_process(process, small, data.encode())
    assert code == 0
    assert [json.loads(line)["text"] for line in out.splitlines()] == [row["text"] for row in rows]


def test_standard_input_as_a_document_has_offsets(process, small):
    code, out, _ = run_process(process, small, DOCUMENT.encode(), "--documents")
    assert code == 0
    for row in map(json.loads, out.splitlines()):
        assert DOCUMENT[row["start"] : row["end"]] == row["text"]


def run_process(process, small, data: bytes, *arguments):
    running = process("predict", "-", "--model", "small", "--artifacts", small.root, *arguments)
    out, err = running.communicate(data, timeout=60)
    return running.returncode, out.decode("utf-8"), err.decode("utf-8")


# Hostile text ----------------------------------------------------------------------------------------------

_here = settings(
    max_examples=25,
    # The fixtures give a folder and an environment that every example may share.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
_usable = hostile_text.map(str.strip).filter(lambda text: text and "\0" not in text)
ALLOWED = {chr(code) for code in range(32, 127)} | {"\n"}


@_here
@given(st.lists(_usable, min_size=1, max_size=5))
def test_hostile_text_stays_one_safe_json_line_and_comes_back_the_same(tagging, tmp_path, texts):
    data = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    (tmp_path / "h.jsonl").write_text(data, encoding="utf-8")
    result = tagging("predict", "h.jsonl")
    assert [row["text"] for row in lines_of(result)] == texts
    assert_safe(result.stdout + result.stderr)


@_here
@given(st.lists(_usable, min_size=1, max_size=5))
def test_hostile_text_in_a_sheet_is_no_formula_and_one_line_a_text(tagging, tmp_path, texts):
    data = "".join(json.dumps({"text": text, "id": text}) + "\n" for text in dict.fromkeys(texts))
    (tmp_path / "h.jsonl").write_text(data, encoding="utf-8")
    for more in ([], ["--documents"]):
        result = tagging("predict", "h.jsonl", "--format", "csv", *more)
        assert_safe(result.stdout + result.stderr)
        header, *rows = csv.reader(io.StringIO(result.stdout))
        assert len(rows) == len(result.stdout.splitlines()) - 1
        assert not any(value.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for value in row)
        assert all(len(row) == len(header) for row in rows)


@_here
@given(_usable)
def test_hostile_text_is_explained_without_acting_on_the_terminal(tagging, text):
    # An option's value that starts with a dash is joined by "=", as in any command line.
    assert_safe(tagging("explain", f"--text={text}").stdout)
    result = tagging("explain", f"--text={text}", "--json")
    assert_safe(result.stdout)
    assert json.loads(result.stdout)["text"] == text


def assert_safe(shown: str) -> None:
    import unicodedata

    for char in set(shown) - ALLOWED:
        assert unicodedata.category(char) not in {"Cc", "Zl", "Zp", "Cs"}, repr(char)
        assert char not in "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"


def test_a_hostile_file_name_and_row_are_reported_safely(tagging, tmp_path):
    name = "a\x1b[31m[bold]\u202e.jsonl"
    try:
        (tmp_path / name).write_text('{"text": "fine"}\n{"text": "\x1b[2J', encoding="utf-8")
    except OSError:
        pytest.skip("this file system has no such names")
    result = tagging("predict", name)
    assert result.exit_code == 0
    assert_safe(result.stdout + result.stderr)
    assert r"a\x1b[31m[bold]\u202e.jsonl:2: " in result.stderr


# What is written where -------------------------------------------------------------------------------------


def test_a_sheet_has_a_row_a_text_and_a_column_a_topic(tagging, tmp_path, small):
    (tmp_path / "a.txt").write_text(f"{LAVA}\n=A1 {SOUP}\n{BOTH}\n", encoding="utf-8")
    result = tagging("predict", "a.txt", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert list(rows[0]) == ["text", "labels", "review", *small.config.topic_names]
    assert [row["text"] for row in rows] == [LAVA, f"'=A1 {SOUP}", BOTH]
    assert [row["labels"] for row in rows] == ["volcanoes", "", "lighthouses; volcanoes"]
    exact = [row["scores"]["volcanoes"] for row in lines_of(tagging("predict", "a.txt"))]
    # A sheet is for people: six decimals.
    assert [float(row["volcanoes"]) for row in rows] == pytest.approx(exact, abs=5e-7)


def test_a_sheet_of_documents_says_where_each_sentence_stands(tagging, tmp_path):
    (tmp_path / "d.txt").write_text(DOCUMENT, encoding="utf-8")
    rows = list(
        csv.DictReader(io.StringIO(tagging("predict", "d.txt", "--documents", "--format", "csv").stdout))
    )
    assert list(rows[0])[:4] == ["doc_id", "start", "end", "text"]
    assert [DOCUMENT[int(row["start"]) : int(row["end"])] for row in rows] == [row["text"] for row in rows]


@pytest.mark.parametrize("existing", [None, b"yesterday's\n"], ids=["new", "there already"])
@pytest.mark.parametrize(
    ("content", "more", "code"),
    [
        (b'{"text": "fine"}\n{"text": ', ["--strict"], 4),
        (b"not json\n", [], 4),
        (b"", [], 4),
        (b'{"text": "fine"}\n', ["missing.jsonl"], 6),
    ],
    ids=["strict", "nothing usable", "empty", "missing"],
)
def test_a_table_appears_whole_or_not_at_all(tagging, tmp_path, existing, content, more, code):
    (tmp_path / "a.jsonl").write_bytes(content)
    if existing is not None:
        (tmp_path / "o.csv").write_bytes(existing)
    before = sorted(path.name for path in tmp_path.iterdir())
    result = tagging("predict", "a.jsonl", "--out", "o.csv", "--overwrite", *more)
    assert result.exit_code == code
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    if existing is not None:
        assert (tmp_path / "o.csv").read_bytes() == existing


@pytest.mark.parametrize(
    ("out", "code"), [("", 2), (".", 2), ("o", 2), ("o.cvs", 2), ("nowhere/o.csv", 6), ("a.txt/o.csv", 6)]
)
def test_a_place_that_cannot_be_written_is_named(tagging, tmp_path, out, code):
    (tmp_path / "a.txt").write_text(LAVA, encoding="utf-8")
    result = tagging("predict", "a.txt", "--out", out)
    assert result.exit_code == code
    assert out.rpartition("/")[2] in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_table_is_written_through_a_link_and_never_in_the_place_of_a_pipe(tagging, tmp_path):
    (tmp_path / "a.txt").write_text(LAVA, encoding="utf-8")
    (tmp_path / "link.jsonl").symlink_to("real.jsonl")
    assert tagging("predict", "a.txt", "--out", "link.jsonl").exit_code == 0
    assert (tmp_path / "link.jsonl").is_symlink()
    assert json.loads((tmp_path / "real.jsonl").read_bytes())["text"] == LAVA
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.csv")
        assert tagging("predict", "a.txt", "--out", "pipe.csv", "--overwrite").exit_code == 2
        assert (tmp_path / "pipe.csv").is_fifo()


def test_a_text_goes_to_standard_output(tagging):
    result = tagging("predict", "--text", LAVA, "--out", "o.csv")
    assert result.exit_code == 2
    assert "--text" in result.stderr


def test_a_table_that_somebody_changed_is_not_replaced(tagging, tmp_path):
    (tmp_path / "a.txt").write_text(LAVA, encoding="utf-8")
    assert tagging("predict", "a.txt", "--out", "o.csv").exit_code == 0
    assert tagging("predict", "a.txt", "--out", "o.csv").exit_code == 0, "what a run wrote may be replaced"
    with (tmp_path / "o.csv").open("a", encoding="utf-8") as file:
        file.write("a note of mine\r\n")
    changed = (tmp_path / "o.csv").read_bytes()
    result = tagging("predict", "a.txt", "--out", "o.csv")
    assert result.exit_code == 2
    assert "--overwrite" in result.stderr
    assert (tmp_path / "o.csv").read_bytes() == changed
    assert tagging("predict", "a.txt", "--out", "o.csv", "--overwrite").exit_code == 0
    assert (tmp_path / "o.csv").read_bytes() != changed


# Bad input -------------------------------------------------------------------------------------------------

BAD_ROWS = {
    "malformed json": (b'{"text": "cut', "malformed_json"),
    "not an object": (b"[1]", "malformed_json"),
    "a key twice": (b'{"text": "a", "text": "b"}', "malformed_json"),
    "not a number of json": (b'{"text": "a", "n": NaN}', "malformed_json"),
    "invalid utf-8": (b'{"text": "caf\xe9 noir"}', "not_utf8"),
    "lone surrogate": (b'{"text": "\\ud800"}', "not_utf8"),
    "nul byte": (b'{"text": "a\\u0000b"}', "nul_byte"),
    "no text": (b'{"txet": "a"}', "no_text"),
    "text of another type": (b'{"text": 3}', "no_text"),
    "empty text": (b'{"text": "  "}', "empty_text"),
}


@pytest.mark.parametrize(("row", "reason"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_bad_row_in_the_middle_is_counted_named_and_skipped(tagging, tmp_path, row, reason):
    good = json.dumps({"text": LAVA}).encode()
    (tmp_path / "a.jsonl").write_bytes(b"\n".join([good, row, good]) + b"\n")
    result = tagging("predict", "a.jsonl")
    assert result.exit_code == 0
    assert [found["text"] for found in lines_of(result)] == [LAVA] * 2
    assert f"1 rejected ({reason} 1)" in result.stderr
    assert "a.jsonl:2: " in result.stderr
    assert tagging("predict", "a.jsonl", "--strict").exit_code == 4
    (tmp_path / "a.jsonl").write_bytes(row)
    alone = tagging("predict", "a.jsonl")
    assert (alone.exit_code, alone.stdout) == (4, "")
    assert "a.jsonl:1: " in alone.stderr


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", b""),
        ("a.txt", b" \n\t\n"),
        ("a.jsonl", b"\n"),
        ("a.csv", b""),
        ("a.csv", b"id,text\n"),
        ("a.txt", b"\xef\xbb\xbf"),
    ],
)
def test_nothing_to_tag_is_bad_data_and_not_silence(tagging, tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    for more in ([], ["--documents"], ["--format", "csv"]):
        result = tagging("predict", name, *more)
        assert result.exit_code == 4
        assert "no usable text" in result.stderr


def test_an_empty_pipe_is_bad_data_too(process, small):
    code, out, err = run_process(process, small, b"")
    assert (code, out) == (4, "")
    assert "no usable text" in err


@pytest.mark.parametrize("name", ["a.odt", "a.xls", "notes"])
def test_a_file_of_another_kind_is_named_with_the_kinds_there_are(tagging, tmp_path, name):
    (tmp_path / name).write_bytes(b"%PDF-1.4")
    result = tagging("predict", name)
    assert result.exit_code == 4
    assert name in result.stderr
    assert ".jsonl" in result.stderr


@pytest.mark.parametrize("path", ["nowhere.txt", "*.zip", "nowhere/"])
def test_a_path_that_is_not_there_is_not_found(tagging, path):
    result = tagging("predict", path)
    assert result.exit_code == 6
    assert f"'{path}'" in result.stderr
    assert result.stdout == ""


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that opens and cannot be read")
def test_a_file_that_cannot_be_read_is_named(tagging, tmp_path):
    (tmp_path / "a.txt").symlink_to("/proc/self/mem")
    result = tagging("predict", "a.txt")
    assert result.exit_code == 4
    assert "a.txt" in result.stderr


def test_invalid_utf8_in_a_text_file_is_named_by_line(tagging, tmp_path):
    (tmp_path / "a.txt").write_bytes(b"First line.\ncaf\xff\nThird line.\n")
    result = tagging("predict", "a.txt")
    assert [row["text"] for row in lines_of(result)] == ["First line.", "Third line."]
    assert "a.txt:2: " in result.stderr
    whole = tagging("predict", "a.txt", "--documents")
    assert whole.exit_code == 4
    assert "a.txt:2: " in whole.stderr


def test_an_unclosed_quote_loses_no_row_silently(tagging, tmp_path):
    (tmp_path / "a.csv").write_text(f'text\n{LAVA}\n"open {LAMP}\nlater\n', encoding="utf-8")
    result = tagging("predict", "a.csv")
    assert [row["text"] for row in lines_of(result)] == [LAVA]
    assert "a.csv:3: " in result.stderr
    assert "malformed_csv" in result.stderr


# Models ----------------------------------------------------------------------------------------------------


def test_a_model_that_is_not_there_is_not_found_and_not_trained(cli, tmp_path, small):
    for reference in ("nothing", "small@9", "small@production", "./nowhere"):
        result = cli("predict", "--text", LAVA, "--model", reference, "--artifacts", small.root)
        assert result.exit_code == 6
        assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_broken_alias_is_told_and_trains_nothing(cli, small, tmp_path):
    root = tmp_path / "artifacts"
    shutil.copytree(small.root, root)
    shutil.copytree(root / "models" / "small" / "1", root / "models" / "small" / "7")
    promote(root, "small", "7")
    shutil.rmtree(root / "models" / "small" / "7")
    file = small.root.parent / "inputs" / "small.toml"
    result = cli("predict", "--text", LAVA, "--config", file)
    assert result.exit_code == 6
    assert "'7'" in result.stderr
    assert "training" not in result.stderr


@pytest.mark.parametrize("name", [*FILES, MANIFEST])
@pytest.mark.parametrize("damage", ["truncated", "missing", "altered"])
def test_a_damaged_artifact_is_refused_by_name(cli, small, tmp_path, name, damage):
    folder = tmp_path / "copy"
    shutil.copytree(small.path, folder)
    data = (folder / name).read_bytes()
    (folder / name).unlink()
    if damage != "missing":
        wrong = data[: len(data) // 2] if damage == "truncated" else bytes([data[0] ^ 1]) + data[1:]
        (folder / name).write_bytes(wrong)
    for command in ("predict", "explain"):
        result = cli(command, "--text", LAVA, "--model", "./copy")
        # A folder without its manifest is no model at all.
        assert result.exit_code == (6 if (name, damage) == (MANIFEST, "missing") else 7)
        assert result.stdout == ""
        assert "copy" in result.stderr


def test_a_fresh_machine_trains_first_and_says_so(cli, tmp_path, small):
    file = small.root.parent / "inputs" / "small.toml"
    shutil.copytree(small.root / "corpora", tmp_path / "artifacts" / "corpora")
    first = cli("predict", "--text", LAVA, "--config", file)
    assert first.exit_code == 0
    assert first.stderr.startswith("no model yet: training one")
    assert (tmp_path / "artifacts" / "models" / "small" / "1" / MANIFEST).is_file()
    second = cli("predict", "--text", LAVA, "--config", file)
    assert "training" not in second.stderr
    assert second.stdout == first.stdout


def test_a_fresh_machine_without_a_corpus_of_its_own_is_told_how_to_get_one(cli, tmp_path, small):
    file = small.root.parent / "inputs" / "small.toml"  # lets no shipped sentence join
    result = cli("predict", "--text", LAVA, "--config", file)
    assert result.exit_code == 6
    assert "trainer build" in result.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
