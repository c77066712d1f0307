from __future__ import annotations

import json

import pytest

from trainer.corpus.build import build_corpus
from trainer.corpus.stats import corpus_stats

ROWS = [
    {"id": "a", "text": "One two three.", "labels": ["tea", "rain"], "source": "S"},
    {"id": "b", "text": "One two three four.", "labels": ["rain", "tea"], "source": "S"},
    {"id": "c", "text": "One.", "labels": ["tea"], "source": "T"},
    {"id": "d", "text": "One two three four five six.", "labels": []},
    {"id": "e", "text": "Six words of tea, no more.", "title": "a document"},
    {"id": "f", "text": "Eight words of nothing at all, no more.", "labels": []},
]


@pytest.fixture
def corpus(tmp_path, tea_and_rain):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return build_corpus([path], tea_and_rain, tmp_path / "artifacts")


def test_stats_count_what_is_there(corpus):
    stats = corpus_stats(corpus)
    assert stats == {
        "corpus": str(corpus.path),
        "version": "1",
        "fingerprint": corpus.fingerprint,
        "sentences": 6,
        "documents": 6,
        "groups": 6,
        "gold": 5,
        "none": 2,
        "labels": {"tea": {"yes": 4, "no": 2, "unknown": 0}, "rain": {"yes": 2, "no": 4, "unknown": 0}},
        "splits": corpus.manifest["splits"],
        "pairs": {"tea+rain": 2},
        "sources": {"S": 2, "(not known)": 3, "T": 1},
        # In order 1, 3, 4, 6, 6, 8 words: a quartile between two is the lower one.
        "words": {"least": 1, "quartiles": [3, 4, 6], "most": 8},
        "near_duplicates": 0,
        # Of the tea sentences' ten words only "tea" itself stands in no other.
        "vocabulary": {"tea": {"words": 10, "its_own": 1}, "rain": {"words": 4, "its_own": 0}},
    }
    assert json.loads(json.dumps(stats)) == stats


def test_sources_stand_most_frequent_first(corpus):
    counts = list(corpus_stats(corpus)["sources"].values())
    assert counts == sorted(counts, reverse=True)
