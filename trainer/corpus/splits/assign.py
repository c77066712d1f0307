"""Splitting sentences so that no group stands on two sides and every side has its share of every topic.

A greedy assignment of whole groups, after the iterative stratification of Sechidis, Tsoumakas and Vlahavas
(ECML PKDD 2011): the hardest first, each where the topics that it holds are most wanted, by least squares.
A local search then moves and exchanges groups while that helps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from trainer.corpus.splits.balance import Balance
from trainer.corpus.splits.refine import refine
from trainer.errors import UsageError

FEW = 200
"""Up to so many groups the search starts from several assignments: it is cheap, and a poor one shows."""
STARTS = 8


def assign_groups(
    groups: Sequence[Hashable],
    Y: NDArray[np.float64],
    shares: Sequence[float],
    seed: int,
    fixed: Mapping[Hashable, int] | None = None,
) -> NDArray[np.int64]:
    """Assign every row to one of several sides, whole groups at a time.

    Before the balance comes that no side is left without a thing that it could have, in a group that is not
    too large for it: a topic of which a side has no positive cannot be learnt there, nor measured.

    Parameters
    ----------
    groups : sequence of str, length n
        Group of each row; the result depends on these names and not on the order of the rows.
    Y : (n, m) array
        What to balance: how much of each of m things a row holds (say, 1 where it has the topic), 0 or more.
        The number of rows is balanced besides.
    shares : sequence of float
        Wanted share of each side; a share of 0 gets nothing but what is fixed there.
    seed : int
        Decides among groups that are about alike.
    fixed : mapping of group to int, optional
        Groups that stand on a side already and stay there; the others restore the balance around them.

    Returns
    -------
    (n,) array of int64
        The side of each row.

    Raises
    ------
    UsageError
        When lengths differ, an amount is negative or not finite, or a side does not exist.
    """
    first, group_of = greedy(groups, Y, shares, seed, fixed or {})
    starts = STARTS if len(first.free) <= FEW else 1
    tries = [first, *(_by_lot(first, start / STARTS) for start in range(1, starts))]
    for each in tries:
        refine(each)
    best = min(tries, key=lambda each: (round(each.lacking(), 9), each.imbalance()))
    return best.side[group_of]


def fold_of(groups: Sequence[Hashable], Y: NDArray[np.float64], folds: int, seed: int) -> NDArray[np.int64]:
    """Return for every row the fold that tests it; see `assign_groups`."""
    return assign_groups(groups, Y, [1 / folds] * folds, seed)


def greedy(
    groups: Sequence[Hashable],
    Y: NDArray[np.float64],
    shares: Sequence[float],
    seed: int,
    fixed: Mapping[Hashable, int],
) -> tuple[Balance, NDArray[np.int64]]:
    """Do the first half of `assign_groups`; return where the groups stand, and the group of each row."""
    share = np.asarray(shares, dtype=float)
    if not (share >= 0).all() or not share.any() or not np.isfinite(share).all():
        raise UsageError(f"shares must be 0 or more and not all 0, not {list(shares)}")
    names, group_of = _numbered(groups, seed)
    stays = np.array([fixed.get(name, -1) for name in names], dtype=np.int64)
    if ((stays < -1) | (stays >= len(share))).any():
        raise UsageError(f"a group is fixed on a side that is none of the {len(share)}")
    amounts = np.asarray(Y)
    if len(amounts) != len(group_of):
        raise UsageError(f"there are {len(group_of):,} groups of rows and {len(amounts):,} rows to balance")
    holds = _held(group_of, amounts if amounts.ndim > 1 else amounts[:, None], len(names))
    balance = Balance(holds / np.where(holds.any(axis=0), holds.sum(axis=0), 1.0), share, stays)
    for group in balance.free[_hardest_first(balance.burden[balance.free])].tolist():
        balance.place(group)
    return balance, group_of


def _by_lot(balance: Balance, turn: float) -> Balance:
    """Place the free groups once more, in the order of their lots, beginning at a part of them."""
    stays = balance.side.copy()
    stays[balance.free] = -1
    again = Balance(balance.burden, balance.share, stays)
    for group in np.roll(again.free, -int(turn * len(again.free))).tolist():
        again.place(group)
    return again


def _numbered(groups: Sequence[Hashable], seed: int) -> tuple[list[Hashable], NDArray[np.int64]]:
    """Return the distinct names, in the order of lots drawn by name and seed, and each row's number."""
    lots = {
        name: hashlib.sha256(f"{seed}:{name}".encode(errors="surrogatepass")).digest()
        for name in dict.fromkeys(groups)
    }
    names = sorted(lots, key=lots.__getitem__)
    number = {name: i for i, name in enumerate(names)}
    return names, np.fromiter((number[name] for name in groups), dtype=np.int64, count=len(groups))


def _held(group_of: NDArray[np.int64], Y: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Add up rows and things by group."""
    holds = np.empty((count, Y.shape[1] + 1))
    holds[:, 0] = np.bincount(group_of, minlength=count)
    for i in range(Y.shape[1]):
        column = Y[:, i].astype(float)
        if not (column >= 0).all() or not np.isfinite(column).all():
            raise UsageError("what is balanced must be 0 or more in every row")
        if (column != np.rint(column)).any():
            # Sums of fractions depend on their order; this one does not depend on that of the rows.
            order = np.lexsort((column, group_of))
            holds[:, i + 1] = np.bincount(group_of[order], weights=column[order], minlength=count)
        else:
            holds[:, i + 1] = np.bincount(group_of, weights=column, minlength=count)
    return holds


def _hardest_first(burden: NDArray[np.float64]) -> NDArray[np.int64]:
    """Order groups by the rarest thing they hold most of, give or take a tenth by lot."""
    lots = np.arange(len(burden)) / max(len(burden), 1)  # the groups stand in the order of their lots
    return np.argsort(-burden.max(axis=1, initial=0.0) * (1 + 0.1 * lots), kind="stable")
