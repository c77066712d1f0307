"""How a topic is decided: each part as declared, and measured where it was not found."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import brier_score_loss, precision_score

from trainer.config import Config, Objective
from trainer.model.calibration import fit_curve
from trainer.model.decisions import decide_topic, decide_topics
from trainer.model.maps import probabilities
from trainer.model.thresholds import choose_threshold, review_band

TOPICS = ("kites", "soups")


def config(**changes) -> Config:
    topics = [{"name": name, "title": name, "definition": name} for name in TOPICS]
    return Config.model_validate({"topics": topics, **changes})


def judged(seed: int = 0, n: int = 900):
    """Return margins that are three times too large, classes, groups and folds."""
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(-1, 2, n)
    groups = rng.integers(0, n // 3, n)
    return 3 * log_odds, rng.random(n) < expit(log_odds), groups, groups % 5


@pytest.mark.parametrize("method", ["none", "platt", "beta", "isotonic"])
def test_what_is_unseen_comes_from_map_threshold_and_band_without_the_fold(method):
    margins, y, groups, folds = judged()
    settings = config(calibration={"method": method}, thresholds={"review_error": 0.1})
    goal = Objective(objective="precision_at_least", value=0.9)
    told = decide_topic(margins, y, groups, folds, settings, goal).to_dict()
    p, tagged, sure, thresholds = np.zeros(len(y)), np.zeros(len(y), bool), np.zeros(len(y), bool), []
    for fold in range(5):
        rest, inside = folds != fold, folds == fold
        curve = fit_curve(method, margins[rest], y[rest])
        scores = probabilities(margins[rest], curve)
        thresholds.append(choose_threshold(scores, y[rest], settings.thresholds, goal).threshold)
        lower, upper = review_band(scores, y[rest], thresholds[-1], 0.1)
        p[inside] = probabilities(margins[inside], curve)
        tagged[inside] = p[inside] >= thresholds[-1]
        sure[inside] = (p[inside] < lower) | (p[inside] >= upper)
    # Means of the same numbers in another order.
    assert told["calibration"]["brier"] == pytest.approx(brier_score_loss(y, p), abs=1e-12)
    assert told["holds_unseen"]["precision"] == pytest.approx(precision_score(y, tagged), abs=1e-12)
    assert told["review"]["unseen"]["coverage"] == pytest.approx(sure.mean(), abs=1e-12)
    ends = {"min": min(thresholds), "median": np.median(thresholds), "max": max(thresholds)}
    assert told["spread"] == pytest.approx(ends, abs=1e-12)


def test_a_promise_is_told_with_what_holds():
    decided = decide_topic(*judged(), config(), Objective(objective="precision_at_least", value=0.9))
    told = decided.to_dict()
    assert (told["objective"], told["value"], told["promised"]) == ("precision_at_least", 0.9, 0.9)
    assert told["holds"]["precision"] >= 0.9
    assert told["why_fixed"] is None
    assert told["review"] is decided.band is None
    assert json.loads(json.dumps(told)) == told


def test_a_promise_that_cannot_be_kept_is_told():
    margins, y, groups, folds = judged()
    told = decide_topic(
        -margins, y, groups, folds, config(), Objective(objective="precision_at_least", value=1)
    )
    told = told.to_dict()
    assert (told["threshold"], told["promised"]) == (0.5, 1.0)
    assert told["why_fixed"].startswith("no threshold has a precision of 1 out of fold")


def test_a_declared_error_gives_a_band_that_keeps_it():
    decided = decide_topic(*judged(), config(thresholds={"review_error": 0.1}), Objective())
    told = decided.to_dict()["review"]
    assert (told["lower"], told["upper"]) == decided.band
    assert max(told["false_tags"], told["missed"]) <= 0.1
    assert max(told["unseen"]["false_tags"], told["unseen"]["missed"]) <= 0.13  # of some 250 tags
    assert 0.5 < told["coverage"] < 1


def test_each_topic_has_its_own_objective_and_only_its_own_judgements():
    margins, y, groups, folds = judged()
    Y = np.column_stack([y, y]).astype(np.int8)
    Y[::2, 1] = -1
    own = [{"topic": "soups", "objective": "recall_at_least", "value": 0.99}]
    settings = config(thresholds={"own": own}, calibration={"method": "platt"})
    both = np.column_stack([margins, margins])
    kites, soups = decide_topics(both, Y, [str(g) for g in groups], folds, TOPICS, settings)
    half = (margins[1::2], y[1::2], groups[1::2], folds[1::2])
    alone = decide_topic(*half, settings, Objective(objective="recall_at_least", value=0.99))
    assert soups.to_dict() == alone.to_dict()
    assert kites.objective.objective == "f1"
    assert kites.choice.threshold > soups.choice.threshold


def test_the_order_of_the_rows_changes_nothing_but_last_bits():
    margins, y, groups, folds = judged()
    order = np.random.default_rng(1).permutation(len(y))
    settings = config(calibration={"method": "auto"}, thresholds={"review_error": 0.1})
    one, other = (
        decide_topic(margins[o], y[o], groups[o], folds[o], settings, Objective())
        for o in (slice(None), order)
    )
    assert one.calibrated.method == other.calibrated.method == "platt"
    # Newton's sums run in another order; thresholds are middles of gaps between what these give.
    np.testing.assert_allclose(one.calibrated.curve, other.calibrated.curve, rtol=1e-6)
    assert one.choice.threshold == pytest.approx(other.choice.threshold, abs=1e-6)
    assert one.band == pytest.approx(other.band, abs=1e-6)


def test_what_nobody_judged_has_no_measure():
    nothing = np.zeros(0), np.zeros(0, bool), np.zeros(0, int), np.zeros(0, int)
    told = decide_topic(*nothing, config(thresholds={"review_error": 0.1}), Objective()).to_dict()
    assert (told["threshold"], told["spread"]) == (0.5, None)
    assert told["why_fixed"] == "people judged 0 positives and 0 negatives: there is nothing to choose by"
    assert set(told["holds"].values()) == {None}
    assert (told["review"]["lower"], told["review"]["upper"], told["review"]["coverage"]) == (0.5, 0.5, None)
    assert (told["calibration"]["brier"], told["calibration"]["ece"]) == (None, None)


def test_an_svm_gets_platt_at_least():
    decided = decide_topic(*judged(), config(classifier={"kind": "svm"}), Objective())
    assert decided.calibrated.method == "platt"
