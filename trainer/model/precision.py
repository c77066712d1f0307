"""How exactly weights are kept, and what rounding them changed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trainer.engine.sparse import SparseRows
from trainer.model.tagger import Tagger

Dtype = Literal["float32", "float16"]
FULL: Dtype = "float32"
LEAST_EQUAL = 0.9999
"""Share of decisions that must be the same for fewer bits to be kept."""


@dataclass(frozen=True, slots=True)
class Precision:
    """What rounding the fitted weights changed.

    Attributes
    ----------
    wanted, kept : {"float32", "float16"}
        The dtype that was asked for, and the one that the model has.
    decisions : int
        Sentences times topics that were compared.
    equal : float
        Share of decisions of the `wanted` weights that are those of the fitted ones: tagged, not tagged, or
        left to review.
    largest_difference : float
        Of a probability, by the `wanted` weights.
    """

    wanted: Dtype
    kept: Dtype
    decisions: int
    equal: float
    largest_difference: float

    def to_dict(self) -> dict[str, Any]:
        """Return what ``metrics.json`` holds."""
        return asdict(self)


def rounded(fitted: Tagger, X: SparseRows, wanted: Dtype) -> tuple[Tagger, Precision]:
    """Round the weights of a tagger, unless that changes its decisions.

    Parameters
    ----------
    fitted : Tagger
        With weights as they were fitted, in float64.
    X : (n, width) SparseRows
        The sentences on which decisions are compared.

    Returns
    -------
    tagger, precision
        Where fewer than 99.99 % of the decisions are the same, `tagger` has weights in float32.
    """
    with np.errstate(over="ignore"):  # a weight that is too large for float16 makes another decision, or none
        stored = replace(fitted, weights=fitted.weights.astype(wanted))
    before, after = _scores(fitted, X), _scores(stored, X)
    same = np.ones(before.shape, dtype=bool)
    for one, other in zip(fitted.decide(before), fitted.decide(after), strict=True):
        same &= one == other
    finite = bool(np.isfinite(stored.weights).all())
    equal = float(same.mean()) if same.size and finite else float(finite)
    kept = wanted if equal >= LEAST_EQUAL else FULL
    if kept != wanted:
        stored = replace(fitted, weights=fitted.weights.astype(FULL))
    # Of tables and pages nobody reads more digits, and the last ones differ between processors.
    largest = float(f"{np.abs(before - after).max(initial=0):.3g}") if finite else 1.0
    return stored, Precision(wanted, kept, same.size, round(equal, 6), largest)


def _scores(tagger: Tagger, X: SparseRows) -> NDArray[np.float64]:
    return tagger.scores(X.dot(tagger.weights) + tagger.intercept)
