"""Training: examples -> features -> weights -> calibration -> thresholds -> tagger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.config import Config
from trainer.corpus.examples import Examples
from trainer.corpus.splits import fold_of
from trainer.engine.counting import Kind
from trainer.engine.sparse import SparseRows
from trainer.errors import DataError
from trainer.lexicons import LexiconMatcher
from trainer.metrics import score_table
from trainer.model.calibration import split_curves
from trainer.model.decisions import decide_topics
from trainer.model.features import Block, Features, LexiconBlock, learn_block
from trainer.model.linear import fit_topics
from trainer.model.precision import Precision, rounded
from trainer.model.tagger import Tagger
from trainer.progress import Progress, silent
from trainer.storage import sha256

_WHAT_TO_DO = (
    "Label some: `trainer corpus export --to-label 200 --topic {topic} --out {topic}.xlsx` picks them, "
    "`trainer build … --labels {topic}.xlsx` takes them. Or add a rule; or train the other topics for now: "
    "--set classifier.allow_empty=true."
)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A tagger with what was measured while it was made.

    Attributes
    ----------
    out_of_fold : mapping
        Scores of the gold sentences, each tagged by a model that had not seen its group.
    examples : Examples
        The n sentences that it was trained on.
    held_out : (n, k) array of float64
        Probabilities of the gold ones among them, from models that had not seen their group.
    precision : Precision
        What rounding the weights changed.
    decisions : mapping
        By topic, how it is decided and what that holds; see `trainer.model.decisions.Decision`.
    """

    tagger: Tagger
    out_of_fold: Mapping[str, Any]
    examples: Examples
    held_out: NDArray[np.float64]
    precision: Precision
    decisions: Mapping[str, Any] = field(default_factory=dict)


def fit_tagger(examples: Examples, config: Config, progress: Progress = silent) -> Fitted:
    """Train a tagger.

    Calibration and thresholds are found on gold sentences out of fold: whole groups are held out, in folds
    balanced over the topics. Vocabulary and document frequencies, which no label enters, are learned once.

    Raises
    ------
    DataError
        When a topic has no positive or no negative sentence, unless ``classifier.allow_empty``.
    """
    used = examples.only(_chosen(examples, config))
    weights = _weights(used, config)
    _refuse_empty(used, config)
    features = learn_features(used, config)
    progress("fitting", 1, 4)
    X = features.transform(used.texts)
    progress("fitting", 2, 4)
    folds = _gold_folds(used, config)
    everything = np.ones(len(used), dtype=bool)
    selections = [folds != fold for fold in range(config.thresholds.folds)]
    *held_out, (coef, intercept) = fit_topics(
        X, used.Y, weights, [*selections, everything], config.classifier, config.seed
    )
    progress("fitting", 3, 4)
    margins = _out_of_fold(X, folds, held_out)
    gold = used.gold
    groups = [group for group, judged in zip(used.groups, gold.tolist(), strict=True) if judged]
    decided = decide_topics(margins[gold], used.Y[gold], groups, folds[gold], used.topics, config)
    calibration, curves = split_curves(used.topics, [one.calibrated.curve for one in decided])
    thresholds = np.array([one.choice.threshold for one in decided])
    bands = np.array([one.band for one in decided]) if config.thresholds.review_error else None
    review = config.thresholds.review
    fitted = Tagger(
        used.topics, features, coef, intercept, calibration, thresholds, review,
        language=config.language, curves=curves, bands=bands,
    )  # fmt: skip
    tagger, precision = rounded(fitted, X, config.classifier.precision)
    scores = tagger.scores(margins)
    table = score_table(used.Y[gold], (scores >= thresholds)[gold], scores[gold], used.topics)
    progress("fitting", 4, 4)
    decisions = {topic: one.to_dict() for topic, one in zip(used.topics, decided, strict=True)}
    return Fitted(tagger, table, used, scores, precision, decisions)


def learn_features(examples: Examples, config: Config) -> Features:
    """Learn the vocabularies that the config asks for."""
    wanted = config.features
    ngrams: list[tuple[Kind, tuple[int, int] | None]] = [
        ("word", wanted.word_ngrams),
        ("char", wanted.char_ngrams),
    ]
    blocks: list[Block | LexiconBlock] = [
        learn_block(kind, lengths, examples.texts, wanted.min_df, wanted.sublinear_tf)
        for kind, lengths in ngrams
        if lengths is not None
    ]
    if config.lexicons and wanted.lexicon_weight > 0:
        matcher = LexiconMatcher({lexicon.name: lexicon.terms for lexicon in config.lexicons})
        blocks.append(LexiconBlock(matcher, wanted.lexicon_weight))
    features = Features(tuple(blocks))
    if len(features) == 0:
        raise DataError(
            f"no feature stands in {wanted.min_df} sentences or more",
            hint="Add sentences, or lower features.min_df.",
        )
    return features


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
        lots = [sha256(f"{config.seed}:{examples.ids[row]}".encode()) for row in silent.tolist()]
        weighty[silent[np.argsort(np.array(lots), kind="stable")[most:]]] = False
    return weighty


def _weights(examples: Examples, config: Config) -> NDArray[np.float64]:
    """Return the weight of every label: 1 for people's, less for rules', least for their silence."""
    silver = config.classifier.silver_weight
    silence = silver * config.build.silence_weight
    by_rule = np.where(examples.Y == 1, silver, silence)
    weights = np.where(examples.gold[:, None], 1.0, by_rule)
    return np.where(examples.Y < 0, 0.0, weights)


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


def _gold_folds(examples: Examples, config: Config) -> NDArray[np.int64]:
    """Return the fold that holds out each row; a group with no gold row is held out by none (-1)."""
    with_gold = set(np.array(examples.groups, dtype=object)[examples.gold])
    rows = np.array([group in with_gold for group in examples.groups], dtype=bool)
    folds = np.full(len(examples), -1, dtype=np.int64)
    groups = [group for group, chosen in zip(examples.groups, rows, strict=True) if chosen]
    positive = (examples.Y[rows] == 1) & examples.gold[rows, None]
    if groups:
        folds[rows] = fold_of(groups, positive.astype(float), config.thresholds.folds, config.seed)
    return folds


def _out_of_fold(
    X: SparseRows, folds: NDArray[np.int64], held_out: list[tuple[NDArray[np.float64], NDArray[np.float64]]]
) -> NDArray[np.float64]:
    margins = np.zeros((len(X), held_out[0][0].shape[1]))
    for fold, (coef, intercept) in enumerate(held_out):
        rows = folds == fold
        margins[rows] = (X.dot(coef.astype(np.float32)) + intercept)[rows]
    return margins
