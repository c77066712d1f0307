from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import json_values

from trainer.corpus.readers.rows import RowError, checked_text, content_id, read_row
from trainer.records import Document, LabelledText, Rejection

TOPICS = ("tea", "rain", "snow")


def read(row, topics=TOPICS):
    return read_row(row, topics, "sheet.csv:7", "human:sheet.csv")


def labels_of(row):
    record = read({"text": "A cup.", **row})
    assert isinstance(record, LabelledText), record
    return dict(record.labels)


def reason_of(row):
    record = read({"text": "A cup.", **row})
    assert isinstance(record, Rejection), record
    assert record.at == "sheet.csv:7"
    return record.reason


@pytest.mark.parametrize(
    ("row", "labels"),
    [
        # A list is complete, unless `judged` says what was looked at.
        ({"labels": []}, {"tea": "no", "rain": "no", "snow": "no"}),
        ({"labels": ["rain"]}, {"tea": "no", "rain": "yes", "snow": "no"}),
        ({"labels": ["rain"], "judged": ["rain", "snow"]}, {"rain": "yes", "snow": "no"}),
        ({"labels": [], "judged": ["tea"]}, {"tea": "no"}),
        ({"labels": [], "judged": []}, {}),
        # An object is partial.
        ({"labels": {}}, {}),
        ({"labels": {"tea": "yes", "snow": "no"}}, {"tea": "yes", "snow": "no"}),
        ({"labels": {"tea": "unknown", "snow": "no"}}, {"snow": "no"}),
        ({"labels": {"tea": True, "rain": False, "snow": None}}, {"tea": "yes", "rain": "no"}),
        ({"labels": {"tea": 1, "rain": 0}}, {"tea": "yes", "rain": "no"}),
        ({"labels": {"tea": " YES ", "rain": "False"}}, {"tea": "yes", "rain": "no"}),
        # A cell of names is complete, whatever stands between them.
        ({"labels": "tea; snow"}, {"tea": "yes", "rain": "no", "snow": "yes"}),
        ({"labels": "tea|snow,"}, {"tea": "yes", "rain": "no", "snow": "yes"}),
        # One column a topic: blank is not judged.
        ({"tea": "1", "rain": "0", "snow": ""}, {"tea": "yes", "rain": "no"}),
        ({"rain": "0"}, {"rain": "no"}),
        # A complete list may leave topics open.
        ({"labels": ["rain"], "unknown": ["tea"]}, {"rain": "yes", "snow": "no"}),
        ({"labels": ["rain"], "unknown": None}, {"tea": "no", "rain": "yes", "snow": "no"}),
        # A list beside columns wins: it is what the row calls its labels.
        ({"labels": ["tea"], "rain": "1"}, {"tea": "yes", "rain": "no", "snow": "no"}),
    ],
)
def test_yes_no_and_not_judged_are_told_apart(row, labels):
    assert labels_of(row) == labels


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"labels": ["tee"]}, "unknown_topic"),
        ({"labels": {"tee": 1}}, "unknown_topic"),
        ({"labels": "tea; tee"}, "unknown_topic"),
        ({"labels": [], "judged": ["tee"]}, "unknown_topic"),
        ({"labels": ["tea"], "judged": ["rain"]}, "bad_labels"),
        ({"labels": None}, "bad_labels"),
        ({"labels": 1}, "bad_labels"),
        ({"labels": [1]}, "bad_labels"),
        ({"labels": [["tea"]]}, "bad_labels"),
        ({"labels": [], "judged": "tea"}, "bad_labels"),
        ({"labels": {"tea": 2}}, "bad_labels"),
        ({"labels": {"tea": "maybe"}}, "bad_labels"),
        ({"labels": {"tea": ["yes"]}}, "bad_labels"),
        ({"tea": "x"}, "bad_labels"),
        ({"text": None}, "no_text"),
        ({"text": 7}, "no_text"),
        ({"text": ["A cup."]}, "no_text"),
        ({"text": " \u2028\t"}, "empty_text"),
        ({"text": "A\0cup."}, "nul_byte"),
        ({"text": "A \ud800 cup."}, "not_utf8"),
        ({"id": "a\0b"}, "nul_byte"),
        ({"id": "a\udfff"}, "not_utf8"),
        ({"id": True}, "bad_field"),
        ({"title": ["T"]}, "bad_field"),
        ({"date": {"year": 1}}, "bad_field"),
        ({"title": float("nan")}, "bad_field"),
        ({"split": "dev"}, "bad_field"),
        ({"labels": [], "time": [1]}, "bad_field"),
        ({"labels": [], "unknown": "tea"}, "bad_labels"),
        ({"labels": ["tea"], "unknown": ["tea"]}, "bad_labels"),
        ({"labels": [], "annotator": ["me"]}, "bad_field"),
        ({"labels": [], "doc_id": ["d"]}, "bad_field"),
    ],
)
def test_a_row_that_cannot_be_used_is_rejected_with_place_and_reason(row, reason):
    assert reason_of(row) == reason


def test_a_misspelt_topic_is_answered_with_the_nearest():
    record = read({"text": "A cup.", "labels": ["rian"]})
    assert record.detail == "unknown topic 'rian'. Did you mean 'rain'?"


def test_a_row_without_a_text_is_rejected():
    assert read({"labels": ["tea"]}) == Rejection(
        "sheet.csv:7", "no_text", "'text' must be a string, got nothing"
    )


def test_a_labelled_row_keeps_what_is_known_of_it():
    row = {
        "id": 12, "text": "  A cup. ", "labels": ["tea"], "annotator": "ann", "doc_id": "d1",
        "title": "T", "source": "S", "date": 1999, "url": "U", "colour": "red",
    }  # fmt: skip
    assert read(row) == LabelledText(
        id="12", text="A cup.", labels={"tea": "yes", "rain": "no", "snow": "no"}, author="ann",
        doc_id="d1", title="T", source="S", date="1999", url="U", at="sheet.csv:7",
    )  # fmt: skip


def test_language_split_and_time_are_kept():
    row = {"text": "A cup.", "labels": ["tea"], "language": "en", "split": "test", "time": "2024-05-06"}
    record = read(row)
    assert (record.language, record.split, record.time) == ("en", "test", "2024-05-06")
    record = read_row({"text": "A.", "language": "de"}, TOPICS, "f:1", "a", format="csv", encoding="cp1252")
    assert (record.language, record.format, record.encoding) == ("de", "csv", "cp1252")


def test_the_file_is_the_author_where_the_row_names_none():
    assert read({"text": "A cup.", "labels": [], "annotator": ""}).author == "human:sheet.csv"


def test_a_document_keeps_its_text_unchanged():
    assert read({"id": "d", "text": " A cup.\n", "title": "", "url": None}) == Document(
        "d", " A cup.\n", at="sheet.csv:7"
    )


def test_blank_topic_columns_make_a_document():
    assert isinstance(read({"text": "A cup.", "tea": "", "rain": None}), Document)


def test_without_topics_labels_are_passed_over():
    assert isinstance(read({"text": "A cup.", "labels": ["anything"], "tea": "x"}, topics=None), Document)


def test_labels_stand_in_the_order_of_the_config():
    assert list(labels_of({"labels": {"snow": 1, "tea": 0}})) == ["tea", "snow"]
    assert list(labels_of({"labels": ["snow", "tea"]})) == list(TOPICS)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_an_id_made_from_the_text_is_the_same_for_the_same_text_alone(one, other):
    assert (content_id("doc", one) == content_id("doc", other)) == (one == other)
    assert content_id("doc", one) != content_id("text", one)


def test_an_id_made_from_the_text_never_changes():
    assert read({"text": "A cup."}).id == "doc-fd244fff0a419bfc"
    assert read({"text": "A cup.", "labels": []}).id == "text-fd244fff0a419bfc"


@given(st.text())
def test_a_checked_text_is_unchanged_and_can_be_stored(text):
    storable = not any("\ud800" <= character <= "\udfff" for character in text)
    if text.strip() and "\0" not in text and storable:
        assert checked_text(text) == text
    else:
        with pytest.raises(RowError):
            checked_text(text)


keys = st.sampled_from(
    [
        "id",
        "text",
        "labels",
        "judged",
        "annotator",
        "doc_id",
        "title",
        "source",
        "date",
        "url",
        "language",
        "split",
        "time",
        "unknown",
        "origin",
        *TOPICS,
    ]
)
values = (
    st.none()
    | st.text(max_size=5)
    | st.lists(st.sampled_from([*TOPICS, "tee", 1]), max_size=3)
    | st.dictionaries(st.sampled_from([*TOPICS, "tee"]), st.sampled_from(["yes", "no", "?", 1, 0, None, []]))
    | json_values
)


@given(st.dictionaries(keys | st.text(max_size=3), values, max_size=8), st.none() | st.just(TOPICS))
def test_any_row_becomes_a_sound_record_or_a_rejection(row, topics):
    record = read(row, topics)
    assert record.at == "sheet.csv:7"
    if isinstance(record, Rejection):
        assert record.reason
        record.detail.encode("utf-8")
        return
    assert record.text.strip()
    assert record.id
    stored = (record.id, record.text, record.title, record.source, record.date, record.url)
    assert not any("\0" in value for value in stored if value)
    "".join(value for value in stored if value).encode("utf-8")
    if isinstance(record, LabelledText):
        assert topics is not None
        assert set(record.labels) <= set(TOPICS)
        assert set(record.labels.values()) <= {"yes", "no"}
        record.author.encode("utf-8")


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_cell_of_labels_was_not_judged_and_none_was(blank):
    topics = ("tea", "rain")
    assert isinstance(read_row({"text": "A cup.", "labels": blank}, topics, "f:1", "a"), Document)
    judged = read_row({"text": "A cup.", "labels": "None"}, topics, "f:1", "a")
    assert judged.labels == {"tea": "no", "rain": "no"}


@pytest.mark.parametrize("labels", [{"labels": {"tea": "yes"}}, {"tea": "1"}])
@pytest.mark.parametrize(
    ("origin", "author"),
    [("silver", "imported:sheet.csv"), ("gold", "Ana"), ("Reuters", "Ana"), (None, "Ana")],
)
def test_only_an_exported_silver_row_is_nobodys_word(labels, origin, author):
    record = read({"text": "A cup.", "annotator": "Ana", "origin": origin, **labels})
    assert isinstance(record, LabelledText)
    assert (record.author, dict(record.labels)) == (author, {"tea": "yes"})


def test_an_exported_sentence_without_any_label_is_no_document():
    for row in ({"labels": {"tea": "unknown"}}, {"tea": "", "rain": ""}):
        record = read({"id": "s1", "doc_id": "d1", "text": "A cup.", "origin": "silver", **row})
        assert isinstance(record, LabelledText)
        assert (dict(record.labels), record.doc_id) == ({}, "d1")


def test_an_exported_sentence_that_is_its_own_document_comes_back_as_such():
    row = {"id": "s1", "doc_id": "s1", "text": "A cup.", "labels": []}
    assert read({**row, "origin": "gold"}).doc_id is None
    assert read(row).doc_id == "s1"
