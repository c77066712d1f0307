"""Scores of a model and of the keyword rules on labelled sentences."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.config import Config
from trainer.corpus.examples import Examples, corpus_examples, file_examples
from trainer.corpus.labels import judge
from trainer.corpus.rules import RuleSet
from trainer.corpus.store import SPLITS, Corpus, corpus_with
from trainer.errors import DataError, TrainerWarning
from trainer.metrics import score_table
from trainer.model.tagger import Tagger
from trainer.records import Rejection


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

    def to_dict(self) -> dict[str, Any]:
        """Return what ``trainer eval --json`` prints."""
        return {
            **self.model,
            "on": self.on,
            "n": self.n,
            **self.gold,
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
        rules=score_table(gold.Y, rule_decisions(config, gold.texts), None, tagger.topics),
        silver=_scores(tagger, silver) if len(silver) else None,
        rejected=examples.rejected,
    )


def rule_decisions(config: Config, texts: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return the (n, k) decisions of the keyword rules alone."""
    rules = RuleSet(config.topics, lexicons=config.lexicons)
    rows = [[label == "yes" for label in judge(rules.votes(text), rules.topics).labels] for text in texts]
    return np.array(rows, dtype=bool).reshape(len(texts), len(rules.topics))


def examples_to_score(tagger: Tagger, on: Corpus | str | Path, root: Path) -> Examples:
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
        return file_examples(on, tagger.topics)
    about = tagger.info["corpus"]
    return corpus_examples(corpus_with(about["fingerprint"], root, about["name"]), [str(on)])


def _scores(tagger: Tagger, examples: Examples) -> dict[str, Any]:
    scores = tagger.predict_proba(examples.texts)
    tagged, _ = tagger.decide(scores)
    return score_table(examples.Y, tagged, scores, tagger.topics)
