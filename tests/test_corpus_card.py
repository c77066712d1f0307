from __future__ import annotations

import json

import pytest
import yaml

from trainer.corpus.build import build_corpus
from trainer.corpus.card import corpus_card

pytestmark = pytest.mark.filterwarnings("ignore::trainer.errors.TrainerWarning")  # rejections, on purpose


@pytest.fixture
def corpus(tmp_path, tea_and_rain):
    rows = [{"id": f"s{n}", "text": f"Cup {n} of tea.", "labels": ["tea"][: n % 2]} for n in range(10)]
    lines = [*(json.dumps(row) for row in rows), "{"]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    return build_corpus([tmp_path / "rows.jsonl"], tea_and_rain, tmp_path / "artifacts")


def front_matter(card):
    _, head, body = card.split("---\n", 2)
    return yaml.safe_load(head), body


def test_the_head_names_the_file_of_every_split_that_has_sentences(corpus):
    head, _ = front_matter((corpus.path / "README.md").read_text(encoding="utf-8"))
    assert head == {
        "task_categories": ["text-classification"],
        "task_ids": ["multi-label-classification"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [
                    {"split": "train", "path": "data/train.parquet"},
                    {"split": "test", "path": "data/test.parquet"},
                ],
            }
        ],
    }
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
