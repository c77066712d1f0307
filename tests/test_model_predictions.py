from __future__ import annotations

import json

from trainer.model.predictions import Prediction, TaggedSentence

PREDICTION = Prediction(
    "Ash fell.", ("volcanoes",), {"lighthouses": 0.25, "volcanoes": 0.75}, ("lighthouses",)
)


def test_a_sentence_without_a_document_is_written_without_a_place():
    row = TaggedSentence(PREDICTION, 0, 9).to_dict()
    assert json.dumps(row) == (
        '{"text": "Ash fell.", "labels": ["volcanoes"], "review": ["lighthouses"], '
        '"scores": {"lighthouses": 0.25, "volcanoes": 0.75}}'
    )


def test_a_sentence_of_a_document_is_written_with_its_place():
    row = TaggedSentence(PREDICTION, 4, 13, "note.txt").to_dict()
    assert list(row) == ["text", "labels", "review", "scores", "doc_id", "start", "end"]
    assert (row["doc_id"], row["start"], row["end"]) == ("note.txt", 4, 13)


def test_no_topic_is_a_fine_answer():
    assert TaggedSentence(Prediction("", (), {}), 0, 0).to_dict() == {
        "text": "",
        "labels": [],
        "review": [],
        "scores": {},
    }
