"""Platt scaling: the minimum that others find, and no surprise at the edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.calibration import _sigmoid_calibration

from trainer.model.calibration import FEWEST, fit_platt, sigmoid


@st.composite
def scored(draw, largest=50.0):
    """Margins and classes, at least `FEWEST` of each, ordered well, badly or not at all."""
    seed, scale = draw(st.integers(0, 2**32 - 1)), draw(st.floats(0.01, largest))
    counts = draw(st.tuples(st.integers(FEWEST, 60), st.integers(FEWEST, 60)))
    apart = draw(st.floats(-1, 4))
    rng = np.random.default_rng(seed)
    y = np.r_[np.ones(counts[0], bool), np.zeros(counts[1], bool)]
    return scale * (rng.normal(size=len(y)) + apart * y), y


def platt_loss(beta: np.ndarray, margins: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the cross entropy against Platt's targets, and its gradient."""
    positives, negatives = y.sum(), (~y).sum()
    target = np.where(y, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    z = beta[0] * margins + beta[1]
    missed = expit(z) - target
    return float(np.sum(np.logaddexp(0, z) - target * z)), np.array([missed @ margins, missed.sum()])


@given(scored())
@settings(max_examples=100, deadline=None)
def test_no_other_minimiser_finds_a_lower_loss(data):
    margins, y = data
    scale = np.abs(margins).max()
    best = minimize(
        platt_loss, [0.0, 0.0], (margins / scale, y), "L-BFGS-B", jac=True, options={"ftol": 1e-14}
    )
    assume(abs(best.x[0]) > 1e-3)  # where the sign of the slope is beyond doubt
    slope, offset = fit_platt(margins, y)
    if best.x[0] < 0:
        assert (slope, offset) == (1.0, 0.0)
    else:
        # The loss is a sum over sentences; Newton stops at a gradient of 1e-8 a sentence.
        assert platt_loss(np.array([slope, offset]), margins, y)[0] <= best.fun + 1e-6


@given(scored(largest=10.0))
@settings(max_examples=100, deadline=None)
def test_probabilities_are_those_of_scikit_learn(data):
    margins, y = data
    slope, offset = fit_platt(margins, y)
    a, b = _sigmoid_calibration(margins, y.astype(int))
    if -a > 1e-3:
        # L-BFGS stops at a gradient of 1e-6, in units of the margins: with margins of a hundredth that is a
        # hundred times further from the minimum. With margins of 1 or more the two differed by 9e-7 at most.
        atol = 1e-5 / min(1.0, float(np.abs(margins).max()))
        np.testing.assert_allclose(sigmoid(slope * margins + offset), expit(-a * margins - b), atol=atol)


def test_a_known_case():
    margins, y = np.r_[np.full(8, 2.0), np.full(8, -2.0)], np.arange(16) < 8
    slope, offset = fit_platt(margins, y)
    # By symmetry the two probabilities are Platt's targets themselves, 9/10 and 1/10.
    np.testing.assert_allclose([slope, offset], [np.log(9) / 2, 0], atol=1e-9)


@given(
    margins=st.lists(
        st.sampled_from([0.0, 1.0, -10.0, 1e3, 1e6, -1e6, 1e-9]) | st.floats(-1e6, 1e6), max_size=20
    ),
    data=st.data(),
)
@settings(max_examples=200, deadline=None)
def test_whatever_the_margins_a_higher_one_is_never_less_probable(margins, data):
    y = np.array(data.draw(st.lists(st.booleans(), min_size=len(margins), max_size=len(margins))), dtype=bool)
    slope, offset = fit_platt(np.array(margins, dtype=float), y)
    assert slope > 0
    assert np.isfinite([slope, offset]).all()


@pytest.mark.parametrize(
    ("positives", "negatives"), [(0, 9), (FEWEST - 1, 9), (9, FEWEST - 1), (9, 0), (0, 0)]
)
def test_too_few_of_a_class_leave_the_margin_as_it_is(positives, negatives):
    y = np.arange(positives + negatives) < positives
    assert fit_platt(np.where(y, 3.0, -1.0), y) == (1.0, 0.0)


def test_margins_that_order_the_classes_the_wrong_way_are_left_as_they_are():
    y = np.arange(12) < 6
    assert fit_platt(np.where(y, -1.0, 1.0), y) == (1.0, 0.0)


@given(st.lists(st.floats(-1e308, 1e308), max_size=20))
def test_the_sigmoid_is_that_of_scipy_without_overflow(values):
    z = np.array(values, dtype=float)
    # Two roundings more than scipy's own formula.
    np.testing.assert_allclose(sigmoid(z), expit(z), rtol=1e-14, atol=0)


def test_the_sigmoid_at_its_ends():
    assert sigmoid(np.array([0.0, np.inf, -np.inf, 1e4, -1e4])).tolist() == [0.5, 1.0, 0.0, 1.0, 0.0]
