"""A place that somebody judged becomes its sentence, or it is said what stands there now."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import unicode_text

from trainer.config.schema import BOILERPLATE
from trainer.corpus.boilerplate import Boilerplate
from trainer.corpus.places import Places
from trainer.corpus.sentences import sentence_spans
from trainer.records import Document, LabelledPlace, LabelledText, Rejection

TEXT = "Hot tea helps us. Then came the rain.\nPage 3 of 12\nNobody sang at all."


def resolve(*records, min_words=1):
    places = Places(Boilerplate(BOILERPLATE), min_words)
    return list(places.resolved(records)), places


def place(start, end, doc_id="d", **labels):
    return LabelledPlace(doc_id, start, end, labels or {"tea": "yes"}, "anna", "2024", "s.csv:2")


def test_a_place_is_the_sentence_that_stands_there():
    document = Document("d", TEXT, "Title", "paper", "2024-01-02")
    (same, found), _ = resolve(place(18, 37), document)
    assert same is document
    assert (found.text, found.labels, found.doc_id) == ("Then came the rain.", {"tea": "yes"}, "d")
    assert (found.author, found.time, found.at, found.source) == ("anna", "2024", "s.csv:2", "paper")
    (_, found), _ = resolve(place(17, 38), document)
    assert found.text == "Then came the rain.", "white space around it makes no difference"


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        (0, 5, "Hot tea helps us."),
        (0, 30, "Hot tea"),
        (5, 3, "at 5–3"),
        (-1, 5, "Hot"),
        (0, 10_000, "Hot"),
        (38, 50, "characters"),
    ],
)
def test_a_place_that_is_no_sentence_is_told_with_what_stands_there(start, end, told):
    (_, found), _ = resolve(place(start, end), Document("d", TEXT))
    assert (found.reason, found.at) == ("gone_sentence", "s.csv:2")
    assert told in found.detail


def test_a_document_that_is_not_there_is_told():
    (_, found), _ = resolve(place(0, 5, "docs/a.txt"), Document("docs/b.txt", TEXT))
    assert (found.reason, found.at) == ("gone_document", "s.csv:2")
    assert "Did you mean 'docs/b.txt'?" in found.detail
    (found,), _ = resolve(place(0, 5))
    assert "No document was read" in found.detail


def test_a_place_behind_its_document_is_told():
    (_, found), _ = resolve(Document("d", TEXT), place(0, 17))
    assert found.reason == "late_label"
    assert "--labels" in found.detail


def test_a_no_of_a_document_covers_its_sentences_and_a_yes_labels_none():
    whole = place(None, None, tea="no", rain="yes")
    (_, *found), places = resolve(whole, Document("d", TEXT), min_words=4)
    assert [f.text for f in found] == ["Hot tea helps us.", "Then came the rain.", "Nobody sang at all."]
    assert {tuple(f.labels.items()) for f in found} == {(("tea", "no"),)}
    assert places.whole_yes == 1
    (_, *found), places = resolve(place(None, None, tea="yes"), Document("d", TEXT))
    assert (found, places.whole_yes) == ([], 1)


@given(unicode_text, st.integers(-3, 50), st.integers(-3, 50))
def test_every_place_gives_its_sentence_or_a_reason(text, start, end):
    document = Document("d", text or "x")
    (_, found), _ = resolve(place(start, end), document)
    if isinstance(found, LabelledText):
        assert found.text == document.text[start:end].strip()
        assert found.text in [document.text[a:b] for a, b in sentence_spans(document.text)]
    else:
        assert isinstance(found, Rejection)
