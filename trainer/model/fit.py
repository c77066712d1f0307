"""Training: examples -> features -> weights -> calibration -> thresholds -> tagger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.config import Config
from trainer.corpus.examples import Examples
from trainer.corpus.strings import taken
from trainer.engine.counting import Kind
from trainer.engine.packed import COMPILED
from trainer.engine.threads import Shares, chunks, even_spans
from trainer.errors import DataError
from trainer.lexicons import LexiconMatcher
from trainer.metrics import score_table
from trainer.model.calibration import split_curves
from trainer.model.decisions import decide_topics
from trainer.model.features import Features, LexiconBlock
from trainer.model.learning import learn_blocks
from trainer.model.linear import fit_in_turns
from trainer.model.packing import packed
from trainer.model.precision import Precision, rounded
from trainer.model.scoring import Scorer
from trainer.model.tagger import Tagger
from trainer.model.training_set import TrainingSet
from trainer.progress import Progress, silent

_TOGETHER = 65_536
"""Texts whose rows wait to be put below the others, at most."""
_MANY = 1_000_000
"""Features from which on their tables take a hundred megabytes, and less than a second to make."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A tagger with what was measured while it was made.

    Attributes
    ----------
    out_of_fold : mapping
        Scores of the gold sentences, each tagged by a model that had not seen its group.
    examples : Examples
        The n sentences that it was trained on.
    held_out : (g, k) array of float64
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
    data = TrainingSet.of(examples, config)
    used = data.examples
    features = learn_features(used, config, progress)
    weighed = _telling(progress, "weighing", len(used))
    X = packed(features, _parts(used.texts, weighed)) if COMPILED else features.transform(used.texts)
    selections = [*data.selections, np.ones(len(used), dtype=bool)]
    models = fit_in_turns(X, used.Y, data.weights, selections, config.classifier, config.seed, progress)
    del X, selections  # they go as soon as all is solved: texts are scored as they are read
    features = _light(features)

    def score(rows: NDArray[np.intp], weights: NDArray[np.float32]) -> NDArray[np.float64]:
        return Scorer(_light(features), weights)(taken(used.texts, rows))

    margins = data.out_of_fold(score, models)
    coef, intercept = next(models)
    coef = coef.copy()  # the weights of the folds go
    del models
    progress("scoring", 0, 1)
    Y = used.Y[used.gold]
    groups = taken(used.groups, np.flatnonzero(used.gold))
    decided = decide_topics(margins, Y, groups, data.gold_folds, used.topics, config)
    calibration, curves = split_curves(used.topics, [one.calibrated.curve for one in decided])
    thresholds = np.array([one.choice.threshold for one in decided])
    bands = np.array([one.band for one in decided]) if config.thresholds.review_error else None
    review = config.thresholds.review
    fitted = Tagger(
        used.topics, features, coef, intercept, calibration, thresholds, review,
        language=config.language, curves=curves, bands=bands,
    )  # fmt: skip
    tagger, precision = rounded(fitted, used.texts, config.classifier.precision)
    scores = tagger.scores(margins)
    table = score_table(Y, scores >= thresholds, scores, used.topics)
    progress("scoring", 1, 1)
    decisions = {topic: one.to_dict() for topic, one in zip(used.topics, decided, strict=True)}
    return Fitted(tagger, table, used, scores, precision, decisions)


def _light(features: Features) -> Features:
    """Return features that hold no tables beside the matrix while that is solved, where tables are large."""
    return features.bare() if len(features) > _MANY else features


def learn_features(examples: Examples, config: Config, progress: Progress = silent) -> Features:
    """Learn the vocabularies that the config asks for, reading the texts once for each."""
    wanted = config.features
    asked: list[tuple[Kind, tuple[int, int] | None]] = [
        ("word", wanted.word_ngrams),
        ("char", wanted.char_ngrams),
    ]
    ngrams = [(kind, lengths) for kind, lengths in asked if lengths is not None]
    tell = _telling(progress, "learning n-grams", len(examples))
    read = Shares(len(ngrams), lambda done: tell(done / len(ngrams)))
    blocks = learn_blocks(
        [(*one, _Texts(examples.texts, partial(read.tell, part))) for part, one in enumerate(ngrams)],
        wanted.min_df,
        wanted.sublinear_tf,
        remember=True,
    )
    features = Features((*blocks, *lexicon_blocks(config)))
    refuse_no_features(len(features), wanted.min_df)
    return features


@dataclass(frozen=True, slots=True)
class _Texts:
    """The texts of examples, which may be read again, and tell how many were."""

    texts: Sequence[str]
    tell: Callable[[float], None]

    def __len__(self) -> int:
        return len(self.texts)

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(_parts(self.texts, self.tell))

    def parts(self, n: int) -> list[_Texts]:
        """Return n parts that follow each other, and tell how far all of them are."""
        shares = Shares(n, lambda done: self.tell(done / n))
        return [
            _Texts(self.texts[start:end], partial(shares.tell, part))
            for part, (start, end) in enumerate(even_spans(len(self), n))
        ]


def _telling(progress: Progress, stage: str, n: int) -> Callable[[float], None]:
    """Return what takes a share of n texts for progress."""
    return lambda share: progress(stage, round(share * n), n)


def _parts(texts: Sequence[str], tell: Callable[[float], None]) -> Iterator[Sequence[str]]:
    """Yield the texts some at a time, and tell what share of them was read."""
    done = 0
    tell(0.0)
    for part in chunks(texts, _TOGETHER):
        yield part
        done += len(part)
        tell(done / len(texts))


def lexicon_blocks(config: Config) -> list[LexiconBlock]:
    """Return the block of the lexicons, where the config has some and gives them a weight."""
    if not config.lexicons or config.features.lexicon_weight == 0:
        return []
    matcher = LexiconMatcher({lexicon.name: lexicon.terms for lexicon in config.lexicons})
    return [LexiconBlock(matcher, config.features.lexicon_weight)]


def refuse_no_features(width: int, min_df: int) -> None:
    """Refuse to learn from nothing."""
    if width == 0:
        raise DataError(
            f"no feature stands in {min_df} sentences or more",
            hint="Add sentences, or lower features.min_df.",
        )
