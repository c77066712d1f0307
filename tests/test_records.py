from __future__ import annotations

import dataclasses
import json

import pytest

from trainer import records
from trainer.records import Contribution, Explanation, Prediction, TaggedSentence

PREDICTION = Prediction(
    "Ash fell.", ("volcanoes",), {"lighthouses": 0.25, "volcanoes": 0.75}, ("lighthouses",)
)
KINDS = [kind for kind in vars(records).values() if dataclasses.is_dataclass(kind)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_record_cannot_be_changed_nor_given_other_fields(kind):
    record = kind(*[""] * sum(f.default is dataclasses.MISSING for f in dataclasses.fields(kind)))
    first = dataclasses.fields(kind)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(record, first, "other")
    assert not hasattr(record, "__dict__")


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


def test_an_explanation_is_written_as_the_contract_says():
    why = Contribution("word:ash", 1.5, ((0, 3), (8, 11)))
    explanation = Explanation("Ash and ash", "volcanoes", "yes", 0.75, 1.25, 0.5, -0.25, (why,))
    assert json.dumps(explanation.to_dict()) == (
        '{"label": "yes", "score": 0.75, "margin": 1.25, "threshold": 0.5, "intercept": -0.25, '
        '"contributions": [{"feature": "word:ash", "value": 1.5, "spans": [[0, 3], [8, 11]]}]}'
    )
