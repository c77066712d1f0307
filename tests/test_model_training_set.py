"""What a model is trained on: weights of labels, and margins from models that had not seen the group."""

from __future__ import annotations

import numpy as np
import pytest

from trainer.config import Config
from trainer.corpus.examples import Examples
from trainer.model.training_set import TrainingSet

TOPICS = ("kites", "soups")


def config(**classifier) -> Config:
    topics = [{"name": name, "title": name.title(), "definition": name} for name in TOPICS]
    return Config.model_validate({"topics": topics, "classifier": {"allow_empty": True, **classifier}})


@pytest.fixture
def examples():
    rng = np.random.default_rng(2)
    n = 90
    names = tuple(f"s{i:02}" for i in range(n))
    Y = rng.integers(-1, 2, (n, 2)).astype(np.int8)
    Y[:, 0] = np.maximum(Y[:, 0], 0)  # each row says something
    gold = rng.random(n) < 0.4
    groups = tuple(f"g{i // 3:02}" for i in range(n))
    return Examples(TOPICS, names, names, Y, gold, groups, ("",) * n, "made up")


def test_people_s_labels_weigh_one_rules_less_their_silence_least_and_the_unknown_nothing(examples):
    data = TrainingSet.of(examples, config(silver_weight=0.5))
    expected = np.where(examples.gold[:, None], 1.0, np.where(examples.Y == 1, 0.5, 0.05))
    expected[examples.Y < 0] = 0
    assert data.weights.tolist() == expected.astype(np.float32).tolist()
    assert data.weights.dtype == np.float32


def test_gold_rows_are_scored_by_the_model_that_had_not_seen_their_group(examples):
    data = TrainingSet.of(examples, config())
    asked = []

    def score(rows, coef):
        asked.append(rows)
        return rows[:, None] * coef

    models = [(np.full(2, 10.0**fold, np.float32), np.array([fold, -fold])) for fold in range(data.n_folds)]
    margins = data.out_of_fold(score, iter(models))
    gold = np.flatnonzero(examples.gold)
    folds = data.folds[gold]
    assert margins[:, 0].tolist() == [row * 10.0**fold + fold for row, fold in zip(gold, folds, strict=True)]
    assert margins[:, 1].tolist() == [row * 10.0**fold - fold for row, fold in zip(gold, folds, strict=True)]
    assert sorted(np.concatenate(asked)) == gold.tolist()  # nobody asks for the margins of the others
    assert data.gold_folds.tolist() == folds.tolist()
    for fold, selection in enumerate(data.selections):
        left_out = {examples.groups[row] for row in gold[folds == fold]}
        assert left_out
        assert not left_out & {examples.groups[row] for row in np.flatnonzero(selection)}
