"""Projects for labelling tools. Their own packages have read both formats; this is what they want."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

import pytest

from trainer.corpus.build import build_corpus
from trainer.corpus.exports import export_corpus
from trainer.errors import TrainerWarning, UsageError

# What Argilla's server takes for the agent of a suggestion.
AGENT = re.compile(r"[a-zA-Z0-9\-_:./\s]*[a-zA-Z0-9][a-zA-Z0-9\-_:./\s]*")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, tea_and_rain):
    folder = tmp_path_factory.mktemp("projects")
    rows = [
        {
            "id": "g1",
            "text": "A cup that both saw\x7f",
            "labels": {"tea": "yes"},
            "annotator": "Ana Ünal <a@x>",
        },
        {
            "id": "g1",
            "text": "A cup that both saw\x7f",
            "labels": {"tea": "no", "rain": "no"},
            "annotator": "Ben",
        },
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    (folder / "note.txt").write_text("A cup of tea was poured. Nobody sang <b>at</b> all.", encoding="utf-8")
    tea, rain = tea_and_rain.topics
    wild = tea.model_copy(update={"title": 'Tea <"&\x1b\n', "definition": "x" * 3000})
    config = tea_and_rain.model_copy(update={"topics": (wild, rain)})
    with pytest.warns(TrainerWarning, match="people disagree"):
        return build_corpus([folder / "rows.jsonl", folder / "note.txt"], config, folder / "artifacts")


@pytest.fixture(scope="module")
def folder(corpus, tmp_path_factory):
    made = tmp_path_factory.mktemp("made")
    for kind in ("label-studio", "argilla"):
        export_corpus(corpus, made / kind, kind)
    return made


def by_text(rows, text_of):
    return {text_of(row): row for row in rows}


# -- Label Studio -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tasks(folder):
    rows = json.loads((folder / "label-studio" / "tasks.json").read_text(encoding="ascii"))
    return by_text(rows, lambda row: row["data"]["text"])


def answers(results):
    assert {(r["type"], r["to_name"]) for r in results} <= {("choices", "Sentence")}
    assert all(r["id"] == r["from_name"] for r in results)
    return {r["from_name"]: r["value"]["choices"] for r in results}


def test_the_config_asks_one_question_a_topic_and_cannot_be_broken_by_a_title(folder):
    view = ET.fromstring((folder / "label-studio" / "labels.xml").read_bytes())  # noqa: S314  (our own file)
    (text,) = view.findall("Text")
    assert (text.get("name"), text.get("value"), text.get("valueType")) == ("Sentence", "$text", "text")
    asked = {c.get("name"): [choice.get("value") for choice in c] for c in view.findall("Choices")}
    assert asked == {"tea": ["yes", "no"], "rain": ["yes", "no"]}
    assert {c.get("toName") for c in view.findall("Choices")} == {"Sentence"}
    assert [header.get("value") for header in view.findall("Header")] == ['Tea <"&\\x1b', "Rain"]


def test_each_person_has_an_annotation_of_his_own(tasks):
    task = tasks["A cup that both saw\x7f"]
    first, second = task["annotations"]
    assert answers(first["result"]) == {"tea": ["yes"]}
    assert answers(second["result"]) == {"tea": ["no"], "rain": ["no"]}
    assert {r["meta"]["text"][0] for r in first["result"]} == {"human:Ana Ünal <a@x>"}
    assert task["predictions"] == []
    assert task["data"]["origin"] == "gold"


def test_what_rules_said_is_a_prediction_that_names_them(tasks):
    for text, version, tea in (
        ("A cup of tea was poured.", "rule:tea/words", ["yes"]),
        ("Nobody sang <b>at</b> all.", "silence", ["no"]),
    ):
        task = tasks[text]
        assert task["annotations"] == []
        (prediction,) = task["predictions"]
        assert prediction["model_version"].split("@")[0] == version
        assert answers(prediction["result"]) == {"tea": tea, "rain": ["no"]}


# -- Argilla ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def records(folder):
    rows = json.loads((folder / "argilla" / "records.json").read_text(encoding="ascii"))
    return by_text(rows, lambda row: row["fields"]["text"])


def test_the_settings_ask_yes_no_or_unknown_of_each_topic_within_the_servers_limits(folder, corpus):
    settings = json.loads((folder / "argilla" / ".argilla" / "settings.json").read_text(encoding="ascii"))
    assert [field["name"] for field in settings["fields"]] == ["text"]
    assert [question["name"] for question in settings["questions"]] == ["tea", "rain"]
    for question in settings["questions"]:
        assert [o["value"] for o in question["settings"]["options"]] == ["yes", "no", "unknown"]
        assert question["required"]
        assert len(question["description"]) <= 1000
    assert settings["questions"][0]["title"] == 'Tea <"&\\x1b'
    named = json.loads((folder / "argilla" / ".argilla" / "dataset.json").read_text(encoding="ascii"))
    assert named == {"name": f"weather-{corpus.version}"}


def test_suggestions_carry_three_states_and_say_who(records):
    gold, silver = records["A cup that both saw\x7f"], records["A cup of tea was poured."]
    assert {topic: s["value"] for topic, s in gold["suggestions"].items()} == {"tea": "unknown", "rain": "no"}
    assert {s["type"] for s in gold["suggestions"].values()} == {"human"}
    assert gold["suggestions"]["rain"]["agent"] == "human:Ben"
    assert gold["suggestions"]["tea"]["agent"] == "human:Ana _nal _a_x__ human:Ben"
    assert {topic: s["value"] for topic, s in silver["suggestions"].items()} == {"tea": "yes", "rain": "no"}
    assert {s["type"] for s in silver["suggestions"].values()} == {"model"}
    assert silver["suggestions"]["rain"]["agent"] == "silence"
    for record in records.values():
        assert (record["responses"], record["vectors"]) == ({}, {})
        for suggestion in record["suggestions"].values():
            assert AGENT.fullmatch(suggestion["agent"])
            assert len(suggestion["agent"]) <= 200


def test_the_rest_of_a_row_is_metadata_without_gaps(records, corpus):
    rows = {row["text"]: row for row in corpus.rows().to_pylist()}
    for text, record in records.items():
        assert record["id"] == rows[text]["id"]
        assert None not in record["metadata"].values()
        assert record["metadata"]["origin"] == rows[text]["origin"]


def test_a_topic_called_text_is_refused(tea_and_rain, tmp_path):
    tea, rain = tea_and_rain.topics
    config = tea_and_rain.model_copy(update={"topics": (tea.model_copy(update={"name": "text"}), rain)})
    (tmp_path / "a.txt").write_text("A cup of tea.", encoding="utf-8")
    corpus = build_corpus([tmp_path / "a.txt"], config, tmp_path / "artifacts")
    with pytest.raises(UsageError, match="topic 'text'"):
        export_corpus(corpus, tmp_path / "out", "argilla")
    assert not (tmp_path / "out").exists()
