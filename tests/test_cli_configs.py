"""``trainer config``, and what every command does with a setting that is wrong."""

from __future__ import annotations

import json
import tomllib

import pytest

from trainer.config import Config, load_config

COMMANDS = [
    ["config", "show"],
    ["build"],
    ["fit"],
    ["eval"],
    ["predict", "--text", "a"],
    ["explain", "--text", "a"],
    ["models", "show"],
    ["corpus", "stats"],
]


def test_show_prints_what_is_in_force(cli):
    result = cli("config", "show", "--set", "classifier.C=2", "--set", "seed=7")
    shown = json.loads(result.stdout)
    assert shown == load_config(None, ["classifier.C=2", "seed=7"]).model_dump(mode="json")
    assert (shown["classifier"]["C"], shown["seed"]) == (2.0, 7)
    assert result.stderr.startswith("config: ")


def test_init_writes_a_copy_that_is_then_used_with_a_schema_beside_it(cli, tmp_path):
    result = cli("config", "init")
    assert result.exit_code == 0
    assert "trainer build" in result.stderr
    file = tmp_path / "configs" / "topics.toml"
    assert file.read_text(encoding="utf-8").startswith("#:schema ./topics.schema.json\n")
    assert load_config(file) == load_config(None)
    schema = (tmp_path / "configs" / "topics.schema.json").read_text(encoding="utf-8")
    assert schema == cli("config", "schema").stdout
    text = file.read_text(encoding="utf-8").replace("seed = 13", "seed = 14")
    file.write_text(text, encoding="utf-8")
    shown = cli("config", "show")
    assert json.loads(shown.stdout)["seed"] == 14
    assert shown.stderr == "config: configs/topics.toml\n"


def test_init_overwrites_nothing(cli, tmp_path):
    cli("config", "init", "mine")
    (tmp_path / "mine" / "topics.toml").write_text("edited", encoding="utf-8")
    again = cli("config", "init", "mine")
    assert again.exit_code == 2
    assert "is there already" in again.stderr
    assert (tmp_path / "mine" / "topics.toml").read_text(encoding="utf-8") == "edited"


def test_init_where_a_file_stands_is_an_error_in_one_line(cli, tmp_path):
    (tmp_path / "file").write_text("here", encoding="utf-8")
    result = cli("config", "init", "file")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "here"


def test_the_schema_is_the_configs(cli):
    schema = json.loads(cli("config", "schema").stdout)
    assert set(schema["properties"]) == set(Config.model_fields)
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_misspelt_key_is_named_with_its_line_and_likely_name(command, cli, tmp_path):
    cli("config", "init")
    file = tmp_path / "configs" / "topics.toml"
    lines = file.read_text(encoding="utf-8").split("\n")
    line = next(i for i, text in enumerate(lines) if text.startswith("min_df"))
    lines[line] = lines[line].replace("min_df", "min_fd")
    file.write_text("\n".join(lines), encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    result = cli(*command)
    assert (result.exit_code, result.stdout) == (4, "")
    expected = f"configs/topics.toml:{line + 1}: unknown key 'min_fd' in features\nDid you mean 'min_df'?\n"
    assert result.stderr.endswith("error: " + expected)
    assert sorted(tmp_path.rglob("*")) == before, "nothing was written"


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("classifier.silver_wait=1", "Did you mean 'silver_weight'?"),
        ("classifier.C=-1", "--set classifier.C: "),
        ("seed", "--set takes key.key=value, not 'seed'"),
        ("name.deeper=1", "--set name.deeper=1: "),
        ("build.split.train=0.5", "must sum to 1"),
    ],
)
def test_a_wrong_override_is_named(cli, override, said):
    result = cli("config", "show", "--set", override)
    assert (result.exit_code, result.stdout) == (4, "")
    assert said in result.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"seed = \n", "is not TOML"),
        (b"name = 'caf\xe9'\n", "is not TOML"),
        (b"seed = 3\n", "'topics' is missing"),
        (b"", "'topics' is missing"),
        (b"topics = []\n", "'topics'"),
    ],
)
def test_a_config_that_cannot_be_used_is_named(cli, tmp_path, content, said):
    (tmp_path / "c.toml").write_bytes(content)
    result = cli("config", "show", "--config", "c.toml")
    assert (result.exit_code, result.stdout) == (4, "")
    assert result.stderr.startswith("error: c.toml")
    assert said in result.stderr


@pytest.mark.parametrize("path", ["nowhere.toml", ".", "configs/"])
def test_a_config_that_is_not_there_is_not_found(cli, path):
    result = cli("config", "show", "--config", path)
    assert (result.exit_code, result.stdout) == (6, "")
    assert f"'{path}'" in result.stderr
    assert "trainer config init" in result.stderr


def test_a_rule_that_is_no_pattern_is_named(cli, tmp_path):
    cli("config", "init")
    file = tmp_path / "configs" / "topics.toml"
    text = file.read_text(encoding="utf-8").replace("'export[- ]control(?:s|led|ling)?'", "'(?<=a)b'", 1)
    file.write_text(text, encoding="utf-8")
    result = cli("build")
    assert result.exit_code == 4
    assert "rule 'export-control-words' of topic 'export_controls'" in result.stderr
    assert not [path for path in (tmp_path / "artifacts").rglob("*") if path.is_file()]


def test_the_copy_is_toml_of_the_schema(cli, tmp_path):
    cli("config", "init")
    data = tomllib.loads((tmp_path / "configs" / "topics.toml").read_text(encoding="utf-8"))
    assert {topic["name"] for topic in data["topics"]} == set(load_config(None).topic_names)
