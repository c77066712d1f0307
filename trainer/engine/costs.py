"""What each label costs in each problem, in a byte where there are few different weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.engine.threads import spans

_FEW = 16
"""Different weights that labels have codes for, at most."""
_AT_ONCE = 65_536
"""Rows that are looked at together."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One binary problem: a topic, on some of the rows.

    Attributes
    ----------
    topic : int
        Column of the labels.
    cost : (float, float)
        C of the negative and of the positive rows, which the weight of a row multiplies.
    rows : (n,) array of bool, optional
        The rows that have a part in it; else all.
    """

    topic: int
    cost: tuple[float, float]
    rows: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """Labels with their weights.

    Attributes
    ----------
    Y : (n, k) array of int8
        1, 0 or, where it is not known, -1.
    weights : (n, k) or (n, 1) array
    few : (w,) array of float64, optional
        The different weights, where there are few.
    """

    Y: NDArray[np.int8]
    weights: NDArray[np.floating[Any]]
    few: NDArray[np.float64] | None

    @classmethod
    def of(cls, Y: NDArray[np.int8], weights: NDArray[np.floating[Any]]) -> Judged:
        """Look how many weights there are."""
        return cls(np.ascontiguousarray(Y, np.int8), weights, _few(weights))

    def numbers(self, problem: Problem) -> NDArray[np.float64]:
        """Return the cost of each row, negative where the label is "no", and 0 where the row has no part."""
        cost = np.array([-problem.cost[0], problem.cost[1], 0.0])[self.Y[:, problem.topic]]
        cost = cost * self._weight(problem)
        return cost if problem.rows is None else np.where(problem.rows, cost, 0.0)

    def _weight(self, problem: Problem) -> NDArray[np.floating[Any]]:
        return self.weights[:, problem.topic if self.weights.shape[1] > 1 else 0]

    def costs(self, problems: Sequence[Problem], lanes: int) -> Costs:
        """Return the costs of some problems, for the compiled solver.

        Raises
        ------
        ValueError
            When one is not finite in float32.
        """
        n, few = len(self.Y), self.few
        with np.errstate(over="ignore", invalid="ignore"):  # told below
            if few is None:
                told = numbers = np.zeros((n, lanes), np.float32)
                for k, problem in enumerate(problems):
                    numbers[:, k] = self.numbers(problem)
                costs = Costs(numbers, None, None)
            else:
                told = table = np.zeros((1 + 2 * len(few), lanes), np.float32)
                codes = np.zeros((n, lanes), np.uint8)
                for k, problem in enumerate(problems):
                    table[1::2, k], table[2::2, k] = -problem.cost[0] * few, problem.cost[1] * few
                    self._write_codes(codes[:, k], problem, few)
                costs = Costs(None, codes, table)
        if not np.isfinite(told).all():
            raise ValueError("C times the weight of a row is beyond float32: scale the weights, or lower C")
        return costs

    def _write_codes(self, out: NDArray[np.uint8], problem: Problem, few: NDArray[np.float64]) -> None:
        """Write twice the place of the weight of each row, and 1 for "no" or 2 for "yes"; or 0: no part."""
        weights = self._weight(problem)
        for start, end in spans(len(out), _AT_ONCE):
            y, weight = self.Y[start:end, problem.topic], weights[start:end]
            place = np.searchsorted(few, weight) if len(few) > 1 else 0
            out[start:end] = np.where((y < 0) | (weight == 0), 0, 2 * place + y + 1)
            if problem.rows is not None:
                out[start:end][~problem.rows[start:end]] = 0


@dataclass(frozen=True, slots=True)
class Costs:
    """The costs of some problems, one a lane: as (n, lanes) numbers, or as codes into a (c, lanes) table."""

    numbers: NDArray[np.float32] | None
    codes: NDArray[np.uint8] | None
    table: NDArray[np.float32] | None


def _few(weights: NDArray[np.floating[Any]]) -> NDArray[np.float64] | None:
    """Return the different weights, ascending; None where there are many, or one is not a number."""
    found: list[float] = []
    for start, end in spans(len(weights), _AT_ONCE):
        rest = weights[start:end].ravel()
        for value in found:
            rest = rest[rest != value]
        while len(rest):
            if len(found) == _FEW or np.isnan(rest[0]):
                return None
            found.append(rest[0])
            rest = rest[rest != rest[0]]
    return np.sort(np.array(found, np.float64))
