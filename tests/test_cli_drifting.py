"""``trainer drift`` and ``trainer models diff``: what they print, and how they end."""

from __future__ import annotations

import json

import pytest

LAVA = "Red lava poured down the slope of the volcano."


@pytest.fixture
def texts(tmp_path):
    texts = {"now": f"{LAVA} Day {{}} was warm.", "then": "Soup is hot. Day {} was \x1b[31mcold."}
    for name, text in texts.items():
        rows = [json.dumps({"text": text.format(i)}) + "\n" for i in range(20)]
        (tmp_path / f"{name}.jsonl").write_text("".join(rows), encoding="utf-8")
    return tmp_path


def test_drift_says_what_is_off_and_what_to_do(cli, small, texts):
    result = cli("drift", "small", "now.jsonl", "--against", "then.jsonl", "--artifacts", small.root)
    assert result.exit_code == 0
    assert "beyond chance: volcanoes" in result.stdout
    assert "--to-label 200 --topic volcanoes" in result.stdout
    assert len(result.stdout.splitlines()) <= 25
    assert "\x1b" not in result.stdout


def test_drift_as_json(cli, small, texts):
    result = cli(
        "drift", "small", "now.jsonl", "--against", "then.jsonl", "--artifacts", small.root, "--json"
    )
    found = json.loads(result.stdout)
    assert set(found) == {
        "reference", "sentences", "documents", "unknown_words", "other_language", "topics", "terms"
    }  # fmt: skip
    assert found["topics"]["volcanoes"]["p_value"] < 0.05


def test_drift_against_the_corpus_says_what_that_is_worth(cli, small, texts):
    result = cli("drift", "small", "now.jsonl", "--artifacts", small.root)
    assert "a labelled corpus holds more topics than text does" in result.stderr
    missing = cli("drift", "small", "none.jsonl", "--artifacts", small.root)
    assert (missing.exit_code, missing.stdout) == (6, "")


def test_two_models_are_compared(cli, small):
    config = small.root.parent / "inputs" / "small.toml"
    result = cli("models", "diff", "1", "1", "--config", config, "--artifacts", small.root)
    assert result.exit_code == 0
    assert result.stdout == "small@1 -> small@1: the same model\n"
    found = json.loads(
        cli("models", "diff", "small@1", "small@1", "--artifacts", small.root, "--json").stdout
    )
    assert found["same"] is True
    assert cli("models", "diff", "small@1", "small@7", "--artifacts", small.root).exit_code == 6
