from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from trainer.corpus.compare.matching import Side, match, open_side

rows = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from(["d1", "d2"]), st.sampled_from(["x", "y", "z"])),
    max_size=12,
    unique_by=lambda row: row[0],
)


def side(rows):
    ids, docs, texts = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    columns = {"id": pa.array(map(str, ids), pa.string()), "doc_id": docs, "text": texts}
    table = pa.table({key: pa.array(values, pa.string()) for key, values in columns.items()})
    return Side(None, table, np.zeros((len(rows), 0), dtype=np.int8), {})


def pairs(a, b):
    left, right, removed, added = match(side(a), side(b))
    return (
        [(a[i], b[j]) for i, j in zip(left.tolist(), right.tolist(), strict=True)],
        [a[i] for i in removed.tolist()],
        [b[i] for i in added.tolist()],
    )


@given(rows, rows)
def test_every_sentence_is_paired_once_or_came_or_went(a, b):
    both, removed, added = pairs(a, b)
    assert sorted([x for x, _ in both] + removed) == sorted(a)
    assert sorted([y for _, y in both] + added) == sorted(b)


@given(rows, rows)
def test_the_id_goes_first_then_text_and_document(a, b):
    both, removed, added = pairs(a, b)
    ids = {row[0] for row in a} & {row[0] for row in b}
    for x, y in both:
        assert x[0] == y[0] if {x[0], y[0]} & ids else x[1:] == y[1:]
    assert not {row[0] for row in removed + added} & ids
    assert not {row[1:] for row in removed} & {row[1:] for row in added}, "these would have paired"


@given(rows)
def test_a_corpus_is_itself(a):
    assert pairs(a, a) == ([(row, row) for row in a], [], [])


def test_states_are_those_of_the_topics_asked_for_in_their_order(two_corpora):
    corpus = two_corpora[1]
    found = open_side(corpus, ("rain", "tea"))
    known = {row["id"]: row for row in corpus.rows().to_pylist()}
    assert found.table["doc_id"].to_pylist() == sorted(found.table["doc_id"].to_pylist())
    for identity, states in zip(found.table["id"].to_pylist(), found.states.tolist(), strict=True):
        row = known[identity]
        assert states == [1 if i in row["labels"] else -1 if i in row["unknown"] else 0 for i in (1, 0)]
