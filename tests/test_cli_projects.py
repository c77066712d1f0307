"""``trainer init`` and ``trainer topics``: a project of one's own, and a topic more."""

from __future__ import annotations

import json

SENTENCE = "The mine sells neodymium to two firms."


def test_a_project_is_started_and_a_topic_added(cli, tmp_path):
    result = cli("init", "mine", "--topics", "fishing")
    assert result.exit_code == 0
    assert (tmp_path / "mine" / "configs" / "topics.toml").is_file()
    assert "trainer topics add" in result.stderr
    config = "mine/configs/topics.toml"
    added = cli("topics", "add", "rare_earths", "--term", "neodymium", "--config", config)
    assert added.exit_code == 0
    assert "FILL IN" in added.stderr
    rows = json.loads(cli("topics", "list", "--config", config, "--json").stdout)
    assert [(row["name"], row["labels"]) for row in rows] == [("fishing", None), ("rare_earths", None)]
    assert "rare_earths" in cli("topics", "list", "--config", config).stdout
    assert cli("topics", "add", "rare_earths", "--config", config).exit_code == 2
    assert cli("init", "mine").exit_code == 2
    assert cli("topics", "add", "x").exit_code == 2


def test_lists_of_labels_say_nothing_of_a_topic_that_came_later(cli, tmp_path):
    cli("init", ".", "--topics", "fishing")
    cli("topics", "add", "rare_earths", "--term", "neodymium")
    config = (tmp_path / "configs" / "topics.toml").read_text("utf-8")
    first = config.index("assume_no = false")
    config = config[:first] + "assume_no = true" + config[first + len("assume_no = false") :]
    (tmp_path / "configs" / "topics.toml").write_text(config, encoding="utf-8")
    rows = [
        {"text": SENTENCE, "labels": []},
        {"text": "They went fishing at dawn.", "labels": ["fishing"], "judged": ["fishing", "rare_earths"]},
        {"text": "The shop was closed today.", "labels": ["rare_earths"]},
    ]
    (tmp_path / "l.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert cli("build", "l.jsonl", "--no-starter").exit_code == 0
    counts = {row["name"]: row["labels"] for row in json.loads(cli("topics", "list", "--json").stdout)}
    assert counts["fishing"] == {"yes": 1, "no": 2, "unknown": 0}
    assert counts["rare_earths"] == {"yes": 1, "no": 1, "unknown": 1}


def test_a_topic_without_examples_says_what_to_type(cli, tmp_path):
    cli("init", ".", "--topics", "fishing,mining")
    rows = [{"text": f"They went fishing at dawn {i} times.", "labels": {"fishing": "yes"}} for i in range(3)]
    rows += [{"text": f"The shop was closed {i} days.", "labels": {"fishing": "no"}} for i in range(3)]
    (tmp_path / "l.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    cli("build", "l.jsonl", "--no-starter")
    result = cli("fit", "--set", "features.min_df=1")
    assert result.exit_code == 4
    assert "topic 'mining' has no sentence labelled \"yes\"" in result.stderr
    assert "--to-label 200 --topic mining" in result.stderr
    assert "classifier.allow_empty=true" in result.stderr
