"""What to do next: the worst first, and nothing where nothing is weak."""

from __future__ import annotations

from dataclasses import replace

import pytest

import trainer


@pytest.fixture(scope="module")
def result(small):
    return trainer.evaluate("small", root=small.root)


def scored(result, **rows):
    """Give topics other figures than they have: (f1, its lower end, precision, recall, support)."""
    topics = {}
    for topic, (f1, low, precision, recall, support) in rows.items():
        topics[topic] = {
            "f1": f1, "f1_interval": [low, 1.0], "precision": precision, "recall": recall,
            "precision_interval": [precision - 0.02, 1.0], "recall_interval": [recall - 0.02, 1.0],
            "support": support, "ece": 0.01, "ece_interval": [0.0, 0.02],
        }  # fmt: skip
    rules = {topic: {**row, "f1": 0.3} for topic, row in topics.items()}
    gold, beside = {**result.gold, "topics": topics}, {**result.rules, "topics": rules}
    return replace(result, gold=gold, rules=beside, slices=())


def test_what_is_good_is_not_weak(result):
    found = scored(result, lighthouses=(0.97, 0.94, 0.97, 0.97, 200), volcanoes=(0.95, 0.93, 0.95, 0.95, 200))
    assert found.good_points() == ["lighthouses", "volcanoes"]
    assert found.weak_points() == []


def test_too_little_comes_first_then_what_is_worst(result):
    found = scored(result, lighthouses=(0.9, 0.85, 0.6, 0.95, 200), volcanoes=(1.0, 0.9, 1.0, 1.0, 29))
    few, wrong = found.weak_points()
    assert few.what == f"volcanoes: only {29} sentences were judged to be on it, so its scores are guesses"
    assert few.command == "trainer corpus export --to-label 200 --topic volcanoes volcanoes.xlsx"
    assert wrong.what == "lighthouses: of 100 tags 40 are wrong (0 to 42)"
    assert wrong.command == "trainer eval --html report.html"
    assert found.good_points() == ["lighthouses"]


def test_no_better_than_the_rules_is_told(result):
    found = scored(result, lighthouses=(0.95, 0.94, 0.95, 0.95, 200))
    rules = {"topics": {"lighthouses": {**found.rules["topics"]["lighthouses"], "f1": 0.96}}}
    (told,) = replace(found, rules={**found.rules, **rules}).weak_points()
    assert told.what == "lighthouses: no better than its keyword rules (F1 0.95 against 0.96)"


def test_probabilities_that_are_off_are_told(result):
    found = scored(result, lighthouses=(0.95, 0.94, 0.95, 0.95, 200))
    found.gold["topics"]["lighthouses"] |= {"ece": 0.12, "ece_interval": [0.08, 0.15]}
    (told,) = found.weak_points()
    assert told.what == "lighthouses: probabilities are off by 0.12 on average (0.08 to 0.15)"


def test_the_command_names_the_file_that_was_scored(result, tmp_path):
    found = scored(result, lighthouses=(0.9, 0.85, 0.6, 0.95, 200))
    file = tmp_path / "my rows.jsonl"
    file.touch()
    (told,) = replace(found, on=str(file)).weak_points()
    assert told.command == f"trainer eval --on '{file}' --html report.html"
