"""Costs of labels, as numbers and in codes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.engine.costs import Judged, Problem


@given(st.data())
def test_codes_stand_for_the_numbers(data):
    n, k = data.draw(st.integers(1, 30)), data.draw(st.integers(1, 4))
    kinds = data.draw(st.lists(st.sampled_from([0.0, 0.25, 1.0, 3.0]), min_size=1, max_size=3))
    draws = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    Y = draws.integers(-1, 2, (n, k)).astype(np.int8)
    weights = draws.choice(kinds, (n, data.draw(st.sampled_from([1, k]))))
    problems = [Problem(int(draws.integers(k)), (0.5, 2.0), draws.random(n) < 0.7) for _ in range(3)]
    judged = Judged.of(Y, weights)

    costs = judged.costs(problems, 8)

    assert costs.codes is not None
    for lane, problem in enumerate(problems):
        found = costs.table[costs.codes[:, lane], lane]
        np.testing.assert_array_equal(found, judged.numbers(problem).astype(np.float32))
        weight = weights[:, problem.topic % weights.shape[1]]
        y = Y[:, problem.topic]
        expected = np.select([~problem.rows | (y < 0), y == 0], [0.0, -0.5 * weight], 2.0 * weight)
        np.testing.assert_array_equal(found, expected.astype(np.float32))
    assert not costs.codes[:, 3:].any()


def test_many_different_weights_stay_numbers():
    Y, weights = np.ones((40, 2), np.int8), np.arange(80.0).reshape(40, 2)

    costs = Judged.of(Y, weights).costs([Problem(1, (1.0, 2.0))], 8)

    assert costs.codes is None
    np.testing.assert_array_equal(costs.numbers[:, 0], 2 * weights[:, 1])


@pytest.mark.parametrize("weights", [[[1.0], [np.nan]], [[1e30], [2e30]]])
def test_costs_beyond_float32_are_refused(weights):
    judged = Judged.of(np.ones((2, 1), np.int8), np.array(weights))

    with pytest.raises(ValueError, match="beyond float32"):
        judged.costs([Problem(0, (1e10, 1e10))], 8)
