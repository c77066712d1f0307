from __future__ import annotations

import json

import pytest

from trainer.corpus.build import build_corpus

ROWS = [
    {"id": "a", "text": "One two three.", "labels": ["tea", "rain"], "source": "S"},
    {"id": "b", "text": "One two three four.", "labels": ["rain", "tea"], "source": "S"},
    {"id": "c", "text": "One.", "labels": ["tea"], "source": "T"},
    {"id": "d", "text": "One two three four five six.", "labels": []},
    {"id": "e", "text": "Six words of tea, no more.", "title": "a document"},
]


@pytest.fixture
def corpus(tmp_path, tea_and_rain):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return build_corpus([path], tea_and_rain, tmp_path / "artifacts")


def test_stats_count_what_is_there(corpus):
    stats = corpus.stats()
    assert stats == {
        "corpus": str(corpus.path),
        "version": "1",
        "fingerprint": corpus.fingerprint,
        "sentences": 5,
        "documents": 5,
        "groups": 5,
        "gold": 4,
        "none": 1,
        "labels": {"tea": {"yes": 4, "no": 1, "unknown": 0}, "rain": {"yes": 2, "no": 3, "unknown": 0}},
        "splits": corpus.manifest["splits"],
        "pairs": {"tea+rain": 2},
        "sources": {"S": 2, "(not known)": 2, "T": 1},
        # In order 1, 3, 4, 6, 6 words.
        "words": {"least": 1, "quartiles": [3, 4, 6], "most": 6},
        "near_duplicate_pairs": 0,
    }
    assert json.loads(json.dumps(stats)) == stats


def test_sources_stand_most_frequent_first(corpus):
    counts = list(corpus.stats()["sources"].values())
    assert counts == sorted(counts, reverse=True)
