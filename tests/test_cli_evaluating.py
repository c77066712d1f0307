"""``trainer eval --against``, ``--gate`` and ``--html``; scores by themselves are in `test_cli_fitting`."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def evaluate(cli, small):
    """Run ``trainer eval`` on the small model."""

    def run(*arguments):
        return cli("eval", "small", "--artifacts", small.root, *arguments)

    return run


def test_every_figure_has_an_interval(evaluate):
    found = json.loads(evaluate("--json").stdout)
    for part in (found, found["rules"], found["where_no_rule_fires"], found["keywords_hidden"]):
        for row in [*part["topics"].values(), part["macro"], part["micro"]]:
            for key in [key for key in row if key != "support" and not key.endswith("_interval")]:
                interval = row[f"{key}_interval"]
                assert interval is None or interval[0] <= interval[1]
                assert (row[key] is not None) or interval is None
    assert {"ece", "brier"} <= set(found["topics"]["volcanoes"])
    assert set(found["plain"]) >= {"right_interval", "found_interval", "false_interval"}


def test_a_comparison_is_as_the_contract_says(evaluate, small):
    found = json.loads(evaluate("--against", "small@1", "--json").stdout)["comparison"]
    assert found["against"] == "1"
    assert found["flipped"] == 0
    for row in [found["macro"], *found["topics"].values()]:
        assert set(row) >= {"f1_difference", "f1_difference_interval", "p_value"}
    shown = evaluate("--against", "rules").stdout
    assert "the keyword rules" in shown
    assert "tags flipped" in shown


def test_what_to_compare_with_may_be_a_bare_version(evaluate):
    assert evaluate("--against", "1").exit_code == 0
    missing = evaluate("--against", "9")
    assert (missing.exit_code, missing.stdout) == (6, "")


def test_a_gate_ends_with_its_code_and_says_why_in_a_line(evaluate, tmp_path):
    (tmp_path / "low.toml").write_text('[[gates]]\nfigure = "macro.f1"\nat_least = 0.01\n')
    (tmp_path / "high.toml").write_text('[[gates]]\nfigure = "macro.f1"\nat_least = 1.01\n')
    passed = evaluate("--gate", "low.toml", "--json")
    assert passed.exit_code == 0
    assert json.loads(passed.stdout)["gate"] == {"passed": True, "failures": [], "notes": []}
    failed = evaluate("--gate", "high.toml", "--json")
    assert failed.exit_code == 3
    (told,) = json.loads(failed.stdout)["gate"]["failures"]
    assert told.startswith("macro.f1 is ")
    assert told in failed.stderr
    wrong = evaluate("--gate", "none.toml")
    assert (wrong.exit_code, wrong.stdout) == (6, "")


def test_the_model_in_production_is_asked_where_there_is_one(evaluate, tmp_path):
    (tmp_path / "g.toml").write_text('[[gates]]\nfigure = "macro.f1"\nagainst = "production"\nat_least = 0\n')
    result = evaluate("--gate", "g.toml")
    assert result.exit_code == 0
    assert "gate: macro.f1 less that of production: not asked" in result.stderr
    (tmp_path / "g.toml").write_text('[[gates]]\nfigure = "macro.f1"\nagainst = "1"\nat_least = 0\n')
    assert "not asked, the model is 1" in evaluate("--gate", "g.toml").stderr


def test_a_page_is_written_and_said(evaluate, tmp_path):
    result = evaluate("--html", "report.html", "--against", "rules")
    assert result.exit_code == 0
    assert "wrote report.html" in result.stdout
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert evaluate("--html", "new/report.html").exit_code == 0
    assert (tmp_path / "new" / "report.html").is_file()


def test_the_story_is_short(evaluate):
    # 25 lines, and as many for a comparison.
    assert len(evaluate().stdout.splitlines()) <= 25
    assert len(evaluate("--against", "rules").stdout.splitlines()) <= 40
