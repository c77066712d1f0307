"""Whether the solver is right, and how long it takes, on a matrix of more than 2^31 non-zeros.

    python tests/bench/measure_nonzeros.py [--rows 1058576]

Every row has 2,048 of 4,096 columns, all of one value: the even ones or the odd ones, by its label. C is
shared out over the rows, so that the solution hardly depends on how many there are: it is compared with that
of 1,000 rows.
"""

from __future__ import annotations

import argparse
import resource
import sys
from time import perf_counter

import numpy as np

from trainer.engine.costs import Problem
from trainer.engine.packed import NgramPacker, PackedRows, packed_rows
from trainer.engine.solver import solve

_WIDTH, _EACH, _AT_ONCE = 4_096, 2_048, 8_192
_FEW, _TOL = 1_000, 1e-3


class Alternating:
    """Stands for compiled n-grams: packs rows whose columns follow from their places."""

    def pack(self, texts: range, *given: object) -> tuple[np.ndarray, ...]:
        """Return the rows of these places: see `trainer.engine.packed.Part`."""
        steps = np.full((len(texts), _EACH), 2, np.uint8)
        steps[:, 0] = 1 + np.arange(texts.start, texts.stop) % 2
        ends = np.arange(1, len(texts) + 1) * _EACH
        ones, none = np.ones(len(texts)), np.zeros(0)
        return steps.ravel(), ends, ones * np.sqrt(_EACH), ones, 0 * ones, none, none, none


def made(n: int) -> PackedRows:
    """Return n rows of length 1."""
    df = np.full(_WIDTH, n, np.uint32)
    packer = NgramPacker(Alternating(), np.ones(_WIDTH), df, sublinear=False)
    return packed_rows([packer], (range(at, min(at + _AT_ONCE, n)) for at in range(0, n, _AT_ONCE)))


def main() -> int:
    """Solve in small and in large, and compare; 1 where they differ."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=2**20 + 10_000)
    found = []
    for n in (_FEW, parser.parse_args().rows):
        Y, cost = (np.arange(n, dtype=np.int64) % 2).astype(np.int8)[:, None], _FEW / n
        X, start = made(n), perf_counter()
        problem = Problem(0, (cost, cost))
        one = solve(X, Y, np.ones((n, 1)), [problem], "squared_hinge", tol=_TOL, keep_alpha=False)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        sys.stdout.write(
            f"{n * _EACH:,} non-zeros: {perf_counter() - start:.0f} s, {one.passes[0]} passes, "
            f"objective {one.objective[0]:.5f}, gap {one.gap[0]:.1e}, at most {peak:,} MB\n"
        )
        found.append(one)
    few, many = found
    # Half the square of the distance of each from the minimiser is at most its gap.
    distance = np.linalg.norm(few.coef - many.coef)
    near = distance <= np.sqrt(2 * few.gap[0]) + np.sqrt(2 * many.gap[0])
    sys.stdout.write(f"weights differ by {distance:.4f} of {np.linalg.norm(few.coef):.4f}\n")
    return 0 if near and few.converged and many.converged else 1


if __name__ == "__main__":
    sys.exit(main())
