"""Local search over an assignment: groups move or change places while that lowers the imbalance.

Two things count, in this order: how many sides lack a thing that they could have, and the imbalance. No step
makes either worse. Everything is decided by numbers and by the order of the groups, nothing by the clock.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from trainer.corpus.splits.balance import EPSILON, Balance

_Ints = NDArray[np.int64]

WORK = 400_000_000
"""Numbers that the search for exchanges may look at; some seconds."""
BLOCK = 300
"""Groups of a side that are tried against those of another."""
TRIED = 100
"""Groups that are weighed to fill a gap, the cheapest first."""


def refine(balance: Balance, work: int = WORK, fill: bool = True) -> None:
    """Fill what sides lack, then lower the imbalance until no move or exchange does, or `work` is done.

    Parameters
    ----------
    balance : Balance
        Changed in place.
    work : int
        How many numbers the search for exchanges may look at.
    fill : bool
        Without it only the imbalance counts, and nothing that a side has is taken from it.
    """
    if fill:
        _fill(balance)
    while True:
        _move_all(balance)
        work, found = _exchange_all(balance, work)
        if not found and not (fill and _fill(balance)):
            return


def _fill(balance: Balance) -> bool:
    """Bring a thing to sides that have none of it, by moves of groups that fit there.

    The largest side first, and of equal ones the last: a test wants a rare thing more than a validation does.
    """
    found = False
    last_first = balance.open[::-1]
    for side in last_first[np.argsort(-balance.share[last_first], kind="stable")].tolist():
        for thing in np.flatnonzero(balance.holders[side] == 0).tolist():
            found |= _bring(balance, side, thing)
    return found


def _bring(balance: Balance, side: int, thing: int) -> bool:
    """Move the group that does it at the least cost for each thing that it brings."""
    holds = (balance.burden[balance.free, thing] > 0) & (balance.side[balance.free] != side)
    groups = balance.free[holds]
    groups = groups[_fits(balance, groups, side)]
    change = balance.changes(groups)[:, side]
    best, cost = -1, np.inf
    for i in np.argsort(change, kind="stable")[:TRIED].tolist():
        lacking, change_here = balance.step(int(groups[i]), side)
        if lacking < 0 and change_here / -lacking < cost:
            best, cost = int(groups[i]), change_here / -lacking
    if best >= 0:
        balance.take(best, side)
    return best >= 0


def _fits(balance: Balance, groups: _Ints, side: int) -> NDArray[np.bool_]:
    """Mark the groups that are not too large for a side.

    They have no more rows than it is meant to have, and bring it to no more than twice its share of anything
    that it has already: one thing more is not worth the balance of others.
    """
    brings = balance.burden[groups]
    left = balance.want[side] + balance.share[side] - brings
    too_much = (brings > 0) & (balance.holders[side] > 0) & (left < -EPSILON)
    small = brings[:, 0] <= balance.share[side] + EPSILON
    fits: NDArray[np.bool_] = small & ~too_much.any(axis=1)
    return fits


def _move_all(balance: Balance) -> None:
    """Move single groups, the most useful first, until none is worth it."""
    found = True
    while found:
        found = False
        change = balance.changes(balance.free)
        side = np.argmin(change, axis=1)
        best = change[np.arange(len(side)), side]
        useful = np.flatnonzero(best < -EPSILON)
        for i in useful[np.argsort(best[useful], kind="stable")].tolist():
            found |= _take_if_better(balance, int(balance.free[i]), int(side[i]))


def _take_if_better(balance: Balance, group: int, side: int, back: int = -1) -> bool:
    lacking, change = balance.step(group, side, back)
    if lacking > 0 or change >= -EPSILON:
        return False
    balance.take(group, side, back)
    return True


def _exchange_all(balance: Balance, work: int) -> tuple[int, bool]:
    """Go once over all pairs of sides; return the work that is left, and whether anything changed."""
    found = False
    for here, there in combinations(balance.open.tolist(), 2):
        while work > 0:
            done, better = _exchange(balance, here, there)
            work -= done
            found |= better
            if not better:
                break
    return work, found


def _exchange(balance: Balance, here: int, there: int) -> tuple[int, bool]:
    """Let groups of two sides change places, the best pairs first; return the work and whether any did."""
    mine, cost = _cheapest(balance, here, there)
    theirs, their_cost = _cheapest(balance, there, here)
    if not len(mine) or not len(theirs):
        return 0, False
    # Moving both costs what each costs alone, less what they have in common.
    common = np.zeros((len(mine), len(theirs)))
    for thing in range(balance.burden.shape[1]):
        common += balance.burden[mine, thing][:, None] * balance.burden[theirs, thing]
    weight = 2 * (balance.inverse[here] + balance.inverse[there])
    change = cost[:, None] + their_cost - weight * common
    partner = np.argmin(change, axis=1)
    best = change[np.arange(len(mine)), partner]
    found = False
    for i in np.argsort(best, kind="stable").tolist():
        if best[i] >= -EPSILON:
            break
        group, back = int(mine[i]), int(theirs[partner[i]])
        if balance.side[group] == here and balance.side[back] == there:
            found |= _take_if_better(balance, group, there, back)
    return common.size * balance.burden.shape[1], found


def _cheapest(balance: Balance, here: int, there: int) -> tuple[_Ints, NDArray[np.float64]]:
    """Return the free groups of one side that cost least to move to another, and what they cost."""
    groups = balance.free[balance.side[balance.free] == here]
    change = balance.changes(groups)[:, there]
    order = np.argsort(change, kind="stable")[:BLOCK]
    return groups[order], change[order]
