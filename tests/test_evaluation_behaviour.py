"""Cases of behaviour: read strictly, run exactly, counted by case; those that ship are their own."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import pytest
from pydantic import ValidationError

import trainer
from trainer.config import load_config
from trainer.corpus.starter import starter_sentences
from trainer.errors import ConfigError, NotFoundError
from trainer.evaluation.behaviour import Case, load_cases, run_cases
from trainer.model.predictions import Prediction

TOPICS = ("rain", "tea")
MANY = ("x",) * 40


@dataclass
class ByWord:
    """A tagger that tags a topic where its name stands, surer the more often."""

    topics = TOPICS

    def predict(self, texts):
        found = []
        for text in texts:
            scores = {topic: min(1.0, 0.4 * text.lower().count(topic)) for topic in TOPICS}
            labels = tuple(topic for topic in TOPICS if scores[topic] > 0.3)
            found.append(Prediction(text, labels, scores, ()))
        return found


def case(**given):
    return Case(**{"name": "n", "capability": "c", **given})


def run(*cases):
    return run_cases(ByWord(), cases).outcomes


def test_minimum_asks_for_all_topics_and_no_other():
    good = case(kind="minimum", texts=("Rain falls.", "More rain."), expected=("rain",))
    both = case(kind="minimum", texts=("Tea in the rain.",), expected=("rain",))
    none = case(kind="minimum", texts=("Soup.",), expected=())
    assert [(one.trials, one.failed) for one in run(good, both, none)] == [(2, 0), (1, 1), (1, 0)]
    (failure,) = run(both)[0].failures
    assert (failure.wanted, failure.got) == ("rain", "rain, tea (rain 0.40, tea 0.40)")


def test_invariance_holds_a_variant_against_its_text():
    one = case(kind="invariance", text="Tea at {hour}.", variants=("TEA at {hour}", "Soup at {hour}"),
               fill={"hour": ("one", "two")})  # fmt: skip
    (found,) = run(one)
    assert (found.trials, found.failed) == (4, 2)
    assert {failure.text for failure in found.failures} == {"Soup at one", "Soup at two"}


def test_direction_asks_for_a_move():
    up = {"kind": "direction", "text": "Soup.", "variants": ("Tea.",), "topic": "tea", "moves": "up"}
    assert run(case(**up))[0].failed == 0
    assert run(case(**up, by=0.39))[0].failed == 0
    assert run(case(**up, by=0.41))[0].failed == 1
    assert run(case(**{**up, "moves": "down"}))[0].failed == 1
    assert run(case(**{**up, "text": "Tea."}))[0].failed == 0, "no move is none the wrong way"


def test_cases_count_and_not_their_trials():
    broad = case(name="broad", kind="minimum", texts=tuple(f"Rain {i}." for i in range(9)), expected=())
    right = case(name="right", kind="minimum", texts=("Tea.",), expected=("tea",))
    found = run_cases(ByWord(), (broad, right))
    kind = found.rates()["kind"]["minimum"]
    assert (kind["cases"], kind["failed"], kind["rate"]) == (2, 1, 0.5)
    assert kind["rate_interval"][0] < 0.5 < kind["rate_interval"][1]
    assert set(found.rates()["topic"]) == {"none", "tea"}
    assert [one.name for one in found.failed] == ["broad"]
    assert len(found.outcomes[0].failures) == 5 < found.outcomes[0].failed == 9
    assert found.to_dict() == run_cases(ByWord(), (broad, right)).to_dict()


def test_topics_that_a_model_does_not_have_are_left_out_and_said():
    other = case(name="snow", kind="minimum", texts=("Snow.",), expected=("snow",))
    assert run_cases(ByWord(), (other,)).left_out == ("snow",)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"kind": "minimum", "texts": ("a",)}, "needs 'expected'"),
        ({"kind": "minimum", "texts": ("a",), "expected": (), "topic": "tea"}, "takes no 'topic'"),
        ({"kind": "invariance", "text": "a"}, "needs 'variants'"),
        ({"kind": "direction", "text": "a", "variants": ("b",), "topic": "tea"}, "needs 'moves'"),
        ({"kind": "minimum", "texts": ("{a}",), "expected": ()}, "'a' must stand both in fill"),
        ({"kind": "minimum", "texts": ("a",), "expected": (), "fill": {"b": ("x",)}}, "'b' must stand both"),
        ({"kind": "minimum", "texts": ("{a}",), "expected": (), "fill": {"a": ()}}, "it makes 0 trials"),
        (
            {
                "kind": "minimum",
                "texts": ("{a}{b}",),
                "expected": (),
                "fill": {"a": ("x",) * 40, "b": ("y",) * 40},
            },
            "it makes 1,600 trials",
        ),
    ],
)
def test_a_case_that_makes_no_sense_is_told(given, told):
    with pytest.raises(ValidationError, match=re.escape(told)):
        case(**given)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[cases]]\nname = 'a'\nkind = 'minimum'\ncapability = 'c'\n", "c.toml:1: case 'a': "),
        ("[[cases]]\nname = 'a'\nkind = 'minmum'\ncapability = 'c'\n", "c.toml:3: case 'a': 'kind': "),
        (
            "[[cases]]\nname = 'a'\nexpectd = []\nkind = 'minimum'\ncapability = 'c'\n",
            "unknown key 'expectd'",
        ),
        ("cases = []\n", "at least 1 item"),
        ("cases = [\n", "is no TOML"),
    ],
)
def test_a_file_that_is_wrong_is_told_with_its_place(tmp_path, text, told):
    file = tmp_path / "c.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_cases(file)
    assert told in str(caught.value)
    one = "[[cases]]\nname = 'a'\nkind = 'minimum'\ncapability = 'c'\ntexts = ['x']\nexpected = []\n"
    file.write_text(one * 2, encoding="utf-8")
    with pytest.raises(ConfigError, match="two cases are called 'a'"):
        load_cases(file)
    with pytest.raises(NotFoundError, match="no file of cases"):
        load_cases(tmp_path / "none.toml")


@pytest.fixture(scope="module")
def shipped():
    return load_cases()


def test_enough_cases_ship_on_all_topics(shipped):
    topics = load_config().topic_names
    assert len(shipped) >= 120
    assert min(Counter(one.kind for one in shipped).values()) >= 30
    assert {topic for one in shipped for topic in one.topics} == set(topics)
    on = Counter(topic for one in shipped for topic in one.topics)
    assert min(on[topic] for topic in topics) >= 10
    assert {"near miss", "negation", "names", "typos", "casing", "quotation"} <= {
        c.capability for c in shipped
    }


def shingles(text):
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + 3]) for i in range(len(words) - 2)}


def test_no_case_says_what_another_one_says(shipped):
    told = [(one.name, shingles(text)) for one in shipped for text in one.all_texts if len(text.split()) > 4]
    for i, (name, mine) in enumerate(told):
        for other, theirs in told[:i]:
            alike = len(mine & theirs) / max(len(mine | theirs), 1)
            assert name == other or alike < 0.6, (name, other)


def test_no_text_of_a_case_is_one_to_learn_from(shipped):
    learned = {" ".join(row.text.lower().split()) for row in starter_sentences(load_config().topic_names)}
    assert not learned & {" ".join(text.lower().split()) for one in shipped for text in one.all_texts}


def test_they_are_run_beside_an_evaluation(small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.toml").write_text(
        "[[cases]]\nname = 'lava'\nkind = 'minimum'\ncapability = 'wording'\n"
        "texts = ['Red lava poured down the slope of the volcano.']\nexpected = ['volcanoes']\n",
        encoding="utf-8",
    )
    found = trainer.evaluate("small", behaviour="c.toml", root=small.root)
    assert found.to_dict()["behaviour"]["cases"] == 1
    assert "1 of 1 cases hold" in found.to_html()
    shipped_ones = trainer.evaluate("small", behaviour=True, root=small.root).behaviour
    assert len(shipped_ones.left_out) > 60
