"""The pipeline of plain scikit-learn steps says what the tagger says."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from strategies import learned_taggers, tricky_text

from trainer.errors import UsageError
from trainer.model.estimators import LexiconVectorizer
from trainer.model.features import Features
from trainer.model.learning import learn_block
from trainer.model.tagger import Tagger

ROUNDING = 1e-9
"""The pipeline multiplies slope and weight first: sums of at most some hundred terms, rounded otherwise."""


def proba(pipeline: Pipeline, texts: list[str]) -> np.ndarray:
    return np.stack([rows[:, 1] for rows in pipeline.predict_proba(texts)], axis=1)


@given(model=learned_taggers(lines_only=True), new=st.lists(tricky_text, max_size=4))
@settings(max_examples=60, deadline=None)
def test_probabilities_and_decisions_are_those_of_the_tagger(model, new):
    tagger, texts = model
    if not len(tagger.features):
        return  # `fit` makes no such model
    texts = texts + new
    pipeline = tagger.as_sklearn()
    expected = tagger.predict_proba(texts)
    np.testing.assert_allclose(proba(pipeline, texts), expected, rtol=0, atol=ROUNDING)
    clear = np.abs(expected - tagger.thresholds) > ROUNDING
    decided = replace(tagger, review=0.0, bands=None).predict_matrix(texts)
    assert np.array_equal(np.asarray(pipeline.predict(texts), dtype=bool)[clear], decided[clear])


def test_a_trained_tagger_and_its_pipeline_agree_on_its_own_sentences(small):
    tagger = small.fit.model
    texts = small.corpus.rows().column("text").to_pylist()
    pipeline = tagger.as_sklearn()
    assert isinstance(pipeline, Pipeline)
    np.testing.assert_allclose(proba(pipeline, texts), tagger.predict_proba(texts), rtol=0, atol=ROUNDING)
    decisions = pipeline.predict(texts)
    assert np.array_equal(decisions.astype(bool), tagger.predict_matrix(texts))
    assert decisions.any(axis=0).all()


def test_the_pipeline_decides_what_the_tagger_leaves_to_a_human(small):
    texts = small.corpus.rows().column("text").to_pylist()
    cautious = replace(small.fit.model, review=0.49)
    assert any(found.review for found in cautious.predict(texts))
    assert np.array_equal(cautious.as_sklearn().predict(texts), small.fit.model.as_sklearn().predict(texts))


def test_a_block_without_features_is_no_hindrance():
    texts = ["\u4e2d", "\u6587"]  # no word of two letters
    features = Features(
        (learn_block("word", (1, 2), texts, 1, True), learn_block("char", (1, 2), texts, 1, True))
    )
    weights = np.linspace(-2, 2, len(features), dtype=np.float32)[:, None]
    tagger = Tagger(("t",), features, weights, np.zeros(1), np.array([[1.0, 0.0]]), np.array([0.5]))
    np.testing.assert_allclose(
        proba(tagger.as_sklearn(), texts), tagger.predict_proba(texts), rtol=0, atol=ROUNDING
    )


def test_the_step_for_lexicons_is_a_well_behaved_transformer():
    step = LexiconVectorizer({"pairs": ["cup ~ spoon"], "drinks": ["tea"]}, weight=2.0)
    texts = ["tea in a cup", "a cup and a spoon"]
    assert step.transform(texts).toarray().tolist() == [[2, 0], [0, 2]]
    assert step.get_feature_names_out().tolist() == ["drinks", "pairs"]
    for copy in (clone(step), pickle.loads(pickle.dumps(step))):  # noqa: S301  (our own bytes)
        assert copy.get_params() == step.get_params()
        assert (copy.fit_transform(texts) != step.transform(texts)).nnz == 0
    assert list(step.set_params(weight=1.0).transform(["tea"]).data) == [1.0]


def test_a_calibration_that_is_no_line_has_no_pipeline(small):
    bent = replace(small.fit.model, curves={"volcanoes": np.array([1.0, 2.0, 0.0])})
    with pytest.raises(UsageError, match=r"topic 'volcanoes' are no logistic function") as caught:
        bent.as_sklearn()
    assert "calibration.method=platt" in str(caught.value)
