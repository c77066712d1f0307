"""How often a topic is in the text at hand: probabilities are made for one rate, and text has another.

A probability says how many of the sentences that look like this one are on the topic, where the topic is as
frequent as where the model was calibrated. Files of labelled sentences hold far more of each topic than text
does, so probabilities are then too high, and so are tags.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from trainer.intervals import wilson

ROUNDS = 200
TOLERANCE = 1e-7
FEWEST = 500
"""Sentences below which a rate is not compared with the one that a model assumes."""
_FAR = 3.0
_Z = 3.2905267314918945
"""Of 99.9 %, two-sided: a warning is for what is plain."""

Floats = NDArray[np.float64]


def log_odds(p: float) -> float:
    """Return ``log(p / (1 - p))``."""
    return math.log(p / (1 - p))


def corrected(scores: Floats, assumed: float, rate: float) -> Floats:
    """Return probabilities for text in which the topic has another rate.

    The odds are multiplied by the ratio of the two prior odds (Saerens, Latinne and Decaestecker, Neural
    Computation 14:21, 2002), as if sentences on the topic looked alike in both texts, and only their number
    differed.

    Parameters
    ----------
    scores : array
        Probabilities.
    assumed, rate : float
        Share of sentences on the topic where the model was calibrated, and here; strictly between 0 and 1.
    """
    odds = rate / (1 - rate) * (1 - assumed) / assumed
    return np.asarray(scores * odds / (scores * odds + (1 - scores)))


def estimate_rate(scores: Floats, assumed: float) -> float:
    """Estimate the share of sentences on a topic from probabilities alone.

    The expectation-maximisation of Saerens, Latinne and Decaestecker (2002): correct the probabilities by the
    rate, take their mean as the rate, and again. It is as good as the probabilities are calibrated: a model
    that gives sentences of an unknown kind middling probabilities finds too high a rate. It measures nothing.

    Parameters
    ----------
    scores : (n,) array
        Probabilities as the model gives them.
    assumed : float
        The share where it was calibrated.

    Returns
    -------
    float
        `assumed` where there is no sentence.
    """
    if not len(scores):
        return assumed
    rate = assumed
    for _ in range(ROUNDS):
        before, rate = rate, float(corrected(scores, assumed, min(max(rate, 1e-9), 1 - 1e-9)).mean())
        if abs(rate - before) < TOLERANCE:
            break
    return rate


def rate_warning(tagged: Mapping[str, int], sentences: int, assumed: Mapping[str, float]) -> str | None:
    """Say that topics are tagged far more, or far less, often than where the model was calibrated.

    Parameters
    ----------
    tagged : mapping of str to int
        Sentences tagged with each topic.
    assumed : mapping of str to float
        The share of sentences on it where the model was calibrated; other topics are passed over.

    Returns
    -------
    str or None
        None where a factor of three, and chance, explain it, or there are few sentences.
    """
    if sentences < FEWEST:
        return None
    far = []
    for topic, n in tagged.items():
        share, known = n / sentences, assumed.get(topic)
        low, high = wilson(n, sentences, _Z)
        beyond_chance = known and low is not None and high is not None and not low <= known <= high
        if known and beyond_chance and not known / _FAR <= share <= known * _FAR:
            far.append(f"{topic} {1000 * share:.1f} (made for {1000 * known:.0f})")
    if not far:
        return None
    return f"tags in 1,000 sentences are far from the share that probabilities are made for: {', '.join(far)}"
