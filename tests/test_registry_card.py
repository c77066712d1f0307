from __future__ import annotations

import json

import pytest
from huggingface_hub import ModelCard, metadata_load, parse_local_safetensors_file_metadata
from huggingface_hub.repocard_data import model_index_to_eval_results
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from strategies import marked_text, unicode_text

from trainer.escapes import markdown, safe
from trainer.registry.card import model_card

ROW = {"precision": 0.5, "recall": None, "f1": 2 / 3, "average_precision": 0.9, "support": 7}
SCORES = {
    "topics": {"lighthouses": ROW, "volcanoes": {**ROW, "precision": None, "support": 0}},
    "micro": ROW,
    "macro": {key: value for key, value in ROW.items() if key != "support"},
}


ABOUT = {"name": "small", "fingerprint": "1"}
UNTESTED = {"out_of_fold": SCORES, "test": None}


def outline(card):
    """Return what the body of a card is made of: headings, lists, tables, code, in their order."""
    tokens = MarkdownIt("commonmark").enable("table").parse(ModelCard(card).text)
    return [(token.type, token.map) for token in tokens]


@pytest.fixture
def card(small):
    def write(test=None):
        about = {"name": "small", "fingerprint": "abc123"}
        return model_card(small.config, about, {"out_of_fold": SCORES, "test": test}, {"lighthouses": 0.25})

    return write


def test_the_head_of_the_card_is_what_a_hub_reads(card):
    read = ModelCard(card(SCORES)).data
    assert (read.language, read.library_name) == ("en", "topic-trainer")
    assert read.pipeline_tag == "text-classification"
    assert read.license is None  # for whoever trained the model to choose
    name, results = model_index_to_eval_results(read.to_dict()["model-index"])
    assert name == read.model_name == "small"
    found = {one.metric_name: one.metric_value for one in results}
    assert found["macro f1"] == found["lighthouses f1"] == 0.6667
    assert "lighthouses recall" not in found, "what was not measured is no metric"
    for one in results:
        assert (one.task_type, one.dataset_type) == ("text-classification", "small")
        assert one.dataset_split == "test"
        assert one.dataset_revision == "abc123"


def test_without_a_test_split_a_hub_reads_the_scores_out_of_fold(card):
    _, results = model_index_to_eval_results(ModelCard(card()).data.to_dict()["model-index"])
    assert {one.dataset_name for one in results} == {"small, out of fold"}


@pytest.mark.parametrize("name", ["no", "null", "on", "y", "e1", "x--"])
def test_a_name_that_yaml_takes_for_something_else_stays_a_name(small, name):
    config = small.config.model_copy(update={"name": name})
    text = model_card(config, {"name": name, "fingerprint": "1e5"}, UNTESTED, {})
    (model,) = ModelCard(text).data.to_dict()["model-index"]
    assert model["name"] == name
    dataset = model["results"][0]["dataset"]
    assert (dataset["type"], dataset["revision"]) == (name, "1e5")


def test_a_config_without_a_language_says_none(small):
    config = small.config.model_copy(update={"language": ""})
    text = model_card(config, ABOUT, UNTESTED, {})
    assert ModelCard(text).data.language is None
    assert "in any language" in text


@given(marked_text, marked_text | st.sampled_from(["---\nlicense: evil\n---", "a | b\n|--|"]))
def test_a_hostile_title_or_definition_acts_on_nothing(small, title, definition):
    topic = small.config.topics[0].model_copy(update={"title": title, "definition": definition})
    config = small.config.model_copy(update={"topics": (topic, *small.config.topics[1:])})
    text = model_card(config, ABOUT, UNTESTED, {})
    plain = model_card(small.config, ABOUT, UNTESTED, {})
    assert ModelCard(text).data.to_dict() == ModelCard(plain).data.to_dict()
    assert outline(text) == outline(plain), "it stays on its line"
    assert safe(text.replace("\n", "")) == text.replace("\n", "")
    line = next(line for line in text.split("\n") if f"(`{topic.name}`)" in line)
    assert line == f"- **{markdown(title)}** (`{topic.name}`): {markdown(definition)}"


@given(marked_text, marked_text | unicode_text)
def test_a_corpus_of_a_hostile_name_acts_on_nothing(small, name, fingerprint):
    text = model_card(small.config, {"name": name, "fingerprint": fingerprint}, UNTESTED, {})
    (model,) = ModelCard(text).data.to_dict()["model-index"]
    for result in model["results"]:
        about = result["dataset"]
        assert (about["type"], about["revision"]) == (name, fingerprint), "a hub reads the name as it is"
    assert outline(text) == outline(model_card(small.config, ABOUT, UNTESTED, {}))
    assert safe(text.replace("\n", "")) == text.replace("\n", "")


def test_the_folder_of_a_model_is_a_repository_of_a_hub(small):
    read = ModelCard.load(small.path / "README.md")
    assert metadata_load(small.path / "README.md") == read.data.to_dict()
    assert read.data.model_name == "small"
    tensors = json.loads((small.path / "manifest.json").read_bytes())["tensors"]
    header = parse_local_safetensors_file_metadata(small.path / "weights.safetensors")
    assert {name: one.shape for name, one in header.tensors.items()} == {
        name: one["shape"] for name, one in tensors.items()
    }


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
    assert 'trainer.load("small", digest="sha256:…")' in card()


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


def test_the_card_says_which_runs_of_text_are_in_the_model(small):
    features = small.config.features.model_copy(update={"char_ngrams": None, "min_df": 1})
    config = small.config.model_copy(update={"features": features})
    for settings, told in (
        (small.config, "Runs of 1 to 2 words, 2 to 3 characters, that stand in 2 or more of the sentences"),
        (config, "Runs of 1 to 2 words, that stand in 1 or more of the sentences"),
    ):
        assert told in model_card(settings, ABOUT, UNTESTED, {})


def test_the_saved_card_holds_no_text_of_the_corpus(small):
    text = (small.path / "README.md").read_text(encoding="utf-8")
    for sentence in small.corpus.rows(columns=["text"]).column("text").to_pylist():
        assert sentence not in text
