"""Probabilities follow the rate of a topic, and a rate that is far off is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.errors import UsageError
from trainer.model.prior import corrected, estimate_rate, log_odds, rate_warning

rates = st.floats(0.001, 0.999)
scores = st.lists(st.floats(0, 1), min_size=1, max_size=20).map(np.array)


@given(scores, rates, rates)
def test_a_correction_moves_the_odds_by_the_ratio_of_the_priors(p, assumed, rate):
    found = corrected(p, assumed, rate)
    assert ((found >= 0) & (found <= 1)).all()
    inside = (p > 1e-6) & (p < 1 - 1e-6)
    moved = np.log(found[inside] / (1 - found[inside])) - np.log(p[inside] / (1 - p[inside]))
    # Logarithms of odds near 0 and 1 lose digits.
    np.testing.assert_allclose(moved, log_odds(rate) - log_odds(assumed), rtol=0, atol=1e-6)


@given(scores, rates, rates)
def test_a_correction_can_be_taken_back_and_keeps_the_order(p, assumed, rate):
    there = corrected(p, assumed, rate)
    np.testing.assert_allclose(corrected(there, rate, assumed), p, rtol=0, atol=1e-9)
    assert (np.diff(there[np.argsort(p)]) >= -1e-12).all()
    np.testing.assert_allclose(corrected(p, rate, rate), p, rtol=0, atol=1e-12)


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.4])
def test_the_rate_of_calibrated_probabilities_is_found(rate):
    rng = np.random.default_rng(0)
    assumed = 0.3

    def probabilities(y):
        """Give the probabilities of a model that knows the two normal distributions, at the assumed rate."""
        x = np.where(y, 2.0, 0.0) + rng.normal(size=len(y))
        odds = assumed / (1 - assumed) * np.exp(2 * x - 2)
        return odds / (1 + odds)

    y = rng.random(20_000) < rate
    # Of 20,000 that overlap so, the estimate moves by 0.006 (one standard deviation).
    assert estimate_rate(probabilities(y), assumed) == pytest.approx(rate, abs=4 * 0.006)


def test_of_no_sentence_the_rate_is_the_assumed_one():
    assert estimate_rate(np.empty(0), 0.3) == 0.3


def test_a_rate_far_off_is_told():
    told = rate_warning({"tea": 2, "rain": 120}, 1_000, {"tea": 0.1, "rain": 0.11})
    assert told is not None
    assert told.endswith("far from the share that probabilities are made for: tea 2.0 (made for 100)")
    assert rate_warning({"tea": 400}, 1_000, {"tea": 0.1}).endswith("tea 400.0 (made for 100)")


@pytest.mark.parametrize(
    ("tagged", "sentences", "assumed"),
    [
        ({"tea": 0}, 499, {"tea": 0.3}),  # too few sentences
        ({"tea": 40}, 1_000, {"tea": 0.1}),  # within a factor of three
        ({"tea": 0}, 1_000, {"tea": 0.004}),  # chance explains it
        ({"tea": 0}, 1_000, {}),  # nobody knows
    ],
)
def test_what_may_be_chance_or_is_not_known_is_not_told(tagged, sentences, assumed):
    assert rate_warning(tagged, sentences, assumed) is None


def test_a_tagger_is_told_the_rate(small):
    model = small.fit.model
    text = "Red lava poured down the slope of the volcano."
    assert set(model.assumed_rates) == {"lighthouses", "volcanoes"}
    rare = model.at_rates({"volcanoes": 0.001})
    before, after = model.predict_proba(text)[0], rare.predict_proba(text)[0]
    assert after[0] == before[0]
    assert after[1] == pytest.approx(corrected(before[1:], model.assumed_rates["volcanoes"], 0.001)[0])
    assert "volcanoes" in model.predict(text).labels
    assert "volcanoes" not in rare.predict(text).labels
    assert rare.explain(text, "volcanoes").margin == model.explain(text, "volcanoes").margin
    assert model.at_rates({}).predict(text) == model.predict(text)


def test_rates_that_make_no_sense_are_told(small):
    model = small.fit.model
    with pytest.raises(UsageError, match="no topic 'volcano'"):
        model.at_rates({"volcano": 0.1})
    with pytest.raises(UsageError, match="a share between 0 and 1, not 2"):
        model.at_rates({"volcanoes": 2})
    old = replace(model, info={key: value for key, value in model.info.items() if key != "assumed_rates"})
    with pytest.raises(UsageError, match="does not say for which rate"):
        old.at_rates({"volcanoes": 0.1})
