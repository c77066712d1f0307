"""Samples of documents are those of a resampler that copies rows, and their intervals hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trainer.evaluation.bootstrap import Resamples, percentile_interval
from trainer.evaluation.figures import cells_of, quotients


def by_hand(groups, values, resamples):
    """Copy the rows of every document as often as it was drawn, and add them up."""
    names = sorted(set(groups))
    found = []
    for batch in resamples.batches():
        for counts in batch:
            rows = [
                values[i] * count
                for name, count in zip(names, counts, strict=True)
                for i in range(len(groups))
                if groups[i] == name
            ]
            found.append(np.sum(rows, axis=0))
    return np.array(found)


@given(st.data())
def test_sums_are_those_of_copied_rows(data):
    n = data.draw(st.integers(1, 12))
    groups = data.draw(st.lists(st.sampled_from("abcd"), min_size=n, max_size=n))
    values = data.draw(hnp.arrays(np.int64, (n, 2), elements=st.integers(0, 5))).astype(float)
    resamples = Resamples(groups, n=130)
    assert np.array_equal(resamples.sums(values), by_hand(groups, values, resamples))


@given(st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=30), st.integers(1, 250), st.randoms())
def test_a_sample_has_as_many_documents_as_there_are_in_whatever_order(groups, n, random):
    drawn = Resamples(groups, n=n)
    counts = np.concatenate(list(drawn.batches()))
    assert counts.shape == (n, len(set(groups)))
    assert (counts.sum(axis=1) == len(set(groups))).all()
    shuffled = random.sample(groups, len(groups))
    assert np.array_equal(np.concatenate(list(Resamples(shuffled, n=n).batches())), counts)
    assert np.array_equal(np.concatenate(list(Resamples(groups, n=n + 1).batches()))[:n], counts)


def test_documents_are_drawn_alike_often():
    counts = np.concatenate(list(Resamples([f"d{i}" for i in range(40)], n=4000).batches()))
    # A document stands in a sample once on average; over 4,000 samples the mean moves by 0.016.
    assert np.abs(counts.mean(axis=0) - 1).max() < 5 * 0.016
    assert counts.var(axis=0).mean() == pytest.approx(1 - 1 / 40, abs=0.05)  # binomial(40, 1/40)


def test_an_interval_needs_a_figure_that_is_defined():
    assert percentile_interval(np.array([])) is None
    assert percentile_interval(np.r_[np.full(10, np.nan), np.zeros(90)]) is None
    assert percentile_interval(np.r_[np.full(4, np.nan), np.full(96, 0.5)]) == (0.5, 0.5)
    low, high = percentile_interval(np.linspace(0, 1, 1001))
    assert (low, high) == (pytest.approx(0.025), pytest.approx(0.975))


def coverage(clustered: bool, corpora: int, documents: int = 200, seed: int = 0, n: int = 400) -> float:
    """Return how often an interval of F1, if there is one, holds the truth; a document is much alike."""
    rng = np.random.default_rng(seed)

    def corpus(m):
        size = 1 + rng.poisson(6, m)
        theta, good, shift = rng.beta(0.15, 1.2, m), rng.normal(1.6, 1.2, m), rng.normal(-0.3, 0.7, m)
        of = np.repeat(np.arange(m), size)
        y = rng.random(len(of)) < theta[of]
        tagged = np.where(y, good[of], -2.2) + shift[of] + rng.normal(0, 1, len(of)) > 0
        return of, y[:, None].astype(np.int8), tagged[:, None]

    _, Y, tagged = corpus(200_000)
    truth = quotients(cells_of(Y, tagged).sum(axis=0))["f1"][0]
    held = told = 0
    for _ in range(corpora):
        of, Y, tagged = corpus(documents)
        groups = [f"{i:05}" for i in (of if clustered else np.arange(len(of)))]
        samples = quotients(Resamples(groups, n=n).sums(cells_of(Y, tagged)))["f1"][:, 0]
        if (interval := percentile_interval(samples)) is not None:  # None: too little of it to tell
            told += 1
            held += interval[0] <= truth <= interval[1]
    return held / told


def test_intervals_hold_the_truth_where_those_by_sentences_do_not():
    # Of 200 corpora, an interval of 95 % misses 10, give or take 3: 4 standard deviations either way.
    assert 0.89 <= coverage(clustered=True, corpora=200) <= 1
    assert coverage(clustered=False, corpora=100) < 0.89
