"""Counts are those of going through the table row by row."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.errors import DataError, UsageError
from trainer.model.table import tag_schema
from trainer.tags.periods import period_of
from trainer.tags.summarize import KEYS, NO_DATE, NO_SOURCE, summarize_table

TOPICS = ("tea", "rain")
DATES = ["2024-01-30", "2024-02-01", "2024-02", "2024", None, "soon"]


def table_of(rows):
    schema = tag_schema(TOPICS)
    blank = {"part": "body", "tea": "no", "rain": "no", "tea_decided_by": "model", "rain_decided_by": "model"}
    model = {"model_digest": "d" * 64, "model_version": "1"}
    return pa.Table.from_pylist([{**blank, **model, **row} for row in rows], schema)


@st.composite
def tables(draw):
    rows = []
    for number in range(draw(st.integers(1, 6))):
        about = {
            "doc_id": f"d{number}",
            "date": draw(st.sampled_from(DATES)),
            "source": draw(st.sampled_from(["paper", "wire", None])),
            "duplicate_group": draw(st.sampled_from([None, "d0"])),
        }
        for _ in range(draw(st.integers(1, 4))):
            answers = {topic: draw(st.sampled_from(["yes", "no", "review"])) for topic in TOPICS}
            part = draw(st.sampled_from(["body", "title", "boilerplate"]))
            by = {"tea_decided_by": draw(st.sampled_from(["model", "human"]))}
            rows.append({**about, **answers, **by, "part": part})
    return rows


def key_of(row, by):
    if by == "document":
        return row["doc_id"]
    if by == "source":
        return row["source"] or NO_SOURCE
    return period_of(row["date"], by) or NO_DATE


@given(tables(), st.sampled_from([key for key in KEYS if key != "topic-pair"]), st.booleans())
def test_counts_are_those_of_the_rows(rows, by, once):
    counted = [row for row in rows if row["part"] != "boilerplate"]
    counted = [row for row in counted if not once or row["duplicate_group"] in (None, row["doc_id"])]
    if not counted:
        with pytest.raises(DataError):
            summarize_table(table_of(rows), by, copies_once=once)
        return
    found = summarize_table(table_of(rows), by, copies_once=once)
    assert (found.about["sentences"], found.about["documents"]) == (
        len(counted),
        len({r["doc_id"] for r in counted}),
    )
    keys = {key_of(row, by) for row in counted}
    assert {row["key"] for row in found.rows} >= keys
    for row in found.rows:
        mine = [r for r in counted if key_of(r, by) == row["key"]]
        yes = [r for r in mine if r[row["topic"]] == "yes"]
        assert row["tagged_sentences"] == len(yes)
        assert row["review_sentences"] == sum(r[row["topic"]] == "review" for r in mine)
        assert row["sentences"] == len(mine)
        assert (row["tagged_documents"], row["documents"]) == tuple(
            len({r["doc_id"] for r in s}) for s in (yes, mine)
        )
        assert row["by_people"] == sum(row["topic"] == "tea" and r["tea_decided_by"] == "human" for r in mine)
        assert row["sentence_share"] == (pytest.approx(len(yes) / len(mine)) if mine else None)
    assert found.to_arrow().num_rows == len(found.to_pandas()) == len(found.rows)


@given(tables())
def test_pairs_are_of_what_has_both_and_either(rows):
    counted = [row for row in rows if row["part"] != "boilerplate"]
    if not counted:
        return
    (row,) = summarize_table(table_of(rows), "topic-pair").rows
    both = [r for r in counted if r["tea"] == r["rain"] == "yes"]
    either = [r for r in counted if "yes" in (r["tea"], r["rain"])]
    assert (row["tagged_sentences"], row["sentences"]) == (len(both), len(either))
    of = {topic: {r["doc_id"] for r in counted if r[topic] == "yes"} for topic in TOPICS}
    assert row["tagged_documents"] == len(of["tea"] & of["rain"])
    assert row["documents"] == len(of["tea"] | of["rain"])


def test_a_month_without_a_document_is_a_gap_and_no_zero():
    rows = [{"doc_id": "a", "date": "2024-01-05"}, {"doc_id": "b", "date": "2024-03-05"}]
    february = [row for row in summarize_table(table_of(rows), "month").rows if row["key"] == "2024-02"]
    assert [(row["documents"], row["document_share"]) for row in february] == [(0, None)] * 2


def test_dates_that_say_less_are_kept_and_told():
    rows = [{"doc_id": str(i), "date": value} for i, value in enumerate(DATES)]
    found = summarize_table(table_of(rows), "day")
    assert (found.about["undated"], found.about["unread_dates"]) == (4, [3, "2024", "2024-02", "soon"])
    assert [row["documents"] for row in found.rows if row["key"] == NO_DATE] == [4, 4]


def test_models_are_not_mixed_unseen():
    rows = [{"doc_id": "a"}, {"doc_id": "b", "model_digest": "e" * 64}]
    with pytest.raises(DataError, match="1 rows of dddddddddddd, 1 rows of eeeeeeeeeeee"):
        summarize_table(table_of(rows), "source")
    assert summarize_table(table_of(rows), "source", mixed_models=True).about["documents"] == 2


def test_what_is_not_known_is_refused():
    table = table_of([{"doc_id": "a"}])
    with pytest.raises(UsageError, match="month"):
        summarize_table(table, "mouth")
    with pytest.raises(UsageError, match="Did you mean 'tea'"):
        summarize_table(table, topics=["teas"])
    assert {row["topic"] for row in summarize_table(table, topics=["rain"]).rows} == {"rain"}
