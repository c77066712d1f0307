"""Splitters with the conventions of scikit-learn, for labels by the row and groups that stay whole.

They go wherever scikit-learn takes a ``cv``: `cross_val_score`, `GridSearchCV`, `check_cv`. They need no
scikit-learn themselves.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.corpus.splits.assign import assign_groups, fold_of

_Ints = NDArray[np.int64]
_Split = tuple[_Ints, _Ints]


class _GroupSplitter:
    """What both splitters share."""

    def get_metadata_routing(self) -> Any:
        """Ask scikit-learn for the groups, where metadata routing is switched on."""
        from sklearn.utils.metadata_routing import MetadataRequest

        request = MetadataRequest(owner=self)
        request.split.add_request(param="groups", alias=True)
        return request

    def __repr__(self) -> str:
        settings = ", ".join(f"{key}={value!r}" for key, value in sorted(vars(self).items()))
        return f"{type(self).__name__}({settings})"


class MultilabelStratifiedGroupKFold(_GroupSplitter):
    """K folds of whole groups that are balanced over several labels at once.

    Each fold gets its share of the rows, of the positives of every label and, where some rows were not
    judged, of the negatives too; a label that enough groups hold is missing in no fold.

    Parameters
    ----------
    n_splits : int
        Number of folds, at least 2 and at most the number of groups.
    shuffle : bool
        Let chance decide among groups that are about alike. Without it their names do.
    random_state : int, RandomState, Generator or None
        Makes the chance reproducible; only together with `shuffle`.

    See Also
    --------
    trainer.corpus.splits.assign_groups : The assignment itself, for any number of sides of any share.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [1, 1], [0, -1]])
    >>> folds = MultilabelStratifiedGroupKFold(n_splits=2)
    >>> [test.tolist() for _, test in folds.split(y, y, groups=list("aabcde"))]
    [[0, 1, 3], [2, 4, 5]]
    """

    def __init__(self, n_splits: int = 5, *, shuffle: bool = False, random_state: Any = None) -> None:
        if isinstance(n_splits, bool) or not isinstance(n_splits, int | np.integer) or n_splits < 2:
            raise ValueError(f"n_splits must be an int of at least 2. Got {n_splits!r} instead.")
        if random_state is not None and not shuffle:
            raise ValueError("random_state has no effect without shuffle: leave it out, or set shuffle=True.")
        self.n_splits = int(n_splits)
        self.shuffle = shuffle
        self.random_state = random_state

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds."""
        return self.n_splits

    def split(self, X: Any, y: Any, groups: Any = None) -> Iterator[_Split]:
        """Yield the rows to train on and the rows to test on, fold by fold.

        Parameters
        ----------
        X : object
            Passed over.
        y : (n, k) array, sequence of sequences of labels, or (n,) array of classes
            In an array 1 is yes, 0 is no and -1 is not judged: neither a positive nor a negative. Rows of 1,
            0 and -1 that are all as wide are such an array, whatever holds them.
        groups : sequence, length n
            Group of each row; groups are told apart by their names as text.

        Yields
        ------
        train, test : arrays of int64
            Ascending row numbers.

        Raises
        ------
        ValueError
            When `y` or `groups` are missing or do not fit, or there are fewer groups than folds.
        """
        amounts, names = _checked(y, groups)
        if len(set(names)) < self.n_splits:
            raise ValueError(f"n_splits={self.n_splits} is more than the {len(set(names))} groups.")
        seed = _seeds(self.random_state, 1)[0] if self.shuffle else 0
        fold = fold_of(names, amounts, self.n_splits, seed)
        for i in range(self.n_splits):
            yield np.flatnonzero(fold != i), np.flatnonzero(fold == i)


class MultilabelStratifiedGroupShuffleSplit(_GroupSplitter):
    """Repeated train and test splits of whole groups, balanced over several labels at once.

    Parameters
    ----------
    n_splits : int
        Number of repetitions. They differ in groups that are about alike; a group that must be on one side
        for the balance is there each time.
    test_size : float
        Share of the rows to test on, between 0 and 1.
    random_state : int, RandomState, Generator or None
        Makes the chance reproducible.

    See Also
    --------
    MultilabelStratifiedGroupKFold : The same as folds.
    """

    def __init__(self, n_splits: int = 5, *, test_size: float = 0.2, random_state: Any = None) -> None:
        if isinstance(n_splits, bool) or not isinstance(n_splits, int | np.integer) or n_splits < 1:
            raise ValueError(f"n_splits must be an int of at least 1. Got {n_splits!r} instead.")
        if isinstance(test_size, int) or not 0 < test_size < 1:
            raise ValueError(f"test_size must be a float in the range (0, 1). Got {test_size!r} instead.")
        self.n_splits = int(n_splits)
        self.test_size = test_size
        self.random_state = random_state

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of repetitions."""
        return self.n_splits

    def split(self, X: Any, y: Any, groups: Any = None) -> Iterator[_Split]:
        """Yield the rows to train on and the rows to test on; see `MultilabelStratifiedGroupKFold.split`."""
        amounts, names = _checked(y, groups)
        if len(set(names)) < 2:
            raise ValueError("two groups are needed: one to train on and one to test on.")
        for seed in _seeds(self.random_state, self.n_splits):
            side = assign_groups(names, amounts, [1 - self.test_size, self.test_size], seed)
            yield np.flatnonzero(side == 0), np.flatnonzero(side == 1)


def train_validation_test_split(
    y: Any, groups: Any, *, shares: Sequence[float] = (0.8, 0.1, 0.1), seed: int = 0
) -> tuple[_Ints, _Ints, _Ints]:
    """Return the rows of train, validation and test: whole groups, balanced over several labels at once.

    Parameters
    ----------
    y, groups : length n
        As for `MultilabelStratifiedGroupKFold.split`.
    shares : three floats
        Wanted share of each side; a share of 0 gets nothing.
    seed : int
        Decides among groups that are about alike.

    Raises
    ------
    ValueError
        When `y` or `groups` are missing or do not fit, or there are not three shares.
    """
    if len(shares) != 3:
        raise ValueError(f"shares must be three: train, validation and test. Got {shares!r} instead.")
    amounts, names = _checked(y, groups)
    side = assign_groups(names, amounts, shares, seed)
    train, validation, test = (np.flatnonzero(side == i) for i in range(3))
    return train, validation, test


def amounts_of(y: Any) -> NDArray[np.float64]:
    """Return what there is to balance in labels: positives, and negatives of labels not judged everywhere.

    Parameters
    ----------
    y : (n, k) array, sequence of sequences of labels, or (n,) array of classes
        See `MultilabelStratifiedGroupKFold.split`.

    Returns
    -------
    (n, m) array of float64
        Of 0 and 1. A label judged in every row has no column for its negatives: they are the other rows.
    """
    Y = _indicators(y)
    unknown = (Y == -1).any(axis=0)
    return np.column_stack([Y == 1, (Y == 0)[:, unknown]]).astype(float)


def _checked(y: Any, groups: Any) -> tuple[NDArray[np.float64], list[Hashable]]:
    if y is None or groups is None:
        raise ValueError(f"The '{'y' if y is None else 'groups'}' parameter should not be None.")
    amounts = amounts_of(y)
    names = np.asarray(groups).tolist() if hasattr(groups, "__array__") else list(groups)
    if len(names) != len(amounts):
        raise ValueError(f"y has {len(amounts):,} rows and groups {len(names):,}: they must be as many.")
    return amounts, names


def _indicators(y: Any) -> NDArray[Any]:
    """Return labels of any kind as an (n, k) array of 1, 0 and -1."""
    if hasattr(y, "toarray"):
        y = y.toarray()
    if not hasattr(y, "__array__"):
        y = list(y)
        if any(isinstance(row, str) or not hasattr(row, "__iter__") for row in y):
            y = np.array(y)
        elif not _looks_like_indicators(y):
            return _from_lists([list(row) for row in y])
    Y = np.asarray(y)
    if Y.ndim == 1:
        return _from_lists([[label] for label in Y.tolist()])
    if Y.ndim != 2 or not np.isin(Y, (-1, 0, 1)).all():
        raise ValueError("y must be an (n, k) array of 1, 0 and -1, or hold the labels of each row.")
    return Y


def _looks_like_indicators(rows: list[Any]) -> bool:
    """Tell rows of 1, 0 and -1, as many in each, from lists of labels."""
    widths = {len(row) for row in rows}
    return len(widths) == 1 and widths != {0} and all(value in (-1, 0, 1) for row in rows for value in row)


def _from_lists(rows: list[list[Any]]) -> NDArray[np.int8]:
    labels = {label: i for i, label in enumerate(sorted({label for row in rows for label in row}))}
    Y = np.zeros((len(rows), len(labels)), dtype=np.int8)
    for i, row in enumerate(rows):
        Y[i, [labels[label] for label in row]] = 1
    return Y


def _seeds(random_state: Any, count: int) -> list[int]:
    """Draw seeds as scikit-learn does: from an int, a generator, or the state of all numpy."""
    if random_state is None:
        random_state = np.random.mtrand._rand
    elif isinstance(random_state, int | np.integer):
        random_state = np.random.RandomState(random_state)
    draw = getattr(random_state, "integers", None) or random_state.randint
    return [int(seed) for seed in draw(2**31 - 1, size=count)]
