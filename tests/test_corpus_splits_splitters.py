from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trainer
from trainer.corpus.splits import (
    MultilabelStratifiedGroupKFold,
    MultilabelStratifiedGroupShuffleSplit,
    train_validation_test_split,
)
from trainer.corpus.splits.splitters import amounts_of


@st.composite
def labelled(draw):
    """Labels of three states, and groups."""
    n = draw(st.integers(6, 40))
    Y = draw(st.lists(st.tuples(*[st.sampled_from([-1, 0, 0, 1])] * 3), min_size=n, max_size=n))
    groups = draw(st.lists(st.integers(0, 20), min_size=n, max_size=n).filter(lambda g: len(set(g)) >= 3))
    return np.array(Y), np.array(groups)


def corpus(n=300, seed=0):
    rng = np.random.default_rng(seed)
    Y = (rng.random((n, 3)) < [0.4, 0.2, 0.1]).astype(int)
    return rng.normal(size=(n, 4)), Y, rng.integers(n // 4, size=n)


@settings(max_examples=40)
@given(labelled())
def test_every_row_is_tested_once_and_no_group_is_on_both_sides(data):
    Y, groups = data
    tested = []
    for train, test in MultilabelStratifiedGroupKFold(3).split(Y, Y, groups):
        assert sorted([*train, *test]) == list(range(len(Y)))
        assert not set(groups[train]) & set(groups[test])
        assert len(test)
        tested += test.tolist()
    assert sorted(tested) == list(range(len(Y)))


@settings(max_examples=40)
@given(labelled(), st.floats(0.1, 0.9), st.integers(0, 100))
def test_repeated_splits_keep_groups_whole(data, size, seed):
    Y, groups = data
    splitter = MultilabelStratifiedGroupShuffleSplit(2, test_size=size, random_state=seed)
    for train, test in splitter.split(Y, Y, groups):
        assert sorted([*train, *test]) == list(range(len(Y)))
        assert not set(groups[train]) & set(groups[test])


@settings(max_examples=40)
@given(labelled(), st.randoms())
def test_folds_do_not_depend_on_the_order_of_the_rows(data, random):
    Y, groups = data
    order = np.array(random.sample(range(len(Y)), len(Y)))
    splitter = MultilabelStratifiedGroupKFold(3)
    straight = [set(test.tolist()) for _, test in splitter.split(Y, Y, groups)]
    mixed = [set(order[test].tolist()) for _, test in splitter.split(Y[order], Y[order], groups[order])]
    assert straight == mixed


def folds(splitter, y, groups):
    return [test.tolist() for _, test in splitter.split(y, y, groups)]


def test_chance_is_reproducible_and_changes_the_folds():
    _, Y, groups = corpus()
    kind = MultilabelStratifiedGroupKFold
    plain = folds(kind(3), Y, groups)
    assert plain == folds(kind(3), Y, groups)
    one, two = (folds(kind(3, shuffle=True, random_state=seed), Y, groups) for seed in (1, 2))
    assert one == folds(kind(3, shuffle=True, random_state=1), Y, groups)
    assert one == folds(kind(3, shuffle=True, random_state=np.random.RandomState(1)), Y, groups)
    assert len({json.dumps(each) for each in (plain, one, two)}) == 3
    made = [folds(kind(3, shuffle=True, random_state=np.random.default_rng(5)), Y, groups) for _ in range(2)]
    assert made[0] == made[1]
    state = np.random.RandomState(1)
    assert (
        len({json.dumps(folds(kind(3, shuffle=True, random_state=state), Y, groups)) for _ in range(3)}) == 3
    )
    repeated = MultilabelStratifiedGroupShuffleSplit(4, random_state=0)
    assert len({json.dumps(test) for test in folds(repeated, Y, groups)}) == 4
    assert folds(repeated, Y, groups) == folds(repeated, Y, groups)


def test_without_a_random_state_numpy_s_own_decides():
    _, Y, groups = corpus()
    splitter = MultilabelStratifiedGroupKFold(3, shuffle=True)
    state = np.random.get_state()
    try:
        np.random.seed(3)
        first = folds(splitter, Y, groups)
        np.random.seed(3)
        assert folds(splitter, Y, groups) == first
        assert folds(splitter, Y, groups) != first
    finally:
        np.random.set_state(state)


def test_labels_may_come_in_several_shapes():
    from scipy.sparse import csr_matrix

    _, Y, groups = corpus()
    names = np.array(["ice", "lava", "tide"])
    expected = folds(MultilabelStratifiedGroupKFold(3), Y, groups)
    for y in (
        Y.tolist(),
        csr_matrix(Y),
        Y.astype(bool),
        Y.astype(float),
        [list(names[row == 1]) for row in Y],
    ):
        assert folds(MultilabelStratifiedGroupKFold(3), y, groups) == expected
    assert folds(MultilabelStratifiedGroupKFold(3), Y, groups.astype(str).tolist()) == expected
    classes = np.where(Y[:, 0], "hot", "cold")
    both = np.column_stack([Y[:, 0] == 0, Y[:, 0] == 1]).astype(int)
    by_class = folds(MultilabelStratifiedGroupKFold(3), classes, groups)
    assert by_class == folds(MultilabelStratifiedGroupKFold(3), both, groups)
    assert by_class == folds(MultilabelStratifiedGroupKFold(3), classes.tolist(), groups)


def test_not_judged_is_neither_a_positive_nor_a_negative():
    Y = np.array([[1, 0], [0, 0], [-1, 1]])
    # Positives of both labels, and negatives of the one that was not judged everywhere.
    assert amounts_of(Y).tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert amounts_of(np.abs(Y)).tolist() == [[1, 0], [0, 0], [1, 1]]


def test_judged_rows_are_shared_out_and_not_only_positives():
    # A fifth was judged: a test that happened to get none of it could measure nothing.
    Y = np.full((1_000, 1), -1)
    Y[:200] = 0
    Y[:50] = 1
    groups = np.arange(1_000)
    for _, test in MultilabelStratifiedGroupKFold(5).split(Y, Y, groups):
        assert [int((Y[test] == value).sum()) for value in (-1, 0, 1)] == [160, 30, 10]


def test_three_sides_hold_their_shares():
    _, Y, groups = corpus(2_000)
    parts = train_validation_test_split(Y, groups, shares=(0.7, 0.1, 0.2), seed=1)
    assert sorted(np.concatenate(parts).tolist()) == list(range(2_000))
    for part, share in zip(parts, (0.7, 0.1, 0.2), strict=True):
        assert len(part) == pytest.approx(2_000 * share, abs=2)
        assert Y[part].sum(axis=0) == pytest.approx(Y.sum(axis=0) * share, abs=2)
    assert len(train_validation_test_split(Y, groups, shares=(0.8, 0, 0.2))[1]) == 0


@pytest.mark.parametrize("routing", [False, True])
def test_it_goes_where_scikit_learn_takes_a_splitter(routing):
    import sklearn
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, check_cv, cross_val_score
    from sklearn.multioutput import MultiOutputClassifier

    X, Y, groups = corpus()
    model = MultiOutputClassifier(LogisticRegression())
    for cv in (MultilabelStratifiedGroupKFold(3), MultilabelStratifiedGroupShuffleSplit(3, random_state=0)):
        assert check_cv(cv) is cv
        assert cv.get_n_splits(X, Y, groups) == 3
        with sklearn.config_context(enable_metadata_routing=routing):
            given = {"params": {"groups": groups}} if routing else {"groups": groups}
            scores = cross_val_score(model, X, Y, cv=cv, **given)
            search = GridSearchCV(model, {"estimator__C": [0.1, 1]}, cv=cv).fit(X, Y, groups=groups)
        by_hand = [
            model.fit(X[train], Y[train]).score(X[test], Y[test]) for train, test in cv.split(X, Y, groups)
        ]
        assert scores == pytest.approx(by_hand)
        assert search.n_splits_ == 3
        assert type(cv).__name__ + "(n_splits=3" in repr(search)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: MultilabelStratifiedGroupKFold(1), "n_splits must be an int of at least 2. Got 1"),
        (lambda: MultilabelStratifiedGroupKFold(True), "Got True"),
        (lambda: MultilabelStratifiedGroupKFold(2.0), "Got 2.0"),
        (lambda: MultilabelStratifiedGroupKFold(random_state=1), "no effect without shuffle"),
        (lambda: MultilabelStratifiedGroupShuffleSplit(0), "at least 1. Got 0"),
        (lambda: MultilabelStratifiedGroupShuffleSplit(test_size=1.0), r"range \(0, 1\). Got 1.0"),
        (lambda: MultilabelStratifiedGroupShuffleSplit(test_size=1), r"range \(0, 1\). Got 1"),
        (lambda: train_validation_test_split([[1]], ["a"], shares=(0.5, 0.5)), "shares must be three"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()


@pytest.mark.parametrize(
    ("y", "groups", "said"),
    [
        (np.zeros((3, 2)), None, "The 'groups' parameter should not be None"),
        (None, list("abc"), "The 'y' parameter should not be None"),
        (np.zeros((3, 2)), list("ab"), "y has 3 rows and groups 2"),
        (np.zeros((3, 2)), list("aaa"), "n_splits=2 is more than the 1 groups"),
        (np.full((3, 2), 0.5), list("abc"), "array of 1, 0 and -1"),
        (np.full((3, 2), np.nan), list("abc"), "array of 1, 0 and -1"),
        (np.zeros((3, 2, 2)), list("abc"), "array of 1, 0 and -1"),
    ],
)
def test_data_that_does_not_fit_is_refused(y, groups, said):
    with pytest.raises(ValueError, match=said):
        next(MultilabelStratifiedGroupKFold(2).split(y, y, groups))


def test_one_group_cannot_be_split():
    with pytest.raises(ValueError, match="two groups are needed"):
        next(MultilabelStratifiedGroupShuffleSplit().split(np.zeros((2, 1)), np.zeros((2, 1)), ["a", "a"]))


def test_it_is_exposed_and_loads_no_scikit_learn(python):
    assert trainer.MultilabelStratifiedGroupKFold is MultilabelStratifiedGroupKFold
    code = (
        "import sys, json, trainer.corpus.splits; from trainer import MultilabelStratifiedGroupKFold as K;"
        "list(K(2).split(None, [[1, 0], [0, 1]], ['a', 'b']));"
        "print(json.dumps([n for n in ('sklearn', 'scipy', 'pydantic', 'pyarrow') if n in sys.modules]))"
    )
    assert json.loads(python(code)) == []
