"""``trainer corpus list|export|diff``: what people and programs get, and how they end."""

from __future__ import annotations

import csv
import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import small_rows, write_small_inputs

from trainer.corpus.compare.diff import diff_corpora
from trainer.corpus.seal import SEAL, sealed_manifest
from trainer.corpus.store import fingerprint, row_digest
from trainer.storage import canonical_json


@pytest.fixture
def place(two_corpora):
    return ("--artifacts", two_corpora[0].path.parents[2], "--set", "name=weather")


# -- list -------------------------------------------------------------------------------------------------


def test_list_names_every_version_with_its_counts(cli, two_corpora):
    root = two_corpora[0].path.parents[2]
    found = json.loads(cli("corpus", "list", "--artifacts", root, "--json").stdout)
    assert [(c["name"], c["version"]) for c in found] == [("weather", "1"), ("weather", "2")]
    for row, corpus in zip(found, two_corpora, strict=True):
        for key in ("fingerprint", "documents", "sentences", "splits"):
            assert row[key] == corpus.manifest[key]
    shown = cli("corpus", "list", "--artifacts", root).stdout
    for corpus in two_corpora:
        assert f"weather {corpus.version}" in shown
        assert corpus.fingerprint[:12] in shown


def test_where_there_is_no_corpus_the_list_says_what_to_do(cli):
    result = cli("corpus", "list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "`trainer build` makes one" in result.stderr


# -- export -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("jsonl", "small-1.jsonl"), ("csv", "small-1.csv"), ("parquet", "small-1.parquet"),
        ("hf-disk", "small-1-hf-disk"), ("label-studio", "small-1-label-studio"),
        ("argilla", "small-1-argilla"),
    ],
)  # fmt: skip
def test_an_export_has_a_name_of_its_own_unless_told(cli, small, tmp_path, kind, name):
    result = cli("corpus", "export", small.corpus.path, "--format", kind)
    assert (result.exit_code, result.stdout) == (0, f"wrote {name} and {name}.run.json\n")
    assert {path.name for path in tmp_path.iterdir()} == {name, f"{name}.run.json"}
    assert cli("corpus", "export", small.corpus.path, "--format", kind).exit_code == 2


def test_an_exported_sheet_is_labels_for_eval_and_build(cli, small, tmp_path):
    cli("corpus", "export", small.corpus.path, "--format", "csv", "--out", "s.csv", "--split", "test")
    with (tmp_path / "s.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["split"] for row in rows} == {"test"}
    assert len(rows) == small.corpus.manifest["splits"]["test"] < len(small_rows())
    scores = cli("eval", "small", "--artifacts", small.root, "--on", "s.csv", "--json")
    assert scores.exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--format", "xml"], 2, "unknown export format 'xml'"),
        (["--split", "dev"], 6, "no split 'dev'"),
        (["--out", "nowhere/x.jsonl"], 6, "no folder 'nowhere'"),
        (["--out", "."], 2, "is there already"),
    ],
)
def test_a_wrong_export_is_refused_and_leaves_nothing(cli, small, tmp_path, arguments, code, told):
    result = cli("corpus", "export", small.corpus.path, *arguments)
    assert result.exit_code == code
    assert told in result.stderr
    assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


# -- diff -------------------------------------------------------------------------------------------------


def test_diff_tells_people_what_changed_and_why(cli, place):
    result = cli("corpus", "diff", "1", "2", *place, "--show", "50")
    assert result.exit_code == 0
    for told in (
        "edited a.txt",
        "topics.rain.rules.words.match changed: ['rain'] -> []",
        "This document is new and dry. [c.txt]",
        "its document went",
        "The old wording of a sentence stood here -> The new wording of a sentence stands here",
        "tea: human:ben says no",
        "tea: rule:tea/words, which says yes, is overruled",
        "rule:rain/words no longer says yes (rule changed)",
        "human:ben judged it",
    ):
        assert told in result.stdout
    assert not set(result.stdout) & {"\x1b", "\u202e"}
    assert "<script>alert(1)</script> \\u202e\\x1b[31m said" in result.stdout


def test_diff_shows_the_first_of_each_kind_and_counts_the_rest(cli, place):
    shown = cli("corpus", "diff", "1", "2", *place, "--show", "1").stdout
    assert "A new first line stands before all." in shown
    assert "This document is new" not in shown
    assert "  … and 4 more: --show 5, --json or --html" in shown
    assert "edited a.txt" not in cli("corpus", "diff", "1", "2", *place, "--show", "0").stdout


def test_diff_as_json_is_all_of_it_and_the_same_as_in_python(cli, place, two_corpora):
    found = json.loads(cli("corpus", "diff", *(c.path for c in two_corpora), *place, "--json").stdout)
    assert found == json.loads(json.dumps(diff_corpora(two_corpora[0], two_corpora[1]).to_dict()))
    assert list(found)[:6] == ["a", "b", "summary", "labels", "settings", "documents"]


def test_diff_writes_a_page(cli, place, tmp_path):
    result = cli("corpus", "diff", "1", "2", *place, "--html", "d.html", "--json")
    assert result.stderr == "wrote d.html\n"
    assert json.loads(result.stdout)["a"]["version"] == "1"
    assert (tmp_path / "d.html").read_text(encoding="utf-8").lstrip().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["1", "9"], 6), (["1"], 2), (["./nowhere", "1"], 6), (["1", "2", "--show", "-1"], 2)],
)
def test_a_wrong_diff_is_refused(cli, place, arguments, code):
    result = cli("corpus", "diff", *arguments, *place)
    assert (result.exit_code, result.stdout) == (code, "")


def test_a_page_that_cannot_be_written_is_one_line(cli, place, tmp_path):
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    result = cli("corpus", "diff", "1", "2", *place, "--html", "file/d.html")
    assert result.exit_code == 1
    assert "cannot write" in result.stderr
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def test_long_texts_are_shown_where_they_part(cli, tea_and_rain, tmp_path):
    from trainer.corpus.build import build_corpus

    start = "A long sentence about a cup of tea that goes on and on. " * 5
    for word in ("first", "second"):
        row = {"id": "s1", "text": f"{start}It ends with the {word} word", "labels": []}
        (tmp_path / "r.jsonl").write_text(json.dumps(row), encoding="utf-8")
        build_corpus([tmp_path / "r.jsonl"], tea_and_rain, tmp_path / "artifacts")
    shown = cli("corpus", "diff", "1", "2", "--set", "name=weather").stdout
    (line,) = [line for line in shown.splitlines() if "first word" in line]
    assert line.strip().startswith("…")
    assert "second word" in line
    assert len(line) < 200


# -- show -------------------------------------------------------------------------------------------------


def test_show_tells_who_voted_on_what_grounds(cli, small):
    (row,) = [row for row in small.corpus.rows().to_pylist() if row["id"] == "s000"]
    shown = cli("corpus", "show", "s000", small.corpus.path).stdout.split("\n")
    assert shown[0] == f"s000 [s000] {row['split']}, gold"
    assert shown[1] == f"  {row['text']}"
    assert "    yes human:a 1.00 rows.jsonl:1" in shown
    (rule,) = [line for line in shown if line.startswith("    yes rule:lighthouses/words@")]
    assert rule.endswith(" lighthouse")
    found = json.loads(cli("corpus", "show", row["text"][4:20], small.corpus.path, "--json").stdout)
    assert "s000" in {one["id"] for one in found}
    assert cli("corpus", "show", "no such words", small.corpus.path).exit_code == 6


# -- rules and check --------------------------------------------------------------------------------------


def test_rules_tell_what_each_is_worth(cli, small):
    found = json.loads(cli("corpus", "rules", small.corpus.path, "--json").stdout)
    assert found == small.corpus.manifest["rules"]
    shown = cli("corpus", "rules", small.corpus.path).stdout
    for report in found:
        (line,) = [
            line
            for line in shown.partition(f"{report['topic']} ")[2].split("\n")
            if line.startswith(" words")
        ][:1]
        assert f"{report['right']}/{report['judged']}" in line.split()
        assert f"{report['weight']:.2f}" in line.split()


def test_check_of_a_corpus_in_order_ends_well(cli, small, tmp_path):
    config, _ = write_small_inputs(tmp_path / "inputs")
    result = cli("corpus", "check", small.corpus.path, "--no-slips", "--config", config)
    assert (result.exit_code, result.stdout) == (0, "nothing to report\n")


def test_check_names_leaks_and_ends_with_five(cli, small, tmp_path):
    folder = tmp_path / "corpus"
    shutil.copytree(small.corpus.path, folder)
    train, test = (folder / "data" / f"{split}.parquet" for split in ("train", "test"))
    table = pq.read_table(test)
    place = table.column_names.index("text")
    stolen = pa.array([pq.read_table(train)["text"][0].as_py(), *table["text"].to_pylist()[1:]])
    pq.write_table(table.set_column(place, table.schema.field("text"), stolen), test)
    manifest = json.loads((folder / "corpus.json").read_text())
    rows = [
        row
        for split in ("train", "test")
        for row in pq.read_table(folder / f"data/{split}.parquet").to_pylist()
    ]
    manifest["fingerprint"] = fingerprint(manifest["topics"], map(row_digest, rows))
    for key in SEAL:
        del manifest[key]
    (folder / "corpus.json").unlink()
    (folder / "corpus.json").write_bytes(canonical_json(sealed_manifest(manifest, folder)))
    result = cli("corpus", "check", folder, "--no-slips")
    assert result.exit_code == 5
    assert "error: texts stand in more than one split (1)\n" in result.stdout
    found = json.loads(cli("corpus", "check", folder, "--no-slips", "--json").stdout)
    assert [(row["kind"], row["level"]) for row in found if row["level"] == "error"] == [("leak", "error")]


def test_check_of_altered_rows_ends_with_seven(cli, small, tmp_path):
    folder = tmp_path / "corpus"
    shutil.copytree(small.corpus.path, folder)
    file = folder / "data" / "train.parquet"
    pq.write_table(pq.read_table(file).slice(1), file)
    result = cli("corpus", "check", folder, "--no-slips")
    assert result.exit_code == 7
    assert "train.parquet: the file was altered" in result.stderr


def test_hostile_text_reaches_no_terminal_raw(cli, tmp_path):
    rows = [{"id": "x", "text": "The te\u200ba \x1b[31m in the red pot of the guest was cold.", "labels": []}]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert cli("build", "rows.jsonl", "--no-starter").exit_code == 0
    result = cli("corpus", "check", "--no-slips")
    assert "\x1b" not in result.stdout
    assert "\\u200b" in result.stdout
    assert cli("corpus", "check", "--no-slips", "--strict").exit_code == 4
