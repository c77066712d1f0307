from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.corpus.labels import Judgement, human_votes, judge
from trainer.records import LabelledText, Vote

TOPICS = ("tea", "rain", "snow")
answers = st.sampled_from(["yes", "no"])
weights = st.integers(1, 100).map(lambda hundredths: hundredths / 100)
topics = st.sampled_from(TOPICS)
rule_votes = st.builds(
    Vote, topics, answers, st.sampled_from(["rule:tea/a", "silence"]), st.just(0), st.just(3), weights
)
people_votes = st.builds(
    Vote, topics, answers, st.sampled_from(["human:ann", "human:bob"]), st.just(0), st.just(3), weights
)


def vote(answer, author="rule:tea/a", weight=1.0, topic="tea"):
    return Vote(topic, answer, author, 0, 3, weight)


@given(st.lists(rule_votes), st.lists(people_votes, min_size=1))
def test_where_a_person_has_judged_rules_have_no_say(by_rules, by_people):
    judged = judge([*by_rules, *by_people], TOPICS)
    assert judged == judge(by_people, TOPICS)
    assert judged.origin == "gold"
    for topic, label in zip(TOPICS, judged.labels, strict=True):
        said = {vote.answer for vote in by_people if vote.topic == topic}
        assert label == (said.pop() if len(said) == 1 else "unknown")
        assert (topic in judged.conflicts) == (label == "unknown" and len(said) == 2)


@given(st.lists(rule_votes))
def test_rules_are_weighed_against_each_other(votes):
    judged = judge(votes, TOPICS)
    assert judged.origin == "silver"
    for topic, label in zip(TOPICS, judged.labels, strict=True):
        mine = [vote for vote in votes if vote.topic == topic]
        # In whole hundredths, which is what the weights are: no rounding here.
        balance = sum((1 if v.answer == "yes" else -1) * round(v.weight * 100) for v in mine)
        assert label == ("yes" if balance > 0 else "no" if balance < 0 else "unknown")
        assert (topic in judged.conflicts) == (balance == 0 and bool(mine))


@given(st.lists(rule_votes | people_votes, max_size=8), st.randoms())
def test_the_order_of_votes_does_not_matter(votes, random):
    shuffled = random.sample(votes, len(votes))
    assert judge(shuffled, TOPICS) == judge(votes, TOPICS)


_TIE = [vote("yes", weight=0.1), vote("yes", weight=0.2), vote("no", weight=0.3)]


@pytest.mark.parametrize("order", list(permutations(_TIE)))
def test_weights_that_cancel_out_on_paper_cancel_out_here(order):
    assert judge(order, ["tea"]) == Judgement(("unknown",), "silver", ("tea",))


def test_without_votes_nothing_is_known_and_nothing_is_in_conflict():
    assert judge([], TOPICS) == Judgement(("unknown",) * 3, "silver", ())


def test_the_light_no_of_silence_gives_way_to_a_rule_and_stands_alone():
    silence = vote("no", "silence", 0.1)
    assert judge([silence], ["tea"]).labels == ("no",)
    assert judge([silence, vote("yes", weight=0.25)], ["tea"]).labels == ("yes",)


def test_two_people_who_differ_leave_it_open_whatever_a_third_or_a_rule_says():
    split = [vote("yes", "human:ann"), vote("no", "human:bob"), vote("yes", "human:cy"), vote("yes")]
    assert judge(split, ["tea"]) == Judgement(("unknown",), "gold", ("tea",))


def test_a_topic_that_a_person_passed_over_is_not_judged_by_rules():
    judged = judge([vote("no", "human:ann"), vote("yes", topic="rain")], ["tea", "rain"])
    assert judged == Judgement(("no", "unknown"), "gold", ())


@pytest.mark.parametrize("author", ["ann", "human:ann"])
def test_a_persons_votes_cover_the_sentence_and_carry_the_name_once(author):
    labelled = LabelledText("s1", "A cup.", {"rain": "no", "tea": "yes"}, author)
    assert human_votes(labelled) == [
        Vote("rain", "no", "human:ann", 0, 6, 1.0),
        Vote("tea", "yes", "human:ann", 0, 6, 1.0),
    ]


@given(st.dictionaries(topics, answers))
def test_labels_survive_the_way_through_votes(labels):
    votes = human_votes(LabelledText("s1", "A cup.", labels, "ann"))
    judged = dict(zip(TOPICS, judge(votes, TOPICS).labels, strict=True))
    assert judged == {topic: labels.get(topic, "unknown") for topic in TOPICS}
