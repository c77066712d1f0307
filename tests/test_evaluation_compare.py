"""Two taggers are compared on the same sentences: no difference is found where there is none."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import binomtest

import trainer
from trainer.corpus.examples import corpus_examples
from trainer.errors import DataError, TrainerWarning, UsageError
from trainer.evaluation.bootstrap import Resamples
from trainer.evaluation.compare import (
    _binomial_p,
    changed_features,
    compare_cases,
    compare_decisions,
    mcnemar,
)
from trainer.evaluation.evaluate import cases_of, rule_votes
from trainer.metrics import score_table


@st.composite
def pairs(draw):
    n = draw(st.integers(1, 12))
    Y = draw(hnp.arrays(np.int8, (n, 2), elements=st.sampled_from([-1, 0, 1])))
    this, other = (draw(hnp.arrays(bool, (n, 2))) for _ in range(2))
    groups = draw(st.lists(st.sampled_from("abcd"), min_size=n, max_size=n))
    return Y, this, other, groups


@given(pairs())
@settings(max_examples=50)
def test_differences_are_those_of_the_figures_and_turn_round(case):
    Y, this, other, groups = case
    drawn = Resamples(groups, n=60)
    rows = compare_decisions(Y, this, other, "ab", drawn, permutations=60)
    back = compare_decisions(Y, other, this, "ab", drawn, permutations=60)
    tables = [score_table(Y, tagged, None, "ab") for tagged in (this, other)]
    for name in ("a", "b", "macro", "micro"):
        one, two = ({**table["topics"], **table}[name]["f1"] for table in tables)
        found = rows[name]["f1_difference"]
        assert (found is None) == (one is None or two is None)
        if found is not None:
            assert found == pytest.approx(one - two, abs=1e-12)
            assert back[name]["f1_difference"] == -found
            assert 0 < rows[name]["p_value"] <= 1
        if interval := rows[name]["f1_difference_interval"]:
            assert back[name]["f1_difference_interval"] == pytest.approx(
                [-interval[1], -interval[0]], abs=1e-12
            )


def test_a_tagger_is_no_better_than_itself():
    rng = np.random.default_rng(0)
    Y = (rng.random((60, 2)) < 0.4).astype(np.int8)
    tagged = rng.random((60, 2)) < 0.4
    rows = compare_decisions(Y, tagged, tagged, "ab", Resamples([f"{i:02}" for i in range(60)]))
    for row in rows.values():
        assert (row["f1_difference"], row["f1_difference_interval"], row["p_value"]) == (0, [0, 0], 1)


def test_the_p_value_is_that_of_all_exchanges():
    rng = np.random.default_rng(5)
    Y = (rng.random((8, 1)) < 0.5).astype(np.int8)
    this, other = rng.random((2, 8, 1)) < 0.5
    groups = [f"{i // 2}" for i in range(8)]  # four documents: 16 exchanges

    def difference(swapped):
        rows = np.array([swapped[int(group)] for group in groups])[:, None]
        one, two = np.where(rows, other, this), np.where(rows, this, other)
        return abs(
            score_table(Y, one, None, "t")["topics"]["t"]["f1"]
            - score_table(Y, two, None, "t")["topics"]["t"]["f1"]
        )

    observed = difference([False] * 4)
    assert observed > 0
    exact = np.mean([difference(swap) >= observed - 1e-12 for swap in product([False, True], repeat=4)])
    found = compare_decisions(Y, this, other, ["t"], Resamples(groups), permutations=4000)["t"]["p_value"]
    # Of 4,000 exchanges drawn, the share moves by at most 0.008 (one standard deviation).
    assert found == pytest.approx(exact, abs=4 * 0.008)


def equal_models(runs: int, documents: int = 60, seed: int = 1) -> float:
    """Return how often two taggers that are equally good are told apart at 5 %."""
    rng = np.random.default_rng(seed)
    told = 0
    for _ in range(runs):
        of = np.repeat(np.arange(documents), 1 + rng.poisson(3, documents))
        hard = rng.normal(0, 1, (2, documents))[:, of]  # each finds other documents hard
        y = rng.random(len(of)) < 0.3
        this, other = (2 * y - 1 + hard + rng.normal(0, 0.6, (2, len(of))) > 0)[:, :, None]
        groups = [f"{i:03}" for i in of]
        rows = compare_decisions(
            y[:, None].astype(np.int8), this, other, ["t"], Resamples(groups, n=20), permutations=199
        )
        told += rows["t"]["p_value"] <= 0.05
    return told / runs


def test_equal_models_are_told_apart_as_often_as_the_test_says():
    # Of 300 pairs, 15 at 5 %, give or take 3.8: 4 standard deviations either way.
    assert equal_models(300) == pytest.approx(0.05, abs=4 * 3.8 / 300)


def test_a_better_model_is_found():
    rng = np.random.default_rng(2)
    Y = (rng.random((400, 1)) < 0.4).astype(np.int8)
    this = np.where(rng.random((400, 1)) < 0.95, Y == 1, Y == 0)
    other = np.where(rng.random((400, 1)) < 0.8, Y == 1, Y == 0)
    row = compare_decisions(Y, this, other, ["t"], Resamples([f"{i:03}" for i in range(400)]))["t"]
    assert row["f1_difference_interval"][0] > 0
    assert row["p_value"] < 0.001


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemars_p_value_is_the_binomial_one(one, other):
    expected = binomtest(one, one + other).pvalue if one + other else 1.0
    assert _binomial_p(one, one + other) == pytest.approx(expected, rel=1e-9)  # logarithms of factorials


def test_mcnemars_table_by_hand():
    y = np.array([1, 1, 0, 0, -1], dtype=np.int8)
    found = mcnemar(y, np.array([1, 0, 0, 1, 1], bool), np.array([1, 1, 1, 1, 0], bool))
    assert (found.both, found.only_this, found.only_other, found.neither) == (1, 1, 1, 1)


def test_models_are_compared_with_what_flipped_and_why(small, tmp_path):
    other = trainer.fit(
        small.corpus, small.config.model_copy(update={"seed": 7}), root=tmp_path, save=False
    ).model
    shy = replace(other, thresholds=np.array([0.99, 0.99]), info=small.fit.model.info)
    found = trainer.compare(small.fit.model, shy, root=small.root)
    assert found.n == small.corpus.manifest["splits"]["test"]
    assert found.flips
    assert all(flip.now and not flip.then for flip in found.flips)
    assert {flip.better for flip in found.flips} <= {True, False, None}
    for flip in found.flips:
        now, then = (
            {c.feature: c.value for c in m.explain(flip.text, flip.topic).contributions}
            for m in (small.fit.model, shy)
        )
        for name, here, there in flip.why:
            assert (here, there) == (now.get(name, 0.0), then.get(name, 0.0))
    assert found.to_html() == found.evaluation.to_html()
    assert found._repr_html_().startswith("<iframe")
    with pytest.raises(UsageError, match="without an evaluation"):
        replace(found, evaluation=None).to_html()
    report = found.to_dict()
    assert set(report) == {"against", "verdict", "macro", "micro", "topics", "mcnemar", "flipped", "flips"}
    assert set(report["macro"]) >= {"f1_difference", "f1_difference_interval", "p_value"}


def test_the_same_model_changes_nothing(small):
    text = "Red lava poured down the slope of the volcano."
    assert all(
        now == then for _, now, then in changed_features(small.fit.model, small.fit.model, text, "volcanoes")
    )
    found = trainer.compare("small", "small", root=small.root)
    assert (found.flips, found.verdict) == ((), "no difference from version 1 can be shown")


def test_rules_are_a_model_to_compare_with(small):
    with pytest.warns(TrainerWarning, match="stood in the training"):
        found = trainer.compare("small", "rules", on="train", root=small.root)
    assert found.against == "the keyword rules"
    assert all(flip.probability_then is None and flip.why == () for flip in found.flips)


def test_other_topics_cannot_be_compared(small):
    other = replace(small.fit.model, topics=("a", "b"))
    with pytest.raises(DataError, match="Only models of the same topics"):
        trainer.compare(small.fit.model, other, root=small.root)
    test = corpus_examples(small.corpus, ["test"])
    cases = cases_of(small.fit.model, test, rule_votes(small.config, test.texts))
    with pytest.raises(DataError, match="cannot be compared"):
        compare_cases(cases, np.zeros((1, 1), bool), "x", Resamples(cases.examples.groups))
