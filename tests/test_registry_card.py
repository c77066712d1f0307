from __future__ import annotations

import pytest

from trainer.registry.card import model_card

ROW = {"precision": 0.5, "recall": None, "f1": 2 / 3, "average_precision": 0.9, "support": 7}
SCORES = {
    "topics": {"lighthouses": ROW, "volcanoes": {**ROW, "precision": None, "support": 0}},
    "micro": ROW,
    "macro": {key: value for key, value in ROW.items() if key != "support"},
}


@pytest.fixture
def card(small):
    def write(test=None):
        about = {"name": "small", "fingerprint": "abc123"}
        return model_card(small.config, about, {"out_of_fold": SCORES, "test": test}, {"lighthouses": 0.25})

    return write


def test_the_card_begins_with_what_hubs_read(card):
    head = card().split("---\n")[1]
    assert head.split("\n")[:2] == ["library_name: topic-trainer", "pipeline_tag: text-classification"]


def test_the_card_says_what_was_measured_and_n_a_where_nothing_was(card):
    assert (
        "| topic | precision | recall | F1 | positives |\n"
        "|---|---|---|---|---|\n"
        "| lighthouses | 0.500 | n/a | 0.667 | 7 |\n"
        "| volcanoes | n/a | n/a | 0.667 | 0 |\n"
        "| macro | 0.500 | n/a | 0.667 |  |\n"
        "| micro | 0.500 | n/a | 0.667 | 7 |\n"
    ) in card()


def test_without_judged_test_sentences_the_card_says_so(card):
    assert card().count("No sentence there was judged by people.") == 1
    assert "No sentence there" not in card(SCORES)
    assert card(SCORES).count("| lighthouses | 0.500 |") == 2


def test_the_card_explains_every_topic_and_names_the_corpus(card, small):
    for topic in small.config.topics:
        assert f"- **{topic.title}** (`{topic.name}`): {topic.definition}" in card()
    assert "corpus `small`, fingerprint `abc123`" in card()
    assert 'trainer.load("small")' in card()


def test_the_card_says_how_each_topic_is_decided(small):
    decided = {
        "calibration": {"method": "beta"}, "objective": "cost", "value": 2.0, "threshold": 0.625,
        "why_fixed": None,
        "spread": {"min": 0.5, "max": 0.75}, "review": {"lower": 0.5, "upper": 0.875, "coverage": 0.9},
    }  # fmt: skip
    plain = {
        "calibration": {"method": "none"}, "objective": "f1", "value": None, "threshold": 0.5, "spread": None,
        "why_fixed": "nobody judged it", "review": None,
    }  # fmt: skip
    metrics = {"out_of_fold": None, "test": None, "decisions": {"lighthouses": decided, "volcanoes": plain}}
    text = model_card(small.config, {"name": "n", "fingerprint": "f"}, metrics, {})
    assert "none was judged" in text
    assert "| lighthouses | beta | cost 2 | 0.62 | 0.50 to 0.75 | 0.50 to 0.88 | 0.900 |\n" in text
    assert "| volcanoes | none | f1 | 0.50 | n/a |  |  |\n" in text
    assert "- `volcanoes` has the fixed threshold: nobody judged it.\n" in text


def test_a_definition_over_several_lines_stays_one_item(small):
    topic = small.config.topics[0].model_copy(update={"definition": "\nOver\n  several\n\nlines.\n"})
    config = small.config.model_copy(update={"topics": (topic,)})
    text = model_card(config, {"name": "n", "fingerprint": "f"}, {"out_of_fold": None, "test": None}, {})
    assert "- **Lighthouses** (`lighthouses`): Over several lines.\n" in text


def test_the_saved_card_holds_no_text_of_the_corpus(small):
    text = (small.path / "README.md").read_text(encoding="utf-8")
    for sentence in small.corpus.rows(columns=["text"]).column("text").to_pylist():
        assert sentence not in text
