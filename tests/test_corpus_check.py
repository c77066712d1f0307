from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainer.config import Build
from trainer.corpus.build import build_corpus
from trainer.corpus.check import SHOWN, Rows, leaks, refuse_leakage
from trainer.corpus.store import row_schema
from trainer.errors import LeakageError

LINE = "the old kettle on the stove sang a very long song about tea and rain"


@pytest.fixture
def corpus(tmp_path, tea_and_rain):
    rows = [
        {"id": f"d{n}", "text": f"Cup {n} of tea stood there. It rained {n} times that day."}
        for n in range(20)
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    split = {"train": 0.6, "validation": 0.2, "test": 0.2}
    config = tea_and_rain.model_copy(update={"build": Build(starter=False, split=split)})
    return build_corpus([tmp_path / "rows.jsonl"], config, tmp_path / "artifacts")


def append(corpus, split, **changes):
    """Write a changed copy of the first training row into another split."""
    row = {**corpus.rows(["train"]).to_pylist()[0], "split": split, **changes}
    rows = [*corpus.rows([split]).to_pylist(), row]
    table = pa.Table.from_pylist(rows, schema=row_schema(corpus.topics))
    pq.write_table(table, corpus.path / "data" / f"{split}.parquet")
    return row


def test_a_corpus_as_it_was_built_passes(corpus):
    assert corpus.splits == ("train", "validation", "test")
    assert list(leaks(Rows(corpus))) == []
    refuse_leakage(corpus)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_group_on_two_sides_is_refused(corpus, split):
    row = append(corpus, split, text="Quite another text.")
    with pytest.raises(LeakageError) as caught:
        refuse_leakage(corpus)
    group = row["group"]
    assert caught.value.message == (
        f"groups stand in more than one split (1); the first: {group}: in train and in {split}"
    )
    assert caught.value.where == str(corpus.path)
    assert "--allow-leakage" in caught.value.hint


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_text_on_two_sides_is_refused_though_its_groups_differ(corpus, split):
    row = append(corpus, split, group="another")
    with pytest.raises(
        LeakageError, match=rf"^.*: texts stand in more than one split \(1\); .*in train and in {split}"
    ):
        refuse_leakage(corpus)
    (leak,) = leaks(Rows(corpus))
    assert leak.examples == (f"{row['text']}: in train and in {split}",)


def test_texts_of_the_same_hash_are_not_taken_for_equal(corpus, monkeypatch):
    monkeypatch.setattr("trainer.corpus.check.hash", lambda _: 0, raising=False)
    assert list(leaks(Rows(corpus))) == []
    row = append(corpus, "test", group="another")
    (leak,) = leaks(Rows(corpus))
    assert leak.examples == (f"{row['text']}: in train and in test",)


def test_a_near_duplicate_on_two_sides_is_refused_though_texts_and_groups_differ(corpus):
    append(corpus, "train", id="x1", group="x1", text=LINE)
    append(corpus, "test", id="x2", group="x2", text=LINE + " again")
    (leak,) = leaks(Rows(corpus))
    assert (leak.kind, leak.level, leak.count) == ("leak", "error", 1)
    assert leak.examples == ("x1 in train, x2 in test",)
    with pytest.raises(
        LeakageError, match="sentences stand in another split than one that is nearly the same"
    ):
        refuse_leakage(corpus)


def test_chains_of_near_duplicates_are_counted_to_their_end(corpus):
    append(corpus, "train", id="x1", group="x1", text=LINE)
    append(corpus, "test", id="x2", group="x2", text=LINE + " again")
    append(corpus, "test", id="x3", group="x3", text=LINE + " again and again")
    (leak,) = leaks(Rows(corpus))
    assert (leak.count, leak.examples) == (2, ("x1 in train, x2 in test", "x1 in train, x3 in test"))


def test_where_nothing_is_alike_across_splits_clusters_are_not_made(corpus):
    append(corpus, "train", id="x1", group="x1", text=LINE)
    append(corpus, "train", id="x2", group="x2", text=LINE + " again")
    rows = Rows(corpus)
    assert list(leaks(rows)) == []
    assert "cluster" not in vars(rows)
    assert len(set(rows.cluster.tolist())) == len(rows) - 1


def test_short_sentences_that_are_alike_are_no_leak(corpus):
    append(corpus, "train", id="x1", group="x1", text="the tea is very cold")
    append(corpus, "test", id="x2", group="x2", text="the tea is very cold today")
    refuse_leakage(corpus)


def test_a_text_twice_on_one_side_is_no_leak(corpus):
    append(corpus, "train")
    refuse_leakage(corpus)


def test_of_many_leaks_all_are_counted_and_some_shown(corpus):
    for n in range(SHOWN + 2):
        append(corpus, "train", id=f"x{n}", group=f"g{n}", text=f"Number {n} alone.")
        append(corpus, "test", id=f"y{n}", group=f"g{n}", text=f"Number {n} lonely.")
    (leak,) = leaks(Rows(corpus))
    assert (leak.count, len(leak.examples)) == (SHOWN + 2, SHOWN)
    assert json.loads(json.dumps(leak.to_dict()))["kind"] == "leak"
