"""A sheet to label holds what is worth a look, each text once, and comes back as labels."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from trainer import api
from trainer.errors import DataError, UsageError
from trainer.evaluation.to_label import to_label

DOCUMENT = (
    "Lava met the sea at Besh and the fishermen watched it cool. The mayor of Orra likes soup with barley. "
    "The lava lamp on her desk was a gift. A lighthouse keeper trims the lamp at dusk. "
    "Rain fell on the fair. Red rock poured down the slope and swallowed a barn. "
    "The chess club of Venn met in the old town hall. "
    "Ash fell for nine days on the roofs of Calder. The bakery sold its last loaf before the bell rang."
)


@pytest.fixture
def project(small, tmp_path, monkeypatch):
    """A folder with documents, a corpus of them, and the small model."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(small.root / "models", tmp_path / "artifacts" / "models")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text(DOCUMENT, encoding="utf-8")
    more = "".join(f" Sentence number {i} tells of nothing much at all." for i in range(30))
    (tmp_path / "docs" / "b.txt").write_text(more, encoding="utf-8")
    labels = [{"text": "Rain fell on the fair.", "labels": {"volcanoes": "no"}}]
    (tmp_path / "l.jsonl").write_text("".join(json.dumps(row) + "\n" for row in labels), encoding="utf-8")
    return api.build("docs", small.config, labels=["l.jsonl"])


def test_what_is_picked_says_why_and_stands_in_its_context(project, small):
    found = to_label(project, ["volcanoes"], 6, small.fit.model, 13)
    assert 1 <= len(found) <= 6
    texts = [row["text"] for row in found]
    assert len({text.casefold() for text in texts}) == len(texts)
    assert "Rain fell on the fair." not in texts, "somebody judged it"
    for row in found:
        assert row["why"].startswith("volcanoes: ")
        assert row["volcanoes"] is None
        assert list(row)[-1] == "why"
        if row["previous"]:
            assert f"{row['previous']} {row['text']}" in (DOCUMENT + row["previous"] + " " + row["text"])
    whys = " ".join(row["why"] for row in found)
    assert "near the threshold" in whys
    assert "at random" in whys


def test_no_document_gives_more_than_a_few(project, small):
    found = to_label(project, ["volcanoes"], 100, small.fit.model, 13)
    assert max(sum(row["doc_id"] == doc for row in found) for doc in {row["doc_id"] for row in found}) <= 3


def test_rules_that_contradict_the_model_are_named(project, small):
    found = to_label(project, ["volcanoes"], 8, small.fit.model, 13)
    against = [row for row in found if "the model" in row["why"]]
    for row in against:
        assert "rule words says yes" in row["why"] or "no rule fires" in row["why"]


def test_the_same_seed_picks_the_same_and_another_others(project, small):
    one, two, other = (to_label(project, ["volcanoes"], 5, small.fit.model, seed) for seed in (13, 13, 14))
    assert one == two
    assert one != other


def test_several_topics_have_a_column_each(project, small):
    found = to_label(project, ["volcanoes", "lighthouses"], 2, small.fit.model, 13)
    assert {"volcanoes", "lighthouses"} <= set(found[0])
    assert any(row["why"].startswith("lighthouses") for row in found)


def test_without_a_model_rules_and_chance_pick(project):
    found = to_label(project, ["volcanoes"], 5, None, 13)
    assert any("rule words says yes" in row["why"] for row in found)
    assert {row["probability"] for row in found} == {None}


def test_what_cannot_be_picked_is_told(project, small):
    with pytest.raises(UsageError, match="Did you mean 'volcanoes'"):
        to_label(project, ["volcano"], 5, None, 13)
    judged = api.build(small.root.parent / "inputs" / "rows.jsonl", small.config)
    with pytest.raises(DataError, match="people judged every sentence"):
        to_label(judged, ["volcanoes"], 5, None, 13)


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_filled_sheet_comes_back_as_labels(project, small, tmp_path, suffix):
    n = api.write_sheet(project, f"sheet.{suffix}", 4, topics=["volcanoes"])
    assert api.rerun(f"sheet.{suffix}").same
    if suffix == "xlsx":
        from trainer.corpus.readers.workbook import sheets

        with Path("sheet.xlsx").open("rb") as file:
            rows = [cells for _, found in sheets(file, "a") for _, cells in found]
    else:
        with Path("sheet.csv").open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
    assert len(rows) == n + 1
    column = rows[0].index("volcanoes")
    for row in rows[1:]:
        row[column] = "1" if "lava" in row[0].lower() else "0"
    with Path("filled.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    corpus = api.build("docs", small.config, labels=["filled.csv"])
    assert corpus.manifest["own_labels"] == {"in_documents": n, "alone": 0}
    assert corpus.manifest["rejected"] == {}
    gold = {row["text"] for row in corpus.rows().to_pylist() if row["origin"] == "gold"}
    assert gold == {row[0] for row in rows[1:]}


def test_a_sheet_that_somebody_filled_in_is_not_replaced(project, tmp_path):
    api.write_sheet(project, "sheet.csv", 3, topics=["volcanoes"])
    (tmp_path / "sheet.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="--overwrite"):
        api.write_sheet(project, "sheet.csv", 3, topics=["volcanoes"])
    for wrong, n in (("sheet.jsonl", 3), ("sheet.csv", 0)):
        with pytest.raises(UsageError):
            api.write_sheet(project, wrong, n)
