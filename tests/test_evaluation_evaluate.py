from __future__ import annotations

import json
import math
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_score, recall_score

import trainer
from trainer.corpus.examples import Examples, corpus_examples
from trainer.errors import DataError, NotFoundError, TrainerWarning
from trainer.evaluation.evaluate import (
    evaluate_tagger,
    examples_to_score,
    plain_counts,
    rule_decisions,
    rule_votes,
)

# Some that the model and the rules get right, some that one of them or both get wrong.
JUDGED = [
    ("The lighthouse of Pell needs a keeper.", ["lighthouses"]),
    ("Her volcano painting hangs in the hall.", []),
    ("Keepers climb the tower at dusk to trim wicks.", ["lighthouses"]),
    ("Ash and red rock came down the slope for days.", ["volcanoes"]),
    ("A lava lamp glows on the desk.", []),
    ("Watch the lava from the lamp room.", ["lighthouses", "volcanoes"]),
    ("Soup is served at noon.", []),
    ("The beam turned slowly over the reef.", ["lighthouses"]),
    ("Lighthouse Records signed a singer.", []),
    ("The mountain smokes again.", ["volcanoes"]),
]
TOPICS = ("lighthouses", "volcanoes")


def examples(labels: np.ndarray, texts: tuple[str, ...], gold: np.ndarray | None = None) -> Examples:
    ids = tuple(f"e{number}" for number in range(len(texts)))
    judged = np.ones(len(texts), dtype=bool) if gold is None else gold
    return Examples(TOPICS, ids, texts, labels.astype(np.int8), judged, ids, ids, "made-up")


def judged() -> Examples:
    labels = np.array([[topic in found for topic in TOPICS] for _, found in JUDGED])
    return examples(labels, tuple(text for text, _ in JUDGED))


@pytest.fixture
def labelled(tmp_path) -> Path:
    file = tmp_path / "judged.jsonl"
    rows = [
        {"id": f"j{number}", "text": text, "labels": labels} for number, (text, labels) in enumerate(JUDGED)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def by_sklearn(Y: np.ndarray, tagged: np.ndarray, scores: np.ndarray | None) -> dict[str, dict[str, float]]:
    """Score as scikit-learn does; a nan of its is a None of ours."""
    from sklearn.metrics import average_precision_score, precision_recall_fscore_support

    rows = {}
    columns = [Y[:, 0], Y[:, 1], Y.ravel()], [tagged[:, 0], tagged[:, 1], tagged.ravel()]
    margins = [None] * 3 if scores is None else [scores[:, 0], scores[:, 1], scores.ravel()]
    for name, y, found, s in zip((*TOPICS, "micro"), *columns, margins, strict=True):
        y, found, s = y[y >= 0], found[y >= 0], None if s is None else s[y >= 0]
        precision, recall, f1, _ = precision_recall_fscore_support(
            y, found, average="binary", zero_division=np.nan
        ) if len(y) else (math.nan,) * 4  # fmt: skip
        rows[name] = {"precision": precision, "recall": recall, "f1": f1, "support": int((y == 1).sum())}
        if not y.any():
            rows[name] |= {"recall": math.nan, "f1": math.nan}
        if s is not None:
            rows[name]["average_precision"] = average_precision_score(y, s) if y.any() else math.nan
    return rows


def bare(row):
    """Leave out intervals and what scikit-learn has no name for."""
    return {
        key: value
        for key, value in row.items()
        if not key.endswith("_interval") and key not in ("ece", "brier")
    }


def check(table, Y, tagged, scores=None):
    expected = by_sklearn(Y, tagged, scores)
    for name, row in {**table["topics"], "micro": table["micro"]}.items():
        row = bare(row)
        assert row.keys() == expected[name].keys()
        for key, value in row.items():
            wanted = expected[name][key]
            # Sums of quotients in another order: the last bits.
            assert (value is None) == math.isnan(wanted), (name, key)
            assert value is None or value == pytest.approx(wanted, abs=1e-12), (name, key)
    for key, value in bare(table["macro"]).items():
        defined = [row[key] for row in table["topics"].values() if row[key] is not None]
        assert value == (pytest.approx(np.mean(defined), abs=1e-12) if defined else None)


def ruled(config, texts):
    return rule_decisions(rule_votes(config, texts), config.topic_names)


def test_the_scores_are_those_of_scikit_learn(small):
    found = evaluate_tagger(small.fit.model, judged(), small.config)
    tagged, scores = (
        small.fit.model.predict_matrix(judged().texts),
        small.fit.model.predict_proba(judged().texts),
    )
    check(found.gold, judged().Y, tagged, scores)
    check(found.rules, judged().Y, ruled(small.config, judged().texts))
    assert (found.on, found.n, found.silver) == ("made-up", 10, None)
    assert 0 < found.gold["macro"]["f1"] < 1  # neither is perfect here, or the test would show little
    assert 0 < found.rules["macro"]["f1"] < 1


@given(st.data())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
def test_any_labels_are_scored_as_scikit_learn_does(small, data):
    size = data.draw(st.integers(1, 10))
    texts = tuple(text for text, _ in JUDGED[:size])
    answers = st.lists(st.sampled_from([-1, 0, 1]), min_size=2 * size, max_size=2 * size)
    labels = np.array(data.draw(answers)).reshape(size, 2)
    gold = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    if not gold.any():
        gold[0] = True
    found = evaluate_tagger(small.fit.model, examples(labels, texts, gold), small.config)
    tagged, scores = small.fit.model.predict_matrix(texts), small.fit.model.predict_proba(texts)
    check(found.gold, labels[gold], tagged[gold], scores[gold])
    check(found.rules, labels[gold], ruled(small.config, texts)[gold])
    assert found.n == gold.sum()
    assert (found.silver is None) == gold.all()
    if found.silver is not None:
        check(found.silver, labels[~gold], tagged[~gold], scores[~gold])


def test_an_undefined_score_is_null_and_never_zero(small):
    quiet = examples(np.zeros((1, 2)), ("Soup is served at noon.",))
    assert not small.fit.model.predict_matrix(quiet.texts).any()
    row = {"precision": None, "recall": None, "f1": None, "support": 0}
    found = evaluate_tagger(small.fit.model, quiet, small.config)
    nowhere = {f"{key}_interval": None for key in ("precision", "recall", "f1")}
    assert found.rules["topics"]["volcanoes"] == {**row, **nowhere}
    assert bare(found.gold["topics"]["volcanoes"]) == {**row, "average_precision": None}
    assert found.gold["topics"]["volcanoes"]["average_precision_interval"] is None
    assert json.loads(json.dumps(found.to_dict()))["macro"]["f1"] is None


def test_rules_decide_by_hand(small):
    texts = ("Lava!", "LIGHTHOUSES", "lamp room and lava", "lighthousekeeping", "")
    assert ruled(small.config, texts).tolist() == [
        [False, True], [True, False], [True, True], [False, False], [False, False]
    ]  # fmt: skip
    assert ruled(small.config, ()).shape == (0, 2)


def test_the_review_band_counts_as_not_tagged(small):
    shy = replace(small.fit.model, review=0.49)
    found = evaluate_tagger(shy, judged(), small.config)
    check(found.gold, judged().Y, shy.predict_matrix(judged().texts), shy.predict_proba(judged().texts))
    assert (
        found.gold["micro"]["recall"]
        < evaluate_tagger(small.fit.model, judged(), small.config).gold["micro"]["recall"]
    )


def test_without_a_persons_judgement_there_is_no_score(small):
    silver = examples(judged().Y, judged().texts, np.zeros(10, dtype=bool))
    with pytest.raises(DataError, match="no sentence of made-up was judged by a person"):
        evaluate_tagger(small.fit.model, silver, small.config)


def test_other_topics_are_refused(small):
    other = replace(judged(), topics=("volcanoes", "lighthouses"))
    with pytest.raises(DataError, match="the sentences are labelled for"):
        evaluate_tagger(small.fit.model, other, small.config)


def test_a_split_is_that_of_the_corpus_the_model_was_trained_on(small, tmp_path):
    for split in ("train", "test"):
        found = examples_to_score(small.fit.model, split, small.root)
        assert found.texts == corpus_examples(small.corpus, [split]).texts
        assert len(found) == small.corpus.manifest["splits"][split]
    with pytest.raises(NotFoundError, match="has the fingerprint"):
        examples_to_score(small.fit.model, "test", tmp_path)


def test_a_corpus_stands_for_its_test_split(small):
    found = examples_to_score(small.fit.model, small.corpus, small.root)
    assert found.texts == corpus_examples(small.corpus, ["test"]).texts


def test_another_corpus_than_the_models_own_is_a_warning(small):
    info = {**small.fit.model.info, "corpus": {"name": "small", "fingerprint": "other"}}
    stranger = replace(small.fit.model, info=info)
    with pytest.warns(TrainerWarning, match="trained on another corpus"):
        examples_to_score(stranger, small.corpus, small.root)


def test_a_file_is_read_with_what_was_wrong_in_it(small, labelled):
    with labelled.open("a") as handle:
        handle.write('{"id": "x", "text": "Half a ')
    found = trainer.evaluate(small.fit.model, labelled)
    assert found.n == 10
    assert [(r.at, r.reason) for r in found.rejected] == [(f"{labelled}:11", "malformed_json")]


def test_a_report_is_written_as_the_contract_says(small, labelled):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = trainer.evaluate("small@1", labelled, root=small.root).to_dict()
    assert list(report) == [
        "model", "version", "digest", "on", "n", "documents", "fingerprint", "topics", "micro", "macro",
        "plain", "rules", "where_no_rule_fires", "keywords_hidden", "slices", "silver",
    ]  # fmt: skip
    assert (report["model"], report["version"]) == (str(small.path), "1")
    assert (report["digest"], report["on"], report["n"]) == (small.fit.digest, str(labelled), 10)
    keys = {"precision", "recall", "f1", "average_precision", "ece", "brier"}
    keys |= {f"{key}_interval" for key in keys}
    assert list(report["topics"]) == list(TOPICS)
    assert all(row.keys() == keys | {"support"} for row in report["topics"].values())
    assert report["micro"].keys() == (keys | {"support"}) - {"ece", "ece_interval"}
    assert report["macro"].keys() == keys
    assert report["rules"].keys() == {"topics", "micro", "macro"}
    assert report["silver"] is None
    json.dumps(report, allow_nan=False)


def test_gold_and_silver_are_reported_apart(small):
    with pytest.warns(TrainerWarning, match="stood in the training of"):
        report = trainer.evaluate("small", "train", root=small.root).to_dict()
    split = corpus_examples(small.corpus, ["train"])
    assert report["n"] == split.gold.sum()
    assert 0 < report["n"] < len(split)
    assert report["silver"].keys() == {"topics", "micro", "macro"}
    tagged, scores = small.fit.model.predict_matrix(split.texts), small.fit.model.predict_proba(split.texts)
    check(report["silver"], split.Y[~split.gold], tagged[~split.gold], scores[~split.gold])


def test_a_model_that_was_not_saved_says_why_it_cannot_be_scored(small):
    with pytest.raises(DataError, match="was not saved") as caught:
        trainer.evaluate(replace(small.fit.model, info={}), "test", root=small.root)
    assert caught.value.hint == "Save it first."


# In plain words --------------------------------------------------------------------------------------------

decisions = st.lists(
    st.tuples(
        st.lists(st.sampled_from([1, 0, -1]), min_size=2, max_size=2),
        st.lists(st.booleans(), min_size=2, max_size=2),
    ),
    min_size=1,
    max_size=20,
)


@given(decisions)
def test_plain_counts_are_those_of_scikit_learn(rows):
    Y, tagged = (np.array(part) for part in zip(*rows, strict=True))
    found = plain_counts(Y.astype(np.int8), tagged)
    judged = Y >= 0
    assert found.right == int((tagged[judged] & (Y[judged] == 1)).sum())
    if found.tags:
        assert found.right / found.tags == pytest.approx(precision_score(Y[judged], tagged[judged]))
        assert f"of 100 tags {100 * found.right / found.tags:.0f} are right" in found.in_words()
    if found.positives:
        assert found.right / found.positives == pytest.approx(recall_score(Y[judged], tagged[judged]))
    ordinary = [(y, t) for y, t in rows if 1 not in y and 0 in y]
    assert found.ordinary == len(ordinary)
    assert found.false_tags == sum(
        tag and answer == 0 for y, t in ordinary for answer, tag in zip(y, t, strict=True)
    )


def test_what_is_not_there_is_said_in_words():
    nothing = plain_counts(np.array([[1, -1]], np.int8), np.array([[False, True]]))
    assert nothing.in_words() == (
        "nothing is tagged; it finds 0 of 100; nobody judged ordinary sentences, without any topic"
    )
    assert plain_counts(np.array([[0, 0]], np.int8), np.array([[True, False]])).in_words() == (
        "of 100 tags 0 are right; no sentence is on any topic; 1000 false tags in 1,000 ordinary sentences"
    )
