"""Margins -> probabilities, topic by topic.

A map is an array, and its shape says which: ``(2,)`` slope and offset of a Platt map, ``(3,)`` the a, b and c
of a beta map, ``(2, m)`` the margins and probabilities of the knots of an isotonic one. Each is monotone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def sigmoid(z: Floats) -> Floats:
    """Return ``1 / (1 + exp(-z))`` without overflow."""
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, small) / (1.0 + small)


def probabilities(margins: Floats, curve: Floats) -> Floats:
    """Return the (n,) probabilities of (n,) margins by a map; see the module for its shapes."""
    if curve.ndim == 2:
        return np.asarray(np.interp(margins, curve[0], curve[1]), dtype=np.float64)
    if len(curve) == 3:
        a, b, c = curve
        # -log(sigmoid) and -log(1 - sigmoid) of a margin.
        return sigmoid(c - a * np.logaddexp(0.0, -margins) + b * np.logaddexp(0.0, margins))
    return sigmoid(margins * curve[0] + curve[1])
