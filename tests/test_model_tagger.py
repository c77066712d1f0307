"""What a model says of a text depends on that text only, adds up, and points into it."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import learned_taggers, tricky_text

from trainer.errors import UsageError
from trainer.model import features
from trainer.model.maps import probabilities, sigmoid
from trainer.records import Document

several = st.lists(tricky_text, max_size=8)


@given(learned_taggers(), several)
@settings(max_examples=80, deadline=None)
def test_a_text_has_the_same_bits_alone_and_in_any_batch(model, new):
    tagger, texts = model
    texts = texts + new
    margins, scores, decisions = (
        getattr(tagger, verb)(texts) for verb in ("decision_function", "predict_proba", "predict_matrix")
    )
    predictions = tagger.predict(texts)
    assert margins.shape == scores.shape == decisions.shape == (len(texts), len(tagger.topics))
    for i, text in enumerate(texts):
        assert tagger.decision_function(text).tobytes() == margins[i : i + 1].tobytes()
        assert tagger.predict_proba([text]).tobytes() == scores[i : i + 1].tobytes()
        assert np.array_equal(tagger.predict_matrix(text), decisions[i : i + 1])
        assert tagger.predict(text) == predictions[i]
    backwards = tagger.predict_proba(texts[::-1])[::-1]
    assert backwards.tobytes() == scores.tobytes()


@given(learned_taggers(), several)
@settings(max_examples=30, deadline=None)
def test_the_size_of_inner_batches_changes_no_bit(model, new):
    tagger, texts = model
    expected = tagger.predict_proba(texts + new)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features, "_BATCH", 2)
        assert tagger.predict_proba(texts + new).tobytes() == expected.tobytes()


@given(learned_taggers(), tricky_text)
@settings(max_examples=100, deadline=None)
def test_contributions_and_intercept_sum_to_the_margin(model, new):
    tagger, texts = model
    for text in (texts[0], new):
        for column, topic in enumerate(tagger.topics):
            found = tagger.explain(text, topic)
            margin = tagger.decision_function(text)[0, column]
            assert found.margin == margin
            assert found.intercept == tagger.intercept[column]
            # Promised: the sum runs in another order than the margin's.
            assert abs(sum(c.value for c in found.contributions) + found.intercept - margin) < 1e-9


@given(learned_taggers())
@settings(max_examples=80, deadline=None)
def test_contributions_are_all_features_of_the_text_with_their_places(model):
    tagger, texts = model
    text, topic = texts[0], tagger.topics[0]
    contributions = tagger.explain(text, topic).contributions
    assert {c.feature: list(c.spans) for c in contributions} == tagger.features.locate(text)
    assert [abs(c.value) for c in contributions] == sorted(
        (abs(c.value) for c in contributions), reverse=True
    )
    assert all(0 <= start <= end <= len(text) for c in contributions for start, end in c.spans)


@given(learned_taggers(), several)
@settings(max_examples=80, deadline=None)
def test_labels_review_and_scores_agree(model, new):
    tagger, texts = model
    texts = texts + new
    scores = tagger.predict_proba(texts)
    for i, found in enumerate(tagger.predict(texts)):
        assert found.text == texts[i]
        assert list(found.scores.items()) == list(zip(tagger.topics, scores[i].tolist(), strict=True))
        threshold = dict(zip(tagger.topics, tagger.thresholds.tolist(), strict=True))
        if tagger.bands is None:
            review = [t for t in tagger.topics if abs(found.scores[t] - threshold[t]) < tagger.review]
        else:
            ends = dict(zip(tagger.topics, tagger.bands.tolist(), strict=True))
            review = [t for t in tagger.topics if ends[t][0] <= found.scores[t] < ends[t][1]]
        labels = [t for t in tagger.topics if found.scores[t] >= threshold[t] and t not in review]
        assert (found.labels, found.review) == (tuple(labels), tuple(review))
        assert tagger.predict_matrix(texts)[i].tolist() == [t in labels for t in tagger.topics]
        for topic in tagger.topics:
            why = tagger.explain(texts[i], topic)
            assert why.label == ("review" if topic in review else "yes" if topic in labels else "no")
            assert (why.score, why.threshold) == (found.scores[topic], threshold[topic])


@given(learned_taggers())
@settings(max_examples=30, deadline=None)
def test_a_text_without_features_has_the_intercept(model):
    tagger, _ = model
    for text in ("", " \t\n"):
        assert np.array_equal(tagger.decision_function(text)[0], tagger.intercept)
    scores = sigmoid(tagger.intercept * tagger.calibration[:, 0] + tagger.calibration[:, 1])
    for column, topic in enumerate(tagger.topics):
        if topic in tagger.curves:
            scores[column] = probabilities(tagger.intercept[[column]], tagger.curves[topic])[0]
    assert np.array_equal(tagger.predict_proba("")[0], scores)


def test_a_score_at_its_threshold_is_tagged_and_one_below_is_not(small):
    tagger, text = small.fit.model, "The lighthouse of Orra is dark."
    score = tagger.predict_proba(text)[0]
    assert tagger.topics == replace(tagger, thresholds=score).predict(text).labels
    assert replace(tagger, thresholds=np.nextafter(score, 1)).predict(text).labels == ()


def test_a_score_at_the_lower_end_of_a_band_is_in_it_and_one_at_the_upper_end_is_tagged(small):
    tagger, text = small.fit.model, "The lighthouse of Orra is dark."
    score = tagger.predict_proba(text)[0]
    at_lower = replace(tagger, bands=np.column_stack([score, np.ones(2)]))
    at_upper = replace(tagger, thresholds=score, bands=np.column_stack([np.zeros(2), score]))
    assert at_lower.predict(text).review == tagger.topics
    assert (at_upper.predict(text).labels, at_upper.predict(text).review) == (tagger.topics, ())
    below = replace(tagger, bands=np.column_stack([np.nextafter(score, 1), np.ones(2)]))
    assert (below.predict(text).labels, below.predict(text).review) != ((), tagger.topics)


@pytest.mark.parametrize("n", [0, 1, 255, 256, 257, 600])
def test_a_stream_is_what_predict_says(small, n):
    lines = [f"Volcano {i} and lamp room {i % 7}." for i in range(n)]
    assert list(small.fit.model.stream(iter(lines))) == small.fit.model.predict(lines)


def test_a_stream_takes_no_more_than_it_needs(small):
    taken = []

    def lines():
        for i in range(2_000):
            taken.append(i)
            yield f"Lava reached barn {i}."

    stream = small.fit.model.stream(lines())
    assert taken == []
    first = next(stream)
    assert first.text == "Lava reached barn 0."
    assert len(taken) <= 256
    list(islice(stream, 299))
    assert len(taken) <= 512


def test_texts_may_come_from_anything_that_iterates(small):
    texts = ["A volcano.", "A loaf of bread."]
    tagger = small.fit.model
    expected = tagger.predict(texts)
    assert tagger.predict(tuple(texts)) == tagger.predict(iter(texts)) == tagger.predict(t for t in texts)
    assert tagger.predict(np.array(texts)) == expected
    assert tagger.predict(dict.fromkeys(texts)) == expected


def test_no_text_gives_no_prediction(small):
    tagger = small.fit.model
    assert tagger.predict([]) == []
    assert tagger.predict_proba([]).shape == tagger.decision_function([]).shape == (0, 2)
    assert tagger.predict_matrix([]).shape == (0, 2)
    assert tagger.predict_matrix([]).dtype == bool
    assert list(tagger.tag("")) == list(tagger.tag(" \n\n ")) == []


@pytest.mark.parametrize(
    "verb", ["predict", "predict_proba", "predict_matrix", "decision_function", "stream"]
)
@pytest.mark.parametrize(
    ("wrong", "name"), [(None, "NoneType"), (3.5, "float"), (b"lava", "bytes"), (["x"], "list")]
)
def test_a_text_that_is_no_string_is_refused_by_its_place_and_type(small, verb, wrong, name):
    with pytest.raises(TypeError, match=f"texts must be strings; text 1 is {name}$"):
        list(getattr(small.fit.model, verb)(["lava", wrong, "ash"]))


def test_the_place_of_a_refused_text_is_that_in_the_whole_stream(small):
    with pytest.raises(TypeError, match="text 300 is int"):
        list(small.fit.model.stream(["lava"] * 300 + [7]))


@pytest.mark.parametrize("wrong", [None, 7, b"lava"])
def test_an_explained_text_that_is_no_string_is_refused(small, wrong):
    with pytest.raises(TypeError, match=f"texts must be strings; text 0 is {type(wrong).__name__}$"):
        small.fit.model.explain(wrong, "volcanoes")


def test_an_unknown_topic_is_refused_with_the_nearest_one(small):
    with pytest.raises(UsageError, match=r"no topic 'volcano'\. Did you mean 'volcanoes'"):
        small.fit.model.explain("Lava.", "volcano")


STORY = """The lighthouse of Venn was painted red. "Nobody climbs it," said the keeper.

  A volcano woke near Calder; its lava ran for 3.5 km.\tThe ferry left at noon.
"""


def test_sentences_of_a_document_stand_where_they_say(small):
    tagger = small.fit.model
    found = list(tagger.tag(STORY))
    assert len(found) >= 4
    assert all(STORY[s.start : s.end] == s.prediction.text for s in found)
    assert [s.prediction for s in found] == tagger.predict([s.prediction.text for s in found])
    places = [place for s in found for place in (s.start, s.end)]
    assert places == sorted(places)
    assert "".join(STORY.split()) == "".join("".join(s.prediction.text.split()) for s in found)
    assert {s.doc_id for s in found} == {None}
    assert [replace(s, doc_id="d7") for s in found] == list(tagger.tag(Document("d7", STORY)))


def test_a_long_document_is_tagged_to_its_end(small):
    text = " ".join(f"Barn {i} was swallowed by lava." for i in range(600))
    found = list(small.fit.model.tag(text))
    assert len(found) == 600
    assert all(
        text[s.start : s.end] == s.prediction.text == f"Barn {i} was swallowed by lava."
        for i, s in enumerate(found)
    )


def test_a_document_is_tagged_as_it_is_asked_for(small):
    tagged = small.fit.model.tag(" ".join(f"Barn {i} burned." for i in range(2_000)))
    assert next(tagged).prediction.text == "Barn 0 burned."


@given(text=tricky_text)
@settings(max_examples=60, deadline=None)
def test_whatever_the_document_its_sentences_stand_where_they_say(small, text):
    if "\ud800" in text:
        return  # half a character: the cutter of sentences is of another room
    for found in small.fit.model.tag(text):
        assert text[found.start : found.end] == found.prediction.text


def test_one_text_is_no_stream(small):
    with pytest.raises(TypeError, match="stream takes an iterable of texts"):
        next(small.fit.model.stream("one text"))


# Language --------------------------------------------------------------------------------------------------

FRENCH = "Le ministère a gelé les avoirs de deux compagnies maritimes avec la lave du volcan."


def test_a_sentence_in_another_language_is_left_to_review_and_never_to_none(small):
    model = small.fit.model
    found = model.predict(FRENCH)
    assert (found.labels, found.review, found.language) == ((), model.topics, "fr")
    assert [p.language for p in model.stream(["Red lava.", FRENCH])] == [None, "fr"]
    (tagged,) = model.tag(FRENCH)
    assert tagged.to_dict()["language"] == "fr"
    assert model.explain(FRENCH, "volcanoes").label == "review"


def test_a_model_without_a_language_reads_everything(small):
    found = replace(small.fit.model, language="").predict(FRENCH)
    assert found.language is None
    assert found.scores == small.fit.model.predict(FRENCH).scores


def test_a_document_says_what_its_sentences_do_not(small):
    texts = {"fr-FR": "fr", "en": None, None: None}
    for language, expected in texts.items():
        (found,) = small.fit.model.tag(Document("d", "Vulcano Etna 2024.", language=language))
        assert found.prediction.language == expected


@pytest.mark.parametrize("n", [0, 1, 6, 7])
def test_decisions_are_the_same_however_many_are_made_together(small, monkeypatch, n):
    texts = ["hot tea", "", "a lighthouse", "tea in the lighthouse", "gin", "tea tea", "the lamp"][:n]
    whole = small.fit.model.predict_matrix(texts)
    assert whole.shape == (n, len(small.fit.model.topics))
    monkeypatch.setattr("trainer.model.tagger._TOGETHER", 3)
    assert np.array_equal(small.fit.model.predict_matrix(texts), whole)
