"""A threshold is the best there is, inside its range and away from the scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from trainer.config import Objective, Thresholds
from trainer.model.thresholds import ABOVE_ALL, Choice, choose_threshold, outside, review_band

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
    chosen = choose_threshold(scores, y, wanted).threshold
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
    chosen = choose_threshold(scores, y, wanted).threshold
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
    assert choose_threshold(scores, np.array(y, dtype=bool), Thresholds(fixed=0.42)).threshold == 0.42


def test_a_fixed_objective_looks_at_no_score():
    scores, y = np.array([0.1, 0.2, 0.8]), np.array([False, True, True])
    assert choose_threshold(scores, y, Thresholds(objective="fixed", fixed=0.9)) == Choice(0.9)


def test_a_known_case():
    scores, y = np.array([0.1, 0.35, 0.45, 0.6, 0.9]), np.array([False, False, True, True, True])
    for lowest, expected in ((0.2, 0.4), (0.42, 0.42)):
        wanted = Thresholds(fixed=0.5, lowest=lowest, highest=0.8)
        assert choose_threshold(scores, y, wanted).threshold == pytest.approx(expected)


def held(threshold: float, scores: np.ndarray, y: np.ndarray) -> tuple[int, int, int]:
    """Return true tags, false tags and missed ones."""
    tagged = scores >= threshold
    return int((tagged & y).sum()), int((tagged & ~y).sum()), int((~tagged & y).sum())


def all_ways(scores: np.ndarray) -> list[float]:
    """Return a threshold for each way in which any threshold can divide the scores, ascending."""
    return [-1.0, *np.nextafter(np.unique(scores), 2).tolist()]


promise = st.sampled_from([0.01, 0.5, 2 / 3, 0.8, 0.9, 1.0])


@given(problems(), promise)
@settings(max_examples=100, deadline=None)
def test_the_lowest_threshold_with_the_promised_precision(problem, value):
    scores, y, wanted = problem
    assume(y.any() and not y.all())
    chosen = choose_threshold(scores, y, wanted, Objective(objective="precision_at_least", value=value))

    def precise(t: float) -> bool:
        right, false, _ = held(t, scores, y)
        return right + false > 0 and right / (right + false) >= value

    kept = [t for t in all_ways(scores) if precise(t)]
    if kept:
        # A lower one decides otherwise: it tags more, and too much of that is false.
        assert chosen.why_fixed is None
        assert held(chosen.threshold, scores, y) == held(kept[0], scores, y)
    else:
        assert chosen.threshold == wanted.fixed
        best = max(r / (r + f) for r, f, _ in (held(t, scores, y) for t in all_ways(scores)) if r + f)
        assert f"precision of {value:g} out of fold: the best is {best:.3f}" in chosen.why_fixed


@given(problems(), promise)
@settings(max_examples=100, deadline=None)
def test_the_highest_threshold_with_the_promised_recall(problem, value):
    scores, y, wanted = problem
    assume(y.any() and not y.all())
    chosen = choose_threshold(scores, y, wanted, Objective(objective="recall_at_least", value=value))
    kept = [t for t in all_ways(scores) if held(t, scores, y)[0] / y.sum() >= value]
    assert chosen.why_fixed is None
    assert held(chosen.threshold, scores, y) == held(kept[-1], scores, y)


@given(problems(), st.sampled_from([0.1, 0.5, 1.0, 3.0, 20.0]))
@settings(max_examples=100, deadline=None)
def test_no_threshold_costs_less(problem, value):
    scores, y, wanted = problem
    assume(y.any() and not y.all())
    chosen = choose_threshold(scores, y, wanted, Objective(objective="cost", value=value)).threshold
    costs = [value * false + missed for _, false, missed in (held(t, scores, y) for t in all_ways(scores))]
    _, false, missed = held(chosen, scores, y)
    assert value * false + missed <= min(costs) + 1e-9  # sums of at most 25 such numbers
    assert 0 <= chosen <= ABOVE_ALL


@given(problems(), st.sampled_from([0.25, 0.5, 1.0, 2.0]))
@settings(max_examples=100, deadline=None)
def test_f_beta_is_the_best_inside_the_range_and_f1_where_beta_is_one(problem, beta):
    scores, y, wanted = problem
    assume(y.any() and not y.all())
    chosen = choose_threshold(scores, y, wanted, Objective(objective="f_beta", value=beta)).threshold
    assert wanted.lowest <= chosen <= wanted.highest

    def f(t: float) -> float:
        right, false, missed = held(t, scores, y)
        precision, recall = right / max(right + false, 1), right / (right + missed)
        return (1 + beta**2) * precision * recall / (beta**2 * precision + recall) if right else 0.0

    # Quotients of the same counts, by another formula.
    assert f(chosen) >= max(map(f, every_decision(scores, wanted))) - 1e-12
    if beta == 1:
        assert chosen == choose_threshold(scores, y, wanted).threshold


def test_a_topic_may_have_a_fixed_threshold_of_its_own():
    scores, y = np.array([0.1, 0.2, 0.8]), np.array([False, True, True])
    wanted = Thresholds(fixed=0.3)
    assert choose_threshold(scores, y, wanted, Objective(objective="fixed", value=0.7)).threshold == 0.7
    assert choose_threshold(scores, y, wanted, Objective(objective="fixed")).threshold == 0.3


@pytest.mark.parametrize("name", ["f_beta", "precision_at_least", "recall_at_least", "cost"])
def test_where_there_is_nothing_to_choose_by_the_fixed_one_is_explained(name):
    goal = Objective(objective=name, value=0.9)
    found = choose_threshold(np.array([0.2, 0.9]), np.zeros(2, bool), Thresholds(), goal)
    assert found.threshold == 0.5
    assert found.why_fixed == "people judged 0 positives and 2 negatives: there is nothing to choose by"


@given(problems(), st.sampled_from([0.0, 0.05, 0.2, 0.4]))
@settings(max_examples=150, deadline=None)
def test_the_band_is_the_narrowest_that_keeps_the_errors_outside(problem, error):
    scores, y, wanted = problem
    threshold = wanted.fixed
    lower, upper = review_band(scores, y, threshold, error)
    assert 0 <= lower <= threshold <= upper <= ABOVE_ALL
    measured = outside(scores, y, lower, upper)
    for key in ("false_tags", "missed"):
        assert measured[key] is None or measured[key] <= error + 1e-12  # a quotient against a product

    def wrong(end: float, *, above: bool) -> bool:
        """Tell whether an end leaves too many errors on its side."""
        outer = y[scores >= end] if above else y[scores < end]
        bad = (~outer).sum() if above else outer.sum()
        return bad > error * len(outer)

    # Every end nearer to the threshold that divides the scores otherwise leaves too many.
    for t in all_ways(scores):
        if threshold < t and (scores >= t).sum() > (scores >= upper).sum():
            assert wrong(t, above=True)
        if t < threshold and (scores < t).sum() > (scores < lower).sum():
            assert wrong(t, above=False)
    if lower < threshold:
        assert wrong(threshold, above=False)
    if upper > threshold:
        assert wrong(threshold, above=True)


def test_what_a_band_leaves_to_the_model():
    scores, y = np.array([0.1, 0.3, 0.5, 0.7, 0.9]), np.array([False, True, True, False, True])
    assert outside(scores, y, 0.4, 0.6) == {"coverage": 0.8, "false_tags": 0.5, "missed": 0.5}
    assert outside(scores, y, 0.0, ABOVE_ALL) == {"coverage": 0.0, "false_tags": None, "missed": None}
    assert set(outside(scores[:0], y[:0], 0.4, 0.6).values()) == {None}


def test_a_band_that_has_to_hold_everything_holds_a_probability_of_one():
    scores, y = np.array([0.0, 1.0, 1.0]), np.array([True, False, False])
    lower, upper = review_band(scores, y, 0.5, 0.1)
    assert ((scores >= lower) & (scores < upper)).all()
