from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainer.config import Build, Rule
from trainer.corpus.audit import audit, refuse_altered
from trainer.corpus.build import build_corpus
from trainer.corpus.store import row_schema
from trainer.errors import ArtifactError, TrainerWarning

FILLER = (
    "Nobody in the house on the hill had seen the ship come in that morning.",
    "The clerk of the town hall said that the roof would be mended in the spring.",
    "In the evening the two of them walked along the river to the old mill.",
    "It was said in the market that the bridge would not last the winter.",
)


@pytest.fixture
def audited(tmp_path, tea_and_rain):
    """Audit a corpus of these rows and some that are in order; return the findings by kind."""

    def run(*rows, topics=None):
        good = [
            {"id": f"f{n}", "text": text.replace("the", f"the {n}th", 1)} for n, text in enumerate(FILLER * 6)
        ]
        good += [
            {"id": "g1", "text": "A cup of tea was brought to the guest in the garden.", "labels": ["tea"]},
            {"id": "g2", "text": "The rain in the valley had not stopped for a week.", "labels": ["rain"]},
        ]
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in [*good, *rows]), encoding="utf-8")
        update = {"build": Build(starter=False), "topics": topics or tea_and_rain.topics}
        config = tea_and_rain.model_copy(update=update)
        corpus = build_corpus([path], config, tmp_path / "artifacts")
        return {finding.kind: finding for finding in audit(corpus)}

    return run


def test_a_good_corpus_has_no_findings(audited):
    assert audited() == {}


def test_a_topic_without_sentences_and_a_rule_without_matches_are_named(audited, tea_and_rain):
    tea, rain = tea_and_rain.topics
    snow = tea.model_copy(update={"name": "snow", "rules": (Rule(name="flakes", match=("snowflakes?",)),)})
    found = audited(topics=(tea, rain, snow))
    assert set(found) == {"empty_topic", "idle_rule"}
    assert found["empty_topic"].examples == ("snow",)
    assert found["empty_topic"].detail.startswith('topics of which no sentence is labelled "yes"')
    assert found["idle_rule"].examples[0].startswith("rule:snow/flakes@")


def test_a_topic_that_only_rules_found_is_named(audited, tea_and_rain):
    tea, rain = tea_and_rain.topics
    snow = tea.model_copy(update={"name": "snow", "rules": (Rule(name="flakes", match=("snowflakes?",)),)})
    row = {"id": "s1", "text": "Large snowflakes came down on the roof of the old mill."}
    found = audited(row, topics=(tea, rain, snow))
    assert set(found) == {"no_gold"}
    assert found["no_gold"].examples == ("snow",)


def test_a_rule_that_people_contradict_is_worth_nothing(audited):
    # By its prior it is right 4 to 1: nine times wrong, and the mean falls below a half.
    rows = [
        {"id": f"w{n}", "text": f"The tea house number {n} in the street was shut.", "labels": []}
        for n in range(9)
    ]
    found = audited(*rows)
    assert set(found) == {"worthless_rule"}
    assert found["worthless_rule"].examples[0].startswith("rule:tea/words@")


def test_nearly_equal_sentences_with_other_labels_and_people_who_differ_are_listed(audited):
    line = "The kettle on the stove in the kitchen of the inn sang for the guest"
    rows = [
        {"id": "n1", "text": f"{line} all night.", "labels": ["tea"]},
        {"id": "n2", "text": f"{line} all nights.", "labels": []},
        {"id": "c1", "text": "Two of them drank it in the garden.", "labels": ["tea"], "annotator": "ann"},
        {"id": "c1", "text": "Two of them drank it in the garden.", "labels": [], "annotator": "bob"},
    ]
    with pytest.warns(TrainerWarning, match="people disagree"):
        found = audited(*rows)
    assert set(found) == {"contradiction", "conflict"}
    assert found["contradiction"].examples == (f"n1 and n2: {line} all nights.",)
    assert (found["conflict"].count, found["conflict"].examples) == (1, ("tea 1",))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("unseen", "The te\u200ba in the pot was cold by the time that he came."),
        ("unseen", "The tea in the pot \u202ewas cold by the time that he came."),
        ("unseen", "The t\u00adea in the pot was cold by the time that he came."),
        ("lookalike", "The te\u0430 in the pot was cold by the time that he came."),
        ("lookalike", "\u03a4he tea in the pot was cold by the time that he came."),
    ],
)
def test_characters_that_deceive_are_found(audited, kind, text):
    found = audited({"id": "x", "text": text})
    assert set(found) == {kind}
    assert found[kind].examples[0].endswith(text)


@pytest.mark.parametrize(
    "text",
    [
        "The naïve Zoë drank her café au lait in the garden of the Škoda works.",
        "The word чай is the same as tea in the language of the guest.",
        "The Ω on the label of the box in the hall stands for ohm.",
    ],
)
def test_accents_and_words_of_other_alphabets_deceive_nobody(audited, text):
    assert audited({"id": "x", "text": text}) == {}


def test_a_sentence_in_another_language_is_a_stray(audited):
    text = "Damals haben wir jeden Abend zusammen vor unserem kleinen Haus gesessen und geschwiegen."
    found = audited({"id": "x", "text": text})
    assert set(found) == {"stray"}
    assert found["stray"].examples[0].endswith(text)
    assert audited({"id": "x", "text": "Kettles, teapots, cups."}) == {}  # short: it may well hold none


def test_rows_that_were_changed_after_the_fact_are_refused(tmp_path, tea_and_rain):
    (tmp_path / "a.txt").write_text("Hot tea helps us. Then came the rain.")
    config = tea_and_rain.model_copy(update={"build": Build(starter=False)})
    corpus = build_corpus([tmp_path / "a.txt"], config, tmp_path / "artifacts")
    refuse_altered(corpus)
    rows = corpus.rows(["train"]).to_pylist()
    rows[0]["labels"] = []
    table = pa.Table.from_pylist(rows, schema=row_schema(corpus.topics))
    pq.write_table(table, corpus.path / "data" / "train.parquet")
    with pytest.raises(ArtifactError, match="not those that the fingerprint was taken of") as caught:
        refuse_altered(corpus)
    assert caught.value.exit_code == 7
    with pytest.raises(ArtifactError, match=r"train\.parquet: the file was altered"):
        audit(corpus)
