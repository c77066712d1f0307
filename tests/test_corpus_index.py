from __future__ import annotations

from dataclasses import fields
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from building import human_of, index_of, records, rows_of, rule_set, tables_of
from hypothesis import given
from hypothesis import strategies as st

from trainer.corpus.cutting.cut import digest_of, vocabulary_of
from trainer.corpus.index import IndexBuilder
from trainer.corpus.labels import CODES, judge
from trainer.corpus.rules import RuleSet
from trainer.corpus.store import SPLITS
from trainer.records import Document, LabelledText, Vote

TOPICS = ("tea", "rain")


@pytest.fixture(scope="module")
def rules(tea_and_rain):
    return RuleSet(tea_and_rain.topics, 0.1)


def labelled(identity, text, doc_id=None, split=None):
    return LabelledText(identity, text, {"tea": "yes"}, "ann", doc_id, split=split)


@given(records(), st.integers(1, 4))
def test_the_index_is_the_rows_of_the_tables(rules, several, size):
    tables = tables_of(several, rules, size)
    index, rows = index_of(tables), rows_of(tables)
    assert len(index) == len(rows)
    assert [index.doc_ids[number] for number in index.documents] == [row["doc_id"] for row in rows]
    assert len(set(index.doc_ids)) == len(index.doc_ids)
    assert index.placed.tolist() == [row["start"] is not None for row in rows]
    for name in ("id_digest", "text_high", "text_low"):
        assert getattr(index, name).tolist() == [row[name] for row in rows]
    fired = zip(index.fired_rows.tolist(), index.fired_rules.tolist(), strict=True)
    assert list(fired) == [(n, rule) for n, row in enumerate(rows) for rule in row["rules"]]
    assert index.lengths.tolist() == [len(row["words"]) for row in rows]
    spelled = [vocabulary_of(t)[number] for t in tables for row in t.to_pylist() for number in row["words"]]
    number_of = {}
    assert index.words.tolist() == [number_of.setdefault(word, len(number_of)) for word in spelled]
    asked, dates = {}, {}
    for row in rows:
        if row["asked"]:
            asked.setdefault(row["doc_id"], set()).add(row["asked"])
        if row["date"]:
            dates.setdefault(row["doc_id"], set()).add(row["date"])
    # Where rows of a document differ, the latest split counts, and the earliest date, in whatever order.
    latest = {document: max(several, key=SPLITS.index) for document, several in asked.items()}
    assert {index.doc_ids[number]: split for number, split in index.asked.items()} == latest
    assert {index.doc_ids[number]: date for number, date in index.dates.items()} == {
        document: min(several) for document, several in dates.items()
    }
    assert index.torn == sum(len(several) > 1 for several in asked.values())


@given(records(), st.integers(1, 4))
def test_many_batches_give_the_same_as_one(rules, several, size):
    one, many = (index_of(tables_of(several, rules, n)) for n in (None, size))
    for field in fields(one):
        left, right = getattr(one, field.name), getattr(many, field.name)
        if isinstance(left, np.ndarray):
            assert left.dtype == right.dtype
            np.testing.assert_array_equal(left, right)
        else:
            assert left == right


@given(records())
def test_equal_texts_and_no_others_have_equal_numbers(rules, several):
    tables = tables_of(several, rules, 3)
    index, texts = index_of(tables), [row["text"] for row in rows_of(tables)]
    for a, b in combinations(range(len(texts)), 2):
        assert (index.texts[a] == index.texts[b]) == (texts[a] == texts[b])
    assert sorted(set(index.texts.tolist())) == list(range(len(set(texts))))
    assert [texts.index(text) for text in texts] == index.first_rows[index.texts].tolist()


@given(records(), st.randoms())
def test_the_number_of_a_text_does_not_depend_on_the_order(rules, several, random):
    numbers = []
    for order in (several, random.sample(several, len(several))):
        tables = tables_of(order, rules)
        texts = [row["text"] for row in rows_of(tables)]
        numbers.append(dict(zip(texts, index_of(tables).texts.tolist(), strict=True)))
    assert numbers[0] == numbers[1]


@st.composite
def colliding(draw):
    """Digests of texts in which both halves collide often, each half by itself."""
    half = st.sampled_from([0, 1, 2**63, 2**64 - 1])
    return draw(st.lists(st.tuples(half, half), min_size=1, max_size=12))


@given(colliding(), st.lists(st.tuples(*[st.sampled_from([0, 1, 2, 2**63, 2**64 - 1])] * 2), max_size=5))
def test_texts_whose_digests_agree_in_one_half_are_told_apart(rules, digests, wanted):
    (table,) = tables_of([labelled(f"s{n}", f"Text {n}.") for n in range(len(digests))], rules)
    for name, values in zip(("text_high", "text_low"), zip(*digests, strict=True), strict=True):
        column = table.schema.get_field_index(name)
        table = table.set_column(column, table.schema.field(column), pa.array(values, pa.uint64()))
    index = index_of([table])
    ordered = sorted(set(digests))
    assert index.texts.tolist() == [ordered.index(digest) for digest in digests]
    assert index.first_rows.tolist() == [digests.index(digest) for digest in ordered]
    assert index.text_numbers(wanted) == {d: ordered.index(d) for d in wanted if d in ordered}
    vote = Vote("tea", "yes", "human:ann", 0, 3)
    gold, codes = index.human_codes({digest: [vote] for digest in wanted}, TOPICS)
    assert gold.tolist() == [digest in wanted for digest in ordered]
    assert codes.tolist() == [[1 if digest in wanted else -1, -1] for digest in ordered]


@given(records())
def test_a_text_is_found_by_its_digest(rules, several):
    tables = tables_of(several, rules)
    index, texts = index_of(tables), [row["text"] for row in rows_of(tables)]
    found = index.text_numbers(map(digest_of, [*texts, "This stands nowhere."]))
    assert found == {digest_of(text): index.texts[row] for row, text in enumerate(texts)}
    assert index.text_numbers([]) == {}


@given(records(), st.integers(1, 4))
def test_what_people_said_is_judged_text_by_text(rules, several, size):
    tables, human = tables_of(several, rules, size), human_of(several)
    index, rows = index_of(tables), rows_of(tables)
    gold, codes = index.human_codes(human, TOPICS)
    assert gold.shape == (len(index.first_rows),)
    for number, row in enumerate(rows):
        votes = human.get(digest_of(row["text"]), [])
        text = index.texts[number]
        assert gold[text] == bool(votes)
        assert codes[text].tolist() == [CODES[label] for label in judge(votes, TOPICS).labels]
    said = index.said_by_row(human)
    judged = [n for n, row in enumerate(rows) if digest_of(row["text"]) in human]
    assert list(said) == judged
    assert all(said[n] == human[digest_of(rows[n]["text"])] for n in judged)


def test_without_rows_there_is_an_empty_index(rules):
    for index in (IndexBuilder().finish(), index_of(tables_of([], rules))):
        assert len(index) == len(index.doc_ids) == len(index.texts) == len(index.first_rows) == 0
        assert index.human_codes({(1, 2): [Vote("tea", "yes", "human:ann", 0, 3)]}, TOPICS)[1].shape == (0, 2)


def test_a_batch_without_sentences_stands_between_others(rules):
    several = [labelled("s1", "A cup of tea."), Document("d1", "No."), labelled("s2", "It rained.")]
    index = index_of(tables_of(several, rules, 1, min_words=2))
    assert index.doc_ids == ("s1", "s2")
    assert (index.documents.tolist(), index.fired_rows.tolist()) == ([0, 1], [0])


def test_the_latest_split_that_is_asked_for_counts(rules):
    several = [
        labelled("s1", "A cup.", "d1"), labelled("s2", "A pot.", "d1", "test"),
        labelled("s3", "A mug.", "d1", "train"), labelled("s4", "A jug.", "d2", "train"),
    ]  # fmt: skip
    for size in (1, 2, 4):
        assert index_of(tables_of(several, rules, size)).asked == {0: "test", 1: "train"}


def test_the_index_does_not_hold_on_to_the_tables(rules):
    # Digests cannot be compressed: as they are read, they lie inside the bytes of the whole file.
    (table,) = tables_of([labelled(f"s{n}", f"Text {n}.") for n in range(9)], rules)
    builder = IndexBuilder()
    builder.add(table)
    for name, (column, *_) in builder._columns.items():
        if name in table.column_names:
            assert not np.shares_memory(column, table[name].chunk(0).to_numpy())


def test_gold_is_found_in_one_pass_over_the_texts(monkeypatch):
    # A search through all texts for each that people judged is quadratic.
    several = [labelled(f"s{n}", f"Cup number {n}.") for n in range(50)]
    index = index_of(tables_of(several, rule_set([])))
    calls, real = [], np.isin
    monkeypatch.setattr(np, "isin", lambda *args: calls.append(1) or real(*args))
    gold, _ = index.human_codes(human_of(several), TOPICS)
    assert (gold.all(), len(calls)) == (True, 1)
