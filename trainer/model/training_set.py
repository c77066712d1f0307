"""What a model is trained on: the chosen sentences, what each label weighs, and the folds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.config import Config
from trainer.corpus.examples import Examples
from trainer.corpus.splits import fold_of
from trainer.corpus.strings import taken
from trainer.errors import DataError
from trainer.storage import sha256

Margins = NDArray[np.float64]
Weights = NDArray[np.floating[Any]]
Score = Callable[[NDArray[np.intp], NDArray[np.float32]], Margins]
_WHAT_TO_DO = (
    "Label some: `trainer corpus export --to-label 200 --topic {topic} --out {topic}.xlsx` picks them, "
    "`trainer build … --labels {topic}.xlsx` takes them. Or add a rule; or train the other topics for now: "
    "--set classifier.allow_empty=true."
)


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """The sentences that a model is trained on.

    Attributes
    ----------
    examples : Examples
        n sentences, judged for k topics.
    weights : (n, k) array of float32
        Of every label; 0 where nothing is known.
    folds : (n,) array of int8
        The fold that holds out each row, whole groups at a time; -1 where none does, for there is no gold row
        in the group.
    n_folds : int
    """

    examples: Examples
    weights: NDArray[np.float32]
    folds: NDArray[np.int8]
    n_folds: int

    @classmethod
    def of(cls, examples: Examples, config: Config) -> TrainingSet:
        """Choose what to train on, weigh it, and part it into folds balanced over the topics.

        Raises
        ------
        DataError
            When a topic has no positive or no negative sentence, unless ``classifier.allow_empty``.
        """
        used = examples.only(_chosen(examples, config))
        weights = _weights(used, config)
        _refuse_empty(used, config)
        return cls(used, weights, _gold_folds(used, config), config.thresholds.folds)

    @property
    def selections(self) -> list[NDArray[np.bool_]]:
        """For each fold, the rows to train on while it is held out."""
        return [self.folds != fold for fold in range(self.n_folds)]

    @property
    def gold_folds(self) -> NDArray[np.int64]:
        """The fold that holds out each of the g gold rows."""
        return self.folds[self.examples.gold].astype(np.int64)

    def out_of_fold(self, score: Score, held_out: Iterator[tuple[Weights, NDArray[np.float64]]]) -> Margins:
        """Return the (g, k) margins of the gold rows, each by the model of the fold that holds it out.

        Parameters
        ----------
        score : callable
            Multiplies the features of the rows that are given by weights in float32.
        held_out : iterator of (coef, intercept)
            The models of `selections`; what comes after these is not taken.
        """
        gold, folds = np.flatnonzero(self.examples.gold), self.gold_folds
        margins = np.zeros((len(gold), self.examples.Y.shape[1]))
        for fold in range(self.n_folds):
            coef, intercept = next(held_out)
            there = folds == fold
            if there.any():
                margins[there] = score(gold[there], coef.astype(np.float32, copy=False)) + intercept
            del coef  # before the next is made
        return margins


def label_counts(examples: Examples) -> dict[str, dict[str, int]]:
    """Return how many sentences of each topic are yes, no and unknown, and how many people judged so."""
    codes = {"yes": 1, "no": 0, "unknown": -1}
    found = {}
    for i, topic in enumerate(examples.topics):
        y = examples.Y[:, i]
        counts = {name: int((y == code).sum()) for name, code in codes.items()}
        by_people = {
            f"{name}_by_people": int(((y == codes[name]) & examples.gold).sum()) for name in ("yes", "no")
        }
        found[topic] = {**counts, **by_people}
    return found


def _chosen(examples: Examples, config: Config) -> NDArray[np.bool_]:
    """Choose what to train on: all rows that say something, and a fixed sample of the silent ones."""
    weighty = np.asarray(_weights(examples, config).any(axis=1))
    silent = np.flatnonzero(weighty & ~examples.gold & ~(examples.Y == 1).any(axis=1))
    most = config.classifier.most_silent
    if len(silent) > most:
        # By a hash of the id: the sample does not depend on the order of the rows.
        ids = taken(examples.ids, silent)
        lots = np.fromiter((sha256(f"{config.seed}:{one}".encode()) for one in ids), "S64", len(silent))
        weighty[silent[np.argsort(lots, kind="stable")[most:]]] = False
    return weighty


def _weights(examples: Examples, config: Config) -> NDArray[np.float32]:
    """Return the weight of every label: 1 for people's, less for rules', least for their silence."""
    silver = config.classifier.silver_weight
    silence = silver * config.build.silence_weight
    by_rule, by_people = np.array([silence, silver, 0.0], np.float32), np.array([1, 1, 0], np.float32)
    weights = np.empty(examples.Y.shape, np.float32)
    for topic, y in enumerate(examples.Y.T):  # one after another: numbers of places take eight bytes each
        weights[:, topic] = np.where(examples.gold, by_people[y], by_rule[y])
    return weights


def _refuse_empty(examples: Examples, config: Config) -> None:
    if config.classifier.allow_empty:
        return
    for topic, counts in label_counts(examples).items():
        for answer in ("yes", "no"):
            if counts[answer] == 0:
                raise DataError(
                    f"topic '{topic}' has no sentence labelled \"{answer}\" ({counts['yes']} yes, "
                    f"{counts['no']} no, {counts['unknown']} unknown in training)",
                    hint=_WHAT_TO_DO.format(topic=topic),
                )


def _gold_folds(examples: Examples, config: Config) -> NDArray[np.int8]:
    """Return the fold that holds out each row; a group with no gold row is held out by none (-1)."""
    with_gold = set(taken(examples.groups, np.flatnonzero(examples.gold)))
    rows = np.fromiter((group in with_gold for group in examples.groups), bool, len(examples))
    folds = np.full(len(examples), -1, np.int8)
    groups = taken(examples.groups, np.flatnonzero(rows))
    positive = (examples.Y[rows] == 1) & examples.gold[rows, None]
    if len(groups):
        folds[rows] = fold_of(groups, positive.astype(float), config.thresholds.folds, config.seed)
    return folds
