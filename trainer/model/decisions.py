"""Margins out of fold -> how each topic is decided: calibration, threshold, review band, what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.config import Config, Objective, Thresholds
from trainer.metrics import brier, expected_calibration_error, precision_recall_f1
from trainer.model.calibration import Calibrated, Method, choose_calibration, fit_curve
from trainer.model.maps import probabilities
from trainer.model.thresholds import (
    Choice,
    choose_threshold,
    outside,
    review_band,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Decision:
    """How one topic is decided.

    Attributes
    ----------
    calibrated : Calibrated
    choice : Choice
    band : tuple of float or None
        Lower and upper end of what is left to a human; None where a half-width says it.
    measured : mapping
        See `to_dict`.
    """

    calibrated: Calibrated
    objective: Objective
    choice: Choice
    band: tuple[float, float] | None
    measured: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return what the metrics of a saved model say, all of it out of fold.

        Returns
        -------
        dict
            ``calibration``: method, why, and the ``brier`` score and ``ece`` of probabilities by maps that
            were fitted without the fold; ``objective`` and its ``value``; ``promised``: that of a precision
            or recall; ``threshold``, ``why_fixed``; ``spread``: min, median and max of the thresholds when
            map and threshold are found without one fold each; ``holds``: precision, recall and F1 at the
            threshold; ``holds_unseen``: the same where each fold is decided by what was found without it;
            ``review``: the declared error, lower and upper end, coverage and errors outside, and these
            ``unseen`` in that sense, or None.
        """
        promising = self.objective.objective in ("precision_at_least", "recall_at_least")
        calibration = {"method": self.calibrated.method, "why": self.calibrated.why}
        return {
            "calibration": {**calibration, **self.measured["calibration"]},
            "objective": self.objective.objective,
            "value": self.objective.value or None,
            "promised": self.objective.value if promising else None,
            "threshold": self.choice.threshold,
            "why_fixed": self.choice.why_fixed,
            **{key: self.measured[key] for key in ("spread", "holds", "holds_unseen", "review")},
        }


@dataclass(frozen=True, slots=True)
class _Unseen:
    """What (n,) sentences get when their fold takes no part in map, threshold and band."""

    scores: Floats
    thresholds: Floats
    lower: Floats
    upper: Floats


def decide_topics(
    margins: Floats,
    Y: NDArray[np.int8],
    groups: Sequence[str],
    folds: NDArray[np.int64],
    topics: Sequence[str],
    config: Config,
) -> list[Decision]:
    """Decide how each topic is decided, by sentences that people judged.

    Parameters
    ----------
    margins : (n, k) array
        From models that had not seen the group of the sentence.
    Y : (n, k) array of int8
    groups : sequence of str
    folds : (n,) array of int64
        The fold that held the sentence out.
    """
    _, numbers = np.unique(np.array(groups, dtype=str), return_inverse=True)
    found = []
    for i, topic in enumerate(topics):
        rows = Y[:, i] >= 0
        judged = (margins[rows, i], Y[rows, i] == 1, numbers[rows], folds[rows])
        found.append(decide_topic(*judged, config, config.thresholds.objective_of(topic)))
    return found


def decide_topic(
    margins: Floats,
    y: NDArray[np.bool_],
    groups: NDArray[np.int64],
    folds: NDArray[np.int64],
    config: Config,
    objective: Objective,
) -> Decision:
    """Decide how one topic is decided; all arrays are (n,), of sentences that people judged for it."""
    settings = config.thresholds
    least: Method = "platt" if config.classifier.kind == "svm" else "none"
    calibrated = choose_calibration(margins, y, groups, folds, config.calibration, least)
    scores = probabilities(margins, calibrated.curve)
    choice = choose_threshold(scores, y, settings, objective)
    unseen = _without_each_fold(calibrated.method, margins, y, folds, settings, objective)
    band, review = None, None
    if settings.review_error:
        band = review_band(scores, y, choice.threshold, settings.review_error)
        review = {
            "error": settings.review_error,
            "lower": band[0],
            "upper": band[1],
            **outside(scores, y, *band),
            "unseen": outside(unseen.scores, y, unseen.lower, unseen.upper),
        }
    measured = {
        "calibration": {
            "brier": brier(unseen.scores, y),
            "ece": expected_calibration_error(unseen.scores, y),
        },
        "spread": _spread(unseen.thresholds[np.unique(folds, return_index=True)[1]]),
        "holds": _held(scores >= choice.threshold, y),
        "holds_unseen": _held(unseen.scores >= unseen.thresholds, y),
        "review": review,
    }
    return Decision(calibrated, objective, choice, band, measured)


def _without_each_fold(
    method: Method,
    margins: Floats,
    y: NDArray[np.bool_],
    folds: NDArray[np.int64],
    settings: Thresholds,
    objective: Objective,
) -> _Unseen:
    found = _Unseen(*np.zeros((4, len(y))))
    for fold in np.unique(folds):
        inside, rest = folds == fold, folds != fold
        curve = fit_curve(method, margins[rest], y[rest])
        scores = probabilities(margins[rest], curve)
        threshold = choose_threshold(scores, y[rest], settings, objective).threshold
        found.scores[inside] = probabilities(margins[inside], curve)
        found.thresholds[inside] = threshold
        if settings.review_error:
            band = review_band(scores, y[rest], threshold, settings.review_error)
            found.lower[inside], found.upper[inside] = band
    return found


def _spread(thresholds: Floats) -> dict[str, float] | None:
    if not len(thresholds):
        return None
    ends = float(thresholds.min()), float(np.median(thresholds)), float(thresholds.max())
    return dict(zip(("min", "median", "max"), ends, strict=True))


def _held(tagged: NDArray[np.bool_], y: NDArray[np.bool_]) -> dict[str, float | None]:
    cells = (int((tagged & y).sum()), int((tagged & ~y).sum()), int((~tagged & y).sum()))
    return dict(zip(("precision", "recall", "f1"), precision_recall_f1(*cells), strict=True))
