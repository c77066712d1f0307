"""How exactly weights are kept, and what rounding them changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from trainer.engine.threads import chunks
from trainer.model.tagger import Tagger

Dtype = Literal["float32", "float16"]
FULL: Dtype = "float32"
LEAST_EQUAL = 0.9999
"""Share of decisions that must be the same for fewer bits to be kept."""
_TOGETHER = 16_384
"""Sentences whose rows are in memory at one time."""


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


def rounded(fitted: Tagger, texts: Sequence[str], wanted: Dtype) -> tuple[Tagger, Precision]:
    """Round the weights of a tagger, unless that changes its decisions.

    Parameters
    ----------
    fitted : Tagger
        With weights as they were fitted, in float64.
    texts : sequence of str
        The sentences on which decisions are compared, some at a time.

    Returns
    -------
    tagger, precision
        Where fewer than 99.99 % of the decisions are the same, `tagger` has weights in float32.
    """
    with np.errstate(over="ignore"):  # a weight that is too large for float16 makes another decision, or none
        stored = replace(fitted, weights=fitted.weights.astype(wanted))
    finite = bool(np.isfinite(stored.weights).all())
    size = len(texts) * len(fitted.topics)
    if finite and np.array_equal(stored.weights, fitted.weights):  # the compiled solver works in float32
        return stored, Precision(wanted, wanted, size, 1.0, 0.0)
    same, largest = _compared(fitted, stored, texts)
    equal = same / size if size and finite else float(finite)
    kept = wanted if equal >= LEAST_EQUAL else FULL
    if kept != wanted:
        stored = replace(fitted, weights=fitted.weights.astype(FULL))
    # Of tables and pages nobody reads more digits, and the last ones differ between processors.
    largest = float(f"{largest:.3g}") if finite else 1.0
    return stored, Precision(wanted, kept, size, round(equal, 6), largest)


def _compared(one: Tagger, other: Tagger, texts: Sequence[str]) -> tuple[int, float]:
    """Return on how many sentences and topics two taggers decide alike, and how far probabilities differ."""
    alike, largest = 0, 0.0
    for part in chunks(texts, _TOGETHER):
        before, after = one.predict_proba(part), other.predict_proba(part)
        same = np.ones(before.shape, dtype=bool)
        for mine, his in zip(one.decide(before), other.decide(after), strict=True):
            same &= mine == his
        alike += int(same.sum())
        largest = max(largest, float(np.abs(before - after).max(initial=0)))
    return alike, largest
