from __future__ import annotations

import json
import warnings

import pytest
import yaml
from hypothesis import given, settings
from strategies import hostile_text, unicode_text

from trainer.corpus import card as module
from trainer.corpus.build import build_corpus
from trainer.corpus.card import card_data, corpus_card

pytestmark = pytest.mark.filterwarnings("ignore::trainer.errors.TrainerWarning")  # rejections, on purpose


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, tea_and_rain):
    tmp_path = tmp_path_factory.mktemp("card")
    rows = [{"id": f"s{n}", "text": f"Cup {n} of tea.", "labels": ["tea"][: n % 2]} for n in range(10)]
    lines = [*(json.dumps(row) for row in rows), "{"]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    return build_corpus([tmp_path / "rows.jsonl"], tea_and_rain, tmp_path / "artifacts")


def front_matter(card):
    _, head, body = card.split("---\n", 2)
    return yaml.safe_load(head), body


def test_the_head_names_the_file_of_every_split_that_has_sentences(corpus):
    head, _ = front_matter((corpus.path / "README.md").read_text(encoding="utf-8"))
    assert head["configs"] == [
        {
            "config_name": "default",
            "data_files": [
                {"split": "train", "path": "data/train.parquet"},
                {"split": "test", "path": "data/test.parquet"},
            ],
        }
    ]
    for file in head["configs"][0]["data_files"]:
        assert (corpus.path / file["path"]).is_file()


def test_the_card_tells_the_counts_of_the_manifest(corpus):
    card = (corpus.path / "README.md").read_text(encoding="utf-8")
    assert "10 sentences of 10 documents,\nin 10 groups (train 8, test 2)." in card
    assert f"`{corpus.fingerprint}`" in card
    assert "| `tea` | 5 | 5 | 5 | 0 |" in card
    assert "| `rain` | 0 | 0 | 10 | 0 |" in card
    assert "rejected: malformed_json 1 (" in card
    assert "- **Tea** (`tea`): About tea." in card


def test_no_sentence_of_the_corpus_stands_in_the_card(corpus):
    card = (corpus.path / "README.md").read_text(encoding="utf-8")
    assert not [text for text in corpus.rows()["text"].to_pylist() if text in card]


def test_a_definition_over_several_lines_cannot_break_the_card(corpus, tea_and_rain):
    tea, rain = tea_and_rain.topics
    wild = tea.model_copy(update={"title": "Tea\n---\n", "definition": "About\n\n# tea\n---\nand cups."})
    card = corpus_card(corpus.manifest, tea_and_rain.model_copy(update={"topics": (wild, rain)}))
    assert "- **Tea ---** (`tea`): About # tea --- and cups.\n" in card
    assert front_matter(card)[0] == front_matter((corpus.path / "README.md").read_text(encoding="utf-8"))[0]


def test_nothing_rejected_is_said_so(corpus, tea_and_rain):
    card = corpus_card({**corpus.manifest, "rejected": {}}, tea_and_rain)
    assert "rejected: none (" in card


def test_the_metadata_is_what_hubs_know(corpus):
    from huggingface_hub import DatasetCard, DatasetCardData

    card = DatasetCard.load(corpus.path / "README.md")
    data = card.data.to_dict()
    assert data["pretty_name"] == "Corpus weather"
    assert data["task_categories"] == ["text-classification"]
    assert data["task_ids"] == ["multi-label-classification"]
    assert data["size_categories"] == ["n<1K"]
    assert not {"language", "license"} & set(data), "nobody has said either"
    # Written and read once more by the hub's own code it is the same.
    again = DatasetCard(f"---\n{DatasetCardData(**data).to_yaml()}\n---\n{card.text}")
    assert again.data.to_dict() == data
    assert again.text.strip() == card.text.strip()


def test_the_features_and_sizes_in_the_card_are_those_of_the_files(corpus):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # not ours: what `datasets` says while it is imported
        import datasets
    info = front_matter((corpus.path / "README.md").read_text(encoding="utf-8"))[0]["dataset_info"]
    stored = corpus.to_datasets()
    assert info["features"] == stored["train"].features._to_yaml_list()
    assert datasets.Features._from_yaml_list(info["features"]) == stored["test"].features
    assert {s["name"]: s["num_examples"] for s in info["splits"]} == {k: len(v) for k, v in stored.items()}


@pytest.mark.parametrize(
    ("sentences", "category"),
    [(0, "n<1K"), (999, "n<1K"), (1_000, "1K<n<10K"), (10_000, "10K<n<100K"), (123_456_789, "100M<n<1B")],
)
def test_the_size_is_one_of_the_hubs_categories(corpus, sentences, category):
    assert card_data({**corpus.manifest, "sentences": sentences}, ["train"])["size_categories"] == [category]


def test_languages_that_the_manifest_counts_are_named(corpus):
    data = card_data({**corpus.manifest, "languages": {"no": 3, "en": 1}}, ["train"])
    assert data["language"] == ["en", "no"]
    card = "---\n" + module._yaml(data) + "---\n"
    assert front_matter(card)[0]["language"] == ["en", "no"], "Norwegian is no False"


@settings(max_examples=40)
@given(title=hostile_text | unicode_text)
def test_no_title_breaks_the_card(corpus, tea_and_rain, title):
    tea, rain = tea_and_rain.topics
    wild = tea.model_copy(update={"title": title, "definition": title})
    card = corpus_card(corpus.manifest, tea_and_rain.model_copy(update={"topics": (wild, rain)}))
    head, body = front_matter(card)
    assert head == front_matter((corpus.path / "README.md").read_text(encoding="utf-8"))[0]
    assert len(body.split("\n")) == len(
        front_matter((corpus.path / "README.md").read_text(encoding="utf-8"))[1].split("\n")
    )
    assert not set(body) & {"\u202e", "\x1b", "\u2028"}
    assert "<b>" not in body
    assert "[link" not in body.replace("\\[link", "")
