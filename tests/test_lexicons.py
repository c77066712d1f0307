"""Lexicons: what is found, where, and what a longer term keeps from a shorter one."""

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from trainer.lexicons import WIDEST_GAP, LexiconMatcher, term_pattern

WORDS = st.sampled_from(["tea", "Tea", "teapot", "rain", "RAIN", "kettle", "über", "2"])
TEXTS = st.lists(st.tuples(WORDS, st.sampled_from([" ", "-", ", ", "’s "])), max_size=12).map(
    lambda pairs: "".join(word + mark for word, mark in pairs)
)


def found(lexicons, text):
    return [(f.lexicon, text[f.start : f.end]) for f in LexiconMatcher(lexicons).find(text)]


@pytest.mark.parametrize(
    ("term", "text", "hit"),
    [
        ("tea", "Tea is served.", "Tea"),
        ("tea", "A teapot is served.", None),
        ("tea*", "A Teapot is served.", "Teapot"),
        ("TEA", "The TEA rules.", "TEA"),
        ("TEA", "The tea rules.", None),
        ("black tea", "Black-tea drinkers", "Black-tea"),
        ("black tea", "black\ttea", "black\ttea"),
        ("black tea", "black coffee, tea", None),
        ("frozen ~ billion", "They were frozen: six billion in all.", "frozen: six billion"),
        ("frozen ~ billion", "Six billion were frozen.", None),
        ("tea", "Überteas", None),
        ("straße", "In der Straße", "Straße"),
    ],
)
def test_a_term_finds_what_it_says(term, text, hit):
    assert found({"l": [term]}, text) == ([] if hit is None else [("l", hit)])


def test_the_longer_term_keeps_its_words_from_the_shorter():
    lexicons = {"dish": ["chicken kyiv"], "place": ["kyiv"]}
    assert found(lexicons, "Chicken Kyiv in Kyiv") == [("dish", "Chicken Kyiv"), ("place", "Kyiv")]


def test_the_same_term_in_two_lexicons_is_found_for_both():
    assert found({"a": ["tea"], "b": ["tea"]}, "tea") == [("a", "tea"), ("b", "tea")]


def test_a_term_with_a_gap_neither_takes_words_nor_loses_them():
    lexicons = {"gap": ["ban ~ tea"], "drink": ["green tea"], "act": ["ban"]}
    assert found(lexicons, "A ban on green tea.") == [
        ("act", "ban"),
        ("gap", "ban on green tea"),
        ("drink", "green tea"),
    ]


def test_a_gap_is_bounded():
    far = "ban " + "x " * WIDEST_GAP + "tea"
    assert found({"l": ["ban ~ tea"]}, far) == []
    assert len(found({"l": ["ban ~ tea"]}, far.replace("x ", "", 1))) == 1


@pytest.mark.parametrize("term", ["", "~", "tea ~", "...", "~ tea"])
def test_a_term_without_words_is_refused_by_name(term):
    with pytest.raises(ValueError, match="of lexicon 'drinks' must hold a word"):
        LexiconMatcher({"drinks": [term]})


@given(TEXTS, st.sampled_from(["tea", "tea*", "RAIN", "rain kettle", "tea ~ rain", "über", "2 tea"]))
def test_one_term_finds_a_place_where_its_pattern_does(text, term):
    edge = r"[^\pL\pM\pN_]"
    options = re2.Options()
    options.case_sensitive = False
    pattern = re2.compile(f"(?:^|{edge})({term_pattern(term)})(?:$|{edge})", options)
    hit = pattern.search(text)
    finds = list(LexiconMatcher({"l": [term]}).find(text))
    assert bool(hit) == bool(finds)
    if hit:
        assert hit.span(1)[0] == finds[0].start


@given(TEXTS)
def test_offsets_lie_in_the_text_and_ascend(text):
    finds = list(LexiconMatcher({"a": ["tea*", "rain"], "b": ["tea ~ rain", "tea rain"]}).find(text))
    assert all(0 <= f.start < f.end <= len(text) for f in finds)
    assert [f.start for f in finds] == sorted(f.start for f in finds)
