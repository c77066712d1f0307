"""A threshold is the best there is, inside its range and away from the scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from trainer.config import Thresholds
from trainer.model.thresholds import choose_threshold

share = st.integers(1, 99).map(lambda n: n / 100)


@st.composite
def problems(draw):
    """Scores with ties, classes, and settings of any range."""
    n = draw(st.integers(0, 25))
    # Some scores fall on an end of the range or on `fixed`, some tie, some do neither.
    score = share | st.integers(0, 32).map(lambda i: i / 32) | st.floats(0, 1).map(lambda x: round(x, 6))
    scores = np.array(draw(st.lists(score, min_size=n, max_size=n)), dtype=float)
    y = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)), dtype=bool)
    lowest, highest = sorted((draw(share), draw(share)))
    return scores, y, Thresholds(lowest=lowest, highest=highest, fixed=draw(share))


def f1_at(threshold: float, scores: np.ndarray, y: np.ndarray) -> float:
    tagged = scores >= threshold
    return 2 * (tagged & y).sum() / (tagged.sum() + y.sum())


def every_decision(scores: np.ndarray, settings: Thresholds) -> np.ndarray:
    """Return a threshold for each way in which the allowed range can divide the scores."""
    inside = scores[(scores >= settings.lowest) & (scores <= settings.highest)]
    above = np.nextafter(inside, 2)
    candidates = np.r_[settings.lowest, settings.highest, inside, above]
    return candidates[(candidates >= settings.lowest) & (candidates <= settings.highest)]


@given(problems())
@settings(max_examples=300, deadline=None)
def test_no_threshold_in_the_range_has_a_higher_f1(problem):
    scores, y, wanted = problem
    assume(y.any() and not y.all())
    chosen = choose_threshold(scores, y, wanted)
    assert wanted.lowest <= chosen <= wanted.highest
    best = max(f1_at(t, scores, y) for t in every_decision(scores, wanted))
    assert f1_at(chosen, scores, y) == best


@given(problems())
@settings(max_examples=300, deadline=None)
def test_among_equals_it_is_the_middle_of_a_gap_or_an_end_and_nearest_to_fixed(problem):
    scores, y, wanted = problem
    assume(y.any() and not y.all())
    levels = np.unique(scores)
    allowed = [*((levels[1:] + levels[:-1]) / 2), wanted.lowest, wanted.highest, wanted.fixed]
    allowed = [t for t in allowed if wanted.lowest <= t <= wanted.highest]
    f1 = {t: f1_at(t, scores, y) for t in allowed}
    best = [t for t in allowed if f1[t] == max(f1.values())]
    chosen = choose_threshold(scores, y, wanted)
    assert chosen in best
    assert abs(chosen - wanted.fixed) == min(abs(t - wanted.fixed) for t in best)


@given(problems(), st.integers(0, 1000))
@settings(max_examples=100, deadline=None)
def test_the_order_of_the_sentences_does_not_matter(problem, seed):
    scores, y, wanted = problem
    order = np.random.default_rng(seed).permutation(len(y))
    assert choose_threshold(scores, y, wanted) == choose_threshold(scores[order], y[order], wanted)


@pytest.mark.parametrize("y", [[False] * 4, [True] * 4, []])
def test_with_nothing_to_choose_by_it_is_the_fixed_one(y):
    scores = np.linspace(0.1, 0.9, len(y))
    assert choose_threshold(scores, np.array(y, dtype=bool), Thresholds(fixed=0.42)) == 0.42


def test_a_fixed_objective_looks_at_no_score():
    scores, y = np.array([0.1, 0.2, 0.8]), np.array([False, True, True])
    assert choose_threshold(scores, y, Thresholds(objective="fixed", fixed=0.9)) == 0.9


def test_a_known_case():
    scores, y = np.array([0.1, 0.35, 0.45, 0.6, 0.9]), np.array([False, False, True, True, True])
    for lowest, expected in ((0.2, 0.4), (0.42, 0.42)):
        wanted = Thresholds(fixed=0.5, lowest=lowest, highest=0.8)
        assert choose_threshold(scores, y, wanted) == pytest.approx(expected)
