"""Reasons are the features of a model, each counted once, under the word that it stands in."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from strategies import learned_taggers, tricky_text

from trainer.model.reasons import in_one_line, reasons_of

LAVA = "Red lava, red rock: LAVA poured down the slope of the volcano."


@given(learned_taggers(), st.lists(tricky_text, min_size=1, max_size=3))
def test_they_sum_to_the_margin_and_stand_where_they_say(learned, texts):
    tagger, known = learned
    for text in [*texts, *known[:3]]:
        for topic in tagger.topics:
            found = reasons_of(tagger, text, topic)
            explained = tagger.explain(text, topic)
            total = found.intercept + sum(r.value for r in (*found.lexicons, *found.words))
            scale = 1 + sum(abs(c.value) for c in explained.contributions) + abs(found.intercept)
            # 1e-9 of what is added: sums in another order differ in the last bits.
            assert math.isclose(total, found.margin, abs_tol=1e-9 * scale)
            assert found.margin == explained.margin
            assert (found.label, found.score) == (explained.label, explained.score)
            assert len({reason.word for reason in found.words}) == len(found.words)
            for reason in found.words:
                assert all(text[start:end].lower() == reason.word for start, end in reason.spans)
            sizes = [abs(reason.value) for reason in found.words]
            assert sizes == sorted(sizes, reverse=True)
            json_ready = found.to_dict()
            assert json_ready["rules"] == [], "a model that was not saved carries no rules"


def test_pieces_of_words_count_for_their_word(small):
    found = small.fit.model.reasons(LAVA, "volcanoes")
    words = {reason.word: reason for reason in found.words}
    assert [LAVA[a:b] for a, b in words["lava"].spans] == ["lava", "LAVA"]
    assert "lava," not in words
    assert words["lava"].value > 0
    assert not any(reason.word.startswith("char") for reason in found.words)


def test_rules_are_named_with_what_they_found(small):
    found = small.fit.model.reasons(LAVA, "volcanoes")
    assert [(rule.name, rule.answer, rule.words) for rule in found.rules] == [("words", "yes", "lava")]
    assert small.fit.model.reasons(LAVA, "lighthouses").rules == ()


def test_one_line_says_it_all(small):
    line = in_one_line(small.fit.model.reasons(LAVA, "volcanoes"), most=2)
    assert line.startswith("yes: probability 0.")
    assert 'keyword rules: words says yes of "lava"' in line
    assert " others " in line
    assert "\n" not in line
