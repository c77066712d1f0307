"""The engine as scikit-learn estimators."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from trainer.engine.solver import COMPILED, TOL
from trainer.estimators import JointLinearClassifier, NgramTfidfVectorizer, TopicClassifier

TEXTS = ["hot tea in the pot", "tea and scones", "gin and ice", "cold gin", "tea or gin", "a pot of soup"] * 4
Y = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [1, 1], [0, 0]] * 4)


def exceptions(estimator):
    reason = "a repeated row is visited at other moments than one of double weight: equal up to the gap"
    if not COMPILED and estimator.loss == "log_loss":
        return {}  # LIBLINEAR's Newton method
    slow = "dual descent closes the gap slowly on features of length 900 at a cost of 1000, and warns"
    found = {"check_class_weight_classifiers": slow} if estimator.loss == "log_loss" else {}
    return found | {
        "check_sample_weight_equivalence_on_dense_data": reason,
        "check_sample_weight_equivalence_on_sparse_data": reason,
    }


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(
    [JointLinearClassifier(), JointLinearClassifier(loss="log_loss")],
    expected_failed_checks=exceptions,
)
def test_the_checks_of_scikit_learn_pass(estimator, check):
    check(estimator)


def test_they_work_in_pipelines_and_searches():
    pipeline = make_pipeline(NgramTfidfVectorizer(), JointLinearClassifier())
    search = GridSearchCV(pipeline, {"jointlinearclassifier__C": [0.1, 10.0]}, cv=2)
    search.fit(TEXTS, Y[:, 0])
    assert search.best_estimator_.predict(["tea"]).tolist() == [1]


@pytest.mark.parametrize("ranges", [((1, 2), None), ((1, 1), (2, 4)), (None, (2, 3))])
def test_raw_texts_get_the_labels_of_the_steps_apart(ranges):
    words, chars = ranges
    whole = TopicClassifier(ngram_range=words, char_ngram_range=chars, loss="log_loss").fit(TEXTS, Y)
    assert whole.predict(TEXTS).tolist() == Y.tolist()
    assert whole.decision_function(["soup"]).shape == (1, 2)
    again = pickle.loads(pickle.dumps(whole))  # noqa: S301
    assert np.array_equal(again.decision_function(TEXTS), whole.decision_function(TEXTS))


def test_a_classifier_becomes_a_tagger_that_decides_the_same():
    found = TopicClassifier(char_ngram_range=(2, 3)).fit(TEXTS, Y)
    tagger = found.as_tagger(["tea", "gin"])
    assert np.array_equal(tagger.decision_function(TEXTS), found.decision_function(TEXTS))
    assert tagger.predict_matrix(TEXTS).astype(int).tolist() == found.predict(TEXTS).tolist()
    again = pickle.loads(pickle.dumps(tagger))  # noqa: S301
    assert again.predict("tea").labels == ("tea",)
    with pytest.raises(ValueError, match="1 names for 2"):
        found.as_tagger(["tea"])


def test_what_is_not_known_counts_for_nothing():
    unknown = Y.copy()
    unknown[:6, 0] = -1
    X = NgramTfidfVectorizer().fit_transform(TEXTS)
    weights = np.ones(Y.shape)
    weights[:6, 0] = 0
    one = JointLinearClassifier().fit(X, unknown)
    two = JointLinearClassifier().fit(X, Y, weights)
    assert np.array_equal(one.coef_, two.coef_)


def test_class_weights_and_several_classes_are_those_of_scikit_learn():
    X = NgramTfidfVectorizer().fit_transform(TEXTS)
    y = np.array(["tea", "tea", "gin", "gin", "both", "soup"] * 4)
    for weight in ("balanced", {"tea": 3.0}, None):
        ours = JointLinearClassifier(class_weight=weight, tol=1e-6).fit(X, y)
        theirs = LinearSVC(class_weight=weight, tol=1e-8, max_iter=100_000, random_state=0).fit(X, y)
        assert ours.predict(X).tolist() == theirs.predict(X).tolist()
        np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=0.02)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"loss": "hinge"}, "loss must be"),
        ({"C": 0}, "C must be"),
        ({"C": float("nan")}, "C must be"),
        ({"class_weight": "equal"}, "class_weight must be"),
    ],
)
def test_parameters_that_are_not_known_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        JointLinearClassifier(**change).fit(np.eye(4), [0, 1, 0, 1])


@pytest.mark.parametrize(
    ("X", "y", "weights", "message"),
    [
        (np.eye(4), [1, 1, 1, 1], None, "one class"),
        (np.eye(4), [0, 1, 0], None, "4 rows and y 3"),
        (np.eye(4) * np.nan, [0, 1, 0, 1], None, "NaN"),
        (np.eye(4), [0, 1, 0, 1], [1, np.nan, 1, 1], "NaN"),
        (np.eye(4), [0, 1, 0, 1], [1, -1, 1, 1], "below 0"),
        (np.eye(4), [0, 1, 0, 1], [1, 1], "shape"),
        (np.eye(4), [0, 1, 0, 1], [0, 0, 0, 0], "zero"),
        (np.eye(4), [[0, 2], [1, 0], [0, 1], [1, 1]], None, "label matrix"),
    ],
)
def test_bad_input_is_told(X, y, weights, message):
    with pytest.raises(ValueError, match=message):
        JointLinearClassifier().fit(X, y, weights)


@pytest.mark.parametrize(
    ("change", "texts", "error", "message"),
    [
        ({"analyzer": "char"}, ["a b"], ValueError, "analyzer"),
        ({"norm": "l1"}, ["a b"], ValueError, "norm"),
        ({"ngram_range": (2, 1)}, ["a b"], ValueError, "ngram_range"),
        ({}, ["a"], ValueError, "empty vocabulary"),
        ({}, "one text", ValueError, "not one string"),
        ({}, [None], TypeError, "text 0 is NoneType"),
    ],
)
def test_bad_texts_are_told(change, texts, error, message):
    with pytest.raises(error, match=message):
        NgramTfidfVectorizer(**change).fit(texts)


@pytest.mark.skipif(not COMPILED, reason="LIBLINEAR knows no gap")
def test_the_gap_is_reported_and_so_is_what_was_not_reached():
    X = NgramTfidfVectorizer().fit_transform(TEXTS)
    found = JointLinearClassifier().fit(X, Y)
    assert (found.dual_gap_ <= TOL[found.loss] * found.objective_).all()
    with pytest.warns(match="raise max_iter"):
        JointLinearClassifier(C=1_000.0, max_iter=1).fit(X, Y)
