"""Scores of a model and of the keyword rules on labelled sentences."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.config import Config, config_from_dict
from trainer.corpus.examples import Examples, corpus_examples, file_examples
from trainer.corpus.labels import judge
from trainer.corpus.readers.reading import Reading
from trainer.corpus.rules import RuleSet
from trainer.corpus.store import SPLITS, Corpus, corpus_with
from trainer.errors import DataError, TrainerWarning
from trainer.metrics import score_table
from trainer.model.tagger import Tagger
from trainer.records import Rejection


@dataclass(frozen=True, slots=True)
class Plain:
    """What a reader asks: how many tags are right, how much is found, what is tagged by mistake.

    Attributes
    ----------
    tags, right, positives : int
        Over all topics, where people judged: tags, those that are right, and what there was to find.
    ordinary, false_tags : int
        Sentences of which people said no to every topic that they judged, and the tags on these.
    """

    tags: int
    right: int
    positives: int
    ordinary: int
    false_tags: int

    def in_words(self) -> str:
        """Return it as a sentence."""
        right = (
            f"of 100 tags {100 * self.right / self.tags:.0f} are right" if self.tags else "nothing is tagged"
        )
        found = (
            f"it finds {100 * self.right / self.positives:.0f} of 100"
            if self.positives
            else "no sentence is on any topic"
        )
        false = (
            f"{1000 * self.false_tags / self.ordinary:.0f} false tags in 1,000 ordinary sentences"
            if self.ordinary
            else "nobody judged ordinary sentences, without any topic"
        )
        return f"{right}; {found}; {false}"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores of one model on one set of sentences.

    Attributes
    ----------
    gold, rules : mapping
        ``topics``, ``micro`` and ``macro`` of the model and of the keyword rules, on sentences that people
        judged.
    silver : mapping or None
        The model on sentences that only rules labelled: agreement with the rules, not correctness.
    model : mapping
        ``path``, ``version`` and ``digest``, where known.
    """

    on: str
    n: int
    gold: Mapping[str, Any]
    rules: Mapping[str, Any]
    silver: Mapping[str, Any] | None
    model: Mapping[str, Any] = field(default_factory=dict)
    rejected: tuple[Rejection, ...] = ()
    plain: Plain | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what ``trainer eval --json`` prints."""
        return {
            **self.model,
            "on": self.on,
            "n": self.n,
            **self.gold,
            "plain": None if self.plain is None else asdict(self.plain),
            "rules": dict(self.rules),
            "silver": None if self.silver is None else dict(self.silver),
        }


def evaluate_tagger(tagger: Tagger, examples: Examples, config: Config) -> Evaluation:
    """Score a model on labelled sentences.

    Parameters
    ----------
    config : Config
        Whose keyword rules stand beside the model: those that it was trained with.

    Raises
    ------
    DataError
        When no sentence was judged by a person, or the topics differ.
    """
    if examples.topics != tagger.topics:
        raise DataError(f"the sentences are labelled for {examples.topics}, the model tags {tagger.topics}")
    gold, silver = examples.only(examples.gold), examples.only(~examples.gold)
    if not len(gold):
        raise DataError(
            f"no sentence of {examples.name} was judged by a person",
            hint="Scores against labels that the rules made would only measure the rules.",
        )
    return Evaluation(
        on=examples.name,
        n=len(gold),
        gold=_scores(tagger, gold),
        plain=plain_counts(gold.Y, tagger.decide(tagger.predict_proba(gold.texts))[0]),
        rules=score_table(gold.Y, rule_decisions(config, gold.texts), None, tagger.topics),
        silver=_scores(tagger, silver) if len(silver) else None,
        rejected=examples.rejected,
    )


def plain_counts(Y: NDArray[np.int8], tagged: NDArray[np.bool_]) -> Plain:
    """Count what a reader asks of a tagger.

    Parameters
    ----------
    Y : (n, k) array of int8
        1, 0 or -1 (not judged); what was not judged counts nowhere.
    tagged : (n, k) array of bool
    """
    ordinary = (Y <= 0).all(axis=1) & (Y == 0).any(axis=1)
    return Plain(
        tags=int((tagged & (Y >= 0)).sum()),
        right=int((tagged & (Y == 1)).sum()),
        positives=int((Y == 1).sum()),
        ordinary=int(ordinary.sum()),
        false_tags=int((tagged & (Y == 0))[ordinary].sum()),
    )


def rule_decisions(config: Config, texts: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return the (n, k) decisions of the keyword rules alone."""
    rules = RuleSet(config.topics, lexicons=config.lexicons)
    rows = [[label == "yes" for label in judge(rules.votes(text), rules.topics).labels] for text in texts]
    return np.array(rows, dtype=bool).reshape(len(texts), len(rules.topics))


def examples_to_score(
    tagger: Tagger, on: Corpus | str | Path, root: Path, reading: Reading | None = None
) -> Examples:
    """Return the sentences that `on` stands for: a split, a file, or the test split of a corpus."""
    if isinstance(on, Corpus):
        if on.fingerprint != tagger.info["corpus"]["fingerprint"]:
            warnings.warn(
                f"the model was trained on another corpus than {on.path}: its training sentences may stand "
                "in this test split",
                TrainerWarning,
                stacklevel=3,
            )
        return corpus_examples(on, ["test"])
    if str(on) not in SPLITS:
        open_topics = config_from_dict(tagger.info["config"]).open_topics
        return file_examples(on, tagger.topics, reading, open_topics)
    about = tagger.info["corpus"]
    return corpus_examples(corpus_with(about["fingerprint"], root, about["name"]), [str(on)])


def _scores(tagger: Tagger, examples: Examples) -> dict[str, Any]:
    scores = tagger.predict_proba(examples.texts)
    tagged, _ = tagger.decide(scores)
    return score_table(examples.Y, tagged, scores, tagger.topics)
