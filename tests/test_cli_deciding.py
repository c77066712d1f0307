"""``trainer fix`` and ``trainer rerun``, and the table that they speak of."""

from __future__ import annotations

import json
import shutil

import pytest

from trainer.tags.read import read_tags

LAVA = "Red lava poured down the slope of the volcano."


@pytest.fixture
def project(cli, small, tmp_path):
    """Run commands in a folder with a config, the small model and a table."""
    (tmp_path / "configs").mkdir()
    shutil.copy(small.root.parent / "inputs" / "small.toml", tmp_path / "configs" / "topics.toml")
    shutil.copytree(small.root, tmp_path / "artifacts")
    (tmp_path / "a.txt").write_text(f"{LAVA} The mayor likes soup.\n", encoding="utf-8")
    assert cli("predict", "a.txt", "--documents", "--out", "tags.csv").exit_code == 0
    return cli


def sentence(tmp_path):
    return read_tags(tmp_path / "tags.csv").to_pylist()[0]["sentence_id"]


def test_a_table_is_announced_with_its_counts(project):
    result = project("predict", "a.txt", "--documents", "--out", "tags.csv")
    assert "wrote tags.csv and tags.csv.run.json" in result.stdout
    assert "2 sentences of 1 documents" in result.stdout
    assert "decided by people" in result.stdout
    assert "model: " in result.stderr
    found = json.loads(project("predict", "a.txt", "--documents", "--out", "tags.csv", "--json").stdout)
    assert (found["table"], found["model"], found["tagged"]["volcanoes"]) == ("tags.csv", "small@1", 1)


def test_a_correction_is_kept_told_and_shown(project, tmp_path):
    result = project("fix", sentence(tmp_path), "volcanoes=no", "--by", "anna", "--why", "a painting")
    assert result.exit_code == 0
    assert LAVA in result.stdout
    assert "volcanoes: yes (model, probability 0." in result.stdout
    assert "-> no (human:anna)" in result.stdout
    kept = json.loads((tmp_path / "configs" / "labels" / "anna.jsonl").read_text("utf-8"))
    assert (kept["labels"], kept["why"], kept["annotator"]) == ({"volcanoes": "no"}, "a painting", "anna")
    updated = project("predict", "a.txt", "--documents", "--update", "tags.csv")
    assert "1 documents unchanged" in updated.stdout
    assert read_tags(tmp_path / "tags.csv").to_pylist()[0]["volcanoes"] == "no"
    again = project("fix", sentence(tmp_path), "volcanoes=yes", "--by", "ben", "--json")
    assert json.loads(again.stdout)["before"] == {"volcanoes": "no (human)"}
    assert "people disagree" in project("fix", sentence(tmp_path), "volcanoes=yes", "--by", "ben").stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 2),
        (["s-1"], 2),
        (["s-1", "volcanoes", "--by", "a"], 2),
        (["s-1", "volcanoes=no", "volcanoes=yes", "--by", "a"], 2),
        (["s-1", "volcanoes=no"], 2),
        (["s-1", "volcanoes=no", "--by", "a"], 6),
        (["s-1", "volcanoes=no", "--by", "a", "--tags", "none.csv"], 6),
        (["--sheet", "a.csv", "s-1", "volcanoes=no", "--by", "a"], 2),
        (["--sheet", "none.csv", "--by", "a"], 6),
    ],
)
def test_what_cannot_be_kept_ends_with_its_code(project, tmp_path, arguments, code):
    result = project("fix", *arguments)
    assert result.exit_code == code
    assert result.stdout == ""
    assert not (tmp_path / "configs" / "labels").exists()


def test_a_sheet_is_taken(project, tmp_path):
    (tmp_path / "sheet.csv").write_text(f"text,volcanoes\n{LAVA},0\n\u0007,1\n", encoding="utf-8")
    result = project("fix", "--sheet", "sheet.csv", "--by", "anna")
    assert result.exit_code == 0
    assert "kept 2 answers on 2 sentences" in result.stdout
    assert json.loads(project("fix", "--sheet", "sheet.csv", "--by", "anna", "--json").stdout)["answers"] == 2

    evil = "Lava \x1b[31m\u202e of the volcano."
    (tmp_path / "a.txt").write_text(evil, encoding="utf-8")
    project("predict", "a.txt", "--documents", "--out", "tags.csv")
    result = project("fix", sentence(tmp_path), "volcanoes=no", "--by", "\x1b[31manna")
    assert result.exit_code == 0
    assert not set("\x1b\u202e") & set(result.stdout + result.stderr)


def test_an_output_is_made_again_and_compared(project, tmp_path):
    result = project("rerun", "tags.csv.run.json")
    assert result.exit_code == 0
    assert result.stdout.startswith("the same bytes: sha256 ")
    record = tmp_path / "tags.csv.run.json"
    told = json.loads(record.read_bytes())
    told["output"]["sha256"] = "0" * 64
    told["versions"]["numpy"] = "0.1"
    record.write_text(json.dumps(told), "utf-8")
    other = project("rerun", "tags.csv.run.json", "--json")
    assert other.exit_code == 4
    assert json.loads(other.stdout)["same"] is False
    assert "numpy 0.1 then" in other.stderr


def test_a_record_that_is_not_there_is_not_found(project):
    assert project("rerun", "none.csv").exit_code == 6


def test_texts_come_back_from_their_cells_as_they_were(project, tmp_path):
    texts = ["=1+1", "+1 for lava", "a\rb lava", "lava\ttab", "\u202elava"]
    lines = "".join(json.dumps({"id": f"d{i}", "text": text}) + "\n" for i, text in enumerate(texts))
    (tmp_path / "evil.jsonl").write_text(lines, encoding="utf-8")
    assert project("predict", "evil.jsonl", "--out", "evil.csv").exit_code == 0
    assert [row["text"] for row in read_tags(tmp_path / "evil.csv").to_pylist()] == texts


# Evidence --------------------------------------------------------------------------------------------------


def test_a_pack_is_written_of_the_last_table_and_made_again(project, tmp_path):
    project("fix", sentence(tmp_path), "volcanoes=no", "--by", "anna", "--why", "a painting")
    project("predict", "a.txt", "--documents", "--update", "tags.csv")
    result = project("evidence", "volcanoes", "--out", "pack")
    assert result.exit_code == 0
    assert "wrote pack: evidence.html, evidence.xlsx, run.json" in result.stdout
    assert "1 ruled out by people" in result.stdout
    assert "of 100 tags" in result.stderr
    assert "a painting" in (tmp_path / "pack" / "evidence.html").read_text("utf-8")
    assert project("rerun", "pack").stdout.startswith("the same bytes")
    assert (
        json.loads(project("evidence", "volcanoes", "--out", "p2", "--json").stdout)["topic"] == "volcanoes"
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["volcano"], 2),
        (["volcanoes", "none.csv"], 6),
        (["volcanoes", "--out", "a.txt"], 2),
        (["volcanoes", "--out", "nowhere/pack"], 6),
    ],
)
def test_a_pack_that_cannot_be_made_leaves_nothing(project, tmp_path, arguments, code):
    before = {path.name for path in tmp_path.iterdir()}
    assert project("evidence", *arguments).exit_code == code
    assert {path.name for path in tmp_path.iterdir()} == before
