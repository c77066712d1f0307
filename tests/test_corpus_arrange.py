from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from building import human_of, index_of, records, rows_of, tables_of
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.config import Build, Split
from trainer.corpus.arrange import arrange
from trainer.corpus.rules import RuleSet
from trainer.corpus.store import SPLITS
from trainer.corpus.weights import silver_codes
from trainer.records import Document, LabelledText

TOPICS = ("tea", "rain")
SHORT = settings(max_examples=40)  # each example goes through all steps before


@pytest.fixture(scope="module")
def config(tea_and_rain):
    return tea_and_rain.model_copy(update={"build": Build(starter=False, min_words=1, link_words=4)})


def arranged(config, several, size=None):
    """Return the rows of records with what is arranged for each."""
    rules = RuleSet(config.topics, 0.1)
    several = [replace(record, split=None) for record in several]  # who asks for a split may be left out
    tables = tables_of(several, rules, size)
    index, human = index_of(tables), human_of(several)
    gold, codes = index.human_codes(human, TOPICS)
    gold_rows = gold[index.texts]
    labels, _ = silver_codes(index, rules, [1.0] * len(rules.authors), {})
    labels[gold_rows] = codes[index.texts[gold_rows]]
    found = arrange(index, gold_rows, labels, config)
    rows = rows_of(tables)
    for n, row in enumerate(rows):
        row |= {"kept": bool(found.kept[n]), "gold": bool(gold_rows[n]), "split": SPLITS[found.split[n]]}
        row["group"] = found.groups[found.documents[n]]
        assert index.doc_ids[found.documents[n]] == row["doc_id"]
    return rows, found


@SHORT
@given(records(), st.integers(1, 4))
def test_a_text_is_kept_once_a_document_and_a_short_one_once_in_all(config, several, size):
    rows, _ = arranged(config, several, size)
    kept = [(row["text"], row["doc_id"]) for row in rows if row["kept"]]
    assert len(set(kept)) == len(kept)
    for text, words in {row["text"]: len(row["words"]) for row in rows}.items():
        standing = {row["doc_id"] for row in rows if row["text"] == text}
        where = [document for kept_text, document in kept if kept_text == text]
        if words < 4:
            assert len(where) == 1
        elif len({row["doc_id"] for row in rows if len(row["words"]) >= 4}) <= config.build.link_documents:
            assert sorted(where) == sorted(standing)


@SHORT
@given(records())
def test_documents_that_share_what_is_kept_are_one_group_on_one_side(config, several):
    rows, _ = arranged(config, several)
    kept = [row for row in rows if row["kept"]]
    for key in ("doc_id", "group", "text"):
        assert len({(row[key], row["split"]) for row in kept}) == len({row[key] for row in kept})
    assert {row["split"] for row in kept} <= {"train", "test"}
    for row in kept:
        members = {other["doc_id"] for other in rows if other["group"] == row["group"]}
        assert row["group"] == min(members)


@SHORT
@given(records(), st.randoms())
def test_what_is_kept_and_where_it_goes_does_not_depend_on_the_order(config, several, random):
    def seen(order):
        rows, found = arranged(config, order)
        kept = [(r["id"], r["doc_id"], r["text"], r["group"], r["split"]) for r in rows if r["kept"]]
        return sorted(kept), found.near_duplicates

    assert seen(several) == seen(random.sample(several, len(several)))


def test_of_equal_sentences_the_one_that_people_judged_stays_then_the_one_with_a_place(config):
    text = "The kettle sang all day."
    document = Document("d1", text)
    opinion = LabelledText("s1", text, {"tea": "yes"}, "ann", "d1")
    for order in ([document, opinion], [opinion, document]):
        rows, _ = arranged(config, order)
        # Judged in both places, for a judgement is of the text: the one with offsets is better.
        assert [row["start"] for row in rows if row["kept"]] == [0]


def test_the_shares_of_the_config_are_kept(config):
    split = Split(train=0.5, validation=0.25, test=0.25)
    config = config.model_copy(update={"build": Build(split=split)})
    several = [
        Document(f"d{n}", f"Number {n} had {n * n} cups of coffee with {n + 7} guests.") for n in range(80)
    ]
    rows, found = arranged(config, several)
    assert np.bincount(found.split[found.kept]).tolist() == [40, 20, 20]
    assert len({row["group"] for row in rows}) == 80


def test_near_duplicates_are_counted_and_tied(config):
    stem = "the old kettle on the stove sang a very long song about tea"
    several = [
        Document("d1", f"Then {stem}."),
        Document("d2", f"Now {stem}."),
        Document("d3", "It rained a lot."),
    ]
    rows, found = arranged(config, several)
    assert found.near_duplicates == 2
    assert [row["group"] for row in rows] == ["d1", "d1", "d3"]
