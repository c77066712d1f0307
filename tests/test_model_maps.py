"""Maps from margins to probabilities, against scipy."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from trainer.model.maps import probabilities, sigmoid


@given(st.lists(st.floats(-1e308, 1e308), max_size=20))
def test_the_sigmoid_is_that_of_scipy_without_overflow(values):
    z = np.array(values, dtype=float)
    # Two roundings more than scipy's own formula.
    np.testing.assert_allclose(sigmoid(z), expit(z), rtol=1e-14, atol=0)


def test_the_sigmoid_at_its_ends():
    assert sigmoid(np.array([0.0, np.inf, -np.inf, 1e4, -1e4])).tolist() == [0.5, 1.0, 0.0, 1.0, 0.0]


def test_a_beta_map_is_a_line_where_both_slopes_are_one():
    margins = np.linspace(-30, 30, 601)
    line, beta = (probabilities(margins, np.array(c)) for c in ([2.0, 0.5], [2.0, 2.0, 0.5]))
    np.testing.assert_allclose(beta, line, rtol=1e-12)
    steep = probabilities(np.array([-20.0, 20.0]), np.array([3.0, 0.5, 0.0]))
    np.testing.assert_allclose(logit(steep), [-60, 10], rtol=1e-8)  # 3 per unit below 0, 1/2 above
