"""Votes -> labels. People stand above rules; "not judged" is not "no"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trainer.records import Label, LabelledText, Origin, Vote

HUMAN = "human:"
CODES: dict[str, int] = {"yes": 1, "no": 0, "unknown": -1}
IMPORTED = "imported:"
"""Authors of labels that came without a person behind them: they count as rules do."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the votes on one sentence come to.

    Attributes
    ----------
    labels : tuple of {"yes", "no", "unknown"}
        Topic by topic.
    origin : {"gold", "silver"}
        Gold when a person judged the sentence; rules then have no say in it.
    conflicts : tuple of str
        Topics on which votes of the same standing cancel out; their label is "unknown".
    """

    labels: tuple[Label, ...]
    origin: Origin
    conflicts: tuple[str, ...] = ()


def judge(votes: Sequence[Vote], topics: Sequence[str]) -> Judgement:
    """Aggregate the votes on one sentence.

    Where a person has voted on any topic, only people count, and they must agree. Otherwise the weights of
    "yes" and "no" are compared.
    """
    human = [vote for vote in votes if vote.author.startswith(HUMAN)]
    labels: list[Label] = []
    conflicts: list[str] = []
    for topic in topics:
        mine = [vote for vote in (human or votes) if vote.topic == topic]
        label = _unanimous(mine) if human else _heavier(mine)
        labels.append(label)
        if label == "unknown" and mine:
            conflicts.append(topic)
    return Judgement(tuple(labels), "gold" if human else "silver", tuple(conflicts))


def human_votes(labelled: LabelledText) -> list[Vote]:
    """Return the votes that a labelled sentence carries."""
    named = labelled.author.startswith((HUMAN, IMPORTED))
    author = labelled.author if named else HUMAN + labelled.author
    # The name of the file and the line: where the file lay is nobody's business who gets the corpus.
    place, end = labelled.at.replace("\\", "/").rpartition("/")[2], len(labelled.text)
    return [
        Vote(topic, answer, author, 0, end, at=place, time=labelled.time)
        for topic, answer in labelled.labels.items()
    ]


def _unanimous(votes: Iterable[Vote]) -> Label:
    answers = {vote.answer for vote in votes}
    return answers.pop() if len(answers) == 1 else "unknown"


def _heavier(votes: Iterable[Vote]) -> Label:
    tally = sum(vote.weight if vote.answer == "yes" else -vote.weight for vote in votes)
    tally = round(tally, 9)  # 0.1 + 0.2 against 0.3 is a tie, in whatever order they are added
    if tally == 0:
        return "unknown"
    return "yes" if tally > 0 else "no"
