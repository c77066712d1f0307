"""Curves are those of scikit-learn, and what is decided with less doubt is told of truly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_curve

from trainer.evaluation.curves import coverage_and_error, curves_of, reliability


@st.composite
def scored(draw):
    n = draw(st.integers(1, 30))
    y = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    scores = np.array(draw(st.lists(st.integers(0, 10), min_size=n, max_size=n))) / 10
    return y, scores, draw(st.integers(1, 9)) / 10


@given(scored())
def test_precision_and_recall_are_those_of_scikit_learn(case):
    y, scores, threshold = case
    found = curves_of(y, scores, threshold)
    if y.all() or not y.any():
        assert found is None
        return
    precision, recall, thresholds = precision_recall_curve(y, scores)
    np.testing.assert_allclose(found.precision[::-1], precision[:-1], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.recall[::-1], recall[:-1], rtol=0, atol=1e-12)
    np.testing.assert_array_equal(found.thresholds[::-1], thresholds)
    tagged = scores >= threshold
    if tagged.any():
        assert found.chosen == (threshold, (y & tagged).sum() / tagged.sum(), (y & tagged).sum() / y.sum())
    else:
        assert found.chosen is None


@given(scored())
def test_reliability_holds_every_sentence_once(case):
    y, scores, _ = case
    predicted, observed, low, high, sizes = reliability(y, scores)
    assert sizes.sum() == len(y)
    assert (sizes > 0).all()
    assert (predicted * sizes).sum() == pytest.approx(scores.sum())
    assert (observed * sizes).sum() == pytest.approx(y.sum())
    assert ((low <= observed + 1e-12) & (observed <= high + 1e-12)).all()
    assert (np.diff(predicted) > 0).all()


@given(scored())
def test_coverage_ends_at_all_with_the_whole_error(case):
    y, scores, threshold = case
    coverage, error = coverage_and_error(y, scores, threshold)
    assert coverage[-1] == 1
    assert error[-1] == pytest.approx(((scores >= threshold) != y).mean())
    assert (np.diff(coverage) > 0).all()
    for share, wrong in zip(coverage, error, strict=True):
        far = np.abs(scores - threshold)
        kept = far >= np.sort(far)[::-1][round(share * len(y)) - 1]
        assert wrong == pytest.approx(((scores >= threshold) != y)[kept].mean())
