from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import json_values, names

from trainer.corpus.compare.settings import changed_rules, changed_settings

RULE = {"name": "words", "match": ["tea", "@pots"], "ignore": [], "weight": 1.0, "examples": {"fires": []}}
CONFIG = {
    "name": "weather",
    "seed": 13,
    "topics": [{"name": "tea", "title": "Tea", "rules": [RULE, {**RULE, "name": "cups", "match": ["cup"]}]}],
    "lexicons": [{"name": "pots", "terms": ["pot*", "kettle"]}],
    "build": {"split": {"train": 0.8}},
}


def changed(edit):
    after = copy.deepcopy(CONFIG)
    edit(after)
    return after


def test_a_setting_is_named_by_where_it_stands_and_lists_by_what_went_and_came():
    after = changed(lambda c: c["build"]["split"].update(train=0.5))
    assert changed_settings(CONFIG, after) == [
        {"setting": "build.split.train", "change": "changed", "from": 0.8, "to": 0.5}
    ]
    after = changed(lambda c: c["topics"][0]["rules"][0].update(match=["tea", "chai"]))
    assert changed_settings(CONFIG, after) == [
        {"setting": "topics.tea.rules.words.match", "change": "changed", "from": ["@pots"], "to": ["chai"]}
    ]


def test_a_rule_that_came_or_went_is_named_in_each_of_its_settings():
    after = changed(lambda c: c["topics"][0]["rules"].pop())
    assert {row["change"] for row in changed_settings(CONFIG, after)} == {"removed"}
    assert {row["change"] for row in changed_settings(after, CONFIG)} == {"added"}
    assert "topics.tea.rules.cups.match" in {row["setting"] for row in changed_settings(CONFIG, after)}


def test_the_order_of_rules_is_no_change_but_that_of_patterns_is():
    assert changed_settings(CONFIG, changed(lambda c: c["topics"][0]["rules"].reverse())) == []
    (row,) = changed_settings(CONFIG, changed(lambda c: c["topics"][0]["rules"][0]["match"].reverse()))
    assert (row["from"], row["to"]) == (["tea", "@pots"], ["@pots", "tea"])


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda c: None, {}),
        (lambda c: c["topics"][0]["rules"].pop(), {"rule:tea/cups": "rule removed"}),
        (lambda c: c["topics"][0]["rules"].append({**RULE, "name": "x"}), {"rule:tea/x": "new rule"}),
        (lambda c: c["topics"][0]["rules"][1].update(weight=0.5), {"rule:tea/cups": "rule changed"}),
        (lambda c: c["topics"][0]["rules"][1].update(examples={"fires": ["a cup"]}), {}),
        (lambda c: c["lexicons"][0]["terms"].append("urn"), {"rule:tea/words": "lexicon pots changed"}),
    ],
)
def test_what_happened_to_a_rule_is_told(edit, told):
    assert changed_rules(CONFIG, changed(edit)) == told


@given(st.dictionaries(names, json_values, max_size=4), st.dictionaries(names, json_values, max_size=4))
def test_equal_configs_differ_in_nothing_and_others_in_something(a, b):
    assert changed_settings(a, copy.deepcopy(a)) == []
    if a.keys() != b.keys():
        assert changed_settings(a, b)
