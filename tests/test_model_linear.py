"""The weights are scikit-learn's, from the judged sentences only, and the same bits whatever the threads."""

from __future__ import annotations

import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits

from trainer.config import Classifier
from trainer.engine import solver
from trainer.engine.liblinear import to_scipy
from trainer.engine.sparse import SparseRows
from trainer.model import linear
from trainer.model.linear import fit_in_turns, fit_path, fit_topics

KINDS = ["logistic", "svm"]
SEED = 13
PLAIN = {"compiled": False}


def from_scipy(matrix) -> SparseRows:
    matrix = sparse.csr_matrix(matrix)
    matrix.sort_indices()
    return SparseRows(
        matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data, matrix.shape[1]
    )


def problem(seed: int, n: int = 40, width: int = 15, topics: int = 2):
    """Return a random matrix, labels with gaps, weights with zeros, both classes in every topic."""
    rng = np.random.default_rng(seed)
    X = from_scipy(sparse.random(n, width, density=0.3, format="csr", random_state=seed))
    Y = rng.choice(np.array([-1, 0, 1], np.int8), (n, topics), p=[0.2, 0.5, 0.3])
    weights = rng.choice([0.0, 0.25, 1.0], (n, topics), p=[0.2, 0.3, 0.5])
    Y[:4], weights[:4] = np.array([[0], [1], [0], [1]]), 1.0
    return X, Y, weights


def plain(kind: str, C: float, class_weight: str | None):
    if kind == "svm":
        return LinearSVC(C=C, random_state=SEED, max_iter=10_000, class_weight=class_weight)
    return LogisticRegression(
        C=C, solver="liblinear", random_state=SEED, max_iter=1_000, class_weight=class_weight
    )


def everything(X: SparseRows) -> np.ndarray:
    return np.ones(len(X), dtype=bool)


def same(one, other) -> bool:
    return all(
        a.tobytes() == b.tobytes() and c.tobytes() == d.tobytes()
        for (a, c), (b, d) in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 2**32 - 1), C=st.sampled_from([0.1, 1.0, 4.0]))
@settings(max_examples=25, deadline=None)
def test_weights_are_those_of_the_plain_estimator(kind, seed, C):
    X, Y, weights = problem(seed)
    [(coef, intercept)] = fit_topics(
        X, Y, weights, [everything(X)], Classifier(kind=kind, C=C, class_weight="none"), SEED, **PLAIN
    )
    assert (coef.dtype, intercept.dtype) == (np.float64, np.float64)
    for topic in range(Y.shape[1]):
        used = (Y[:, topic] >= 0) & (weights[:, topic] > 0)
        expected = plain(kind, C, None).fit(
            to_scipy(X)[used], Y[used, topic], sample_weight=weights[used, topic]
        )
        assert np.array_equal(coef[:, topic], expected.coef_[0])
        assert intercept[topic] == expected.intercept_[0]


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_balanced_classes_are_those_of_the_plain_estimator(kind, seed):
    X, Y, _ = problem(seed)
    settings = Classifier(kind=kind, C=1.0, class_weight="balanced")
    [(coef, intercept)] = fit_topics(X, Y, np.ones(Y.shape), [everything(X)], settings, SEED, **PLAIN)
    for topic in range(Y.shape[1]):
        used = Y[:, topic] >= 0
        expected = plain(kind, 1.0, "balanced").fit(to_scipy(X)[used], Y[used, topic])
        # The class weights are the same quotients, rounded once more or less; coef is float32.
        np.testing.assert_allclose(coef[:, topic], expected.coef_[0], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(intercept[topic], expected.intercept_[0], rtol=1e-5, atol=1e-6)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_balanced_classes_have_the_same_weight_in_all(seed):
    X, Y, weights = problem(seed, topics=1)
    [(coef, _)] = fit_topics(
        X, Y, weights, [everything(X)], Classifier(C=1.0, class_weight="balanced"), SEED, **PLAIN
    )
    used = (Y[:, 0] >= 0) & (weights[:, 0] > 0)
    y, weight = Y[used, 0], weights[used, 0]
    share = {label: weight.sum() / 2 / weight[y == label].sum() for label in (0, 1)}
    expected = plain("logistic", 1.0, None).fit(
        to_scipy(X)[used], y, sample_weight=weight * [share[label] for label in y]
    )
    np.testing.assert_allclose(coef[:, 0], expected.coef_[0], rtol=1e-5, atol=1e-6)  # coef is float32


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_unknown_labels_and_zero_weights_take_no_part(kind, seed):
    X, Y, weights = problem(seed, topics=1)
    settings = Classifier(kind=kind, C=1.0)
    found = fit_topics(X, Y, weights, [everything(X)], settings, SEED, **PLAIN)
    out = (Y[:, 0] < 0) | (weights[:, 0] == 0)
    rng = np.random.default_rng(seed)
    other = to_scipy(X).tolil()
    other[np.flatnonzero(out)] = rng.random((out.sum(), X.width))
    other_weights = np.where(Y < 0, rng.random(Y.shape), weights)
    other_Y = np.where((weights == 0) & (Y >= 0), 1 - Y, Y).astype(np.int8)
    assert same(
        found,
        fit_topics(from_scipy(other), other_Y, other_weights, [everything(X)], settings, SEED, **PLAIN),
    )
    kept = from_scipy(to_scipy(X)[~out])
    alone = fit_topics(kept, Y[~out], weights[~out], [everything(kept)], settings, SEED, **PLAIN)
    assert same(found, alone)


@pytest.mark.parametrize("kind", KINDS)
def test_a_selection_is_fitted_as_if_it_stood_alone(kind):
    X, Y, weights = problem(3, n=60, topics=3)
    settings = Classifier(kind=kind)
    chosen = [everything(X), np.arange(60) % 2 == 0, np.arange(60) < 30]
    together = fit_topics(X, Y, weights, chosen, settings, SEED, **PLAIN)
    for i, rows in enumerate(chosen):
        part = from_scipy(to_scipy(X)[rows])
        assert same(
            [together[i]],
            fit_topics(part, Y[rows], weights[rows], [everything(part)], settings, SEED, **PLAIN),
        )


def test_a_topic_of_one_class_has_no_weights_and_a_sure_intercept():
    X, Y, weights = problem(1, topics=5)
    Y[:, 0], Y[:, 1], Y[:, 2] = 0, 1, -1
    weights[Y[:, 4] == 1, 4] = 0  # positives that do not count
    [(coef, intercept)] = fit_topics(X, Y, weights, [everything(X)], Classifier(), SEED, **PLAIN)
    assert not coef[:, [0, 1, 2, 4]].any()
    assert intercept[[0, 1, 2, 4]].tolist() == [-10.0, 10.0, -10.0, -10.0]
    assert coef[:, 3].any()


def test_a_topic_judged_only_on_texts_without_features_is_fitted_all_the_same():
    X, Y, weights = problem(2, topics=1)
    blank = from_scipy(sparse.csr_matrix((len(X), X.width)))
    for kind in KINDS:
        [(coef, _)] = fit_topics(blank, Y, weights, [everything(X)], Classifier(kind=kind), SEED, **PLAIN)
        assert not coef.any()


@pytest.mark.parametrize("kind", KINDS)
def test_the_number_of_workers_changes_no_bit(kind, monkeypatch):
    # Enough work to overlap: the random generator of the solver is one for the whole process.
    X, Y, weights = problem(7, n=400, width=2_000, topics=5)
    folds = [np.arange(400) % 4 != fold for fold in range(4)]
    found = []
    for workers in ("1", "2", "8", "8"):
        monkeypatch.setenv("LOKY_MAX_CPU_COUNT", workers)
        found.append(fit_topics(X, Y, weights, folds, Classifier(kind=kind, C=4.0), SEED, **PLAIN))
    assert all(same(found[0], other) for other in found[1:])


def test_the_number_of_blas_threads_changes_no_bit():
    # BLAS splits vectors of more than 10,000 numbers among its threads.
    X, Y, weights = problem(5, n=100, width=50_000, topics=1)
    found = []
    for threads in (1, 2, 4):
        with threadpool_limits(threads):
            found.append(
                fit_topics(X, Y, weights, [everything(X)], Classifier(kind="logistic", C=4.0), SEED, **PLAIN)
            )
    assert all(same(found[0], other) for other in found[1:])


def test_the_same_matrix_goes_to_scikit_learn():
    X, _, _ = problem(4)
    matrix = to_scipy(X)
    matrix.check_format(full_check=True)
    assert matrix.has_canonical_format
    assert same([(from_scipy(matrix).values, from_scipy(matrix).indices)], [(X.values, X.indices)])


def assert_ascending(told, groups):
    assert told[0] == ("solving", 0, 100 * groups)
    assert told[-1] == ("solving", 100 * groups, 100 * groups)
    assert told == sorted(told)
    if solver.COMPILED:
        assert len(set(told)) > 2 * groups


@pytest.mark.parametrize("kind", KINDS)
def test_models_that_are_made_in_turns_are_those_made_side_by_side(kind, monkeypatch):
    X, Y, weights = problem(9, n=300, width=200, topics=5)
    rows = [*(np.arange(300) % 5 != fold for fold in range(5)), everything(X)]
    told = []

    def fitted():
        given_ = (X, Y, weights, rows, Classifier(kind=kind), SEED, lambda *step: told.append(step))
        return list(fit_in_turns(*given_))

    beside, last = fitted(), 2 if solver.COMPILED else 1
    assert_ascending(told, last)
    told.clear()
    monkeypatch.setattr(solver, "_ROOMY", 0)
    assert same(beside, fitted())
    assert_ascending(told, last)
    assert told.count(("solving", 100, 100 * last)) >= 1  # the first group was done before the second
    # Of five topics the solver makes these very groups of its own accord.
    assert same(beside, fit_topics(X, Y, weights, rows, Classifier(kind=kind), SEED))


@pytest.mark.skipif(not solver.COMPILED, reason="not compiled")
def test_of_models_that_are_made_in_turns_those_that_were_used_are_let_go(monkeypatch):
    monkeypatch.setattr(solver, "_ROOMY", 0)
    X, Y, weights = problem(9, n=100, width=200, topics=5)
    rows = [*(np.arange(100) % 5 != fold for fold in range(5)), everything(X)]
    models = fit_in_turns(X, Y, weights, rows, Classifier(), SEED)
    matrices = []
    for number in range(len(rows)):
        coef, _intercept = next(models)
        matrices.append(weakref.ref(coef if coef.base is None else coef.base))
        del coef
        assert [matrix() is None for matrix in matrices[:3]] == [number > 1] * min(number + 1, 3)


@pytest.mark.parametrize(
    ("selections", "topics", "sizes"),
    [
        (6, 5, [3, 3]), (6, 1, [6]), (6, 2, [6]), (6, 3, [3, 3]), (6, 4, [3, 3]), (6, 6, [2, 2, 2]),
        (6, 7, [2, 2, 2]), (6, 8, [2, 2, 2]), (6, 10, [3, 3]), (6, 16, [1] * 6), (6, 17, [6]), (1, 40, [1]),
    ],
)  # fmt: skip
def test_selections_are_parted_as_finely_as_costs_nothing(selections, topics, sizes):
    rows = [np.full(1, i) for i in range(selections)]
    groups = linear._turns(rows, topics)
    assert [len(group) for group in groups] == sizes
    assert [int(one[0]) for group in groups for one in group] == list(range(selections))


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_each_step_of_a_path_is_the_fit_of_its_cost(kind, compiled):
    X, Y, weights = problem(3)
    rows = [everything(X), np.arange(len(X)) % 3 > 0]
    settings_ = Classifier(kind=kind, class_weight="balanced")
    given_ = (X, Y, weights, rows, settings_, [0.5, 1.0, 4.0], SEED)
    cold, warm = (list(fit_path(*given_, warm=warm, compiled=compiled)) for warm in (False, True))
    for step, C in enumerate([0.5, 1.0, 4.0]):
        one = settings_.model_copy(update={"C": C})
        alone = fit_topics(X, Y, weights, rows, one, SEED, compiled=compiled)
        assert same(cold[step], alone)
        for (coef, intercept), (expected, offset) in zip(warm[step], alone, strict=True):
            # Half the square of the distance of each from the minimiser is at most 1e-5 of the objective, and
            # that is at most the loss of no weights: C for each of 40 rows.
            off = 2 * np.sqrt(2 * 1e-5 * C * len(X))
            assert np.linalg.norm(coef - expected, axis=0).max() <= off
            assert np.abs(intercept - offset).max() <= off
