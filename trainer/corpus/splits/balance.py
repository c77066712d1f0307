"""The arithmetic of a split: groups on sides, what each side still wants, and moves that lower the imbalance.

The imbalance is the sum over open sides of ``|wanted - held|^2 / share``, each thing counted as a part of all
there is of it: a rare thing weighs as much as a common one, and a small side as much as a large one.

No matrix product stands here: its last bits differ between processors and numbers of threads, and with them
the choice between two groups that are nearly alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

EPSILON = 1e-12
"""Gains below this are rounding: steps that gain less could go round in circles."""


class Balance:
    """An assignment of groups to sides that can be changed step by step.

    Parameters
    ----------
    burden : (g, m) array of float64
        What each group holds of each of m things, as a part of all there is of it. Thing 0 is the rows.
    share : (s,) array of float64
        Wanted share of each side. A side whose share is 0 is closed.
    fixed : (g,) array of int64
        The side on which a group must stay; -1 where it is free.
    """

    def __init__(self, burden: _Floats, share: _Floats, fixed: _Ints) -> None:
        self.burden = burden
        self.share = share
        self.side = fixed.copy()
        self.free = np.flatnonzero(fixed < 0)
        self.open = np.flatnonzero(share > 0)
        self.inverse = np.divide(1.0, share, out=np.zeros_like(share), where=share > 0)
        self.want = np.repeat(share[:, None], burden.shape[1], axis=1)
        self.holders = np.zeros(self.want.shape, dtype=np.int64)
        for group in np.flatnonzero(fixed >= 0).tolist():
            self._put(group, int(fixed[group]))

    def _put(self, group: int, side: int) -> None:
        self.side[group] = side
        self.want[side] -= self.burden[group]
        self.holders[side] += self.burden[group] > 0

    def place(self, group: int) -> None:
        """Put a group that stands nowhere yet on the side where it lowers the imbalance most."""
        burden = self.burden[group]
        square = (burden * burden).sum()
        gain = (2 * (self.want[self.open] * burden).sum(axis=1) - square) * self.inverse[self.open]
        self._put(group, int(self.open[int(np.argmax(gain))]))

    def imbalance(self) -> float:
        """Return the weighted squared imbalance of the whole."""
        return float(((self.want * self.want).sum(axis=1) * self.inverse).sum())

    def lacking(self) -> float:
        """Return how many things the sides hold none of, each side counting by its share."""
        return float(((self.holders == 0) * self.share[:, None]).sum())

    def changes(self, groups: _Ints) -> _Floats:
        """Return by how much the imbalance changes when each of `groups` moves to each side.

        Returns
        -------
        (n, s) array of float64
            Infinite for the side where the group stands, and for closed sides.
        """
        pull = self.want * self.inverse[:, None]
        towards = np.zeros((len(groups), len(self.share)))
        square = np.zeros(len(groups))
        for thing in range(self.burden.shape[1]):
            held = self.burden[groups, thing]
            towards += held[:, None] * pull[None, :, thing]
            square += held * held
        here = self.side[groups]
        rows = np.arange(len(groups))
        leaving = 2 * towards[rows, here] + square * self.inverse[here]
        change = leaving[:, None] + square[:, None] * self.inverse - 2 * towards
        change[rows, here] = np.inf
        change[:, self.share <= 0] = np.inf
        return change

    def step(self, group: int, side: int, back: int = -1) -> tuple[float, float]:
        """Weigh a move of `group` to `side`, in exchange for the group `back` when that is given.

        Returns
        -------
        lacking : float
            Change of `lacking`; rounding never makes it differ from 0.
        change : float
            Change of `imbalance`.
        """
        here = int(self.side[group])
        moved = self.burden[group]
        holds = (moved > 0).astype(np.int64)
        if back >= 0:
            moved = moved - self.burden[back]
            holds -= self.burden[back] > 0
        square = (moved * moved).sum()
        leaving = (2 * (self.want[here] * moved).sum() + square) * self.inverse[here]
        coming = (2 * (self.want[side] * moved).sum() - square) * self.inverse[side]
        lost = ((self.holders[here] - holds == 0) & (holds > 0)).sum()
        lost -= ((self.holders[here] == 0) & (holds < 0)).sum()
        won = ((self.holders[side] == 0) & (holds > 0)).sum()
        won -= ((self.holders[side] + holds == 0) & (holds < 0)).sum()
        lacking = float(lost * self.share[here] - won * self.share[side])
        return (lacking if abs(lacking) > EPSILON else 0.0), float(leaving - coming)

    def take(self, group: int, side: int, back: int = -1) -> None:
        """Do what `step` weighs."""
        here = int(self.side[group])
        for moving, goal in ((group, side), (back, here)):
            if moving >= 0:
                self.want[self.side[moving]] += self.burden[moving]
                self.holders[self.side[moving]] -= self.burden[moving] > 0
                self._put(moving, goal)
