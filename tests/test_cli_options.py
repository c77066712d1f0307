"""Options that several commands share: they mean the same everywhere."""

from __future__ import annotations

import json
import shutil
import warnings

import pytest
from typer.main import get_command

from trainer.cli import app
from trainer.errors import TrainerWarning

TAKING_ALL = ["build", "fit", "eval", "predict", "explain"]


@pytest.mark.parametrize("name", TAKING_ALL)
def test_the_main_commands_take_config_set_artifacts_and_strict(name):
    options = {
        option for parameter in get_command(app).commands[name].whole.params for option in parameter.opts
    }
    assert options >= {"--config", "--set", "--artifacts", "--strict"}


@pytest.mark.parametrize("name", ["build", "fit", "eval", "explain"])
def test_commands_with_one_result_take_json(name):
    options = {
        option for parameter in get_command(app).commands[name].whole.params for option in parameter.opts
    }
    assert "--json" in options


def test_artifacts_are_where_the_option_says_else_the_environment_else_here(
    cli, small, tmp_path, monkeypatch
):
    def found():
        return [row["path"] for row in json.loads(cli("models", "list", *more, "--json").stdout)]

    more = ("--artifacts", str(small.root))
    assert found() == [str(small.path)]
    more = ()
    assert found() == []
    shutil.copytree(small.root, tmp_path / "artifacts")
    assert found() == ["artifacts/models/small/1"]
    monkeypatch.setenv("TRAINER_ARTIFACTS", str(small.root))
    assert found() == [str(small.path)]
    more = ("--artifacts", "artifacts")
    assert found() == ["artifacts/models/small/1"]


def test_set_may_be_repeated_and_the_last_word_counts(cli):
    shown = json.loads(
        cli("config", "show", "--set", "seed=1", "--set", "features.char_ngrams=[]", "--set", "seed=2").stdout
    )
    assert (shown["seed"], shown["features"]["char_ngrams"]) == (2, None)


def test_strict_makes_a_warning_an_error_and_lasts_for_one_run(cli, small, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "fine"}\n{oops\n', encoding="utf-8")
    call = ("predict", "a.jsonl", "--model", "small", "--artifacts", small.root)
    strict = cli(*call, "--strict")
    assert strict.exit_code == 4
    assert "error: 1 rejected" in strict.stderr
    assert "--strict" in strict.stderr
    lenient = cli(*call)
    assert lenient.exit_code == 0
    assert "warning: 1 rejected" in lenient.stderr


def test_strict_without_a_warning_changes_nothing(cli, small):
    call = ("predict", "--text", "Lava.", "--model", "small", "--artifacts", small.root)
    assert cli(*call, "--strict").stdout == cli(*call).stdout
    assert cli(*call, "--strict").exit_code == 0


def test_a_run_leaves_the_warning_filters_as_they_were(cli):
    before = list(warnings.filters)
    cli("config", "schema", "--strict")
    assert warnings.filters == before
    with pytest.warns(TrainerWarning, match="still only a warning"):
        warnings.warn("still only a warning", TrainerWarning, stacklevel=1)
