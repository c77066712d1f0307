"""F1 at margin 0 and at thresholds tuned on other texts, with numpy alone: the same code judges all."""

from __future__ import annotations

import numpy as np


def micro_f1(Y: np.ndarray, tagged: np.ndarray) -> float:
    """Return F1 over all decisions."""
    truth = Y > 0
    return float(2 * (truth & tagged).sum() / max(truth.sum() + tagged.sum(), 1))


def macro_f1(Y: np.ndarray, tagged: np.ndarray) -> float:
    """Return the mean of the labels' F1; that of a label which is neither there nor decided is 0."""
    truth = Y > 0
    right, all_of_both = (truth & tagged).sum(axis=0), truth.sum(axis=0) + tagged.sum(axis=0)
    return float((2 * right / np.maximum(all_of_both, 1)).mean())


def tune(Y: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the (k,) thresholds of best F1, each label by itself; 0 for a label without positives."""
    return np.array([best_threshold(Y[:, k] > 0, scores[:, k]) for k in range(Y.shape[1])])


def common_threshold(Y: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the one threshold of best micro-F1, once for each label."""
    return np.full(Y.shape[1], best_threshold(Y.ravel() > 0, scores.ravel()))


def best_threshold(truth: np.ndarray, score: np.ndarray) -> float:
    """Return the threshold of best F1: midway between the last score taken and the first left out."""
    if not truth.any():
        return 0.0
    order = np.argsort(-score, kind="stable")
    sorted_score, right = score[order], np.cumsum(truth[order])
    f1 = 2 * right / (np.arange(1, len(score) + 1) + truth.sum())
    f1[:-1][sorted_score[:-1] == sorted_score[1:]] = -1.0  # equal scores cannot be parted
    best = int(np.argmax(f1))
    after = sorted_score[best + 1] if best + 1 < len(score) else sorted_score[best] - 1.0
    return float((sorted_score[best] + after) / 2)


def judge(dev: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray]) -> dict[str, float]:
    """Return the figures of (labels, scores) of a test set, thresholds tuned on those of a dev set."""
    Y, scores = test
    each, common = tune(*dev), common_threshold(*dev)
    plain = scores >= 0
    return {
        "micro_f1": micro_f1(Y, plain),
        "macro_f1": macro_f1(Y, plain),
        "each_micro_f1": micro_f1(Y, scores >= each),
        "common_micro_f1": micro_f1(Y, scores >= common),
        "tuned_macro_f1": macro_f1(Y, scores >= each),
    }
