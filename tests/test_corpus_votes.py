from __future__ import annotations

from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainer.corpus import votes as module
from trainer.corpus.votes import read_votes, rule_and_version
from trainer.errors import ArtifactError
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
