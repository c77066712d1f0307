"""A table that is brought up to date is the table that would be made of everything anew."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import some_documents

from trainer.errors import DataError
from trainer.model.table import TagRows, predict_table
from trainer.records import Document
from trainer.tags import make
from trainer.tags.earlier import Earlier, refuse_other_model
from trainer.tags.make import make_table

LAVA = "Red lava poured down the slope of the volcano."
SOUP = "The mayor likes soup."
LONG = " ".join(f"word{i}" for i in range(40))


def made(small, spool, documents, earlier=None, decided=lambda text: {}, **options):
    rows = TagRows(small.fit.model, decided)
    found = make_table(rows, documents, spool / "spool", alike=0.8, earlier=earlier, **options)
    table = pa.Table.from_batches(list(found.batches), found.schema)
    return table, found.counts


@pytest.fixture(scope="module")
def spool(tmp_path_factory):
    return tmp_path_factory.mktemp("spool")


def test_a_table_is_what_python_gives_and_is_counted(small, spool):
    documents = [Document("a", f"{LAVA} {SOUP} {LONG}"), Document("b", f"{LAVA} {SOUP} {LONG}")]
    table, counts = made(small, spool, documents)
    assert table.equals(predict_table(small.fit.model, documents))
    assert (counts.documents, counts.sentences, counts.copies) == (2, len(table), 1)
    assert counts.tagged["volcanoes"] == 2
    assert counts.to_dict()["tagged"] == {"lighthouses": 0, "volcanoes": 2}


def test_only_what_is_tagged_and_only_where_it_stands(small, spool):
    table, counts = made(small, spool, [Document("a", f"{LAVA} {SOUP}")], only_tagged=True, text=False)
    assert [(row["start"], row["volcanoes"]) for row in table.to_pylist()] == [(0, "yes")]
    assert {"text", "previous", "next", "title"} & set(table.schema.names) == set()
    assert counts.sentences == 2, "all that was read is counted"


@given(some_documents(), some_documents(), st.data())
def test_an_update_is_what_all_would_give_anew(small, spool, before, now, data):
    said = {LAVA: {"volcanoes": "no"}, "The mayor likes soup.": {"volcanoes": "review"}}
    people = data.draw(st.sampled_from([{}, said]))
    now = [
        replace(document, id=data.draw(st.sampled_from([document.id, f"n{document.id}"]))) for document in now
    ]
    table, _ = made(small, spool, before)
    updated, counts = made(small, spool, now, Earlier(table), lambda text: people.get(text, {}))
    ids = {document.id for document in now}
    # Documents of blanks have no rows, so an earlier table knows nothing of them.
    kept = [
        document
        for document in before
        if document.id not in ids and document.id in table["doc_id"].to_pylist()
    ]
    anew, fresh = made(small, spool, [*kept, *now], None, lambda text: people.get(text, {}))
    assert updated.equals(anew)
    assert counts.to_dict() == fresh.to_dict()
    assert counts.kept == len(kept)


def test_only_what_is_new_or_changed_is_tagged(small, spool):
    before = [Document("a", LAVA), Document("b", SOUP), Document("c", LONG)]
    table, _ = made(small, spool, before)
    _, counts = made(
        small, spool, [before[0], replace(before[1], date="2024"), Document("d", LAVA)], Earlier(table)
    )
    assert (counts.taken_over, counts.kept, counts.documents) == (1, 1, 4)


def test_a_group_of_copies_is_left_when_the_other_changes(small, spool):
    table, _ = made(small, spool, [Document("a", LONG), Document("b", LONG)])
    assert set(table["duplicate_group"].to_pylist()) == {"a"}
    updated, _ = made(small, spool, [Document("b", SOUP)], Earlier(table))
    assert set(updated["duplicate_group"].to_pylist()) == {None}


def test_another_model_is_refused_and_tags_all_again_when_asked(small, spool, tmp_path):
    table, _ = made(small, spool, [Document("a", f"{LAVA} {SOUP}")])
    place = table.schema.get_field_index("model_digest")
    other = table.set_column(place, "model_digest", pa.array(["f" * 64] * len(table)))
    refuse_other_model(table, small.fit.digest, tmp_path)
    with pytest.raises(DataError, match="2 rows of ffffffffffff") as error:
        refuse_other_model(other, small.fit.digest, tmp_path)
    assert "--retag-all" in str(error.value)
    again, _ = made(small, spool, [Document("b", SOUP)], Earlier(other, again=True))
    assert set(again["model_digest"].to_pylist()) == {small.fit.digest}
    assert again.equals(made(small, spool, [Document("a", f"{LAVA} {SOUP}"), Document("b", SOUP)])[0])


@given(st.lists(st.integers(0, 5), max_size=6), st.integers(1, 4))
def test_batches_are_cut_the_same_way_however_they_come(sizes, rows):
    total = sum(sizes)
    column = iter(range(total))
    batches = [
        pa.RecordBatch.from_pydict({"n": pa.array([next(column) for _ in range(n)], pa.int64())})
        for n in sizes
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(make, "_ROWS", rows)
        found = [batch["n"].to_pylist() for batch in make._even(batches)]
    assert [n for part in found for n in part] == list(range(total))
    assert [len(part) for part in found] == [rows] * (total // rows) + [total % rows] * bool(total % rows)
