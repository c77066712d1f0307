"""A sheet of a random sample is drawn, made again, filled in and taken back."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import trainer
from trainer.errors import DataError, UsageError

LAVA = "Red lava poured down the slope of the volcano."
SOUP = "The mayor likes soup."


@pytest.fixture
def text(small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRAINER_ARTIFACTS", str(small.root))
    with Path("text.jsonl").open("w", encoding="utf-8") as file:
        for i in range(30):
            last = "=1+1 said Ann." if i % 3 else LAVA
            file.write(json.dumps({"id": f"d{i:02}", "text": f"{SOUP} Day {i} was warm. {last}"}) + "\n")
    return tmp_path


def filled(name, answer):
    """Fill a sheet in, and write it as another file."""
    with Path(name).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row |= answer(row)
    with Path("filled.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return rows


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_sheet_has_a_record_and_is_made_again(text, suffix):
    counts = trainer.draw_natural("small", "text.jsonl", f"sheet.{suffix}", random=20, tagged=5)
    assert counts["sentences"] == 90
    assert counts["tagged volcanoes"] == 10
    assert 20 <= counts["drawn"] <= 25
    record = json.loads(Path(f"sheet.{suffix}.run.json").read_bytes())
    assert record["counts"] == counts
    assert trainer.rerun(f"sheet.{suffix}").same


def test_a_sheet_that_is_filled_in_tells_of_the_whole_text(text):
    trainer.draw_natural("small", "text.jsonl", "sheet.csv", random=90, tagged=5)
    rows = filled("sheet.csv", lambda row: {"volcanoes": str(int("lava" in row["text"])), "lighthouses": "0"})
    assert any(row["text"] == "'=1+1 said Ann." for row in rows), "a cell that acts is guarded"
    found = trainer.evaluate_natural("small", "filled.csv")
    volcanoes = found.topics["volcanoes"]
    assert volcanoes.rate == pytest.approx(1000 * 10 / 90)
    assert volcanoes.precision == volcanoes.recall == 1
    assert found.topics["lighthouses"].rate == 0
    assert (found.judged, found.blank) == (90, 0)
    assert set(found.corrected) == {"volcanoes"}
    assert found.assumed.keys() == {"lighthouses", "volcanoes"}


def test_what_is_blank_is_counted_and_told(text):
    trainer.draw_natural("small", "text.jsonl", "sheet.csv", random=30, tagged=0)
    filled("sheet.csv", lambda row: {"volcanoes": "0"} if row["id"] < "s-8" else {})
    found = trainer.evaluate_natural("small", "filled.csv")
    assert found.judged + found.blank == 30
    assert 0 < found.judged < 30
    assert found.topics["lighthouses"].rate is None


def test_what_is_no_such_sheet_is_told(text):
    Path("other.csv").write_text("text,volcanoes\nSoup.,0\n", encoding="utf-8")
    with pytest.raises(DataError, match="lacks the columns 'id' and 'inclusion'"):
        trainer.evaluate_natural("small", "other.csv")
    trainer.draw_natural("small", "text.jsonl", "sheet.csv", random=5, tagged=0)
    with pytest.raises(DataError, match="no labelled sentence"):
        trainer.evaluate_natural("small", "sheet.csv")
    with pytest.raises(UsageError, match=r"is \.xlsx or \.csv"):
        trainer.draw_natural("small", "text.jsonl", "sheet.parquet")
    Path("empty.txt").write_text("\n", encoding="utf-8")
    with pytest.raises(DataError, match="no usable text"):
        trainer.draw_natural("small", "empty.txt", "new.csv")
    assert not Path("new.csv").exists()


def test_the_command_draws_and_takes_back(cli, small, text):
    where = ("--artifacts", small.root)
    drawn = cli("eval", "small", "--natural", "text.jsonl", "--sheet", "s.csv", "--random", "90", *where)
    assert drawn.exit_code == 0
    assert drawn.stdout == "wrote s.csv: 90 of 90 sentences to judge\n"
    filled("s.csv", lambda row: {"volcanoes": str(int("lava" in row["text"])), "lighthouses": "0"})
    shown = cli("eval", "small", "--judged", "filled.csv", *where)
    assert "volcanoes" in shown.stdout
    assert "lighthouses: only 0 judged sentences are on it" in shown.stdout
    found = json.loads(cli("eval", "small", "--judged", "filled.csv", "--json", *where).stdout)
    assert found["topics"]["volcanoes"]["precision"] == 1


def test_a_table_is_tagged_at_a_rate_and_told_of_one_that_is_far(cli, small, text):
    config = small.root.parent / "inputs" / "small.toml"
    model = ("--config", config, "--artifacts", small.root)
    where = ("--documents", *model)
    assert cli("predict", "text.jsonl", "--out", "a.csv", *where).exit_code == 0
    rare = cli("predict", "text.jsonl", "--out", "b.csv", "--rate", "volcanoes=0.0001", *where)
    assert rare.exit_code == 0
    often, seldom = (Path(name).read_text("utf-8-sig").count("yes") for name in ("a.csv", "b.csv"))
    assert often > seldom
    assert trainer.rerun("b.csv").same
    mixed = cli("predict", "text.jsonl", "--update", "b.csv", *where)
    assert mixed.exit_code == 2
    assert "made with other rates (--rate): volcanoes=0.0001" in mixed.stderr
    assert cli("predict", "text.jsonl", "--out", "c.csv", "--rate", "volcanoes=x", *where).exit_code == 2
    line = json.loads(cli("predict", "--text", LAVA, "--rate", "volcanoes=0.0001", *model).stdout)
    assert line["labels"] == []
    many = "".join(json.dumps({"text": f"{SOUP} Day {i} was warm."}) + "\n" for i in range(300))
    Path("many.jsonl").write_text(many, encoding="utf-8")
    told = cli("predict", "many.jsonl", "--out", "d.csv", *where)
    assert "tags in 1,000 sentences are far from the share" in told.stderr
