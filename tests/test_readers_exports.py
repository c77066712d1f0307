from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import json_values

from trainer.corpus.readers.exports import asks_by_topic, read_object
from trainer.corpus.readers.source import Source
from trainer.records import Document, LabelledText, Rejection

TOPICS = ("tea", "rain_and_snow", "wind")
TITLES = {"tea": "Tea", "rain_and_snow": "What falls from the sky", "wind": "Wind"}
SOURCE = Source("there/export.json", "export.json", "json", TOPICS, TITLES)
NO = dict.fromkeys(TOPICS, "no")


def read(value, source=SOURCE):
    return list(read_object(value, source, "export.json#1", "utf-8"))


def said(value):
    """What comes of an object: labels and author, or the reason."""
    return [
        record.reason if isinstance(record, Rejection) else (dict(record.labels), record.author)
        for record in read(value)
    ]


# -- Label Studio -----------------------------------------------------------------------------------------


def choice(*names, control="topics"):
    return {
        "id": "x",
        "type": "choices",
        "from_name": control,
        "to_name": "text",
        "value": {"choices": list(names)},
    }


def task(*annotations, **data):
    return {"id": 4, "data": {"text": "A cup.", **data}, "annotations": list(annotations), "predictions": []}


def annotation(*result, **more):
    return {"id": 9, "was_cancelled": False, "completed_by": 3, "result": list(result), **more}


def test_each_annotation_of_label_studio_is_an_opinion_with_author_and_time():
    first = annotation(choice("tea", "Wind"), updated_at="2024-05-06T07:08:09.1Z")
    second = annotation(choice("what falls from the SKY"), completed_by={"id": 4, "email": "b@example.org"})
    one, two = read(task(first, second, id="s1", doc_id="d1", date="2024-01-01"))
    assert dict(one.labels) == {**NO, "tea": "yes", "wind": "yes"}
    assert (one.author, one.time) == ("3", "2024-05-06T07:08:09.1Z")
    assert (one.id, one.doc_id, one.date, one.text) == ("s1", "d1", "2024-01-01", "A cup.")
    assert dict(two.labels) == {**NO, "rain_and_snow": "yes"}
    assert (two.author, two.id, two.at) == ("b@example.org", "s1", "export.json#1")


def test_what_nobody_finished_in_label_studio_is_not_judged():
    assert said(task(annotation(choice("tea"), was_cancelled=True))) == ["not_judged"]
    (unlabelled,) = read(task())
    assert isinstance(unlabelled, Document)


@pytest.mark.parametrize("result", [[], [choice()], [choice("None")], [{"value": {"text": ["a note"]}}]])
def test_an_annotation_without_a_choice_says_no_to_all(result):
    assert said(task(annotation(*result))) == [(NO, "3")]


def test_a_control_with_the_name_of_a_topic_judges_that_topic_alone():
    result = [choice("yes", control="tea"), choice("No", control="wind")]
    assert said(task(annotation(*result))) == [({"tea": "yes", "wind": "no"}, "3")]
    assert said(task(annotation(choice("unknown", control="tea"), choice("no", control="wind")))) == [
        ({"wind": "no"}, "3")
    ]


def test_where_a_file_asks_topic_by_topic_an_empty_annotation_judged_nothing():
    asked, empty = task(annotation(choice("yes", control="tea"))), task(annotation())
    assert asks_by_topic([empty, asked, 7, {"annotations": [1, {"result": 3}]}], SOURCE)
    assert not asks_by_topic([empty, task(annotation(choice("tea")))], SOURCE)
    (record,) = read(empty, replace(SOURCE, by_topic=True))
    assert record.reason == "not_judged"


def test_an_author_beside_the_answer_counts_where_no_account_is_named():
    named = {**choice("yes", control="tea"), "meta": {"text": ["human:ann"]}}
    assert said(task(annotation(named, completed_by=None))) == [({"tea": "yes"}, "human:ann")]
    assert said(task(annotation(named))) == [({"tea": "yes"}, "3")]
    rule = {**named, "meta": {"text": ["rule:tea/words"]}}
    assert said(task(annotation(rule, completed_by=None))) == [({"tea": "yes"}, "human:export.json")]


def test_a_wrong_label_costs_its_own_annotation_alone():
    assert said(task(annotation(choice("tee")), annotation(choice("tea")))) == [
        "unknown_topic",
        ({**NO, "tea": "yes"}, "3"),
    ]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (task("x"), "bad_labels"),
        (task(annotation(choice(7))), "bad_labels"),
        (task(annotation({"value": {"choices": "tea"}})), "bad_labels"),
        (task(annotation(choice("tea")), text=7), "no_text"),
        (task(annotation(choice("tea"), updated_at=[1])), "bad_field"),
        ({"data": {}, "annotations": [annotation(choice("tea"))]}, "no_text"),
    ],
)
def test_a_label_studio_task_of_another_form_is_rejected(value, reason):
    assert said(value) == [reason]


def test_a_text_under_another_name_is_the_text_when_there_is_but_one():
    (record,) = read({"data": {"sentence": "A cup."}, "annotations": [annotation(choice("tea"))]})
    assert record.text == "A cup."


# -- Argilla ----------------------------------------------------------------------------------------------


def record_of(responses, **more):
    return {"id": "r1", "fields": {"text": "A cup."}, "metadata": {"source": "S"}, "responses": responses,
            "suggestions": {"topics": {"value": ["wind"], "score": 1, "agent": "m"}}, **more}  # fmt: skip


def test_each_person_who_answered_in_argilla_has_an_opinion_and_suggestions_are_none():
    answers = [{"value": ["tea"], "user_id": "u1"}, {"value": ["Wind", "tea"], "user_id": "u2"}]
    one, two = read(record_of({"topics": answers, "comment": [{"value": "why not", "user_id": "u1"}]}))
    assert (dict(one.labels), one.author) == ({**NO, "tea": "yes"}, "u1")
    assert (dict(two.labels), two.author) == ({**NO, "tea": "yes", "wind": "yes"}, "u2")
    assert (one.id, one.source) == ("r1", "S")


def test_only_what_was_submitted_in_argilla_counts():
    answers = [
        {"value": ["tea"], "user_id": "u1", "status": "draft"},
        {"value": ["wind"], "user_id": "u2", "status": "submitted"},
        {"value": None, "user_id": "u3", "status": "submitted"},
    ]
    assert said(record_of({"topics": answers})) == [({**NO, "wind": "yes"}, "u2")]
    assert said(record_of({"topics": answers[:1]})) == ["not_judged"]
    assert isinstance(read(record_of({}))[0], Document)
    # Argilla 2 leaves the status of responses out and has one of the record.
    bare = {"topics": [{"value": ["tea"], "user_id": "u1"}]}
    assert said(record_of(bare, status="completed")) == [({**NO, "tea": "yes"}, "u1")]
    assert said(record_of(bare, status="pending")) == ["not_judged"]


def test_the_older_form_of_argilla_lists_people_first():
    people = [
        {"user_id": "u1", "status": "submitted", "values": {"topics": {"value": ["tea"]}}},
        {"user_id": "u2", "status": "discarded", "values": {"topics": {"value": ["wind"]}}},
    ]
    assert said(record_of(people)) == [({**NO, "tea": "yes"}, "u1")]


def test_one_answer_of_several_leaves_the_other_topics_unjudged():
    assert said(record_of({"topic": [{"value": "tea", "user_id": "u1"}]})) == [({"tea": "yes"}, "u1")]
    asked = {"tea": [{"value": "no", "user_id": "u1"}], "wind": [{"value": "yes", "user_id": "u1"}]}
    assert said(record_of(asked)) == [({"tea": "no", "wind": "yes"}, "u1")]


@pytest.mark.parametrize(
    ("responses", "reason"),
    [
        ({"topics": [{"value": ["tee"], "user_id": "u"}]}, "unknown_topic"),
        ({"topics": [{"value": [1], "user_id": "u"}]}, "bad_labels"),
        ({"rating": [{"value": 4, "user_id": "u"}]}, "bad_labels"),
        ("none", "bad_labels"),
    ],
)
def test_an_argilla_record_of_another_form_is_rejected(responses, reason):
    assert said(record_of(responses)) == [reason]


# -- Prodigy ----------------------------------------------------------------------------------------------

OPTIONS = [{"id": "tea", "text": "Tea"}, {"id": 2, "text": "Wind"}]


def prodigy(**more):
    return {"text": "A cup.", "_input_hash": 1, "_task_hash": 2, "answer": "accept", **more}


@pytest.mark.parametrize(
    ("more", "labels"),
    [
        ({"accept": ["tea"], "options": OPTIONS}, {"tea": "yes", "wind": "no"}),
        ({"accept": [2], "options": OPTIONS}, {"tea": "no", "wind": "yes"}),
        ({"accept": [], "options": OPTIONS}, {"tea": "no", "wind": "no"}),
        ({"accept": ["tea"]}, {**NO, "tea": "yes"}),
        ({"accept": ["none"]}, NO),
        ({"label": "TEA"}, {"tea": "yes"}),
        ({"label": "tea", "answer": "reject"}, {"tea": "no"}),
    ],
)
def test_options_that_were_offered_in_prodigy_are_judged_and_no_others(more, labels):
    assert said(prodigy(**more)) == [(labels, "human:export.json")]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"accept": ["tea"], "answer": "ignore"}, "not_judged"),
        ({"label": "tea", "answer": "ignore"}, "not_judged"),
        ({"accept": ["tea"], "options": OPTIONS, "answer": "reject"}, "not_judged"),
        ({"label": "tee"}, "unknown_topic"),
        ({"accept": ["tee"]}, "unknown_topic"),
        ({"accept": ["tea"], "options": [{"id": "tee", "text": "Tee"}]}, "unknown_topic"),
        ({"accept": "tea"}, "bad_labels"),
        ({"accept": ["tea"], "options": "x"}, "bad_labels"),
        ({"accept": ["tea"], "_timestamp": 10**30}, "bad_field"),
    ],
)
def test_a_prodigy_task_that_is_no_judgement_is_rejected(more, reason):
    assert said(prodigy(**more)) == [reason]


def test_prodigy_says_who_and_when():
    (record,) = read(prodigy(label="tea", _annotator_id="db-ann", _session_id="s", _timestamp=1_700_000_000))
    assert (record.author, record.time) == ("db-ann", "2023-11-14T22:13:20Z")
    (record,) = read(prodigy(label="tea", _session_id="s"))
    assert (record.author, record.time) == ("s", None)


# -- doccano ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        {"id": 1, "text": "A cup.", "label": ["Tea"]},
        {"id": 1, "data": "A cup.", "label": ["tea"]},
        {"id": 1, "text": "A cup.", "cats": ["TEA"], "entities": []},
    ],
)
def test_a_list_of_doccano_is_complete(value):
    (record,) = read(value)
    assert (dict(record.labels), record.id, record.text) == ({**NO, "tea": "yes"}, "1", "A cup.")


@pytest.mark.parametrize(
    ("labels", "outcome"),
    [
        ([], "not_judged"),
        (["tee"], "unknown_topic"),
        ([[0, 3, "tea"]], "bad_labels"),
        (["none"], (NO, "ann")),
    ],
)
def test_what_doccano_says_by_other_lists(labels, outcome):
    assert said({"text": "A cup.", "label": labels, "username": "ann"}) == [outcome]


# -- all of them ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        task(annotation(choice("anything"))), record_of({"q": [{"value": ["anything"]}]}),
        prodigy(accept=["anything"]), {"text": "A cup.", "label": ["anything"]},
    ],
)  # fmt: skip
def test_without_topics_an_export_is_a_text(value):
    (record,) = read(value, Source("a.json", "a.json", "json"))
    assert isinstance(record, Document)
    assert (record.text, record.format, record.encoding) == ("A cup.", "json", "utf-8")


def test_a_row_of_our_own_stays_one():
    (record,) = read({"text": "A cup.", "labels": ["tea"], "annotator": "a"})
    assert isinstance(record, LabelledText)


pieces = st.sampled_from(["tea", "Tea", "tee", "accept", "reject", "submitted", "yes"]) | json_values
objects = st.dictionaries(
    st.sampled_from(
        ["text", "data", "annotations", "fields", "responses", "answer", "accept", "options", "label", "cats",
         "result", "value", "choices", "id", "values", "user_id", "status", "completed_by", "_timestamp"]
    ),
    st.deferred(lambda: pieces | objects | st.lists(pieces | objects, max_size=3)),
    max_size=5,
)  # fmt: skip


@given(objects)
def test_any_object_becomes_sound_records_or_rejections(value):
    found = read(value)
    assert found
    for record in found:
        assert record.at == "export.json#1"
        if isinstance(record, LabelledText):
            assert set(record.labels) <= set(TOPICS)
            assert set(record.labels.values()) <= {"yes", "no"}
