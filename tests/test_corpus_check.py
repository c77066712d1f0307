from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainer.config import Build
from trainer.corpus.build import build_corpus
from trainer.corpus.check import refuse_leakage
from trainer.corpus.store import row_schema
from trainer.errors import LeakageError


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
    refuse_leakage(corpus)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_group_on_two_sides_is_refused(corpus, split):
    append(corpus, split, text="Quite another text.")
    with pytest.raises(LeakageError, match=f"^a group of corpus .* stands in train and in {split}"):
        refuse_leakage(corpus)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_text_on_two_sides_is_refused_though_its_groups_differ(corpus, split):
    append(corpus, split, group="another")
    with pytest.raises(LeakageError, match=f"^a text of corpus .* stands in train and in {split}"):
        refuse_leakage(corpus)


def test_a_text_twice_on_one_side_is_no_leak(corpus):
    append(corpus, "train")
    refuse_leakage(corpus)
