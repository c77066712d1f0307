"""Training: nothing leaks, nothing depends on order, and what cannot be learned is said."""

from __future__ import annotations

import gc
import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import trainer
from trainer.config import Config
from trainer.corpus.examples import Examples, corpus_examples
from trainer.engine import solver
from trainer.engine.counting import CompiledCounter
from trainer.engine.liblinear import to_scipy
from trainer.engine.packed import COMPILED
from trainer.errors import DataError
from trainer.model import linear
from trainer.model.features import Block
from trainer.model.fit import fit_tagger, learn_features
from trainer.model.training_set import label_counts

TOPICS = ("kites", "soups")
WORDS = {1: (("kite", "string", "wind"), ("broth", "ladle", "leek")), 0: (("ledger",), ("ledger",))}


SETTINGS = {
    "features": {"min_df": 1, "word_ngrams": [1, 2], "char_ngrams": []},
    "classifier": {"kind": "logistic", "C": 4.0, "class_weight": "none"},
    "thresholds": {"objective": "f1", "lowest": 0.3, "highest": 0.7, "folds": 5},
}


def config(**changes) -> Config:
    """Make a config of two topics: the settings above, with some of them changed."""
    topics = [{"name": name, "title": name.title(), "definition": name} for name in TOPICS]
    rooms = {room: {**SETTINGS[room], **changes.pop(room, {})} for room in SETTINGS}
    return Config.model_validate({"topics": topics, **rooms, **changes})


def examples(rows, topics=TOPICS) -> Examples:
    """Make examples of (text, labels) or (text, labels, gold) rows, each a group of its own."""
    n = len(rows)
    return Examples(
        topics,
        tuple(f"s{i:03}" for i in range(n)),
        tuple(row[0] for row in rows),
        np.array([row[1] for row in rows], dtype=np.int8).reshape(n, len(topics)),
        np.array([row[2] if len(row) > 2 else True for row in rows], dtype=bool),
        tuple(f"g{i:03}" for i in range(n)),
        ("",) * n,
        "made up",
    )


def sentences(n: int = 40) -> list[tuple[str, tuple[int, int]]]:
    """Return sentences of which each topic shows by one of three words."""
    rows = []
    for i, (kite, soup) in zip(range(n), list(product((0, 1), (0, 1))) * n, strict=False):
        words = [WORDS[kite][0][i % len(WORDS[kite][0])], WORDS[soup][1][i % len(WORDS[soup][1])]]
        rows.append((f"number {i % 9} and {' with '.join(words)}", (kite, soup)))
    return rows


def same(one, other) -> bool:
    """Tell whether two taggers are equal to the last bit."""

    def numbers(tagger):
        arrays = [tagger.weights, tagger.intercept, tagger.calibration, tagger.thresholds]
        arrays += [block.idf for block in tagger.features.blocks if isinstance(block, Block)]
        return [array.tobytes() for array in arrays]

    def known(tagger):
        return [(block.kind, block.vocabulary) for block in tagger.features.blocks]

    return known(one) == known(other) and numbers(one) == numbers(other)


@pytest.mark.parametrize("kind", ["logistic", "svm"])
def test_what_is_plainly_there_is_learned(kind):
    fitted = fit_tagger(examples(sentences()), config(classifier={"kind": kind}))
    assert fitted.tagger.topics == TOPICS
    assert fitted.tagger.predict("a kite and a ladle").labels == TOPICS
    assert fitted.tagger.predict("wind over the ledger").labels == ("kites",)
    assert fitted.tagger.predict("number 3 and ledger with ledger").labels == ()
    assert fitted.out_of_fold["macro"]["f1"] == 1.0
    assert fitted.out_of_fold["topics"]["kites"]["support"] == 20


def test_scores_out_of_fold_come_from_models_that_had_not_seen_the_group():
    # Each group has a word of its own and a label by lot: nothing can be learned of another group.
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, (60, 2))
    rows = [(f"omen{i} omen{i} tale", labels[i]) for i in range(60) for _ in range(3)]
    groups = tuple(f"g{i:03}" for i in range(60) for _ in range(3))
    # A wide range, so that no bound hides a score.
    settings = config(thresholds={"objective": "fixed"}, classifier={"C": 100.0})
    leaky, honest = (
        fit_tagger(replace(examples(rows), groups=chosen), settings)
        for chosen in (tuple(map(str, range(180))), groups)
    )
    for topic in TOPICS:
        # Rows of a group in several folds give the label away; by lot it is about one half.
        assert leaky.out_of_fold["topics"][topic]["average_precision"] > 0.95
        assert honest.out_of_fold["topics"][topic]["average_precision"] < 0.75


def test_the_order_of_the_input_changes_no_bit(small, tmp_path):
    inputs = small.root.parent / "inputs"
    rows = (inputs / "rows.jsonl").read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "rows.jsonl").write_text("".join(rows[::-1]), encoding="utf-8")
    (tmp_path / "note.txt").write_bytes((inputs / "note.txt").read_bytes())
    files = [tmp_path / "note.txt", tmp_path / "rows.jsonl"]
    corpus = trainer.build(files, small.config, root=tmp_path / "artifacts")
    again = trainer.fit(corpus, small.config, root=tmp_path / "artifacts", save=False)
    assert same(again.model, small.fit.model)


def test_a_fit_again_changes_no_bit(small):
    splits = [split for split in small.corpus.splits if split != "test"]
    again = fit_tagger(corpus_examples(small.corpus, splits), small.config)
    assert same(again.tagger, small.fit.model)


FIT_AND_PRINT = """
import hashlib, sys
import numpy as np
from trainer.config import Config
from trainer.corpus.examples import Examples
from trainer.model.fit import fit_tagger

rng = np.random.default_rng(1)
words = ["".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), 9)) for _ in range(1_000)]
texts = tuple(" ".join(rng.choice(words, 9)) for _ in range(200))
names = tuple(map(str, range(200)))
Y = (rng.random((200, 2)) < 0.3).astype(np.int8)
settings = {
    "topics": [{"name": name, "title": name, "definition": name} for name in ("a", "b")],
    "classifier": {"kind": sys.argv[1], "C": 4.0}, "thresholds": {"folds": 2},
    "features": {"min_df": 1, "char_ngrams": [2, 5]},
}
made_up = Examples(("a", "b"), names, texts, Y, np.ones(200, bool), names, ("",) * 200, "made up")
tagger = fit_tagger(made_up, Config.model_validate(settings)).tagger
assert len(tagger.features) > 20_000  # BLAS splits vectors of more than 10,000 numbers
arrays = (tagger.weights, tagger.intercept, tagger.calibration, tagger.thresholds)
print(hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest())
"""


@pytest.mark.parametrize("kind", ["logistic", "svm"])
def test_threads_and_hash_seeds_of_a_fresh_process_change_no_bit(kind, python):
    variables = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "LOKY_MAX_CPU_COUNT", "PYTHONHASHSEED")
    digests = {python(FIT_AND_PRINT, kind, **dict.fromkeys(variables, number)) for number in ("1", "4")}
    assert len(digests) == 1


def test_a_topic_without_positives_is_refused_unless_allowed():
    rows = [(text, (kite, 0)) for text, (kite, _) in sentences()]
    wrong = r"topic 'soups' has no sentence labelled \"yes\" \(0 yes, 40 no, 0 unknown in training\)"
    with pytest.raises(DataError, match=wrong) as caught:
        fit_tagger(examples(rows), config())
    assert "classifier.allow_empty=true" in str(caught.value)
    assert caught.value.exit_code == 4
    fitted = fit_tagger(examples(rows), config(classifier={"allow_empty": True}))
    assert not any("soups" in found.labels for found in fitted.tagger.predict([text for text, _ in rows]))
    assert fitted.tagger.predict("a kite").labels == ("kites",)
    assert fitted.out_of_fold["topics"]["soups"]["f1"] is None
    assert fitted.out_of_fold["macro"]["f1"] == fitted.out_of_fold["topics"]["kites"]["f1"] == 1.0


@pytest.mark.parametrize(
    ("label", "counts"), [(1, "40 yes, 0 no, 0 unknown"), (-1, "0 yes, 0 no, 40 unknown")]
)
def test_a_topic_without_negatives_or_without_any_judgement_is_refused(label, counts):
    rows = [(text, (kite, label)) for text, (kite, _) in sentences()]
    with pytest.raises(DataError, match=f"topic 'soups' has no sentence labelled .*{counts}"):
        fit_tagger(examples(rows), config())


def test_positives_that_have_no_weight_are_none():
    rows = [(text, (kite, 0)) for text, (kite, _) in sentences()] + [("leek broth", (0, 1), False)] * 3
    with pytest.raises(DataError, match="topic 'soups' has no sentence labelled \"yes\""):
        fit_tagger(examples(rows), config(classifier={"silver_weight": 0.0}))


def test_nothing_to_learn_from_is_said():
    with pytest.raises(DataError, match="topic 'kites' has no sentence"):
        fit_tagger(examples([]), config())
    with pytest.raises(DataError, match="no feature stands in 5 sentences or more"):
        learn_features(examples([("alone here", (1, 0))]), config(features={"min_df": 5}))


def test_sentences_without_a_judgement_or_without_weight_take_no_part():
    rows = sentences()
    fitted = fit_tagger(examples(rows), config())
    unjudged = [("unheard kite omen", (-1, -1))] * 4
    assert same(fit_tagger(examples(rows + unjudged), config()).tagger, fitted.tagger)
    settings = config(classifier={"silver_weight": 0.0})
    silver = [("broth of an unheard omen", (1, 0), False)] * 4
    assert same(
        fit_tagger(examples(rows + silver), settings).tagger, fit_tagger(examples(rows), settings).tagger
    )


def furthest(rows: float) -> float:
    """Return how far weights may be from the minimiser.

    Half the square of it is at most the gap, 1e-5 of the objective, which is at most that of no weights.
    """
    return float(np.sqrt(2 * 1e-5 * 4.0 * rows * np.log(2)))


def test_an_unknown_label_takes_no_part_in_its_topic_only():
    rows = sentences()
    rows[5:9] = [(text, (kite, -1)) for text, (kite, _) in rows[5:9]]
    data = examples(rows)
    tagger = fit_tagger(data, config()).tagger
    X = to_scipy(tagger.features.transform(data.texts))
    for topic in range(2):
        used = data.Y[:, topic] >= 0
        plain = LogisticRegression(C=4.0, solver="liblinear", max_iter=1_000).fit(
            X[used], data.Y[used, topic]
        )
        assert np.linalg.norm(tagger.weights[:, topic] - plain.coef_[0]) < furthest(used.sum())


def test_people_weigh_one_rules_less_and_their_silence_least():
    rows = sentences()
    rows += [
        ("a rule saw the kite", (1, 0), False),
        ("a rule saw the leek", (0, 1), False),
        ("no rule", (0, 0), False),
    ]
    data = examples(rows)
    settings = config(classifier={"silver_weight": 0.5}, build={"silence_weight": 0.2})
    tagger = fit_tagger(data, settings).tagger
    X = to_scipy(tagger.features.transform(data.texts))
    for topic, silver in enumerate(([0.5, 0.1, 0.1], [0.1, 0.5, 0.1])):
        weight = np.r_[np.ones(40), silver]
        plain = LogisticRegression(C=4.0, solver="liblinear", max_iter=1_000)
        plain.fit(X, data.Y[:, topic], sample_weight=weight)
        assert np.linalg.norm(tagger.weights[:, topic] - plain.coef_[0]) < furthest(weight.sum())


def test_of_silent_sentences_only_so_many_are_used_whatever_their_order():
    silent = [(f"hush{i:02}", (0, 0), False) for i in range(30)]
    data = examples([*sentences(), ("a rule saw a squall", (1, 0), False), *silent])
    backwards = replace(
        data,
        **{key: getattr(data, key)[::-1] for key in ("ids", "texts", "groups", "sources", "Y", "gold")},
    )
    kept = []
    for rows, most, seed in ((data, 7, 13), (backwards, 7, 13), (data, 7, 14), (data, 30, 13), (data, 0, 13)):
        settings = config(classifier={"most_silent": most}).model_copy(update={"seed": seed})
        words = fit_tagger(rows, settings).tagger.features.blocks[0].vocabulary
        assert {"kite", "ladle", "squall"} <= set(words)
        kept.append([word for word in words if word.startswith("hush")])
    assert [len(words) for words in kept] == [7, 7, 7, 30, 0]
    assert kept[0] == kept[1] != kept[2]


@pytest.mark.parametrize("kind", ["logistic", "svm"])
def test_rule_made_labels_alone_make_a_model_that_nobody_has_measured(kind):
    silver = [(text, labels, False) for text, labels in sentences()]
    fitted = fit_tagger(examples(silver), config(classifier={"kind": kind}, thresholds={"fixed": 0.45}))
    assert fitted.tagger.calibration.tolist() == [[1.0, 0.0]] * 2
    assert fitted.tagger.thresholds.tolist() == [0.45, 0.45]
    assert fitted.tagger.predict("the wind took the broth").labels == TOPICS
    micro = fitted.out_of_fold["micro"]
    assert (micro["support"], micro["f1"], micro["average_precision"]) == (0, None, None)


@pytest.mark.parametrize("kind", ["logistic", "svm"])
def test_rules_that_contradict_people_enter_neither_calibration_nor_thresholds_nor_scores(kind):
    gold = sentences()
    contrary = [(text, (1 - kite, 1 - soup), False) for text, (kite, soup) in gold]
    data = examples(gold + contrary)
    data = replace(data, groups=data.groups[:40] * 2)  # held out with the sentence that they repeat
    wanted = config(classifier={"kind": kind, "silver_weight": 1e-6}, thresholds={"fixed": 0.65})
    alone, both = (fit_tagger(rows, wanted) for rows in (examples(gold), data))
    assert both.out_of_fold["micro"]["support"] == 40
    assert both.out_of_fold["micro"]["f1"] == 1.0
    # Twice the sentences change the document frequencies, and with them the margins, a little.
    np.testing.assert_allclose(both.tagger.calibration, alone.tagger.calibration, rtol=0.05, atol=0.05)
    np.testing.assert_allclose(both.tagger.thresholds, alone.tagger.thresholds, atol=0.02)


def test_unknown_labels_enter_neither_calibration_nor_thresholds_nor_scores():
    gold = sentences()
    data = examples(gold + [(text, (-1, soup)) for text, (_, soup) in gold])
    data = replace(data, groups=data.groups[:40] * 2)
    alone, both = (fit_tagger(rows, config(classifier={"kind": "svm"})) for rows in (examples(gold), data))
    assert both.out_of_fold["topics"]["kites"]["support"] == 20
    assert both.out_of_fold["topics"]["kites"]["f1"] == 1.0
    # Twice the sentences change the document frequencies, and with them the margins, a little.
    np.testing.assert_allclose(both.tagger.calibration[0], alone.tagger.calibration[0], rtol=0.05, atol=0.05)
    np.testing.assert_allclose(both.tagger.thresholds[0], alone.tagger.thresholds[0], atol=0.02)


def test_the_margins_of_an_svm_are_made_probabilities_and_those_of_logistic_regression_are_some():
    rng = np.random.default_rng(6)
    noisy = [(text, tuple(np.where(rng.random(2) < 0.2, 1 - np.array(y), y))) for text, y in sentences(200)]
    for kind in ("logistic", "svm"):
        fitted = fit_tagger(examples(noisy), config(classifier={"kind": kind, "C": 0.5}))
        assert (fitted.tagger.calibration.tolist() == [[1.0, 0.0]] * 2) == (kind == "logistic")
        scores = fitted.tagger.predict_proba([text for text, _ in noisy])
        # One label in five is wrong by lot: a model that knows how sure to be says about 0.8 and 0.2.
        sure = np.array([y for _, y in sentences(200)], dtype=bool)
        assert 0.7 < scores[sure].mean() < 0.9
        assert 0.1 < scores[~sure].mean() < 0.3


def test_a_chosen_threshold_is_no_worse_out_of_fold_than_the_fixed_one():
    rng = np.random.default_rng(4)
    noisy = [(text, tuple(np.where(rng.random(2) < 0.25, 1 - np.array(y), y))) for text, y in sentences(80)]
    wide = {"lowest": 0.05, "highest": 0.95, "folds": 4}
    chosen = fit_tagger(examples(noisy), config(thresholds=wide))
    fixed = fit_tagger(examples(noisy), config(thresholds={**wide, "objective": "fixed"}))
    assert fixed.tagger.thresholds.tolist() == [0.5, 0.5]
    assert ((chosen.tagger.thresholds >= 0.05) & (chosen.tagger.thresholds <= 0.95)).all()
    for topic in TOPICS:
        one, other = (f.out_of_fold["topics"][topic] for f in (chosen, fixed))
        assert one["f1"] >= other["f1"]
        assert one["average_precision"] == other["average_precision"]


def test_features_are_the_blocks_of_the_config():
    data = examples(sentences())
    words = learn_features(data, config())
    assert [(block.kind, block.ngrams) for block in words.blocks] == [("word", (1, 2))]
    wanted = {"min_df": 3, "word_ngrams": [1, 1], "char_ngrams": [2, 4], "sublinear_tf": False}
    both = learn_features(data, config(features=wanted))
    assert [(b.kind, b.ngrams, b.sublinear_tf) for b in both.blocks] == [
        ("word", (1, 1), False),
        ("char", (2, 4), False),
    ]


def test_lexicons_of_the_config_are_features_unless_their_weight_is_zero():
    lexicons = [{"name": "makers", "terms": ["sail*", "reel ~ spar"]}]
    data = examples(sentences())
    with_lexicon = learn_features(data, config(lexicons=lexicons, features={"lexicon_weight": 1.5}))
    assert [block.kind for block in with_lexicon.blocks] == ["word", "lexicon"]
    assert with_lexicon.transform(["a sailmaker"]).values.tolist() == [1.5]
    without = learn_features(data, config(lexicons=lexicons, features={"lexicon_weight": 0}))
    assert [block.kind for block in without.blocks] == ["word"]


def test_labels_are_counted_by_topic_and_answer():
    counts = label_counts(examples([("a", (1, -1)), ("b", (0, -1)), ("c", (1, 0))]))
    assert counts == {
        "kites": {"yes": 2, "no": 1, "unknown": 0, "yes_by_people": 2, "no_by_people": 1},
        "soups": {"yes": 0, "no": 1, "unknown": 2, "yes_by_people": 0, "no_by_people": 1},
    }
    assert json.loads(json.dumps(counts)) == counts


def test_the_review_band_of_the_config_is_the_tagger_s():
    assert fit_tagger(examples(sentences()), config(thresholds={"review": 0.2})).tagger.review == 0.2


def test_curves_bands_and_decisions_are_the_tagger_s_and_told():
    rng = np.random.default_rng(6)
    noisy = [(text, tuple(np.where(rng.random(2) < 0.2, 1 - np.array(y), y))) for text, y in sentences(200)]
    own = [{"topic": "soups", "objective": "precision_at_least", "value": 0.99}]
    wanted = config(calibration={"method": "beta"}, thresholds={"review_error": 0.15, "own": own})
    fitted = fit_tagger(examples(noisy), wanted)
    assert list(fitted.tagger.curves) == list(TOPICS)
    assert list(fitted.decisions) == list(TOPICS)
    for i, topic in enumerate(TOPICS):
        told = fitted.decisions[topic]
        assert told["threshold"] == fitted.tagger.thresholds[i]
        assert (told["review"]["lower"], told["review"]["upper"]) == tuple(fitted.tagger.bands[i])
    tagged, _ = fitted.tagger.decide(fitted.held_out)
    outside = fitted.decisions["kites"]["review"]["false_tags"]
    y = np.array([labels[0] for _, labels in noisy])
    assert outside == (None if not tagged[:, 0].any() else pytest.approx((y[tagged[:, 0]] == 0).mean()))


def test_progress_is_told_to_the_end(monkeypatch):
    told = {}
    monkeypatch.setattr("trainer.model.fit._TOGETHER", 15)
    fit_tagger(examples(sentences()), config(), lambda stage, *step: told.setdefault(stage, []).append(step))
    assert all(done == total for done, total in (steps[-1] for steps in told.values()))
    learned = [done for done, _ in told["learning n-grams"]]
    assert learned == sorted(learned)
    assert {0, 40} <= {*learned}
    if COMPILED:
        assert [done for done, _ in told["weighing"]] == [0, 15, 30, 40]


def test_how_many_texts_are_read_at_a_time_changes_no_bit(monkeypatch):
    settings = config(features={"min_df": 1})
    at_once = fit_tagger(examples(sentences()), settings).tagger
    monkeypatch.setattr("trainer.model.fit._TOGETHER", 7)
    few = fit_tagger(examples(sentences()), settings).tagger
    assert few.weights.tobytes() == at_once.weights.tobytes()
    assert few.intercept.tobytes() == at_once.intercept.tobytes()


@pytest.mark.skipif(not COMPILED, reason="not compiled")
def test_tables_of_many_features_are_not_there_while_weights_are_found(monkeypatch):
    counters = []
    solve = linear.solve

    def watched(*given_, **more):
        gc.collect()
        counters.append(sum(isinstance(one, CompiledCounter) for one in gc.get_objects()))
        return solve(*given_, **more)

    monkeypatch.setattr(linear, "solve", watched)
    monkeypatch.setattr(solver, "_ROOMY", 0)
    settings = config(features={"char_ngrams": [2, 3]}, thresholds={"folds": 10})
    as_they_are = fit_tagger(examples(sentences()), settings)
    there = counters.pop()  # two of them its own
    monkeypatch.setattr("trainer.model.fit._MANY", 1)
    light = fit_tagger(examples(sentences()), settings)
    assert counters == [there] * 3  # which the first model keeps, and the second has none
    assert same(as_they_are.tagger, light.tagger)
    assert as_they_are.held_out.tobytes() == light.held_out.tobytes()


@pytest.mark.skipif(not COMPILED, reason="not compiled")
def test_passing_over_rare_words_changes_no_bit_of_a_model(monkeypatch):
    settings = config(features={"min_df": 2, "word_ngrams": [1, 3], "char_ngrams": [2, 3]})
    plain = fit_tagger(examples(sentences()), settings)
    monkeypatch.setattr("trainer.engine.learning._MANY", 0)
    monkeypatch.setattr("trainer.engine.learning._COUNTS", 64)
    passed = fit_tagger(examples(sentences()), settings)
    assert same(plain.tagger, passed.tagger)
    assert plain.held_out.tobytes() == passed.held_out.tobytes()
