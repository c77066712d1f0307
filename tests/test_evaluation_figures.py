"""Figures in samples are those of copied rows, and intervals do not claim to be sure of a 0 or a 1."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import average_precision_score, brier_score_loss

from trainer.evaluation.bootstrap import Resamples, percentile_interval
from trainer.evaluation.figures import cells_of, figures_of, quotients
from trainer.metrics import expected_calibration_error, reliability_bins, score_table

ROUNDING = 1e-12
"""Sums of the same numbers in another order."""


@st.composite
def judged(draw):
    n, k = draw(st.integers(1, 15)), draw(st.integers(1, 3))
    Y = draw(hnp.arrays(np.int8, (n, k), elements=st.sampled_from([-1, 0, 0, 1])))
    scores = draw(hnp.arrays(float, (n, k), elements=st.integers(0, 8).map(lambda i: i / 8)))
    groups = draw(st.lists(st.sampled_from("abcde"), min_size=n, max_size=n))
    return Y, scores >= 0.5, scores, groups


def copies(groups, resamples):
    """Yield the rows of each sample, one by one."""
    names = sorted(set(groups))
    for batch in resamples.batches():
        for counts in batch.astype(int):
            yield [i for i, group in enumerate(groups) for _ in range(counts[names.index(group)])]


@given(judged())
@settings(max_examples=40)
def test_each_sample_scores_as_its_copied_rows_do(case):
    Y, tagged, scores, groups = case
    topics = [f"t{i}" for i in range(Y.shape[1])]
    resamples = Resamples(groups, n=7)
    found = figures_of(Y, tagged, scores, topics, resamples).samples
    for sample, rows in enumerate(copies(groups, resamples)):
        table = score_table(Y[rows], tagged[rows], scores[rows], topics)
        expected = [*table["topics"].values(), table["macro"], table["micro"]]
        for column, row in enumerate(expected):
            for key in ("precision", "recall", "f1", "average_precision"):
                value = found[key][sample, column]
                assert np.isnan(value) == (row[key] is None), key
                assert row[key] is None or value == pytest.approx(row[key], abs=ROUNDING), key


@given(judged())
@settings(max_examples=40)
def test_calibration_is_scored_as_elsewhere_on_what_was_judged(case):
    Y, tagged, scores, groups = case
    topics = [f"t{i}" for i in range(Y.shape[1])]
    found = figures_of(Y, tagged, scores, topics, Resamples(groups, n=20)).table
    for i, topic in enumerate(topics):
        rows, row = Y[:, i] >= 0, found["topics"][topic]
        if not rows.any():
            assert (row["brier"], row["ece"], row["brier_interval"]) == (None, None, None)
            continue
        assert row["brier"] == pytest.approx(brier_score_loss(Y[rows, i], scores[rows, i]), abs=ROUNDING)
        bins = reliability_bins(scores[rows, i])
        gaps = [
            abs(scores[rows, i][bins == b].mean() - (Y[rows, i][bins == b] == 1).mean()) * (bins == b).mean()
            for b in np.unique(bins)
        ]
        assert row["ece"] == pytest.approx(sum(gaps), abs=ROUNDING)


@given(judged(), st.randoms())
@settings(max_examples=30)
def test_the_order_of_rows_changes_nothing(case, random):
    Y, tagged, scores, groups = case
    topics = [f"t{i}" for i in range(Y.shape[1])]
    order = random.sample(range(len(groups)), len(groups))
    shuffled = [groups[i] for i in order]
    one = figures_of(Y, tagged, scores, topics, Resamples(groups, n=50)).table
    two = figures_of(Y[order], tagged[order], scores[order], topics, Resamples(shuffled, n=50)).table
    for name in topics:
        for key, value in one["topics"][name].items():
            # Only sums of floats depend on the order, in the last bits.
            assert value is None or np.allclose(value, two["topics"][name][key], rtol=0, atol=1e-9), key


def test_average_precision_in_a_sample_is_that_with_weights():
    rng = np.random.default_rng(3)
    y, scores = rng.random(200) < 0.2, rng.random(200).round(2)
    groups = [f"{i // 5:03}" for i in range(200)]
    resamples = Resamples(groups, n=30)
    Y = y[:, None].astype(np.int8)
    found = figures_of(Y, scores[:, None] > 0.5, scores[:, None], ["t"], resamples)
    weights = np.concatenate(list(resamples.batches()))[:, resamples.rows]
    expected = [average_precision_score(y, scores, sample_weight=w) for w in weights]
    np.testing.assert_allclose(found.samples["average_precision"][:, 0], expected, rtol=0, atol=ROUNDING)


def test_a_share_of_all_or_none_is_not_taken_for_certain():
    groups = [f"{i:02}" for i in range(20)]
    Y = np.ones((20, 1), dtype=np.int8)
    found = figures_of(Y, Y == 1, None, ["t"], Resamples(groups, n=100)).table["topics"]["t"]
    assert found["precision"] == found["f1"] == 1
    for key in ("precision", "recall", "f1"):
        low, high = found[f"{key}_interval"]
        assert high == 1
        assert low == pytest.approx(20 / (20 + 1.96**2), abs=1e-3)  # Wilson's, of 20 of 20
    table = figures_of(Y, Y == 1, None, ["t"], Resamples(groups, n=100)).table
    assert table["macro"]["f1_interval"] == table["topics"]["t"]["f1_interval"] == found["f1_interval"]
    nothing = figures_of(Y, Y == 0, None, ["t"], Resamples(groups, n=100)).table["topics"]["t"]
    assert (nothing["precision"], nothing["precision_interval"]) == (None, None)
    assert nothing["recall_interval"][0] == 0 < nothing["recall_interval"][1]


def test_what_is_undefined_is_so_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cells = cells_of(np.array([[-1, 0], [-1, 0]], dtype=np.int8), np.zeros((2, 2), dtype=bool))
        found = quotients(cells.sum(axis=0))
        Y, no = np.array([[-1, 0]], dtype=np.int8), np.zeros((1, 2), dtype=bool)
        table = figures_of(Y, no, np.zeros((1, 2)), "ab", Resamples(["d"])).table
    assert all(np.isnan(values).all() for values in found.values())
    assert table["macro"]["f1"] is None
    assert table["macro"]["f1_interval"] is None


def test_the_interval_of_a_calibration_error_takes_chance_back():
    rng = np.random.default_rng(0)
    scores = rng.beta(0.5, 2, 400)
    y = rng.random(400) < scores  # calibrated: the true error is 0
    groups = [f"{i:03}" for i in range(400)]
    row = figures_of(
        y[:, None].astype(np.int8), scores[:, None] > 0.5, scores[:, None], ["t"], Resamples(groups)
    ).table["topics"]["t"]
    assert row["ece"] == expected_calibration_error(scores, y)
    assert row["ece_interval"][0] < 0.01 < row["ece"] <= row["ece_interval"][1]


def test_an_interval_is_that_of_its_samples():
    rng = np.random.default_rng(1)
    Y, tagged = (rng.random((2, 300, 1)) < [[[0.3]], [[0.4]]]).astype(np.int8)
    drawn = Resamples([f"{i // 3:03}" for i in range(300)])
    found = figures_of(Y, tagged == 1, None, ["t"], drawn)
    assert tuple(found.table["topics"]["t"]["f1_interval"]) == percentile_interval(found.samples["f1"][:, 0])
