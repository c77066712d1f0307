"""Calibration: the optima that others find, monotone maps, and the simplest that will do."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit, log_expit, logit
from sklearn.calibration import _sigmoid_calibration
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import log_loss

from trainer.config import Calibration
from trainer.model.calibration import (
    FEWEST,
    FEWEST_ISOTONIC,
    _mean_and_error,
    choose_calibration,
    fit_beta,
    fit_curve,
    fit_isotonic,
    fit_platt,
    split_curves,
)
from trainer.model.maps import probabilities, sigmoid


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
    given = np.array(margins, dtype=float)
    slope, offset = fit_platt(given, y)
    assert slope > 0
    assert np.isfinite([slope, offset]).all()
    beta, knots = fit_beta(given, y), fit_isotonic(given, y)
    assert (beta[:2] >= 0).all()
    assert beta[:2].any()
    assert np.isfinite(beta).all()
    assert (np.diff(probabilities(np.sort(given), knots)) >= 0).all()


@pytest.mark.parametrize(
    ("positives", "negatives"), [(0, 9), (FEWEST - 1, 9), (9, FEWEST - 1), (9, 0), (0, 0)]
)
def test_too_few_of_a_class_leave_the_margin_as_it_is(positives, negatives):
    y = np.arange(positives + negatives) < positives
    assert fit_platt(np.where(y, 3.0, -1.0), y) == (1.0, 0.0)


def test_margins_that_order_the_classes_the_wrong_way_are_left_as_they_are():
    y = np.arange(12) < 6
    assert fit_platt(np.where(y, -1.0, 1.0), y) == (1.0, 0.0)


def fold_data(seed: int, n: int = 1200, *, sharper: float = 1.0, shift: float = 0.0):
    """Return margins (log-odds, times and plus something), classes drawn by these, groups and folds."""
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(-1.5, 2, n)
    y = rng.random(n) < expit(log_odds)
    groups = rng.integers(0, n // 3, n)
    return sharper * log_odds + shift, y, groups, groups % 5


METHODS = ["none", "platt", "beta", "isotonic"]
GRID = np.linspace(-60, 60, 2_001)


@given(scored(), st.sampled_from(METHODS))
@settings(max_examples=150, deadline=None)
def test_every_map_is_monotone_and_gives_probabilities(data, method):
    curve = fit_curve(method, *data)
    p = probabilities(np.sort(np.r_[GRID, data[0]]), curve)
    assert ((p >= 0) & (p <= 1)).all()
    assert np.isfinite(curve).all()
    # Two functions of opposite slope are added in a beta map, a line is drawn in an isotonic one: a few last
    # bits of the largest log-odds, or of 1.
    assert (np.diff(p) >= -1e-13).all()


@given(scored(), st.sampled_from(METHODS), st.integers(0, 2**32 - 1))
@settings(max_examples=100, deadline=None)
def test_the_order_of_the_rows_does_not_matter(data, method, seed):
    margins, y = data
    order = np.random.default_rng(seed).permutation(len(y))
    one, other = (probabilities(GRID, fit_curve(method, margins[o], y[o])) for o in (slice(None), order))
    # Newton's sums run in another order, and it stops at a gradient of 1e-8 a sentence; the loss of a beta
    # map can be flat where there is no sentence, so it is looked at where there are some.
    inside = (margins.min() <= GRID) & (margins.max() >= GRID)
    np.testing.assert_allclose(one[inside], other[inside], rtol=0, atol=0 if method == "isotonic" else 1e-4)


@given(st.lists(st.tuples(st.integers(-6, 6), st.booleans()), min_size=1, max_size=60))
@settings(max_examples=150, deadline=None)
def test_pooling_violators_gives_what_scikit_learn_gives(pairs):
    margins, y = np.array([m for m, _ in pairs], dtype=float), np.array([label for _, label in pairs])
    low, high = 1 / ((~y).sum() + 2), (y.sum() + 1) / (y.sum() + 2)
    peer = IsotonicRegression(y_min=low, y_max=high, out_of_bounds="clip").fit(margins, y.astype(float))
    where = np.r_[margins, np.linspace(-8, 8, 97)]
    # Means of the same numbers, summed in another order.
    np.testing.assert_allclose(
        probabilities(where, fit_isotonic(margins, y)), peer.predict(where), rtol=0, atol=1e-12
    )


@given(scored())
@settings(max_examples=50, deadline=None)
def test_knots_ascend_and_none_is_idle(data):
    knots = fit_isotonic(*data)
    assert (np.diff(knots[0]) > 0).all()
    assert (np.diff(knots[1]) >= 0).all()
    runs = [len(list(run)) for _, run in groupby(knots[1].tolist())]
    assert max(runs[1:-1], default=0) <= 4  # two at most, but the ends are drawn in and may join two steps


def beta_loss(weights, margins, y):
    """Return the cross entropy of a beta map against Platt's targets, and its gradient."""
    positives, negatives = y.sum(), (~y).sum()
    target = np.where(y, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    design = np.column_stack([log_expit(margins), -log_expit(-margins), np.ones(len(margins))])
    z = design @ weights
    return float(np.sum(np.logaddexp(0, z) - target * z)), design.T @ (expit(z) - target)


@given(scored(largest=5.0))
@settings(max_examples=30, deadline=None)
def test_no_other_minimiser_finds_a_better_beta_map(data):
    margins, y = data
    bounds = [(0, None), (0, None), (None, None)]
    best = minimize(beta_loss, [1.0, 1.0, 0.0], data, "L-BFGS-B", jac=True, bounds=bounds).fun
    found = fit_beta(margins, y)
    assert (found[:2] >= 0).all()
    if found.tolist() == [1.0, 1.0, 0.0]:
        # Nothing was fitted: the margins do not order the classes, and a constant is as good as any map.
        p = ((y.sum() + 1) / (y.sum() + 2) * y.sum() + (~y).sum() / ((~y).sum() + 2)) / len(y)
        found = np.array([0.0, 0.0, logit(p)])
    assert beta_loss(found, margins, y)[0] <= best + 1e-6


def test_a_well_calibrated_model_is_mostly_left_as_it_is():
    # A standard error is no strict test: about one in six is better by more than that by luck, a little more
    # with three to choose from, and less since what was fitted on four folds is worse than the truth.
    chosen = [choose_calibration(*fold_data(seed), Calibration(method="auto")).method for seed in range(40)]
    assert chosen.count("none") >= 34
    assert choose_calibration(*fold_data(0), Calibration(method="auto")).method == "none"


def test_margins_that_are_too_sure_are_scaled():
    found = choose_calibration(*fold_data(1, sharper=3.0, shift=1.0), Calibration(method="auto"))
    assert found.method == "platt"
    np.testing.assert_allclose(found.curve, [1 / 3, -1 / 3], atol=0.07)  # 1,200 sentences
    assert found.why.startswith("log loss out of fold: none ")


def test_margins_that_are_unsure_on_one_side_get_a_beta_map():
    margins, *rest = fold_data(2, 3_000)
    # The log-odds are twice the margin above 0, and half of it below.
    bent = np.where(margins > 0, margins / 2, 2 * margins)
    found = choose_calibration(bent, *rest, Calibration(method="auto"))
    assert found.method == "beta"
    assert found.curve[1] > 2 * found.curve[0]


def test_a_map_with_steps_needs_many_positives():
    rng = np.random.default_rng(3)
    for n, tried in ((380, False), (3_000, True)):
        margins = rng.uniform(-3, 3, n)
        y = rng.random(n) < np.where(np.abs(margins) < 1.5, 0.5, np.where(margins > 0, 0.98, 0.02))
        groups = np.arange(n)
        found = choose_calibration(margins, y, groups, groups % 5, Calibration(method="auto"))
        assert (y.sum() >= FEWEST_ISOTONIC) == tried == ("isotonic" in found.why)
        assert (found.method == "isotonic") == tried


def test_the_log_loss_is_that_of_sentences_whose_fold_was_not_fitted_on():
    margins, y, groups, folds = fold_data(4, 400, sharper=2.0)
    told = choose_calibration(margins, y, groups, folds, Calibration(method="auto")).why
    p = np.zeros(len(y))
    for fold in range(5):
        slope, offset = fit_platt(margins[folds != fold], y[folds != fold])
        p[folds == fold] = expit(slope * margins[folds == fold] + offset)
    assert f"platt {log_loss(y, p):.4f}" in told
    assert f"none {log_loss(y, expit(margins)):.4f}" in told


def test_sentences_of_one_group_count_as_one():
    # One document of 600 sentences is all the evidence there is for another slope.
    margins, y, groups, folds = fold_data(5, 600, sharper=2.0)
    alone = choose_calibration(margins, y, groups, folds, Calibration(method="platt"))
    assert alone.curve[0] < 0.7
    assert choose_calibration(margins, y, groups, folds, Calibration(method="auto")).method != "none"
    one = choose_calibration(margins, y, np.zeros(600, int), folds, Calibration(method="auto"))
    assert one.method == "none"


def test_the_standard_error_is_that_of_groups():
    values = np.random.default_rng(8).normal(1, 2, 50)
    singly = _mean_and_error(values, np.arange(50))
    np.testing.assert_allclose(singly, [values.mean(), values.std(ddof=1) / np.sqrt(50)])
    # Copies in one group tell nothing new.
    np.testing.assert_allclose(_mean_and_error(np.repeat(values, 7), np.repeat(np.arange(50), 7)), singly)


@pytest.mark.parametrize("method", ["auto", "platt", "beta", "isotonic"])
def test_with_too_few_of_a_class_nothing_is_fitted_and_that_is_said(method):
    margins, y, groups, folds = fold_data(6)
    rows = np.r_[np.flatnonzero(y)[:29], np.flatnonzero(~y)]
    few = (margins[rows], y[rows], groups[rows], folds[rows])
    found = choose_calibration(*few, Calibration(method=method))
    assert (found.method, found.curve.tolist()) == ("none", [1.0, 0.0])
    assert "29 positives" in found.why
    assert "30 of each are needed" in found.why
    enough = choose_calibration(*few, Calibration(method=method, fewest=29))
    assert method == "auto" or enough.method == method


@pytest.mark.parametrize("method", ["auto", "none", "platt"])
def test_the_margin_of_an_svm_is_never_taken_as_log_odds(method):
    margins, y, groups, folds = fold_data(7, 90)
    found = choose_calibration(margins, y, groups, folds, Calibration(method=method), "platt")
    assert found.method == "platt"
    assert found.curve.tolist() == list(fit_platt(margins, y))


def test_maps_are_parted_into_lines_and_curves():
    maps = [np.array([2.0, 1.0]), np.array([1.0, 2.0, 0.0]), np.array([[0.0, 1.0], [0.2, 0.4]])]
    lines, curves = split_curves(("a", "b", "c"), maps)
    assert lines.tolist() == [[2, 1], [1, 0], [1, 0]]
    assert list(curves) == ["b", "c"]
    assert split_curves((), [])[0].shape == (0, 2)
