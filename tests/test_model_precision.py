from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from strategies import learned_taggers

import trainer
from trainer.errors import TrainerWarning
from trainer.model.precision import LEAST_EQUAL, rounded


def fitted(tagger, weights):
    return replace(tagger, weights=np.asarray(weights, dtype=np.float64))


@given(learned_taggers())
def test_the_record_is_of_the_decisions_that_the_rounded_weights_make(case):
    tagger, texts = case
    exact = fitted(tagger, tagger.weights.astype(np.float64) * (1 + 2**-20))
    kept, precision = rounded(exact, texts, "float16")
    half = replace(exact, weights=exact.weights.astype(np.float16))
    before, after = exact.predict_proba(texts), half.predict_proba(texts)
    (tagged, review), (tagged_after, review_after) = exact.decide(before), half.decide(after)
    same = (tagged == tagged_after) & (review == review_after)
    assert precision.decisions == len(texts) * len(tagger.topics)
    assert precision.equal == round(float(same.mean()), 6)
    # Three digits are kept.
    assert precision.largest_difference == pytest.approx(np.abs(before - after).max(), rel=5e-3)
    assert (kept.weights.dtype == np.float16) == (same.mean() >= LEAST_EQUAL)
    if kept.weights.dtype == np.float32:
        assert kept.weights.tobytes() == exact.weights.astype(np.float32).tobytes()


def test_weights_that_would_decide_otherwise_are_kept_in_full(small):
    tagger = small.fit.model
    texts = ["Red lava poured down."]
    X = tagger.features.transform(texts)
    # Of two weights that only float32 tells apart, one takes the text over the threshold.
    column = int(X.indices[0])
    weights = np.zeros(tagger.weights.shape)
    weights[column] = 1 + 2**-12
    margin = (X.values[X.indices == column] * weights[column, 0]).sum()
    logit = np.log(tagger.thresholds / (1 - tagger.thresholds))
    plain = replace(
        fitted(tagger, weights), intercept=logit - margin + 1e-9, calibration=np.tile([1.0, 0.0], (2, 1))
    )
    kept, precision = rounded(plain, texts, "float16")
    assert (precision.wanted, precision.kept, precision.equal) == ("float16", "float32", 0.0)
    assert kept.weights.dtype == np.float32


@pytest.mark.parametrize("weight", [1e6, -1e6])
def test_weights_that_are_too_large_are_kept_in_full(small, weight):
    tagger = fitted(small.fit.model, np.full(small.fit.model.weights.shape, weight))
    kept, precision = rounded(tagger, ["Red lava poured down."], "float16")
    assert (precision.kept, precision.equal, precision.largest_difference) == ("float32", 0.0, 1.0)
    assert np.isfinite(kept.weights).all()


def test_a_model_in_half_precision_is_saved_loaded_and_explained(small, tmp_path):
    halved = {"classifier": small.config.classifier.model_copy(update={"precision": "float16"})}
    result = trainer.fit(small.corpus, small.config.model_copy(update=halved), root=tmp_path)
    assert result.metrics["precision"]["kept"] == "float16"
    back = trainer.load(result.path, digest=result.digest)
    assert back.weights.dtype == np.float16
    assert back.info["tensors"]["weights"]["dtype"] == "float16"
    text = "Red lava poured down beside the lighthouse."
    for topic in back.topics:
        found = back.explain(text, topic)
        total = sum(one.value for one in found.contributions) + found.intercept
        assert total == pytest.approx(found.margin, abs=1e-9)
    size, full = ((path / "weights.safetensors").stat().st_size for path in (result.path, small.path))
    k = len(back.topics)
    assert full - size == pytest.approx(2 * k * len(back.features), abs=64)  # a header is padded


def test_a_fit_that_keeps_full_precision_after_all_says_so(small, tmp_path, monkeypatch):
    halved = {"classifier": small.config.classifier.model_copy(update={"precision": "float16"})}
    monkeypatch.setattr("trainer.model.precision.LEAST_EQUAL", 1.1)
    with pytest.warns(TrainerWarning, match=r"weights in float16 would change 0\.0000% of the decisions"):
        result = trainer.fit(small.corpus, small.config.model_copy(update=halved), root=tmp_path)
    assert result.model.weights.dtype == np.float32
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trainer.fit(small.corpus, small.config, save=False)


@given(learned_taggers())
def test_weights_that_are_stored_as_they_were_fitted_change_nothing(case):
    tagger, texts = case
    exact = fitted(tagger, tagger.weights.astype(np.float32))
    kept, precision = rounded(exact, texts, "float32")
    assert kept.weights.dtype == np.float32
    assert kept.predict_proba(texts).tobytes() == exact.predict_proba(texts).tobytes()
    assert (precision.equal, precision.largest_difference) == (1.0, 0.0)


def test_decisions_are_compared_the_same_few_sentences_at_a_time(small, monkeypatch):
    tagger = fitted(small.fit.model, small.fit.model.weights * (1 + 2.0**-9))
    texts = [f"Red lava poured down beside lighthouse {n}." for n in range(40)]
    at_once = rounded(tagger, texts, "float16")[1]
    monkeypatch.setattr("trainer.model.precision._TOGETHER", 7)
    assert rounded(tagger, texts, "float16")[1] == at_once
    assert at_once.largest_difference > 0
