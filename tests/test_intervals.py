"""Intervals are what their papers say, and a document counts as one draw."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from trainer.intervals import Z, clustered, holm, wilson


@given(st.integers(1, 2000), st.data())
def test_wilson_is_where_the_score_test_just_holds(n, data):
    k = data.draw(st.integers(0, n))
    p = k / n

    def beyond(q):
        return (p - q) ** 2 - Z * Z * q * (1 - q) / n

    low, high = wilson(k, n)
    # brentq stops within 1e-12; the closed form rounds a few times.
    below = brentq(beyond, 0, p * (1 - 1e-12), xtol=1e-12) if k > 0 else 0
    above = brentq(beyond, p + (1 - p) * 1e-12, 1, xtol=1e-12) if k < n else 1
    assert (low, high) == pytest.approx((below, above), abs=1e-8)
    assert 0 <= low <= p <= high <= 1


def test_of_nothing_there_is_no_interval():
    assert wilson(0, 0) == (None, None)
    assert clustered(np.zeros(0, int), np.zeros(0, int)) == (None, None, None)


def test_documents_of_one_sentence_are_drawn_one_by_one():
    yes = np.array([1] * 30 + [0] * 70)
    p, low, high = clustered(yes, np.ones(100, int))
    # m / (m - 1) in the variance of the clusters makes the interval a little wider.
    assert (low, high) == pytest.approx(wilson(30, 100), abs=2e-3)
    assert p == 0.3


def test_documents_that_are_all_or_nothing_count_as_one_draw_each():
    yes = np.array([20] * 6 + [0] * 14)
    _, low, high = clustered(yes, np.full(20, 20))
    assert (low, high) == pytest.approx(wilson(6, 20), abs=0.012)


def test_it_covers_what_a_bootstrap_of_documents_covers():
    rng = np.random.default_rng(3)
    sizes = rng.integers(5, 40, 120)
    yes = rng.binomial(sizes, rng.beta(1, 4, 120))
    p, low, high = clustered(yes, sizes)
    draws = rng.integers(0, 120, (4000, 120))
    shares = yes[draws].sum(axis=1) / sizes[draws].sum(axis=1)
    # Percentiles of 4,000 draws are good to about 0.003 here.
    assert (low, high) == pytest.approx(np.quantile(shares, [0.025, 0.975]), abs=0.012)
    assert math.isclose(p, yes.sum() / sizes.sum())


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_an_interval_holds_its_share(pairs):
    sizes = np.array([a + b for a, b in pairs], dtype=int)
    yes = np.array([a for a, _ in pairs], dtype=int)
    p, low, high = clustered(yes, sizes)
    assert (p is None) == (sizes.sum() == 0)
    if p is not None:
        assert 0 <= low <= p + 1e-12
        assert p - 1e-12 <= high <= 1


@given(st.lists(st.none() | st.floats(0, 1), max_size=12))
def test_holms_p_values(p_values):
    found = holm(p_values)
    given_ = [p for p in p_values if p is not None]
    assert [p is None for p in found] == [p is None for p in p_values]
    for p, corrected in zip(p_values, found, strict=True):
        if p is not None:
            # By hand: the largest, over what is no larger, of p times how many are no smaller.
            ordered = sorted(given_)
            expected = max(min(1.0, (len(ordered) - i) * q) for i, q in enumerate(ordered) if q <= p)
            assert corrected >= p
            assert corrected == pytest.approx(expected)
