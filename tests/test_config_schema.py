from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import pytest
from pydantic import ValidationError

from trainer.config import Config, json_schema, shipped_folder

SHIPPED = tomllib.loads((shipped_folder() / "topics.toml").read_text(encoding="utf-8"))
TOPIC = {"name": "volcanoes", "title": "Volcanoes", "definition": "Mountains that throw out lava."}
DEFAULTS = Config.model_validate({"topics": [TOPIC]}).model_dump(mode="json")


def settings(data: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    """Return every setting below a table, by path; arrays of tables (the topics) are not settings."""
    found = []
    for key, value in data.items():
        if isinstance(value, dict):
            found += settings(value, (*path, key))
        elif not (isinstance(value, list) and value and isinstance(value[0], dict)):
            found.append(((*path, key), value))
    return found


def at(data: dict[str, Any], path: tuple[str, ...]) -> Any:
    for key in path:
        data = data[key]
    return data


def as_toml(value: Any) -> Any:
    """Return `value` with ``[]`` for null, which TOML has not."""
    if isinstance(value, dict):
        return {key: as_toml(item) for key, item in value.items()}
    return [as_toml(item) for item in value] if isinstance(value, list) else [] if value is None else value


@pytest.mark.parametrize(
    ("path", "value"), settings(SHIPPED), ids=lambda x: ".".join(x) if isinstance(x, tuple) else ""
)
def test_the_shipped_file_states_the_defaults(path, value):
    assert as_toml(at(DEFAULTS, path)) == value


def test_the_shipped_file_states_settings_of_every_table():
    stated = {path[0] for path, _ in settings(SHIPPED)}
    assert stated >= {"name", "seed", "build", "features", "classifier", "thresholds"}


def test_a_config_survives_the_manifest():
    for data in (SHIPPED, {"topics": [TOPIC], "features": {"char_ngrams": []}}):
        config = Config.model_validate(data)
        assert Config.model_validate(json.loads(config.model_dump_json())) == config


def test_the_topics_keep_the_order_of_the_file():
    topics = [{**TOPIC, "name": name} for name in ("zeta", "alpha", "mid")]
    assert Config.model_validate({"topics": topics}).topic_names == ("zeta", "alpha", "mid")


def test_an_empty_range_switches_characters_off():
    assert (
        Config.model_validate({"topics": [TOPIC], "features": {"char_ngrams": []}}).features.char_ngrams
        is None
    )


def test_words_may_be_off_too_and_both_where_there_is_a_lexicon():
    both_off = {"word_ngrams": [], "char_ngrams": []}
    assert Config.model_validate({"topics": [TOPIC], "features": {"word_ngrams": []}}).features == (
        Config.model_validate({"topics": [TOPIC]}).features.model_copy(update={"word_ngrams": None})
    )
    lexicons = [{"name": "fire", "terms": ["lava"]}]
    search = {"word_ngrams": [[]], "char_ngrams": [[]]}
    whole = {"topics": [TOPIC], "lexicons": lexicons, "features": both_off, "search": search}
    assert Config.model_validate(whole).search.word_ngrams == (None,)
    with pytest.raises(ValidationError, match="both off"):
        Config.model_validate({**whole, "features": {**both_off, "lexicon_weight": 0}})


def test_a_config_cannot_be_changed_nor_extended():
    config = Config.model_validate({"topics": [TOPIC]})
    with pytest.raises(ValidationError, match="frozen"):
        config.seed = 1
    with pytest.raises(ValidationError, match="frozen"):
        config.build.split.train = 0.5


def test_a_topic_may_have_an_objective_of_its_own():
    own = {"topic": "volcanoes", "objective": "precision_at_least", "value": 0.9}
    config = Config.model_validate({"topics": [TOPIC], "thresholds": {"own": [own], "fixed": 0.3}})
    assert config.thresholds.objective_of("volcanoes").model_dump() == own
    assert config.thresholds.objective_of("another") is config.thresholds
    assert hash(config) == hash(Config.model_validate(json.loads(config.model_dump_json())))


def test_a_day_may_be_text_or_a_date_of_toml():
    data = tomllib.loads('a = {by = "date", cut = 2024-07-01}\nb = {by = "date", cut = "2024-07-01"}')
    days = [
        Config.model_validate({"topics": [TOPIC], "build": {"split": data[key]}}).build.split for key in "ab"
    ]
    assert days[0] == days[1]
    assert str(days[0].cut_day) == "2024-07-01"
    assert Config.model_validate({"topics": [TOPIC]}).build.split.cut_day is None


RULE = {"name": "words", "match": ["lava"]}
BAD = [
    ({}, "topics", "Field required"),
    ({"topics": []}, "topics", "at least 1 item"),
    ({"topics": [TOPIC, TOPIC]}, "", "topic 'volcanoes' stands twice"),
    ({"lexicons": [{"name": "a", "terms": ["x"]}] * 2}, "", "lexicon 'a' stands twice"),
    ({"lexicons": [{"name": "a", "terms": []}]}, "lexicons.0.terms", "at least 1 item"),
    ({"topics": [{**TOPIC, "rules": [RULE, RULE]}]}, "topics.0", "rule 'words' stands twice"),
    ({"topics": [{**TOPIC, "rules": [{**RULE, "match": []}]}]}, "topics.0.rules.0.match", "at least 1 item"),
    ({"topics": [{**TOPIC, "rules": [{**RULE, "weight": 0}]}]}, "topics.0.rules.0.weight", "greater than 0"),
    ({"topics": [{**TOPIC, "rules": [{**RULE, "vote": "maybe"}]}]}, "topics.0.rules.0.vote", "'yes' or 'no'"),
    *[({"topics": [{**TOPIC, "name": name}]}, "topics.0.name", "match pattern") for name in
      ("", "Volcanoes", "9a", "../x", "a b", "a\n", "é", "-a", "a" * 65)],
    ({"seed": -1}, "seed", "greater than or equal to 0"),
    ({"seed": 2**32}, "seed", "less than 4294967296"),
    ({"seed": 1.5}, "seed", "fractional part"),
    ({"build": {"split": {"train": 0.5}}}, "build.split", "the shares must sum to 1, not 0.7"),
    ({"build": {"split": {"by": "luck"}}}, "build.split.by", "'topics' or 'date'"),
    ({"build": {"split": {"by": "date", "cut": "July"}}}, "build.split.cut", "match pattern"),
    ({"build": {"split": {"by": "date", "cut": 2024}}}, "build.split.cut", "valid string"),
    ({"build": {"split": {"by": "date", "cut": "2023-02-29"}}}, "build.split.cut", "day"),
    ({"build": {"split": {"by": "date", "gap_days": -1}}}, "build.split.gap_days", "greater than or equal"),
    ({"build": {"split": {"cut": "2024-07-01"}}}, "build.split", "mean nothing without"),
    ({"build": {"split": {"gap_days": 7}}}, "build.split", "mean nothing without"),
    ({"build": {"split": {"by": "date", "train": 1, "test": 0}}}, "build.split", "needs a test share"),
    ({"build": {"near_duplicate": 0.4}}, "build.near_duplicate", "greater than or equal to 0.5"),
    ({"features": {"word_ngrams": [2, 1]}}, "features.word_ngrams", "must ascend"),
    ({"features": {"char_ngrams": [5, 2]}}, "features.char_ngrams", "must ascend"),
    ({"features": {"word_ngrams": [1]}}, "features.word_ngrams.1", "Field required"),
    ({"features": {"word_ngrams": [], "char_ngrams": []}}, "", "features: words and characters are both off"),
    ({"search": {"C": []}}, "search.C", "at least 1 item"),
    ({"search": {"C": [1, 0]}}, "search.C.1", "greater than 0"),
    ({"search": {"C": [float("inf")]}}, "search.C.0", "finite number"),
    ({"search": {"C": [1, 2, 1.0]}}, "search.C", "1.0 stands twice: give each value once"),
    ({"search": {"C": [n + 1 for n in range(200)]}}, "search",
     "these values make 1,200 combinations, and at most 1,000 are tried: give fewer"),
    ({"search": {"word_ngrams": []}}, "search.word_ngrams", "at least 1 item"),
    ({"search": {"word_ngrams": [[2, 1]]}}, "search.word_ngrams.0", "must ascend"),
    ({"search": {"word_ngrams": [1, 2]}}, "search.word_ngrams.0", "valid tuple"),
    ({"search": {"char_ngrams": [[], [2, 3], []]}}, "search.char_ngrams", "[] stands twice"),
    ({"search": {"char_ngrams": [[2, 3], [2, 3]]}}, "search.char_ngrams", "[2, 3] stands twice"),
    ({"search": {"char_ngrams": [[2, 11]]}}, "search.char_ngrams.0.1", "less than or equal to 10"),
    ({"search": {"class_weight": []}}, "search.class_weight", "at least 1 item"),
    ({"search": {"class_weight": ["heavy"]}}, "search.class_weight.0", "'none' or 'balanced'"),
    ({"search": {"word_ngrams": [[1, 1], []]}}, "", "search: words and characters are both off"),
    ({"search": {"folds": 3}}, "search.folds", "Extra inputs"),
    ({"features": {"word_ngrams": [0, 1]}}, "features.word_ngrams.0", "greater than or equal to 1"),
    ({"features": {"char_ngrams": [2, 11]}}, "features.char_ngrams.1", "less than or equal to 10"),
    ({"classifier": {"kind": "forest"}}, "classifier.kind", "'logistic' or 'svm'"),
    ({"classifier": {"C": 0}}, "classifier.C", "greater than 0"),
    ({"classifier": {"C": float("inf")}}, "classifier.C", "finite number"),
    ({"classifier": {"C": float("nan")}}, "classifier.C", "finite number"),
    ({"thresholds": {"lowest": 0.6, "highest": 0.4}}, "thresholds", "lowest (0.6) must not exceed"),
    ({"thresholds": {"review": 0.5}}, "thresholds.review", "less than 0.5"),
    ({"thresholds": {"folds": 1}}, "thresholds.folds", "greater than or equal to 2"),
    ({"thresholds": {"objective": "luck"}}, "thresholds.objective", "'precision_at_least', "),
    ({"thresholds": {"value": -1}}, "thresholds.value", "greater than or equal to 0"),
    ({"thresholds": {"value": 0.9}}, "thresholds", "value means nothing"),
    ({"thresholds": {"objective": "cost"}}, "thresholds", '"cost" needs a value above 0'),
    ({"thresholds": {"objective": "f_beta"}}, "thresholds", '"f_beta" needs a value above 0'),
    ({"thresholds": {"objective": "recall_at_least", "value": 95}}, "thresholds", "is a share, at most 1"),
    ({"thresholds": {"objective": "fixed", "value": 1}}, "thresholds", "is a probability below 1, not 1"),
    ({"thresholds": {"review": 0.1, "review_error": 0.1}}, "thresholds", "two ways to one band"),
    ({"thresholds": {"review_error": 0.5}}, "thresholds.review_error", "less than 0.5"),
    ({"thresholds": {"own": [{"topic": "rain"}]}}, "", "thresholds.own names 'rain', which is no topic"),
    ({"thresholds": {"own": [{"objective": "f1"}]}}, "thresholds.own.0.topic", "Field required"),
    ({"thresholds": {"own": [{"topic": "volcanoes"}] * 2}}, "thresholds", "topic 'volcanoes' stands twice"),
    ({"calibration": {"method": "magic"}}, "calibration.method", "'beta' or 'isotonic'"),
    ({"calibration": {"fewest": 2}}, "calibration.fewest", "greater than or equal to 3"),
    ({"unknown": 1}, "unknown", "Extra inputs"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "where", "message"), BAD)
def test_a_wrong_setting_is_refused_where_it_stands(data, where, message):
    whole = data if "topics" in data or not data else {"topics": [TOPIC], **data}
    with pytest.raises(ValidationError, match=re.escape(message)) as caught:
        Config.model_validate(whole)
    assert ".".join(map(str, caught.value.errors()[0]["loc"])) == where


KNOWN = {
    "$defs", "$ref", "title", "description", "default", "type", "pattern", "enum", "anyOf",
    "properties", "required", "additionalProperties", "items", "prefixItems", "minItems", "maxItems",
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
}  # fmt: skip
TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}


def complaints(value: Any, schema: dict[str, Any], root: dict[str, Any], path: str = "$") -> list[str]:
    """Validate as JSON Schema 2020-12 says, for the keywords in KNOWN; any other keyword fails the test."""
    assert set(schema) <= KNOWN, f"{path}: the schema uses {set(schema) - KNOWN}"
    if "$ref" in schema:
        schema = {**root["$defs"][schema["$ref"].removeprefix("#/$defs/")], **schema}
        schema.pop("$ref")
    if "anyOf" in schema:
        several = [complaints(value, choice, root, path) for choice in schema["anyOf"]]
        return [] if [] in several else several[0]
    kind = schema.get("type")
    if kind and (not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return [f"{path} is not of type {kind}"]
    if isinstance(value, dict):
        return of_object(value, schema, root, path)
    if isinstance(value, list):
        return of_array(value, schema, root, path)
    checks = {
        "enum": lambda allowed: value in allowed,
        # In the dialect of JSON Schema `$` is the very end; in Python a last newline may follow.
        "pattern": lambda pattern: re.search(pattern.replace("$", r"\Z"), value),
        "minimum": lambda bound: value >= bound,
        "maximum": lambda bound: value <= bound,
        "exclusiveMinimum": lambda bound: value > bound,
        "exclusiveMaximum": lambda bound: value < bound,
    }
    return [f"{path}: {key}" for key, holds in checks.items() if key in schema and not holds(schema[key])]


def of_object(value: dict[str, Any], schema: dict[str, Any], root: dict[str, Any], path: str) -> list[str]:
    known = schema.get("properties", {})
    found = [f"{path}.{key} is missing" for key in schema.get("required", ()) if key not in value]
    if schema.get("additionalProperties") is False:
        found += [f"{path}.{key} is unknown" for key in value if key not in known]
    for key in value.keys() & known.keys():
        found += complaints(value[key], known[key], root, f"{path}.{key}")
    return found


def of_array(value: list[Any], schema: dict[str, Any], root: dict[str, Any], path: str) -> list[str]:
    found = []
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        found.append(f"{path} has {len(value)} items")
    prefix = schema.get("prefixItems", [])
    for number, item in enumerate(value):
        wanted = prefix[number] if number < len(prefix) else schema.get("items", {})
        found += complaints(item, wanted, root, f"{path}[{number}]")
    return found


def test_the_json_schema_accepts_the_shipped_file():
    schema = json.loads(json_schema())
    assert complaints(SHIPPED, schema, schema) == []


def test_the_json_schema_accepts_every_default():
    schema = json.loads(json_schema())
    assert complaints(as_toml(DEFAULTS), schema, schema) == []
    assert "null" not in json_schema()


def test_the_json_schema_accepts_that_characters_are_off():
    schema = json.loads(json_schema())
    assert complaints({"topics": [TOPIC], "features": {"char_ngrams": []}}, schema, schema) == []


NOT_IN_JSON_SCHEMA = (
    "stands twice", "must sum", "must ascend", "must not exceed", "finite",
    "mean nothing", "needs a test", "day", "means nothing", "needs a value", "is a share", "is a probability",
    "two ways", "is no topic", "combination", "both off",
)  # fmt: skip
"""Rules between settings, which it cannot say, and numbers that JSON does not have."""


@pytest.mark.parametrize(
    "data", [data for data, _, message in BAD if not any(said in message for said in NOT_IN_JSON_SCHEMA)]
)
def test_the_json_schema_refuses_what_the_loader_refuses(data):
    schema = json.loads(json_schema())
    whole = data if "topics" in data or not data else {"topics": [TOPIC], **data}
    assert complaints(whole, schema, schema)
