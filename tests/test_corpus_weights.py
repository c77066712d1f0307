from __future__ import annotations

import math

import numpy as np
import pytest
from building import human_of, index_of, rows_of, rule_set, tables_of
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from trainer.config import Build
from trainer.corpus.labels import CODES, human_votes, judge
from trainer.corpus.weights import beta_posterior, rule_reports, silver_codes
from trainer.records import LabelledText, Vote

TOPICS = ("topic0", "topic1")
said = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from(["yes", "no"]), st.sampled_from([0.25, 0.5, 1.0])),
    max_size=5,
).map(lambda rules: sorted(rules, key=lambda rule: rule[0]))  # as a config has them: topic by topic


@st.composite
def worlds(draw):
    """Rules of two topics, and sentences on which some of them fire; people judged a few of these."""
    rules = draw(said)
    several = []
    for n in range(draw(st.integers(1, 10))):
        words = draw(st.lists(st.sampled_from([f"w{i}" for i in range(5)]), unique=True, max_size=4))
        text = " ".join(["So", *sorted(words)])
        labels = st.dictionaries(st.sampled_from(TOPICS), st.sampled_from(["yes", "no"]))
        several.append(LabelledText(f"s{n}", text, draw(labels), "ann", f"d{n % 3}"))
    return rules, several


def judged(several):
    return [record for record in several if record.labels]


@given(worlds(), st.sampled_from([0.0, 0.1, 0.3]), st.data())
def test_what_rules_come_to_is_what_judging_their_votes_says(world, silence, data):
    said, several = world
    rules = rule_set(said, silence)
    # Weights that cancel out on paper, and none.
    weight = st.sampled_from([0.0, 0.1, 0.2, 0.3, 1.386294])
    weights = data.draw(st.lists(weight, min_size=len(said), max_size=len(said)))
    tables = tables_of(several, rules, 3)
    index = index_of(tables)
    # Some texts come with votes of their own: imported ones count beside the rules', people's do not here.
    authors = st.sampled_from(["imported:a.csv", "human:ann"])
    brought = st.builds(
        Vote, st.sampled_from(TOPICS), st.sampled_from(["yes", "no"]), authors, st.just(0), st.just(1), weight
    )
    said_by_row = data.draw(
        st.dictionaries(st.integers(0, len(several) - 1), st.lists(brought, max_size=3), max_size=3)
        if several
        else st.just({})
    )
    codes, heard = silver_codes(index, rules, weights, said_by_row)
    assert (codes.dtype, codes.shape) == (np.int8, (len(several), 2))
    for n, row in enumerate(rows_of(tables)):
        fired = zip(row["rules"], row["starts"], row["ends"], strict=True)
        votes = [rules.vote(number, start, end, weights[number]) for number, start, end in fired]
        imported = [vote for vote in said_by_row.get(n, ()) if vote.author.startswith("imported:")]
        labels = judge([*imported, *rules.with_silence(votes, row["text"])], TOPICS).labels
        assert codes[n].tolist() == [CODES[label] for label in labels]
        assert heard[n].tolist() == [any(vote.topic == topic for vote in votes) for topic in TOPICS]


def test_without_rules_silence_alone_speaks():
    several = [LabelledText("s1", "So it is.", {"topic0": "yes"}, "ann")]
    for silence, code in ((0.1, 0), (0.0, -1)):
        rules = rule_set([], silence)
        codes, heard = silver_codes(index_of(tables_of(several, rules)), rules, [], {})
        assert (codes.tolist(), heard.tolist()) == ([[code] * 2], [[False] * 2])


@given(worlds(), st.tuples(st.floats(0.1, 20), st.floats(0.1, 20)))
def test_reports_count_every_text_once(world, prior):
    said, several = world
    rules, build = rule_set(said), Build(rule_prior=prior)
    index = index_of(tables_of(several, rules, 3))
    human = human_of(judged(several))
    gold, codes = index.human_codes(human, TOPICS)
    reports = rule_reports(index, rules, gold, codes, build)
    texts = {record.text for record in several}
    votes = {text: [] for text in texts}
    for record in judged(several):
        votes[record.text] += human_votes(record)
    truth = {text: dict(zip(TOPICS, judge(votes[text], TOPICS).labels, strict=True)) for text in texts}
    fires = [{text for text in texts if f"w{n}" in text.split()} for n in range(len(said))]
    assert [report.author for report in reports] == list(rules.authors)
    for n, (report, (topic, answer, weight)) in enumerate(zip(reports, said, strict=True)):
        mine, topic = fires[n], TOPICS[topic]
        same = [i for i, other in enumerate(said) if TOPICS[other[0]] == topic and i != n]
        overlap = {text for i in same for text in mine & fires[i]}
        conflict = {text for i in same if said[i][1] != answer for text in mine & fires[i]}
        known = [text for text in mine if truth[text][topic] != "unknown"]
        right = sum(truth[text][topic] == answer for text in known)
        assert (report.topic, report.answer, report.fired) == (topic, answer, len(mine))
        assert report.coverage == pytest.approx(len(mine) / len(texts), abs=1e-6)
        shares = (len(overlap) / len(mine), len(conflict) / len(mine)) if mine else (None, None)
        assert (report.overlap, report.conflict) == pytest.approx(shares, abs=1e-6)
        assert (report.judged, report.right) == (len(known), right)
        accuracy, low, high = beta_posterior(right, len(known), prior)
        assert (report.accuracy, report.low, report.high) == pytest.approx((accuracy, low, high), abs=1e-6)
        expected = weight * max(math.log(accuracy / (1 - accuracy)), 0)
        assert report.weight == pytest.approx(expected, abs=1e-6)
        assert (report.weight == 0) == (round(expected, 6) == 0)
        assert report.to_dict()["author"] == rules.authors[n]


counts = st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)).map(lambda pair: (min(pair), max(pair)))


@given(counts, st.tuples(st.floats(0.01, 1000), st.floats(0.01, 1000)))
def test_the_posterior_is_that_of_scipy(count, prior):
    right, seen = count
    there = stats.beta(prior[0] + right, prior[1] + seen - right)
    expected = (there.mean(), there.ppf(0.025), there.ppf(0.975))
    assert beta_posterior(right, seen, prior) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def report_of(right, wrong, prior=(4.0, 1.0), weight=1.0):
    """Return the report of a rule that says yes and was so often right and wrong."""
    rules = rule_set([(0, "yes", weight)])
    answers = ["yes"] * right + ["no"] * wrong
    several = [
        LabelledText(f"s{n}", f"Number {n} of w0.", {"topic0": answer}, "ann")
        for n, answer in enumerate(answers)
    ] or [LabelledText("s", "Nothing.", {"topic0": "no"}, "ann")]
    index = index_of(tables_of(several, rules))
    gold, codes = index.human_codes(human_of(several), TOPICS)
    (report,) = rule_reports(index, rules, gold, codes, Build(rule_prior=prior))
    return report


def test_a_rule_on_which_gold_says_nothing_is_believed_by_its_prior():
    report = report_of(0, 0)
    assert (report.fired, report.overlap, report.conflict) == (0, None, None)
    assert (report.accuracy, report.weight) == (0.8, round(math.log(4), 6))
    assert report_of(0, 0, weight=0.5).weight == round(math.log(4) / 2, 6)


@given(st.integers(0, 12), st.integers(0, 12))
def test_a_rule_that_is_right_half_the_time_or_less_weighs_nothing(right, wrong):
    report = report_of(right, wrong, (1.0, 1.0))
    assert (report.weight == 0) == (right <= wrong)
    assert report.weight == pytest.approx(max(math.log((right + 1) / (wrong + 1)), 0), abs=1e-6)


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20))
def test_a_rule_that_is_right_more_often_weighs_more(right, more, wrong):
    assume(more)
    assert report_of(right + more, wrong).weight >= report_of(right, wrong).weight


@pytest.mark.parametrize("prior", [(1e17, 1.0), (1e300, 1e-300), (1e-300, 1e300), (5e-324, 5e-324)])
def test_a_prior_beyond_reason_gives_finite_weights(prior):
    weight = report_of(1, 1, prior).weight
    assert math.isfinite(weight)
    assert (weight > 0) == (prior[0] > prior[1])
