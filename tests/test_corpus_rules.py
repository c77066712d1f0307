from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import unicode_text

from trainer.config import Lexicon, Rule, Topic, load_config, shipped_folder
from trainer.config.schema import Examples
from trainer.corpus.rules import SILENCE, RuleSet
from trainer.errors import ConfigError
from trainer.records import Vote


def topic(*rules, name="tea"):
    return Topic(name=name, title=name, definition=name, rules=rules)


def rule_set(*patterns, **options):
    return RuleSet([topic(Rule(name="r", match=patterns, **options))])


def spans(rules, text):
    return [(vote.start, vote.end) for vote in rules.votes(text)]


TEA = rule_set("tea")
# Characters that Unicode 3.2 knew and later versions left alone: two libraries never differ on them.
settled = st.characters(exclude_categories=["Cs", "Cn"]).filter(
    lambda c: unicodedata.category(c) == unicodedata.ucd_3_2_0.category(c)
)


def is_word(character):
    return character == "_" or unicodedata.category(character)[0] in "LMN"


# -- whole words ------------------------------------------------------------------------------------------


@given(settled, st.booleans())
@example("_", True)
@example("é", False)
@example("\u0301", True)
@example("茶", True)
@example("т", False)
@example("١", True)
@example("-", True)
@example("\n", False)
@example("🙂", True)
@example("’", True)
def test_a_letter_mark_or_digit_of_any_script_may_not_touch_a_match(character, before):
    text = character + "tea" if before else "tea" + character
    assert spans(TEA, text) == ([] if is_word(character) else [(before, before + 3)])


@given(st.lists(st.sampled_from(["tea", "teas", "TEA", "été", "🙂", "𐍈", "\u0301"]), max_size=6))
def test_the_span_is_that_of_the_first_whole_word_in_code_points(words):
    text, found = " ".join(words), []
    for number, word in enumerate(words):
        # A mark that begins the next word stands behind a space: it does not touch.
        if word.lower() == "tea":
            start = sum(len(earlier) + 1 for earlier in words[:number])
            found.append((start, start + 3))
    assert spans(TEA, text) == found[:1]


@given(unicode_text)
def test_a_span_holds_what_the_pattern_says_in_any_text(text):
    (vote,) = TEA.votes(f"{text} Tea {text}")
    assert f"{text} Tea {text}"[vote.start : vote.end].casefold() == "tea"


def test_matches_may_share_the_character_between_them():
    assert spans(rule_set("tea", ignore=["green tea"]), "green tea tea") == [(10, 13)]


# -- patterns ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*)*b", r"(\w+\s?)*:"])
def test_a_pattern_that_backtracking_never_finishes_is_answered(pattern):
    # With `re` each of these takes longer than anyone lives.
    text = "a" * 50_000 + "!"
    assert spans(rule_set(pattern), text) in ([], [(0, 50_000)])


def test_a_sentence_full_of_ignored_matches_is_answered():
    # 100,000 matches, none of which counts: quadratic work would take a quarter of an hour.
    rules = rule_set("tea", ignore=["iced tea"])
    text = "iced tea " * 100_000
    assert spans(rules, text) == []
    assert spans(rules, text + "tea") == [(900_000, 900_003)]


@pytest.mark.parametrize("part", ["match", "ignore", "together", "unless"])
@pytest.mark.parametrize("pattern", ["tea(?=pot)", r"(t)\1", "(", "[", "a{1001}", "*", r"\p{Nothing}"])
def test_what_re2_cannot_do_is_named_with_rule_and_topic(part, pattern):
    parts = {"match": ("tea",), part: ("cup", pattern)}
    with pytest.raises(ConfigError) as caught:
        RuleSet([topic(Rule(name="pots", **parts), name="drinks")])
    assert str(caught.value).startswith(f"rule 'pots' of topic 'drinks': {pattern!r} is not RE2: ")


def test_a_pattern_cannot_break_out_of_its_place():
    # Joined without brackets, "a|b" would lose its edges.
    assert spans(rule_set("tea|pot", "cup"), "teas pots cups") == []
    assert spans(rule_set("tea|pot", "cup"), "teas pot") == [(5, 8)]


def test_case_is_ignored_unless_the_rule_minds_it():
    assert spans(rule_set("Tea"), "no TEA") == [(3, 6)]
    minds = rule_set("Tea", case_sensitive=True)
    assert spans(minds, "tea TEA") == []
    assert spans(minds, "tea Tea") == [(4, 7)]


def test_a_rule_that_minds_case_may_say_what_it_does_not_want():
    # With case ignored, [^A-Z] would want no small letters either.
    assert spans(rule_set(r"[^A-Z\s]+ing", case_sensitive=True), "BREWING brewing") == [(8, 15)]


def test_curly_and_straight_apostrophes_are_one_in_text_pattern_and_examples():
    examples = {"fires": ("It isn't.", "It isn’t."), "silent": ("It is.",)}
    for pattern in ("isn't", "isn’t", r"isn\x27t", "isn['’]t"):
        rules = rule_set(pattern, examples=examples)
        assert spans(rules, "It isn't.") == spans(rules, "It isn’t.") == [(3, 8)]


def test_a_rule_that_fails_its_own_examples_is_refused():
    with pytest.raises(ConfigError, match=r"rule 'r' of topic 'tea' should fire on its example 'A cup.'"):
        rule_set("tea", examples={"fires": ("A cup.",)})
    with pytest.raises(ConfigError, match="rule 'r' of topic 'tea' should be silent on its example 'Tea!'"):
        rule_set("tea", examples={"silent": ("Tea!",)})


# -- ignore, together, unless -----------------------------------------------------------------------------

WORDS = ("a", "b", "c", "d")
word = st.sampled_from(WORDS)
phrase = st.lists(word, min_size=1, max_size=3).filter(lambda p: p != p[::-1] or len(p) == 1)


def places(wanted, words):
    """Every place of a run of words, as (first, behind the last)."""
    size = len(wanted)
    return [(i, i + size) for i in range(len(words) - size + 1) if words[i : i + size] == wanted]


@given(
    words=st.lists(word, min_size=1, max_size=8),
    match=st.lists(word, min_size=1, max_size=2),
    ignore=st.lists(phrase, max_size=2),
    together=st.lists(phrase, max_size=2),
    unless=st.lists(phrase, max_size=2),
)
def test_a_rule_fires_as_counting_words_by_hand_says(words, match, ignore, together, unless):
    # A phrase that overlaps itself ("a b a" in "a b a b a") is left out: a search finds the first alone.
    rules = rule_set(
        *match,
        ignore=[" ".join(p) for p in ignore],
        together=[" ".join(p) for p in together],
        unless=[" ".join(p) for p in unless],
    )
    ignored = [span for p in ignore for span in places(p, words)]
    counts = [i for i, w in enumerate(words) if w in match and not any(a <= i < b for a, b in ignored)]
    fires = bool(counts)
    fires &= not together or any(places(p, words) for p in together)
    fires &= not any(places(p, words) for p in unless)
    expected = [(2 * counts[0], 2 * counts[0] + 1)] if fires else []
    assert spans(rules, " ".join(words)) == expected


def test_one_place_that_counts_is_enough_beside_one_that_is_ignored():
    rules = rule_set("Kyiv", ignore=["chicken Kyiv"])
    assert spans(rules, "Chicken Kyiv was served.") == []
    assert spans(rules, "Chicken Kyiv was served in Kyiv.") == [(27, 31)]


def test_a_match_that_reaches_out_of_what_is_ignored_counts():
    assert spans(rule_set("tea house", ignore=["green tea"]), "green tea house") == [(6, 15)]


def test_phrases_to_ignore_may_overlap():
    assert spans(rule_set("c"), "a b c") == [(4, 5)]
    assert spans(rule_set("c", ignore=["a b", "b c"]), "a b c") == []


def test_phrases_to_ignore_may_stand_in_another_order_than_in_the_rule():
    rules = rule_set("tea", ignore=["mint tea", "iced tea"])
    assert spans(rules, "iced tea or mint tea or iced tea") == []
    assert spans(rules, "iced tea or mint tea or tea") == [(24, 27)]


# -- votes ------------------------------------------------------------------------------------------------


@st.composite
def rules_of_topics(draw):
    """Two topics with up to three rules each, over four words."""
    topics = []
    for name in ("one", "two"):
        rules = [
            Rule(
                name=f"r{number}",
                match=draw(st.lists(word, min_size=1, max_size=2)),
                ignore=draw(st.lists(st.just("a b"), max_size=1)),
                unless=draw(st.lists(word, max_size=1)),
                vote=draw(st.sampled_from(["yes", "no"])),
                weight=draw(st.sampled_from([0.25, 1.0])),
                case_sensitive=draw(st.booleans()),
            )
            for number in range(draw(st.integers(0, 3)))
        ]
        topics.append(topic(*rules, name=name))
    return topics


@given(rules_of_topics(), st.lists(word | st.sampled_from(["A", "B"]), max_size=6), st.sampled_from([0, 0.1]))
def test_all_rules_together_vote_as_each_alone_would(topics, words, silence):
    text = " ".join(words)
    alone = [vote for t in topics for r in t.rules for vote in RuleSet([topic(r, name=t.name)]).votes(text)]
    together = RuleSet(topics, silence)
    assert [together.vote(*fired) for fired in together.fired(text)] == alone
    heard = {vote.topic for vote in alone}
    silent = [Vote(t.name, "no", SILENCE, 0, len(text), silence) for t in topics if t.name not in heard]
    assert together.votes(text) == alone + (silent if silence else [])


def test_a_vote_says_who_what_where_and_how_much():
    rules = RuleSet([topic(Rule(name="pots", match=("teapots?",), vote="no", weight=0.5))], 0.1)
    assert rules.votes("Two teapots.") == [Vote("tea", "no", "rule:tea/pots@1c0e2b3e", 4, 11, 0.5)]
    assert rules.vote(0, 4, 11, 2.5) == Vote("tea", "no", "rule:tea/pots@1c0e2b3e", 4, 11, 2.5)
    assert rules.votes("Two cups.") == [Vote("tea", "no", "silence", 0, 9, 0.1)]


@pytest.mark.parametrize(
    "changed",
    [{"match": ("teapots", "cups")}, {"ignore": ("a",)}, {"together": ("a",)}, {"unless": ("a",)},
     {"vote": "no"}, {"case_sensitive": True}],
)  # fmt: skip
def test_a_rule_that_says_something_else_is_another_author(changed):
    pots = Rule(name="pots", match=("teapots",))
    (before,), (after,) = (
        RuleSet([topic(pots)]).authors,
        RuleSet([topic(pots.model_copy(update=changed))]).authors,
    )
    assert before != after
    assert before.partition("@")[0] == after.partition("@")[0] == "rule:tea/pots"


def test_neither_weight_nor_examples_make_another_author():
    pots = Rule(name="pots", match=("teapots",))
    more = pots.model_copy(update={"weight": 0.5, "examples": Examples(fires=("Two teapots.",))})
    assert RuleSet([topic(pots)]).authors == RuleSet([topic(more)]).authors


def test_a_term_added_to_a_lexicon_makes_another_author_of_each_rule_that_names_it():
    def authors(*terms):
        lexicon = Lexicon(name="drinks", terms=terms)
        rules = Rule(name="a", match=("@drinks",)), Rule(name="b", match=("cocoa",))
        return RuleSet([topic(*rules)], lexicons=[lexicon]).authors

    before, after = authors("tea"), authors("tea", "coffee")
    assert (before[0] != after[0], before[1] == after[1]) == (True, True)


def test_a_topic_without_rules_is_silent():
    assert RuleSet([topic()], 0.1).votes("Tea.") == [Vote("tea", "no", "silence", 0, 4, 0.1)]
    assert RuleSet([topic()]).votes("Tea.") == []


@pytest.fixture(scope="module")
def shipped():
    return RuleSet(load_config(shipped_folder() / "topics.toml").topics, 0.1)


@given(unicode_text)
def test_the_rules_that_ship_vote_once_a_rule_inside_any_text(shipped, text):
    padded = f"{text} sanctions {text}"
    votes = shipped.votes(padded)
    assert {vote.topic for vote in votes} == set(shipped.topics)
    assert len({(vote.topic, vote.author) for vote in votes}) == len(votes)
    assert all(0 <= vote.start < vote.end <= len(padded) for vote in votes)


def test_a_rule_may_name_a_lexicon():
    drinks = Lexicon(name="drinks", terms=("black tea", "coffee*"))
    rules = RuleSet([topic(Rule(name="r", match=("@drinks", "cocoa")))], lexicons=[drinks])
    assert rules.fired("Black-tea and cake") == [(0, 0, 9)]
    assert rules.fired("A cup of cocoa") != []
    assert rules.fired("A cup of milk") == []


def test_a_rule_that_names_no_lexicon_says_which_there_are():
    drinks = Lexicon(name="drinks", terms=("tea",))
    with pytest.raises(ConfigError, match=r"no lexicon 'drink'\nDid you mean 'drinks'\?"):
        RuleSet([topic(Rule(name="r", match=("@drink",)))], lexicons=[drinks])
