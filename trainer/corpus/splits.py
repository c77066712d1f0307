"""Splitting sentences so that no group stands on two sides and every side has its share of every topic.

A greedy assignment of whole groups, largest first, after the iterative stratification of Sechidis,
Tsoumakas and Vlahavas (ECML PKDD 2011): each group goes where the topics that it holds are most
wanted, by least squares.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def assign_groups(
    groups: Sequence[str], Y: NDArray[np.float64], shares: Sequence[float], seed: int
) -> NDArray[np.int64]:
    """Assign every row to one of several sides, whole groups at a time.

    Parameters
    ----------
    groups : sequence of str, length n
        Group of each row; the result depends on these names and not on the order of the rows.
    Y : (n, m) array
        What to balance: how much of each of m things a row holds (say, 1 where it has the topic).
        The number of rows is balanced besides.
    shares : sequence of float
        Wanted share of each side; a share of 0 gets nothing.
    seed : int
        Decides among groups that are alike.

    Returns
    -------
    (n,) array of int64
        The side of each row.
    """
    # As objects: an array of str would give every name the room of the longest.
    names, group_of = np.unique(np.asarray(groups, dtype=object), return_inverse=True)
    columns = np.column_stack([np.ones(len(group_of)), np.asarray(Y, dtype=float).reshape(len(group_of), -1)])
    holds = np.stack(
        [np.bincount(group_of, weights=column, minlength=len(names)) for column in columns.T], axis=1
    )
    burden = holds / np.maximum(holds.sum(axis=0), 1e-12)
    share = np.asarray(shares, dtype=float)
    want = np.repeat(share[:, None], burden.shape[1], axis=1)
    side_of = np.zeros(len(names), dtype=np.int64)
    open_sides = np.flatnonzero(share > 0)
    for group in _hardest_first(names, burden, seed):
        # By how much the group lowers the sum over sides of |what it still wants|^2 / share: relative to
        # its size, so that a small side is not starved, and against groups too large for it.
        gain = (2 * want[open_sides] @ burden[group] - burden[group] @ burden[group]) / share[open_sides]
        best = open_sides[int(np.argmax(gain))]
        side_of[group] = best
        want[best] -= burden[group]
    return side_of[group_of]


def fold_of(groups: Sequence[str], Y: NDArray[np.float64], folds: int, seed: int) -> NDArray[np.int64]:
    """Return for every row the fold that tests it; see `assign_groups`."""
    return assign_groups(groups, Y, [1 / folds] * folds, seed)


def _hardest_first(names: NDArray[np.object_], burden: NDArray[np.float64], seed: int) -> NDArray[np.int64]:
    """Order groups by the rarest thing they hold most of; ties by a hash of name and seed."""
    lots = np.array([hashlib.sha256(f"{seed}:{name}".encode()).hexdigest() for name in names])
    return np.lexsort((lots, -burden.sum(axis=1), -burden.max(axis=1)))
