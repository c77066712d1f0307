from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import chain

import pytest
from building import records
from hypothesis import given
from hypothesis import strategies as st

from trainer.corpus.cutting import batches
from trainer.corpus.cutting.batches import batched
from trainer.records import Document, LabelledText

MEAN = 60
SETTINGS = "0" * 64


def keys(items):
    return [batch.key for batch in batched(items, SETTINGS)]


def key(record, settings=SETTINGS):
    (batch,) = batched([record], settings)
    return batch.key


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(batches, "MEAN_SIZE", MEAN)
    monkeypatch.setattr(batches, "LARGEST", 4 * MEAN)


def in_small(largest, run):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "MEAN_SIZE", MEAN)
        patch.setattr(batches, "LARGEST", largest)
        return run()


documents = st.lists(
    st.tuples(st.integers(0, 10**9), st.text("ab c", min_size=1, max_size=2 * MEAN)),
    unique_by=lambda pair: pair[0],
    max_size=40,
).map(lambda pairs: [Document(f"d{number}", text) for number, text in pairs])


@given(documents | records())
def test_batches_are_the_records_in_their_order_and_never_much_too_large(items):
    found = in_small(100, lambda: list(batched(iter(items), SETTINGS)))
    assert list(chain.from_iterable(batch.records for batch in found)) == items
    for batch in found:
        assert batch.records
        assert sum(len(record.text) for record in batch.records[:-1]) < 100


@given(documents, st.data())
def test_a_change_alters_the_batches_that_it_touches_and_no_other(items, data):
    place = data.draw(st.integers(0, len(items)))
    new = Document("new", data.draw(st.text("ab c", min_size=1, max_size=2 * MEAN)))
    instead = data.draw(st.booleans()) and place < len(items)
    changed = [*items[:place], new, *items[place + instead :]]
    before, after = (in_small(10**9, lambda items=items: keys(items)) for items in (items, changed))
    # One that is put in stands in one batch and may cut it in two; one that was the last of its batch and
    # went joins that batch with the next.
    assert len(set(before) - set(after)) <= 1 + instead
    assert len(set(after) - set(before)) <= 2
    without = in_small(10**9, lambda: keys([*items[:place], *items[place + 1 :]]))
    assert len(set(before) - set(without)) <= 2
    assert len(set(without) - set(before)) <= 1


@given(documents, st.data())
def test_batches_that_were_cut_for_their_size_fall_into_step_again(items, data):
    place = data.draw(st.integers(0, len(items)))
    changed = [*items[:place], Document("new", "a"), *items[place:]]
    before, after = (
        in_small(MEAN, lambda items=items: list(batched(items, SETTINGS))) for items in (items, changed)
    )
    # At the latest behind the next record that ends a batch by its own lot, whatever the size.
    own = in_small(
        10**9, lambda: [n for n in range(place, len(items)) if len(keys([items[n], items[n]])) == 2]
    )
    end = 0
    for batch in before:
        start, end = end, end + len(batch.records)
        if end <= place < len(items) or (own and start > own[0]):
            assert batch in after


def test_of_many_batches_an_added_document_changes_one_or_two(small):
    items = [Document(f"d{n}", "tea " * (n % 30 + 1)) for n in range(3000)]
    before = keys(items)
    assert len(set(before)) == len(before) > 500
    for place in (0, 1, 777, 1500, 2998, 3000):
        after = keys([*items[:place], Document("new", "Some more tea."), *items[place:]])
        assert len(set(before) - set(after)) <= 4  # 2 % of the batches are cut for their size


@pytest.mark.parametrize(
    ("letters", "tolerance"),
    # A batch is its mean give or take as much again, or ends at four times that, which takes off 2 %. With
    # n batches the mean of the sizes is off by 1 / sqrt(n) of it: five times that is allowed.
    [(1, 0.25), (25, 0.25), (50, 0.25), (MEAN, 0), (3 * MEAN, 0)],
)
def test_batches_have_their_mean_size_however_long_the_records(small, letters, tolerance):
    items = [Document(f"d{n}", "a" * letters) for n in range(500 * MEAN // min(letters, MEAN))]
    sizes = [sum(len(record.text) for record in batch.records) for batch in batched(items, SETTINGS)]
    mean = sum(sizes[:-1]) / len(sizes[:-1])
    assert abs(mean - max(MEAN, letters)) <= tolerance * MEAN


LABELLED = LabelledText("s1", "A cup.", {"tea": "yes"}, "ann", doc_id="d1")
DOCUMENT = Document("s1", "A cup.")


@pytest.mark.parametrize("record", [LABELLED, DOCUMENT])
@pytest.mark.parametrize("field", ["id", "text", "source", "date", "title", "url", "split"])
def test_the_key_changes_with_whatever_the_sentences_show(record, field):
    assert key(replace(record, **{field: "other"})) != key(record)


@pytest.mark.parametrize(
    "same",
    [
        replace(LABELLED, at="elsewhere:7"),
        replace(LABELLED, author="bob", time="now"),
        replace(LABELLED, labels={"tea": "no", "rain": "yes"}),
    ],
)
def test_the_key_does_not_change_with_what_people_say_or_where_it_was_read(same):
    assert key(same) == key(LABELLED)
    assert key(replace(DOCUMENT, at="elsewhere:7", size=9, format="txt")) == key(DOCUMENT)


def test_the_key_changes_with_home_kind_and_settings():
    assert len({
        key(LABELLED), key(replace(LABELLED, doc_id="d2")), key(replace(LABELLED, doc_id=None)),
        key(replace(LABELLED, doc_id="")), key(DOCUMENT), key(DOCUMENT, "1" * 64),
    }) == 6  # fmt: skip


@given(records(3), records(3))
def test_records_have_the_same_key_only_when_all_that_is_shown_is_the_same(one, two):
    def shown(record):
        home = getattr(record, "doc_id", "")
        return type(record).__name__, record.id, home, record.text, record.split

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "MEAN_SIZE", 10**15)
        (first,), (second,) = keys(one), keys(two)
    assert (first == second) == ([*map(shown, one)] == [*map(shown, two)])


def test_what_stands_in_one_field_is_not_taken_for_the_next():
    assert key(Document("ab", "c")) != key(Document("a", "bc"))
    assert key(Document("a", "b", title="c")) != key(Document("a", "b", source="c"))


def test_a_key_is_the_same_in_every_process():
    # Written down once: a key that is made otherwise forgets what was kept.
    said = '["Document", "s1", "", "A cup.", null, null, null, null, null]\n'
    assert key(DOCUMENT) == hashlib.sha256(SETTINGS.encode() + said.encode()).hexdigest()
