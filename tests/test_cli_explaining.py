"""``trainer explain``: rules, lexicons and words first; every feature on demand."""

from __future__ import annotations

import json

import pytest

import trainer

LAVA = "Red lava poured down the slope of the volcano."
LAMP = "The lighthouse keeper trimmed the lamp."
SOUP = "The mayor likes soup."
BOTH = "From the lamp room the keeper watched lava reach the harbour."


@pytest.fixture
def explain(cli, small):
    """Explain with the small model."""

    def run(*arguments):
        return cli("explain", *arguments, "--model", "small", "--artifacts", small.root)

    return run


def test_reasons_have_the_promised_keys(explain, small):
    found = json.loads(explain("--text", LAVA, "--json").stdout)
    assert (found["text"], list(found["topics"])) == (LAVA, list(small.config.topic_names))
    for topic in found["topics"].values():
        keys = ["label", "score", "threshold", "margin", "intercept", "rules", "lexicons", "words"]
        assert list(topic) == keys
        total = topic["intercept"] + sum(r["value"] for r in topic["lexicons"] + topic["words"])
        # The promise of the package; sums in another order differ in the last bits.
        assert total == pytest.approx(topic["margin"], abs=1e-9)
    assert found["topics"]["volcanoes"]["rules"] == [{"name": "words", "answer": "yes", "words": "lava"}]


def test_every_feature_is_there_on_demand(explain, small):
    found = json.loads(explain("--text", BOTH, "--json", "--raw").stdout)
    margins = trainer.load("small", root=small.root).decision_function(BOTH)[0]
    for topic, margin in zip(found["topics"].values(), margins, strict=True):
        assert topic["margin"] == margin
        total = topic["intercept"] + sum(c["value"] for c in topic["contributions"])
        assert total == pytest.approx(margin, abs=1e-9)
        for contribution in topic["contributions"]:
            assert all(0 <= start <= end <= len(BOTH) for start, end in contribution["spans"])
    shown = explain("--text", LAVA, "--raw").stdout
    assert "char:" in shown
    assert "char:" not in explain("--text", LAVA).stdout


def test_people_see_the_tagged_topics_or_the_likeliest(explain):
    assert explain("--text", LAVA).stdout.startswith("volcanoes: yes  (probability 0.")
    both = explain("--text", BOTH).stdout
    assert "lighthouses: yes" in both
    assert "volcanoes: yes" in both
    nothing = explain("--text", SOUP).stdout
    assert nothing.startswith("nothing is tagged")
    assert nothing.count(": no  (probability") == 1
    assert "below the threshold" in nothing
    assert "no keyword rule" in nothing
    assert SOUP in nothing


def test_a_no_is_explained_too(explain):
    shown = explain("--text", LAVA, "--topic", "lighthouses").stdout
    assert shown.startswith("lighthouses: no")
    assert "volcanoes:" not in shown
    chosen = json.loads(explain("--text", LAVA, "-t", "lighthouses", "--json").stdout)
    assert list(chosen["topics"]) == ["lighthouses"]


def test_another_language_is_the_reason(explain):
    shown = explain(
        "--text", "Le volcan est dans le sud de la France et il a craché.", "-t", "volcanoes"
    ).stdout
    assert "volcanoes: review" in shown
    assert "another language (fr)" in shown


def test_rows_have_columns_of_any_name(explain, tmp_path):
    (tmp_path / "a.csv").write_text(f"Body\n{LAVA}\n", encoding="utf-8")
    assert "volcanoes: yes" in explain("a.csv", "--columns", "text=Body").stdout


def test_a_topic_that_the_model_lacks_is_a_usage_error(explain):
    result = explain("--text", LAVA, "--topic", "volcano")
    assert result.exit_code == 2
    assert "Did you mean 'volcanoes'?" in result.stderr
