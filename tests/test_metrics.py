"""Scores agree with scikit-learn's where it defines them, and are None where nothing is defined."""

from __future__ import annotations

import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import average_precision_score, precision_recall_fscore_support

from trainer.metrics import average_precision, confusion, precision_recall_f1, score_table

KEYS = ("precision", "recall", "f1")
ROUNDING = 1e-12
"""Quotients of small integers and sums of at most some dozens of them, taken in another order."""


@st.composite
def tables(draw):
    """Labels with gaps, decisions, scores with ties."""
    n, k = draw(st.integers(0, 25)), draw(st.integers(1, 4))
    Y = draw(hnp.arrays(np.int8, (n, k), elements=st.sampled_from([-1, 0, 0, 1])))
    tagged = draw(hnp.arrays(bool, (n, k)))
    scores = draw(hnp.arrays(float, (n, k), elements=st.integers(0, 12).map(lambda i: i / 12)))
    return Y, tagged, scores, [f"topic{i}" for i in range(k)]


def peer(y, tagged, scores) -> dict[str, float | None]:
    """Score judged decisions with scikit-learn; what it calls undefined, or nothing to find, is None."""
    if not len(y):  # it refuses to score nothing
        return {**dict.fromkeys((*KEYS, "average_precision")), "support": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of what is undefined; here that is None
        found = precision_recall_fscore_support(y, tagged, average="binary", zero_division=np.nan)
    row = {key: None if np.isnan(x) else float(x) for key, x in zip(KEYS, found[:3], strict=True)}
    if not y.any():
        row |= {"recall": None, "f1": None}
    area = float(average_precision_score(y, scores)) if y.any() else None
    return {**row, "support": int(y.sum()), "average_precision": area}


def assert_row(found, expected):
    assert set(found) == set(expected)
    for key, value in expected.items():
        assert found[key] == (value if value is None else pytest.approx(value, abs=ROUNDING)), key


@given(tables())
@settings(max_examples=300, deadline=None)
def test_topics_score_as_in_scikit_learn_on_what_was_judged(table):
    Y, tagged, scores, topics = table
    found = score_table(Y, tagged, scores, topics)["topics"]
    assert list(found) == topics
    for i, topic in enumerate(topics):
        judged = Y[:, i] >= 0
        assert_row(found[topic], peer(Y[judged, i] == 1, tagged[judged, i], scores[judged, i]))


@given(tables())
@settings(max_examples=200, deadline=None)
def test_micro_pools_all_judged_decisions(table):
    Y, tagged, scores, topics = table
    judged = Y >= 0
    found = score_table(Y, tagged, scores, topics)["micro"]
    assert_row(found, peer(Y[judged] == 1, tagged[judged], scores[judged]))


@given(tables())
@settings(max_examples=200, deadline=None)
def test_macro_is_the_mean_over_topics_where_a_score_is_defined(table):
    found = score_table(*table)
    assert set(found["macro"]) == {*KEYS, "average_precision"}
    for key, mean in found["macro"].items():
        defined = [row[key] for row in found["topics"].values() if row[key] is not None]
        assert mean == (pytest.approx(sum(defined) / len(defined), abs=ROUNDING) if defined else None)


@given(tables(), st.integers(0, 2**32 - 1))
@settings(max_examples=100, deadline=None)
def test_what_was_not_judged_counts_nowhere(table, seed):
    Y, tagged, scores, topics = table
    rng = np.random.default_rng(seed)
    other_tags = np.where(Y < 0, rng.random(Y.shape) < 0.5, tagged)
    other_scores = np.where(Y < 0, rng.random(Y.shape), scores)
    assert score_table(Y, tagged, scores, topics) == score_table(Y, other_tags, other_scores, topics)


@given(tables())
def test_rules_have_no_scores_and_no_average_precision(table):
    Y, tagged, scores, topics = table
    with_scores, without = score_table(Y, tagged, scores, topics), score_table(Y, tagged, None, topics)
    for row in [*with_scores["topics"].values(), with_scores["micro"], with_scores["macro"]]:
        del row["average_precision"]
    assert without == with_scores


def test_a_topic_without_positives_is_undefined_and_not_zero():
    Y = np.array([[0, 1], [0, 0], [-1, 1]], dtype=np.int8)
    tagged = np.array([[False, True], [False, False], [True, True]])
    found = score_table(Y, tagged, np.full((3, 2), 0.5), ["none", "some"])
    nothing = {"precision": None, "recall": None, "f1": None, "support": 0, "average_precision": None}
    assert found["topics"]["none"] == nothing
    assert found["macro"]["f1"] == found["topics"]["some"]["f1"] == 1.0
    assert found["micro"]["f1"] == 1.0


def test_a_false_tag_on_a_topic_without_positives_has_a_precision_of_zero():
    found = score_table(np.zeros((2, 1), np.int8), np.array([[True], [False]]), None, ["none"])
    assert found["topics"]["none"] == {"precision": 0.0, "recall": None, "f1": None, "support": 0}
    assert found["macro"]["recall"] is None


def test_positives_of_which_none_was_found_score_zero():
    assert precision_recall_f1(tp=0, fp=0, fn=3) == (None, 0.0, 0.0)
    assert precision_recall_f1(tp=0, fp=2, fn=3) == (0.0, 0.0, 0.0)
    assert precision_recall_f1(tp=0, fp=0, fn=0) == (None, None, None)


def test_no_sentence_and_no_topic_score_nothing():
    empty = score_table(np.zeros((0, 1), np.int8), np.zeros((0, 1), bool), np.zeros((0, 1)), ["a"])
    assert empty["macro"] == dict.fromkeys((*KEYS, "average_precision"))
    none = score_table(np.zeros((4, 0), np.int8), np.zeros((4, 0), bool), np.zeros((4, 0)), [])
    assert none["topics"] == {}
    assert none["micro"]["f1"] is None


def test_scores_are_plain_numbers_that_json_takes():
    found = score_table(
        np.array([[1], [0]], np.int8), np.array([[True], [True]]), np.array([[0.9], [0.1]]), ["a"]
    )
    types = {
        type(value)
        for row in (found["micro"], found["macro"], found["topics"]["a"])
        for value in row.values()
    }
    assert types <= {float, int}


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_f1_is_the_harmonic_mean(tp, fp, fn):
    precision, recall, f1 = precision_recall_f1(tp, fp, fn)
    if tp:
        p, r = Fraction(tp, tp + fp), Fraction(tp, tp + fn)
        assert (precision, recall, f1) == (
            float(p),
            float(r),
            pytest.approx(float(2 * p * r / (p + r)), abs=ROUNDING),
        )


@given(hnp.arrays(np.int8, st.integers(0, 20), elements=st.integers(-1, 1)), st.data())
def test_confusion_counts_every_judged_sentence_once(y, data):
    tagged = data.draw(hnp.arrays(bool, len(y)))
    tp, fp, fn = confusion(y, tagged)
    pairs = list(zip(y.tolist(), tagged.tolist(), strict=True))
    assert (tp, fp, fn) == (pairs.count((1, True)), pairs.count((0, True)), pairs.count((1, False)))


def test_average_precision_takes_ties_as_one_step():
    y = np.array([True, False, True, False])
    assert average_precision(y, np.full(4, 0.3)) == 0.5
    # Found 1 of 1, then, at the tie, 2 of 3.
    assert average_precision(y, np.array([0.9, 0.5, 0.5, 0.1])) == pytest.approx((1 + 2 / 3) / 2)
