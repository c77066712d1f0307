from __future__ import annotations

from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainer.corpus import votes as module
from trainer.corpus.votes import find_sentences, read_votes, rule_and_version
from trainer.errors import ArtifactError, NotFoundError
from trainer.records import Vote

OLD = {"topic": "tea", "answer": "yes", "author": "rule:tea/w", "start": 0, "end": 3, "weight": 1.0}


def corpus(folder, rows):
    pq.write_table(pa.Table.from_pylist(rows), folder / "votes.parquet")
    return SimpleNamespace(path=folder)


def test_votes_are_read_with_and_without_place_and_time(tmp_path):
    assert read_votes(corpus(tmp_path, [{"sentence_id": "s1", **OLD}])) == {"s1": [Vote(**OLD)]}
    new = {**OLD, "author": "rule:tea/w@1", "at": "a.jsonl:3", "time": "2026-01-02"}
    assert read_votes(corpus(tmp_path, [{"sentence_id": "s1", **new}])) == {"s1": [Vote(**new)]}
    blank = {**OLD, "at": "", "time": None}
    assert read_votes(corpus(tmp_path, [{"sentence_id": "s1", **blank}])) == {"s1": [Vote(**OLD)]}


@pytest.mark.parametrize("at_once", [1, 2, 100])
def test_silence_is_left_out_unless_asked_for_and_order_is_kept(tmp_path, monkeypatch, at_once):
    monkeypatch.setattr(module, "_AT_ONCE", at_once)
    authors = ("silence", "human:b", "rule:tea/w", "human:a")
    rows = [{"sentence_id": s, **OLD, "author": author} for author in authors for s in ("s2", "s1")]
    made = corpus(tmp_path, rows)
    found = read_votes(made)
    assert {s: [v.author for v in votes] for s, votes in found.items()} == {
        key: list(authors[1:]) for key in ("s1", "s2")
    }
    assert [v.author for v in read_votes(made, silence=True)["s1"]] == list(authors)
    assert set(read_votes(made, ["s2", "s9"])) == {"s2"}
    assert read_votes(made, []) == {}


@pytest.mark.parametrize("data", [b"", b"PAR1", None])
def test_damaged_votes_are_named(tmp_path, data):
    if data is not None:
        (tmp_path / "votes.parquet").write_bytes(data)
    with pytest.raises(ArtifactError, match="the votes are damaged"):
        read_votes(SimpleNamespace(path=tmp_path))


def test_only_rules_have_versions():
    assert rule_and_version("rule:tea/w@1a@2") == ("rule:tea/w", "1a@2")
    assert rule_and_version("rule:tea/w") == ("rule:tea/w", None)
    assert rule_and_version("human:ana@example.org") == ("human:ana@example.org", None)


def test_a_sentence_is_found_by_its_id_or_its_text_with_all_that_was_said_of_it(two_corpora):
    corpus = two_corpora[0]
    for row in corpus.rows().to_pylist():
        (found,) = find_sentences(corpus, row["id"])
        assert found.row == row
        assert {topic for topic, label in found.labels.items() if label == "yes"} == {
            corpus.topics[number] for number in row["labels"]
        }
        assert list(found.votes) == read_votes(corpus, [row["id"]], silence=True)[row["id"]]
        assert row["id"] in {one.row["id"] for one in find_sentences(corpus, row["text"].upper())}


def test_a_sentence_that_is_nowhere_is_not_found(two_corpora):
    with pytest.raises(
        NotFoundError, match=r"no sentence of .* has the id, or holds the text, 'nowhere at all'"
    ):
        find_sentences(two_corpora[0], "nowhere at all")
