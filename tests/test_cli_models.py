"""``trainer models``: list, show, verify, promote, rollback, export."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

import trainer
from trainer.registry.files import FILES, MANIFEST
from trainer.registry.format import read_model

LAVA = "Red lava poured down the slope of the volcano."


@pytest.fixture
def two(cli, small, tmp_path):
    """Two versions of the small model, in a place that may be written into; return it."""
    root = tmp_path / "artifacts"
    shutil.copytree(small.root, root)
    config = small.root.parent / "inputs" / "small.toml"
    assert cli("fit", "--config", config, "--set", "classifier.C=7").exit_code == 0
    return root


def test_list_json_has_the_promised_keys_and_types(cli, small):
    (found,) = json.loads(cli("models", "list", "--artifacts", small.root, "--json").stdout)
    assert found == {
        "name": "small",
        "version": "1",
        "digest": small.fit.digest,
        "path": str(small.path),
        "aliases": [],
        "macro_f1": small.fit.metrics["test"]["macro"]["f1"],
    }
    assert type(found["macro_f1"]) is float


def test_no_model_is_an_empty_list(cli):
    assert json.loads(cli("models", "list", "--json").stdout) == []
    result = cli("models", "list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "no model yet: `trainer fit` trains one\n"


def test_list_for_people_has_a_line_a_version(cli, two):
    cli("models", "promote", "small@2")
    cli("models", "promote", "small@1", "--alias", "old")
    shown = cli("models", "list").stdout.splitlines()
    (first,) = [line for line in shown if "small@1" in line]
    (second,) = [line for line in shown if "small@2" in line]
    assert "old" in first.split()
    assert "production" in second.split()
    assert [row["aliases"] for row in json.loads(cli("models", "list", "--json").stdout)] == [
        ["old"],
        ["production"],
    ]


def test_promote_and_rollback_move_what_predict_takes(cli, two, small):
    config = small.root.parent / "inputs" / "small.toml"

    def version():
        return cli("predict", "--text", LAVA, "--config", config).stderr.strip().rpartition("/")[2]

    assert version() == "2 (version 2)"
    assert cli("models", "promote", "small@1").stdout == "small@production is version 1\n"
    assert version() == "1 (version 1)"
    assert cli("models", "promote", "small@2").exit_code == 0
    assert cli("models", "rollback", "small").stdout == "small@production is version 1 again\n"
    assert version() == "1 (version 1)"
    nothing_before = cli("models", "rollback", "small")
    assert nothing_before.exit_code == 6
    assert version() == "1 (version 1)"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["promote", "small@9"], 6),
        (["promote", "nothing"], 6),
        (["promote", "small@1", "--alias", "Not A Name"], 2),
        (["promote", "small@1", "--alias", "../x"], 2),
        (["rollback", "nothing"], 6),
        (["rollback", "../small"], 2),
        (["show", "small@sha256:0000000000"], 6),
        (["show", "small@sha256:12"], 2),
        (["verify", "UPPER"], 2),
        (["export", "small", "--format", "onnx"], 2),
    ],
    ids=str,
)
def test_references_that_stand_for_nothing(cli, two, arguments, code):
    before = sorted(path for path in two.rglob("*"))
    result = cli("models", *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.startswith("error: ")
    assert sorted(path for path in two.rglob("*")) == before


def test_a_digest_a_number_an_alias_and_a_folder_name_the_same_model(cli, two, small):
    cli("models", "promote", "small@1", "--alias", "old")
    digest = small.fit.digest
    for reference in ("small@1", "small@old", f"small@sha256:{digest[:12]}", two / "models" / "small" / "1"):
        assert json.loads(cli("models", "verify", reference, "--json").stdout)["digest"] == digest


def test_show_is_the_card_and_in_json_the_manifest_with_metrics(cli, small):
    place = ("small", "--artifacts", small.root)
    card = (small.path / "README.md").read_text(encoding="utf-8")
    shown = cli("models", "show", *place).stdout
    pinned = f'trainer.load("small@1", digest="sha256:{small.fit.digest}")'
    assert shown.split() == [*card.split("\n---\n", 1)[1].split(), *pinned.split()]
    found = json.loads(cli("models", "show", *place, "--json").stdout)
    assert found["digest"] == found["manifest"]["digest"] == small.fit.digest
    assert found["manifest"]["topics"] == list(small.config.topic_names)
    assert found["metrics"] == json.loads((small.path / "metrics.json").read_bytes())


def test_a_card_that_came_with_a_model_cannot_act_on_the_terminal(cli, small, tmp_path):
    shutil.copytree(small.path, tmp_path / "given")
    (tmp_path / "given" / "README.md").write_text(
        "# x \x1b]0;owned\x07 [bold]\u202e :smile:\n", encoding="utf-8"
    )
    shown = cli("models", "show", "./given").stdout
    digest = trainer.api.find("./given").digest
    assert shown == (
        f'# x \\x1b]0;owned\\x07 [bold]\\u202e :smile:\ntrainer.load("./given", digest="sha256:{digest}")\n'
    )


def test_verify_says_sound(cli, small):
    place = ("small", "--artifacts", small.root)
    assert cli("models", "verify", *place).stdout == f"{small.path} is sound: sha256:{small.fit.digest}\n"
    assert json.loads(cli("models", "verify", *place, "--json").stdout) == {
        "model": str(small.path), "version": "1", "digest": small.fit.digest, "sound": True,
    }  # fmt: skip


@pytest.mark.parametrize("name", [*FILES, MANIFEST])
@pytest.mark.parametrize("damage", ["truncated", "missing"])
def test_damage_is_found_listed_and_never_a_traceback(cli, two, name, damage):
    file = two / "models" / "small" / "2" / name
    data = file.read_bytes()
    file.unlink()
    if damage == "truncated":
        file.write_bytes(data[: len(data) // 2])
    code = 6 if (name, damage) == (MANIFEST, "missing") else 7  # a folder without it is no model at all
    result = cli("models", "verify", "small@2")
    assert (result.exit_code, result.stdout) == (code, "")
    assert "artifacts/models/small/2" in result.stderr
    assert cli("models", "export", "small@2", "--out", "taken").exit_code == code
    assert not Path("taken").exists()
    listed = json.loads(cli("models", "list", "--json").stdout)
    assert [row["version"] for row in listed] == ["1", "2"]
    assert cli("models", "list").exit_code == 0
    assert cli("models", "show", "small@2").exit_code == (
        7 if (name, damage) == ("README.md", "missing") else 0
    )
    assert cli("models", "show", "small@2", "--json").exit_code == (
        7 if name in (MANIFEST, "metrics.json") else 0
    )


def test_a_version_without_its_manifest_is_seen_as_damaged(cli, two):
    (two / "models" / "small" / "2" / MANIFEST).unlink()
    row = json.loads(cli("models", "list", "--json").stdout)[1]
    assert (row["digest"], row["macro_f1"]) == (None, None)
    (line,) = [line for line in cli("models", "list").stdout.splitlines() if "small@2" in line]
    assert "damaged" in line
    assert "n/a" in line


def test_export_to_a_folder_is_the_same_model(cli, small):
    result = cli("models", "export", "small", "--artifacts", small.root)
    assert result.stdout == "wrote small-1 and small-1.run.json\n"
    assert read_model(Path("small-1")).info["digest"] == small.fit.digest
    assert {path.name for path in Path().iterdir()} == {"small-1", "small-1.run.json"}


def test_export_to_joblib_decides_alike_and_warns_of_what_such_files_can_do(cli, small):
    import joblib

    place = ("small", "--artifacts", small.root, "--format", "joblib")
    result = cli("models", "export", *place, "--out", "deep/m.joblib")
    assert result.exit_code == 0
    assert "warning: " in result.stderr
    assert "runs whatever code is in it" in result.stderr
    texts = [LAVA, "The lighthouse keeper trimmed the lamp.", "The mayor likes soup.", ""]
    decided = joblib.load("deep/m.joblib").predict(texts).astype(bool).tolist()
    assert decided == trainer.load("small", root=small.root).predict_matrix(texts).tolist()
    assert {path.name for path in Path("deep").iterdir()} == {"m.joblib", "m.joblib.run.json"}


def test_export_to_a_wheel_says_what_it_weighs_and_how_fast_it_loads(cli, small):
    name = f"small_model-1+sha{small.fit.digest[:12]}-py3-none-any.whl"
    place = ("small", "--artifacts", small.root, "--format", "wheel")
    first, second = cli("models", "export", *place).stdout.splitlines()
    assert first == f"wrote {name} and {name}.run.json"
    assert re.fullmatch(
        r"installed it takes 0\.\d MB; in a fresh process it was imported, loaded and had tagged a text "
        r"after \d+ ms",
        second,
    )
    assert {path.name for path in Path().iterdir()} == {name, f"{name}.run.json"}
    refused = cli("models", "export", *place, "--out", "small.whl")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert f"Name a folder, or a file called {name} or" in refused.stderr


def test_nothing_is_overwritten_by_an_export(cli, small, tmp_path):
    (tmp_path / "mine").write_text("mine", encoding="utf-8")
    for kind in ("dir", "joblib"):
        place = ("small", "--artifacts", small.root, "--format", kind, "--out", "mine")
        result = cli("models", "export", *place)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "'mine' is there already" in result.stderr
    assert (tmp_path / "mine").read_text(encoding="utf-8") == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_number_is_a_version_of_the_model_that_the_config_names(cli, two):
    shown = json.loads(cli("models", "show", "1", "--set", "name=small", "--json").stdout)
    assert (shown["name"], shown["version"]) == ("small", "1")
