from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.corpus.compare.reasons import told, why_moved, why_one_sided, why_relabelled
from trainer.records import Vote

TEXT = "A cup of tea."
SAME_DOCUMENT = "its document is the same: left out {} as a repetition or by the settings"
ANEW = "its group was placed anew: what is around it, or how it is placed, changed"
WORDS = Vote("tea", "yes", "rule:tea/words@1a", 9, 12)
OTHER = Vote("tea", "no", "rule:tea/not@1a", 2, 5)
QUIET = Vote("tea", "no", "silence", 0, 13, 0.1)
ANA, BEN = (Vote("tea", answer, f"human:{who}", 0, 13) for who, answer in (("a@x", "yes"), ("b", "no")))


def why(before, after, rules=None, topic="tea"):
    return [reason.detail for reason in why_relabelled(topic, TEXT, before, after, rules or {})]


@pytest.mark.parametrize(
    ("before", "after", "rules", "details"),
    [
        # rules alone
        ([QUIET], [WORDS], {}, ["rule:tea/words says yes at “tea”"]),
        ([QUIET], [WORDS], {"rule:tea/words": "new rule"}, ["rule:tea/words says yes at “tea” (new rule)"]),
        (
            [WORDS],
            [QUIET],
            {"rule:tea/words": "rule removed"},
            ["rule:tea/words no longer says yes (rule removed)"],
        ),
        ([], [QUIET], {}, ["no rule fires: silence says no"]),
        ([QUIET], [], {}, ["silence, which said no, ended"]),
        ([WORDS], [WORDS, OTHER], {}, ["rule:tea/not says no at “cup”"]),
        (
            [WORDS, OTHER],
            [WORDS, Vote("tea", "no", "rule:tea/not@1a", 2, 5, 2.0)],
            {},
            ["rule:tea/not weighs 2 instead of 1"],
        ),
        (
            [WORDS],
            [Vote("tea", "no", "rule:tea/words@2b", 9, 12)],
            {},
            ["rule:tea/words says no instead of yes"],
        ),
        (
            [WORDS],
            [Vote("tea", "yes", "rule:tea/words@2b", 9, 12)],
            {},
            ["rule:tea/words says yes as before (rule changed)"],
        ),
        ([WORDS], [WORDS], {}, []),
        # versions that only one of two corpora knows are no change
        ([Vote("tea", "yes", "rule:tea/words", 9, 12)], [WORDS], {}, []),
        # people
        ([WORDS], [WORDS, BEN], {}, ["human:b says no", "rule:tea/words, which says yes, is overruled"]),
        ([WORDS], [WORDS, ANA], {}, ["human:a@x says yes"]),
        ([QUIET], [QUIET, ANA], {}, ["human:a@x says yes"]),
        ([ANA], [ANA, BEN], {}, ["human:b says no", "people disagree, so the label is unknown"]),
        ([ANA, BEN], [ANA], {}, ["human:b no longer says no"]),
        ([ANA], [Vote("tea", "no", "human:a@x", 0, 13)], {}, ["human:a@x says no instead of yes"]),
        (
            [WORDS, BEN],
            [WORDS],
            {},
            ["human:b no longer says no", "rule:tea/words, which says yes, counts again"],
        ),
        (
            [QUIET],
            [QUIET, Vote("rain", "no", "human:b", 0, 13)],
            {},
            ["people judged the sentence, but not this topic: what rules say counts no more"],
        ),
        # what rules say is no news while people count
        (
            [ANA, QUIET],
            [BEN, WORDS, ANA],
            {},
            ["human:b says no", "people disagree, so the label is unknown"],
        ),
    ],
)
def test_a_changed_label_is_explained_by_its_votes(before, after, rules, details):
    assert why(before, after, rules) == details


votes = st.lists(
    st.builds(
        Vote,
        topic=st.sampled_from(["tea", "rain"]),
        answer=st.sampled_from(["yes", "no"]),
        author=st.sampled_from(
            ["rule:tea/w@1", "rule:tea/w@2", "rule:rain/w@1", "human:a@x", "human:b", "silence"]
        ),
        start=st.just(0),
        end=st.just(5),
        weight=st.sampled_from([0.5, 1.0]),
    ),
    max_size=5,
)


@given(votes, votes)
def test_any_two_lists_of_votes_can_be_compared(before, after):
    for reason in why_relabelled("tea", TEXT, before, after, {}):
        assert reason.topic == "tea"
        assert "@1" not in reason.author
        assert "@2" not in reason.author


@given(votes)
def test_equal_votes_tell_nothing_new(same):
    kinds = {reason.change for reason in why_relabelled("tea", TEXT, same, same, {})}
    assert kinds <= {"stands"}


def test_what_holds_of_several_topics_is_told_once():
    row = {"detail": "x", "topic": "tea"}
    assert told([]) == []
    assert told([row, {"detail": "y", "topic": "tea"}]) == ["x", "y"]
    assert told([row, {"detail": "x", "topic": "rain"}, {"detail": "y", "topic": "tea"}]) == [
        "tea, rain: x",
        "tea: y",
    ]


@pytest.mark.parametrize(
    ("here", "there", "places", "added", "reason"),
    [
        ({"d": "1"}, {}, {}, True, "its document came"),
        ({"d": "1"}, {}, {}, False, "its document went"),
        ({"d": "1"}, {"d": "2"}, {}, False, "its document was edited"),
        ({"d": "1"}, {"d": "1"}, {}, False, SAME_DOCUMENT.format("now")),
        ({"d": "1"}, {"d": "1"}, {}, True, SAME_DOCUMENT.format("before")),
        ({}, {}, {}, True, "it came into the input"),
        ({}, {}, {}, False, "it is not in the input any more"),
        ({"d": "1"}, {}, {"t": "e"}, False, "the same text stands in B in document e"),
        ({}, {}, {"t": "e"}, True, "the same text stands in A in document e"),
    ],
)
def test_a_sentence_that_only_one_corpus_has_is_explained_by_its_document(here, there, places, added, reason):
    assert why_one_sided({"doc_id": "d", "text": "t"}, here, there, places, added=added) == reason


@pytest.mark.parametrize(
    ("group", "parts", "reset", "reason"),
    [
        ({"g": {"g"}}, {"g": {"g"}}, False, ANEW),
        ({"g": {"g"}}, {"g": {"g"}}, True, "the settings of splits differ"),
        ({"g": {"g", "h"}}, {"g": {"g"}}, True, "its group g is one with h now"),
        ({"g": {"g", "h", "i", "j"}}, {"g": {"g"}}, False, "its group g is one with h and 2 more now"),
        ({"g": {"g"}}, {"g": {"g", "k"}}, False, "its group g fell into 2"),
    ],
)
def test_a_move_is_explained_by_the_group(group, parts, reset, reason):
    assert why_moved(group, parts, "g", "g", reset) == reason
