"""``trainer build`` and ``trainer corpus stats``: contracts, bad input, and nothing left half-written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from conftest import small_rows, write_small_inputs

LAVA = "Red lava poured down the slope of the volcano."


@pytest.fixture
def inputs(tmp_path):
    """Write the small config and its inputs beside the test's own files; return their paths."""
    return write_small_inputs(tmp_path / "inputs")


@pytest.fixture
def build(cli, inputs):
    """Run ``trainer build`` with the small config."""

    def run(*arguments, stdin=None):
        return cli("build", *arguments, "--config", inputs[0], stdin=stdin)

    return run


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def assert_nothing_half_written(root: Path) -> None:
    """Versions are whole; no scratch folder stays."""
    for path in root.rglob("*"):
        assert path.name == ".cache" or not path.name.startswith("."), path
    for version in root.glob("corpora/*/*"):
        assert {path.name for path in version.iterdir()} >= {
            "corpus.json",
            "README.md",
            "data",
            "votes.parquet",
        }


def test_build_json_has_the_promised_keys_and_types(build, inputs, tmp_path):
    result = build(*inputs[1], "--json")
    found = json.loads(result.stdout)
    assert list(found) == [
        "corpus", "version", "fingerprint", "documents", "sentences", "labels", "splits", "rejected",
    ]  # fmt: skip
    assert found["corpus"] == str(Path("artifacts", "corpora", "small", "1"))
    assert found["version"] == "1"
    assert len(found["fingerprint"]) == 64
    assert found["documents"] == len(small_rows()) + 1
    assert found["sentences"] == len(small_rows()) + 3
    for counts in found["labels"].values():
        assert set(counts) == {"yes", "no", "unknown"}
        assert all(type(n) is int for n in counts.values())
        assert sum(counts.values()) == found["sentences"]
    assert set(found["labels"]) == {"lighthouses", "volcanoes"}
    assert set(found["splits"]) == {"train", "validation", "test"}
    assert sum(found["splits"].values()) == found["sentences"]
    assert found["rejected"] == {}
    assert_nothing_half_written(tmp_path / "artifacts")


def test_people_are_told_what_was_built_and_what_is_next(build, inputs):
    result = build(*inputs[1])
    assert result.exit_code == 0
    assert result.stdout.startswith("built corpus small version 1 in artifacts")
    assert "fingerprint " in result.stdout
    assert result.stderr.splitlines() == [
        f"config: {inputs[0]}",
        f"next: `trainer fit --config {inputs[0]}`",
    ]


def test_the_same_input_again_is_the_same_version_with_the_same_table(build, inputs, tmp_path):
    first, again = build(*inputs[1]), build(*inputs[1])
    assert again.stdout.startswith("unchanged: already corpus small version 1 in ")

    def rows(result):
        return [line.split() for line in result.stdout.splitlines() if line.startswith((" l", " v"))]

    # The table of labels, then that of splits: topics in config order.
    assert [row[0] for row in rows(first)] == [
        "lighthouses", "volcanoes", "lighthouses,", "lighthouses,", "volcanoes,", "volcanoes,",
    ]  # fmt: skip
    assert rows(again) == rows(first)
    assert [path.name for path in (tmp_path / "artifacts" / "corpora" / "small").iterdir()] == ["1"]
    assert build(*inputs[1], "--json").stdout == build(*inputs[1], "--json").stdout


def test_topics_stand_in_config_order_though_files_sort_them(cli, inputs, tmp_path):
    swapped = inputs[0].read_text(encoding="utf-8").replace("volcanoes", "aardvarks")
    inputs[0].write_text(swapped, encoding="utf-8")
    labelled = inputs[1][0]
    rows = labelled.read_text(encoding="utf-8").replace('"volcanoes"', '"aardvarks"')
    labelled.write_text(rows, encoding="utf-8")
    shown = [cli("build", labelled, "--config", inputs[0]).stdout for _ in range(2)]
    shown.append(cli("corpus", "stats", "--config", inputs[0]).stdout)
    for text in shown:
        assert text.index("lighthouses") < text.index("aardvarks")


def test_documents_from_standard_input(build, inputs):
    result = build("-", "--labels", inputs[1][0], "--json", stdin=f"{LAVA} The mayor likes soup.")
    assert json.loads(result.stdout)["documents"] == len(small_rows()) + 1


def test_a_folder_of_mixed_files_keeps_what_can_be_read_and_lists_the_rest(build, inputs, tmp_path):
    folder = tmp_path / "mixed"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text(f"{LAVA} The mayor likes soup.", encoding="utf-8")
    (folder / "deep" / "b.odt").write_bytes(b"PK")
    (folder / "c.txt").write_bytes(b"caf\xff")
    (folder / "rows.csv").write_text('text,volcanoes\n"two\nlines of text",0\nno lava,2\n', encoding="utf-8")
    result = build(folder, "--labels", inputs[1][0], "--json")
    found = json.loads(result.stdout)
    assert found["rejected"] == {"bad_labels": 1, "unknown_encoding": 1, "unsupported_type": 1}
    assert found["sentences"] == len(small_rows()) + 3
    # The row after one of two lines is named by the line that it starts on.
    for place in ("c.txt:1: ", "rows.csv:4: ", "b.odt: "):
        assert place in result.stderr
    listed = (Path(found["corpus"]) / "rejected.jsonl").read_text(encoding="utf-8").splitlines()
    assert sorted(json.loads(line)["reason"] for line in listed) == sorted(found["rejected"])


BAD_ROWS = {
    "malformed json": ('{"text": "cut', "malformed_json"),
    "unknown topic in a list": ('{"text": "lava here now", "labels": ["volcanos"]}', "unknown_topic"),
    "unknown topic in an object": ('{"text": "lava here now", "labels": {"soup": "yes"}}', "unknown_topic"),
    "unknown answer": ('{"text": "lava here now", "labels": {"volcanoes": "maybe"}}', "bad_labels"),
    "labelled, not judged": ('{"text": "x y z", "labels": ["volcanoes"], "judged": []}', "bad_labels"),
    "nul byte": ('{"text": "a\\u0000b", "labels": []}', "nul_byte"),
    "lone surrogate": ('{"text": "\\udc80", "labels": []}', "not_utf8"),
    "empty text": ('{"text": "", "labels": []}', "empty_text"),
    "no text": ('{"labels": []}', "no_text"),
    "same id, other text": ('{"id": "s000", "text": "lava here now", "labels": []}', "duplicate_id"),
    "id of a wrong type": ('{"id": {}, "text": "lava here now", "labels": []}', "bad_field"),
}


@pytest.mark.parametrize(("row", "reason"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_bad_row_is_skipped_counted_and_named(build, inputs, tmp_path, row, reason):
    lines = inputs[1][0].read_text(encoding="utf-8").splitlines()
    (tmp_path / "rows.jsonl").write_text("\n".join([*lines[:3], row, *lines[3:]]) + "\n", encoding="utf-8")
    result = build("rows.jsonl", "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert found["rejected"] == {reason: 1}
    assert found["sentences"] == len(small_rows())
    assert "warning: 1 rejected" in result.stderr
    assert "rows.jsonl:4: " in result.stderr
    assert build("rows.jsonl", "--strict").exit_code == 4
    assert_nothing_half_written(tmp_path / "artifacts")


def test_a_misspelt_topic_is_told_its_likely_name(build, inputs):
    inputs[1][0].write_text('{"text": "lava here now", "labels": ["volcanos"]}\n', encoding="utf-8")
    result = build(inputs[1][0])
    assert result.exit_code == 4
    assert "rows.jsonl:1: unknown topic 'volcanos'. Did you mean 'volcanoes'?" in result.stderr


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", b"{oops\n"),
        ("a.jsonl", b'{"text": "caf\xe9"}\n'),
        ("a.txt", b"caf\xff"),
        ("a.txt", b"nul\0byte"),
        ("a.txt", b""),
        ("a.txt", b"\xef\xbb\xbf \n"),
        ("a.csv", b"body\nno text column\n"),
        ("a.csv", b'text\n"never closed\n'),
        ("a.xls", b"\xd0\xcf"),
        ("a.txt.gz", b"not gzip"),
    ],
)
def test_input_without_one_usable_text_is_bad_data_and_writes_nothing(build, tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    result = build(name)
    assert result.exit_code == 4
    assert result.stdout == ""
    assert result.stderr.splitlines()[1].startswith("error: no usable sentence")
    assert name in result.stderr
    assert files_below(tmp_path / "artifacts") == []


@pytest.mark.parametrize(("name", "content"), [("a.jsonl", b""), ("a.csv", b"text\n"), ("a.csv", b"")])
def test_an_empty_table_is_bad_data_and_writes_nothing(build, tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    result = build(name)
    assert result.exit_code == 4
    assert files_below(tmp_path / "artifacts") == []


def test_a_byte_order_mark_is_no_part_of_the_first_column(build, inputs, tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbftext,volcanoes\nlava came today,1\n")
    (tmp_path / "a.jsonl").write_bytes(b'\xef\xbb\xbf{"text": "soup came today", "labels": []}\n')
    found = json.loads(build("a.csv", "a.jsonl", "--json").stdout)
    assert (found["sentences"], found["rejected"]) == (2, {})
    assert found["labels"]["volcanoes"]["yes"] == 1


@pytest.mark.parametrize("arguments", [["nowhere"], ["*.zip"], ["inputs/rows.jsonl", "--labels", "nowhere"]])
def test_a_path_that_is_not_there_is_not_found_and_writes_nothing(build, tmp_path, arguments):
    result = build(*arguments)
    assert result.exit_code == 6
    assert f"'{arguments[-1]}'" in result.stderr
    assert files_below(tmp_path / "artifacts") == []


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that opens and cannot be read")
def test_a_file_that_cannot_be_read_is_named_and_skipped(build, inputs, tmp_path):
    (tmp_path / "a.txt").symlink_to("/proc/self/mem")
    result = build("a.txt", *inputs[1], "--json")
    assert json.loads(result.stdout)["rejected"] == {"unreadable": 1}
    assert "a.txt" in result.stderr


def test_nothing_to_build_from_is_a_usage_error(build, tmp_path):
    assert build().exit_code == 2
    assert build("--no-starter").exit_code == 2
    assert files_below(tmp_path / "artifacts") == []


def test_the_shipped_sentences_join_unless_told_not_to(cli, tmp_path):
    (tmp_path / "mine.jsonl").write_text(
        '{"text": "A tariff on soup is no sanction.", "labels": []}\n', encoding="utf-8"
    )
    alone = json.loads(cli("build", "mine.jsonl", "--no-starter", "--json").stdout)
    joined = json.loads(cli("build", "mine.jsonl", "--json").stdout)
    assert alone["sentences"] == 1
    assert joined["sentences"] > 800


def test_artifacts_that_cannot_be_written_are_an_error_without_a_traceback(build, inputs, tmp_path):
    (tmp_path / "file").write_text("here", encoding="utf-8")
    result = build(*inputs[1], "--artifacts", "file")
    assert result.exit_code == 1
    assert "cannot write" in result.stderr
    assert (tmp_path / "file").read_text(encoding="utf-8") == "here"


# trainer corpus stats --------------------------------------------------------------------------------------


def test_stats_count_what_is_in_the_corpus(cli, small):
    found = json.loads(cli("corpus", "stats", small.corpus.path, "--json").stdout)
    rows = small_rows()
    assert found["corpus"] == str(small.corpus.path)
    assert (found["version"], found["fingerprint"]) == ("1", small.corpus.fingerprint)
    assert found["sentences"] == len(rows) + 3
    assert found["documents"] == len(rows) + 1
    assert found["gold"] == len(rows)
    assert found["none"] == sum(not row["labels"] for row in rows) + 1
    assert found["pairs"] == {"lighthouses+volcanoes": sum(len(row["labels"]) == 2 for row in rows)}
    assert found["labels"] == small.corpus.manifest["labels"]
    assert sum(found["splits"].values()) == sum(found["sources"].values()) == found["sentences"]
    lengths = [len(row["text"].split()) for row in rows]
    assert found["words"]["most"] == max(lengths)
    low, middle, high = found["words"]["quartiles"]
    assert found["words"]["least"] <= low <= middle <= high <= found["words"]["most"]


def test_stats_for_people_and_a_corpus_by_number(cli, small):
    shown = cli("corpus", "stats", "1", "--artifacts", small.root, "--set", "name=small").stdout
    assert shown.startswith(f"corpus small version 1 in {small.corpus.path}\n")
    assert "lighthouses + volcanoes" in shown


@pytest.mark.parametrize("which", [[], ["3"], ["./nowhere"]])
def test_stats_of_no_corpus_are_not_found(cli, which):
    result = cli("corpus", "stats", *which)
    assert result.exit_code == 6
    assert result.stdout == ""


@pytest.mark.parametrize("name", ["corpus.json", "data/train.parquet", "data/test.parquet"])
@pytest.mark.parametrize("damage", ["truncated", "missing"])
@pytest.mark.parametrize("command", [["corpus", "stats"], ["fit"]], ids=" ".join)
def test_a_damaged_corpus_is_refused_by_name(cli, small, tmp_path, name, damage, command):
    shutil.copytree(small.corpus.path, tmp_path / "copy")
    file = tmp_path / "copy" / name
    data = file.read_bytes()
    file.unlink()
    if damage == "truncated":
        file.write_bytes(data[: len(data) // 2])
    result = cli(*command, "./copy", "--config", small.root.parent / "inputs" / "small.toml")
    assert result.exit_code == 7
    assert result.stdout == ""
    assert "copy" in result.stderr
    assert files_below(tmp_path / "artifacts") == []


def test_a_data_set_elsewhere_needs_leave_to_use_the_network(build):
    result = build("hf:somebody/something")
    assert result.exit_code == 2
    assert "--allow-network" in result.stderr


def test_leave_to_use_the_network_reaches_the_reader(build, inputs, monkeypatch):
    from trainer.corpus import build as room

    given = []
    read = room.read_inputs

    def noting(*arguments, allow_network, **options):
        given.append(allow_network)
        return read(*arguments, **options)

    monkeypatch.setattr(room, "read_inputs", noting)
    assert build(*inputs[1], "--allow-network").exit_code == 0
    assert set(given) == {True}


def test_titles_of_the_config_name_topics_in_exports(build, tmp_path):
    topic = {"Lighthouses": "lighthouses"}
    title = next(iter(topic))
    export = [
        {
            "id": 1,
            "data": {"text": "A tall lamp stands there."},
            "annotations": [
                {"completed_by": 1, "result": [{"from_name": "t", "value": {"choices": [title]}}]}
            ],
        }
    ]
    (tmp_path / "export.json").write_text(json.dumps(export), encoding="utf-8")
    result = build("--labels", "export.json", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["labels"]["lighthouses"]["yes"] == 1


def test_pages_pdfs_and_word_files_become_sentences_of_a_corpus(build, tmp_path):
    from samples import docx, pdf

    folder = tmp_path / "pile"
    folder.mkdir()
    (folder / "a.html").write_text(f"<h1>Old towers</h1><p>{LAVA}", encoding="utf-8")
    (folder / "b.pdf").write_bytes(pdf("Lava ran down the northern slope."))
    (folder / "c.docx").write_bytes(docx("Lava ran down the southern slope."))
    result = build(folder, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["documents"], found["rejected"]) == (3, {})
