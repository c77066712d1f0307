"""What differs between two corpora: counts that add up, every kind of change, JSON piece by piece."""

from __future__ import annotations

import json
import random
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import DAY

from trainer.corpus.compare import diff as module
from trainer.corpus.compare.diff import KINDS, diff_corpora
from trainer.corpus.store import SPLITS, Corpus, row_schema
from trainer.errors import ArtifactError


def copied(corpus, folder):
    shutil.copytree(corpus.path, folder)
    return Corpus(folder, corpus.manifest)


def rewritten(corpus, folder, edit):
    """Copy a corpus with some columns of its rows edited, all of them in the file of the split they name."""
    copy = copied(corpus, folder)
    rows = [{**row, **edit(row)} for row in corpus.rows().to_pylist()]
    splits = {row["split"] for row in rows}
    for split in splits:
        mine = pa.Table.from_pylist([r for r in rows if r["split"] == split], row_schema(corpus.topics))
        pq.write_table(mine, folder / "data" / f"{split}.parquet")
    return Corpus(copy.path, {**corpus.manifest, "splits": {s: int(s in splits) for s in SPLITS}})


@pytest.fixture(scope="module")
def found(two_corpora):
    return diff_corpora(*two_corpora)


def test_sentences_that_came_and_went_are_told_with_their_labels_and_why(found):
    added = {row["text"]: row for row in found.changes("added")}
    (evil,) = [text for text in added if "script" in text]
    assert {text: row["reason"] for text, row in added.items()} == {
        "A new first line stands before all.": "its document was edited",
        "This document is new and dry.": "its document came",
        "It has two sentences in it.": "its document came",
        "A cup of tea stood on the old table.": "the same text stands in A in document a.txt",
        evil: "the same text stands in A in document a.txt",
    }
    assert added["A cup of tea stood on the old table."]["labels"] == {"tea": "no", "rain": "unknown"}
    assert added["It has two sentences in it."]["origin"] == "silver"
    assert {(row["text"], row["reason"]) for row in found.changes("removed")} == {
        ("Nobody sang in the hall that night.", "its document went"),
        ("A word on gardens and on lakes.", "its document went"),
    }


def test_an_edit_further_up_leaves_the_sentences_below_what_they_were(found, two_corpora):
    ids = [set(corpus.rows()["id"].to_pylist()) for corpus in two_corpora]
    (row,) = [row for row in found.changes("relabelled") if row["text"] == "Some rain fell on the roof."]
    assert row["id"] not in ids[0]
    assert row["id"] in ids[1]
    assert row["topics"] == {"rain": {"from": "yes", "to": "no"}}
    assert [r["detail"] for r in row["reasons"]] == ["rule:rain/words no longer says yes (rule changed)"]


def test_a_person_who_overrules_a_rule_is_named(found):
    (row,) = [row for row in found.changes("relabelled") if row["text"].startswith("A cup of tea")]
    assert row["origin"] == {"from": "silver", "to": "gold"}
    assert row["topics"] == {"tea": {"from": "yes", "to": "no"}, "rain": {"from": "no", "to": "unknown"}}
    assert [(r["topic"], r["detail"]) for r in row["reasons"]] == [
        ("tea", "human:ben says no"),
        ("tea", "rule:tea/words, which says yes, is overruled"),
        ("rain", "people judged the sentence, but not this topic: what rules say counts no more"),
    ]


def test_a_person_who_changed_his_mind_a_new_wording_and_a_judgement(found):
    (row,) = [row for row in found.changes("relabelled") if row["text"] == DAY]
    assert [r["detail"] for r in row["reasons"]] == ["human:ana says yes instead of no"]
    (row,) = found.changes("reworded")
    assert (row["id"], row["from"], row["to"]) == (
        "g2", "The old wording of a sentence stood here", "The new wording of a sentence stands here",
    )  # fmt: skip
    (row,) = found.changes("judged")
    assert "tea seller" in row["text"]
    assert (row["from"], row["to"], row["reason"]) == ("silver", "gold", "human:ben judged it")


def test_the_settings_and_documents_that_differ(found):
    assert found.settings == [
        {"setting": "topics.rain.rules.words.match", "change": "changed", "from": ["rain"], "to": []}
    ]
    assert found.documents == [
        {"id": "a.txt", "change": "edited"},
        {"id": "b.txt", "change": "removed"},
        {"id": "c.txt", "change": "added"},
    ]


def test_counts_add_up(found, two_corpora):
    listed = {kind: list(found.changes(kind)) for kind in KINDS}
    assert {kind: len(rows) for kind, rows in listed.items()} == {k: found.summary[k] for k in KINDS}
    changed = {row["id"] for kind in KINDS[2:] for row in listed[kind]}
    a, b = (corpus.manifest["sentences"] for corpus in two_corpora)
    assert found.summary["unchanged"] + len(changed) + found.summary["added"] == b
    assert found.summary["unchanged"] + len(changed) + found.summary["removed"] == a
    turns = sum(n for several in found.labels.values() for n in several.values())
    assert turns == sum(len(row["topics"]) for row in listed["relabelled"])
    assert found.labels == {
        "tea": {"yes -> no": 1, "no -> yes": 1},
        "rain": {"yes -> no": 1, "no -> unknown": 1},
    }


def test_backwards_is_the_mirror_image(found, two_corpora):
    back = diff_corpora(*reversed(two_corpora))
    mirrored = {**found.summary, "added": found.summary["removed"], "removed": found.summary["added"]}
    assert back.summary == mirrored
    assert {r["text"] for r in back.changes("added")} == {r["text"] for r in found.changes("removed")}


def test_a_corpus_does_not_differ_from_itself(two_corpora):
    found = diff_corpora(two_corpora[0], two_corpora[0])
    assert found.summary == {"unchanged": two_corpora[0].manifest["sentences"], **dict.fromkeys(KINDS, 0)}
    assert (found.settings, found.documents, set(map(len, found.labels.values()))) == ([], [], {0})


def test_moves_are_listed_with_both_sides(found, two_corpora):
    sides = [dict(zip(*(c.rows()[k].to_pylist() for k in ("id", "split")), strict=True)) for c in two_corpora]
    moved = {row["id"]: (row["from"], row["to"]) for row in found.changes("moved")}
    same = sides[0].keys() & sides[1].keys()
    assert {i: sides[0][i] != sides[1][i] for i in same} == {i: i in moved for i in same}
    for row in found.changes("moved"):
        assert row["reason"].startswith("its group was placed anew")


def test_a_move_is_explained_by_groups_that_became_one_or_fell_apart(two_corpora, tmp_path):
    def edited(folder, group, split):
        return rewritten(two_corpora[0], tmp_path / folder, lambda row: {"group": group(row), "split": split})

    apart = edited("apart", lambda row: row["doc_id"], "train")
    joined = edited("joined", lambda row: "a.txt", "test")
    told = {row["reason"] for row in diff_corpora(apart, joined).changes("moved")}
    assert told == {
        "its group a.txt is one with b.txt and 3 more now",
        *(f"its group {doc} is one with a.txt and 3 more now" for doc in ("b.txt", "g1", "g2", "g3")),
    }
    told = {row["reason"] for row in diff_corpora(joined, apart).changes("moved")}
    assert told == {"its group a.txt fell into 5"}


def test_other_split_settings_are_the_reason_of_a_move(two_corpora, tmp_path):
    moved = rewritten(two_corpora[0], tmp_path / "moved", lambda row: {"split": "test"})
    config = {**moved.manifest["config"], "seed": 14}
    moved = Corpus(moved.path, {**moved.manifest, "config": config})
    told = {row["reason"] for row in diff_corpora(two_corpora[0], moved).changes("moved")}
    assert told == {"the settings of splits differ"}


# -- JSON -------------------------------------------------------------------------------------------------


def test_json_piece_by_piece_is_the_whole(found):
    pieces = list(found.json())
    assert json.loads("".join(pieces)) == json.loads(json.dumps(found.to_dict()))
    assert not set("".join(pieces)) & {"\u202e", "\x1b"}


def test_of_a_large_difference_little_is_held_at_once(found, monkeypatch):
    whole = list(found.changes("added"))
    monkeypatch.setattr(module, "_AT_ONCE", 2)
    assert list(found.changes("added")) == whole
    assert list(found.changes("added", 3)) == whole[:3]
    assert list(found.changes("relabelled")) == found.to_dict()["relabelled"]


# -- independence and damage ------------------------------------------------------------------------------


def test_the_order_of_rows_and_the_place_of_a_corpus_change_nothing(found, two_corpora, tmp_path):
    copies = [copied(corpus, tmp_path / str(n)) for n, corpus in enumerate(two_corpora)]
    for copy in copies:
        for file in [*copy.path.glob("data/*.parquet"), copy.path / "documents.parquet"]:
            table = pq.read_table(file)
            order = random.Random(1).sample(range(len(table)), len(table))
            pq.write_table(table.take(order), file)
    again = diff_corpora(*copies)
    keys = ("summary", "labels", "settings", "documents", *KINDS)
    first, second = found.to_dict(), again.to_dict()
    assert {key: first[key] for key in keys} == {key: second[key] for key in keys}


def test_votes_with_place_time_and_rule_versions_are_read_likewise(found, two_corpora, tmp_path):
    copy = copied(two_corpora[1], tmp_path / "later")
    rows = pq.read_table(copy.path / "votes.parquet").to_pylist()
    for row in rows:
        at = row["author"].startswith("rule:") and "@" not in row["author"]
        row |= {"author": row["author"] + "@9f" * at, "at": "g.jsonl:1", "time": "2026-01-02"}
    pq.write_table(pa.Table.from_pylist(rows), copy.path / "votes.parquet")
    again = diff_corpora(two_corpora[0], copy)
    assert list(again.changes("relabelled")) == list(found.changes("relabelled"))


def test_topics_that_only_one_corpus_has_are_not_compared(two_corpora, tmp_path):
    copy = copied(two_corpora[0], tmp_path / "copy")
    manifest = {**copy.manifest, "topics": ["coffee", "rain"]}
    found = diff_corpora(two_corpora[0], Corpus(copy.path, manifest))
    assert found.topics == ("rain",)
    assert found.summary["relabelled"] == 0


@pytest.mark.parametrize("name", ["data/train.parquet", "votes.parquet", "documents.parquet"])
@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_a_damaged_corpus_is_named(two_corpora, tmp_path, name, damage):
    copy = copied(two_corpora[1], tmp_path / "copy")
    data = (copy.path / name).read_bytes()
    (copy.path / name).unlink()
    if damage == "truncated":
        (copy.path / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(ArtifactError, match="damaged") as caught:
        list(diff_corpora(two_corpora[0], copy).changes("relabelled"))
    assert str(copy.path) in str(caught.value)
