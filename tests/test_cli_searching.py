"""What is said of a search: how to keep what it found, and where to look further."""

from __future__ import annotations

import shlex
import tomllib

import pytest

from trainer.cli.searching import show_search
from trainer.config import Config, load_config
from trainer.model.choosing import SearchResult, Trial

TOPIC = {"name": "kites", "title": "Kites", "definition": "Kites"}


def found(C=2.0, words=(1, 2), chars=(2, 5), class_weight="none", left_out=()) -> SearchResult:
    return SearchResult((Trial(words, chars, class_weight, C, 7, (0.5, 0.7), 1.0, chosen=True),), left_out)


def config(*tried: float) -> Config:
    return Config.model_validate({"topics": [TOPIC], "search": {"C": tried or [2.0]}})


@pytest.mark.parametrize(
    ("tried", "C", "told"),
    [
        ((1, 2, 4), 4.0, "C = 4 is the largest that was tried"),
        ((4, 1, 2), 1.0, "C = 1 is the smallest that was tried"),
        ((1, 2, 4), 2.0, None),
        ((4,), 4.0, None),
    ],
)
def test_a_value_at_the_edge_of_what_was_tried_is_said(tried, C, told, capsys):
    show_search(found(C), config(*tried), None)
    said = capsys.readouterr().err
    assert told in said if told else "that was tried" not in said


def test_what_was_chosen_can_be_typed_and_pasted(capsys, tmp_path):
    file = tmp_path / "own.toml"
    before = '[[topics]]\nname = "kites"\ntitle = "Kites"\ndefinition = "Kites"\n'
    file.write_text(before, encoding="utf-8")
    result = found(0.25, None, (3, 4), "balanced")
    show_search(result, load_config(file), str(file))
    said = capsys.readouterr().err.split("to keep them without a search, set in ")[1]
    where, *lines = said.splitlines()
    assert where == f"{file}:"
    pasted = [line for line in lines if line.startswith("  ")]
    assert Config.model_validate(tomllib.loads(before + "\n".join(pasted))) == result.applied(
        load_config(file)
    )
    typed = shlex.split(lines[-1].removeprefix("or: "))
    assert typed[::2] == ["--set"] * 4
    assert load_config(file, typed[1::2]) == result.applied(load_config(file))


def test_only_what_changed_is_to_be_set_and_nothing_where_nothing_did(capsys):
    show_search(found(8.0), config(), None)
    said = capsys.readouterr().err
    assert said.count("--set") == 1
    assert "[features]" not in said
    show_search(found(), config(), None)
    assert capsys.readouterr().err == "these are the settings of the config already: nothing changed\n"


def test_nobody_is_sent_to_edit_the_config_that_ships(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    show_search(found(8.0), config(), None)
    assert "set in a config of your own (`trainer config init` writes one):" in capsys.readouterr().err


def test_a_topic_that_has_no_part_in_the_choice_is_said(capsys):
    show_search(found(left_out=("soups",)), config(), None)
    assert "soups: it has no part in the choice" in capsys.readouterr().err
