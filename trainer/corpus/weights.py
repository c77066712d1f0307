"""How much each rule's vote counts: by how often it was right where people judged.

The accuracy of a rule is the mean of a Beta posterior over the gold sentences that it fires on; its votes
weigh the log-odds of that accuracy, which is how independent voters are best weighed (Nitzan and Paroush,
International Economic Review 23, 1982). A rule that is right no more than half the time weighs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.config import Build
from trainer.corpus.index import SentenceIndex
from trainer.corpus.labels import IMPORTED
from trainer.corpus.rules import RuleSet
from trainer.records import Vote


@dataclass(frozen=True, slots=True)
class RuleReport:
    """What a rule did in a corpus; every text counts once.

    Attributes
    ----------
    fired : int
        Texts that it fires on; `coverage` is their share of all texts.
    overlap, conflict : float or None
        Share of `fired` on which another rule of the topic fires as well, or says the opposite.
    judged, right : int
        Gold texts among them that people judged for the topic, and on how many of these they agree.
    accuracy, low, high : float
        Mean of the Beta posterior, and its central 95 % interval.
    weight : float
        What each of its votes weighs.
    """

    author: str
    topic: str
    answer: str
    fired: int
    coverage: float
    overlap: float | None
    conflict: float | None
    judged: int
    right: int
    accuracy: float
    low: float
    high: float
    weight: float

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return asdict(self)


def rule_reports(
    index: SentenceIndex, rules: RuleSet, gold: NDArray[np.bool_], codes: NDArray[np.int8], build: Build
) -> list[RuleReport]:
    """Return what each rule did, in the order of the config.

    Parameters
    ----------
    gold, codes : arrays
        From `SentenceIndex.human_codes`.
    """
    fires = _fires_by_text(index, len(rules.authors))
    answers = rules.answers
    reports = []
    for number, (author, (topic, answer)) in enumerate(zip(rules.authors, answers, strict=True)):
        mine = fires[number]
        others = [fires[i] for i, said in enumerate(answers) if i != number and said[0] == topic]
        against = [fires[i] for i, said in enumerate(answers) if said[0] == topic and said[1] != answer]
        said = codes[mine[gold[mine]], rules.topics.index(topic)]
        judged, right = int((said >= 0).sum()), int((said == (answer == "yes")).sum())
        accuracy, low, high = beta_posterior(right, judged, build.rule_prior)
        weight = rules.weights[number] * max(_log_odds(right, judged, build.rule_prior), 0.0)
        reports.append(
            RuleReport(
                author, topic, answer, len(mine), round(len(mine) / max(len(gold), 1), 6),
                _share(mine, others), _share(mine, against), judged, right,
                round(accuracy, 6), round(low, 6), round(high, 6), round(weight, 6),
            )
        )  # fmt: skip
    return reports


def beta_posterior(right: int, judged: int, prior: Sequence[float]) -> tuple[float, float, float]:
    """Return mean, 2.5 % and 97.5 % point of the accuracy, given a Beta prior."""
    from scipy.special import betaincinv

    a, b = _counts(right, judged, prior)
    low, high = betaincinv(a, b, [0.025, 0.975])
    return a / (a + b), float(low), float(high)


def _log_odds(right: int, judged: int, prior: Sequence[float]) -> float:
    # Not from the mean, which is 1 in a float where the prior is sure of the rule.
    a, b = _counts(right, judged, prior)
    return math.log(a) - math.log(b)


def _counts(right: int, judged: int, prior: Sequence[float]) -> tuple[float, float]:
    """Return how often the rule was right and wrong, what the prior pretends included."""
    return prior[0] + right, prior[1] + (judged - right)


def silver_codes(
    index: SentenceIndex,
    rules: RuleSet,
    weights: Sequence[float],
    said: Mapping[int, Sequence[Vote]],
) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Return what the votes of rules, and imported ones, come to, row by row and topic by topic.

    Parameters
    ----------
    said : mapping of int to sequence of Vote
        By row, the votes that the input brought along; those of people do not count here.

    Returns
    -------
    codes : (n, k) array of int8
        1 yes, 0 no, -1 unknown.
    heard : (n, k) array of bool
        Some rule of the topic fires; where none does, silence votes.
    """
    shape = (len(index), len(rules.topics))
    tally, heard = np.zeros(shape), np.zeros(shape, dtype=bool)
    topic_of = np.array([rules.topics.index(topic) for topic, _ in rules.answers], dtype=np.int64)
    worth = np.array(
        [w if said == "yes" else -w for (_, said), w in zip(rules.answers, weights, strict=True)]
    )
    if len(index.fired_rows):
        places = (index.fired_rows, topic_of[index.fired_rules])
        np.add.at(tally, places, worth[index.fired_rules])
        heard[places] = True
    tally[~heard] = -rules.silence_weight
    for row, votes in said.items():
        for vote in votes:
            if vote.author.startswith(IMPORTED):
                weight = vote.weight if vote.answer == "yes" else -vote.weight
                tally[row, rules.topics.index(vote.topic)] += weight
    np.round(tally, 9, out=tally)  # 0.1 + 0.2 against 0.3 is a tie, in whatever order they are added
    return (tally > 0).astype(np.int8) - (tally == 0).astype(np.int8), heard


def _fires_by_text(index: SentenceIndex, n_rules: int) -> list[NDArray[np.int64]]:
    texts = index.texts[index.fired_rows]
    return [np.unique(texts[index.fired_rules == number]) for number in range(n_rules)]


def _share(mine: NDArray[np.int64], others: Sequence[NDArray[np.int64]]) -> float | None:
    if not len(mine):
        return None
    union = np.concatenate([np.zeros(0, np.int64), *others])
    return round(float(np.isin(mine, union).mean()), 6)
