from __future__ import annotations

import io
from datetime import date, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import packed, parquet
from strategies import unicode_text

from trainer.corpus.readers.parquet import class_names, read_parquet
from trainer.corpus.readers.source import Source
from trainer.corpus.sources import read_inputs
from trainer.records import Document, LabelledText, Rejection

TOPICS = ("tea", "rain", "wind")
SOURCE = Source("rows.parquet", "rows.parquet", "parquet", TOPICS)
usable_text = unicode_text.filter(lambda text: text.strip() and "\0" not in text)


def features(**columns):
    return {"info": {"features": columns}}


def classes(*names):
    return {"names": list(names), "_type": "ClassLabel"}


def read(rows, metadata=None, source=SOURCE):
    return list(read_parquet(io.BytesIO(parquet(rows, metadata)), source))


@given(st.lists(usable_text, min_size=1, max_size=6))
def test_any_text_comes_through_unchanged(texts):
    found = read([{"text": text} for text in texts])
    assert [(record.at, record.text) for record in found] == [
        (f"rows.parquet#{number}", text) for number, text in enumerate(texts, 1)
    ]


def test_columns_are_those_of_rows():
    row = {
        "id": "a", "text": "A cup.", "title": "T", "source": "S", "url": "U", "language": "en",
        "split": "test", "date": date(2024, 5, 6), "colour": "red",
    }  # fmt: skip
    assert read([row]) == [
        Document(
            "a", "A cup.", "T", "S", "2024-05-06", "U", "en", "test", format="parquet", at="rows.parquet#1"
        )
    ]
    (record,) = read([{"text": "A cup.", "date": datetime(2024, 5, 6, 7)}])
    assert record.date == "2024-05-06T07:00:00"


@pytest.mark.parametrize(
    "feature", [{"feature": classes("rain", "tea"), "_type": "List"}, [classes("rain", "tea")]]
)
def test_numbers_of_classes_are_names_and_other_topics_were_not_judged(feature):
    found = read([{"text": "A.", "labels": [1]}, {"text": "B.", "labels": []}], features(labels=feature))
    assert [dict(record.labels) for record in found] == [
        {"tea": "yes", "rain": "no"},
        {"tea": "no", "rain": "no"},
    ]


def test_rows_of_our_own_corpora_keep_what_is_unknown_and_who_said_it():
    lists = {"feature": classes(*TOPICS), "_type": "List"}
    rows = [
        {"text": "A.", "labels": [0], "unknown": [2], "origin": "gold"},
        {"text": "B.", "labels": [0], "unknown": [], "origin": "silver"},
    ]
    gold, silver = read(rows, features(labels=lists, unknown=lists))
    assert dict(gold.labels) == {"tea": "yes", "rain": "no"}
    assert not gold.author.startswith("imported:")
    assert (dict(silver.labels), silver.author) == (
        {"tea": "yes", "rain": "no", "wind": "no"}, "imported:rows.parquet"
    )  # fmt: skip


def test_a_single_class_is_one_label():
    (record,) = read([{"text": "A.", "label": 1}], features(label=classes("rain", "tea")))
    assert dict(record.labels) == {"tea": "yes", "rain": "no"}


def test_one_column_a_topic_is_yes_no_or_blank():
    found = read([{"text": "A.", "tea": True, "rain": False, "wind": None}, {"text": "B.", "tea": None}])
    assert dict(found[0].labels) == {"tea": "yes", "rain": "no"}
    assert isinstance(found[1], Document)


def test_without_topics_labels_are_passed_over():
    source = Source("rows.parquet", "rows.parquet", "parquet")
    assert isinstance(read([{"text": "A.", "labels": ["x"], "tea": 1}], None, source)[0], Document)


def test_many_batches_are_numbered_through():
    found = read([{"text": f"Cup {n}."} for n in range(1300)])
    assert [record.at for record in found] == [f"rows.parquet#{n}" for n in range(1, 1301)]


def test_dictionaries_and_large_strings_are_strings():
    table = pa.table(
        {
            "text": pa.array(["A.", "B."], pa.large_string()),
            "source": pa.array(["S", "S"]).dictionary_encode(),
        }
    )
    assert [(record.text, record.source) for record in read(table)] == [("A.", "S"), ("B.", "S")]


@pytest.mark.parametrize(
    "metadata", [None, {}, {b"huggingface": b"{"}, {b"huggingface": b"[]"}, {b"huggingface": b"\xff"}]
)
def test_metadata_that_names_no_classes_is_none(metadata):
    assert class_names(metadata) == {}


def test_a_packed_file_is_read_alike(tmp_path):
    data = parquet([{"text": "A.", "labels": ["tea"]}])
    for name, content in (("a.parquet", data), ("b.parquet.gz", packed(data))):
        (tmp_path / name).write_bytes(content)
    plain, unpacked = read_inputs([tmp_path], TOPICS)
    assert isinstance(plain, LabelledText)
    assert plain.labels == unpacked.labels


def test_the_file_keeps_its_splits():
    found = read([{"text": "A.", "split": "train"}, {"text": "B.", "split": "dev"}])
    assert found[0].split == "train"
    assert isinstance(found[1], Rejection)
