"""What a build says of its inputs before anything is published: what was not used, who disagrees."""

from __future__ import annotations

import warnings

from trainer.corpus.index import SentenceIndex
from trainer.corpus.intake import Intake
from trainer.corpus.labels import HUMAN
from trainer.errors import DataError, TrainerWarning
from trainer.records import Vote, listing

_SHOWN = 5


def refuse_nothing(index: SentenceIndex, intake: Intake, input_used: bool) -> None:
    """Refuse an input of which nothing can be used, even where the starter sentences would do."""
    if len(index) and input_used:
        return
    raise DataError(
        f"no usable sentence in the input ({len(intake.rejections):,} rejected){listing(intake.rejections)}",
        hint="A document needs a text, a labelled sentence a text and labels.",
    )


def warn_of_rejections(intake: Intake) -> None:
    """Say how much of the input was not used, and show the first of it."""
    if intake.rejections:
        reasons = ", ".join(f"{reason} {n:,}" for reason, n in sorted(intake.rejected.items()))
        warnings.warn(
            f"{len(intake.rejections):,} rejected ({reasons}); rejected.jsonl of the corpus lists all:"
            + listing(intake.rejections),
            TrainerWarning,
            stacklevel=2,
        )


def warn_of_disagreements(intake: Intake) -> None:
    """Say where people contradict one another, or themselves: such labels stay unknown."""
    pairs = []
    for votes in intake.said.values():
        said: dict[str, Vote] = {}
        for vote in votes:
            other = said.setdefault(vote.topic, vote)
            if (
                vote.author.startswith(HUMAN)
                and other.author.startswith(HUMAN)
                and other.answer != vote.answer
            ):
                pairs.append((vote.topic, other, vote))
    if pairs:
        told = "".join(f"\n  {topic}: {_voice(one)}, {_voice(other)}" for topic, one, other in pairs[:_SHOWN])
        more = f"\n  and {len(pairs) - _SHOWN:,} more" if len(pairs) > _SHOWN else ""
        warnings.warn(
            f"people disagree {len(pairs):,} times; conflicts.jsonl of the corpus lists all:{told}{more}",
            TrainerWarning,
            stacklevel=2,
        )


def _voice(vote: Vote) -> str:
    return f"{vote.author.removeprefix(HUMAN)} says {vote.answer} ({vote.at or 'no place'})"


def warn_of_strangers(index: SentenceIndex) -> None:
    """Say which labels found no sentence of the document that they name, and which rows pull it apart."""
    if index.torn:
        warnings.warn(
            f"rows of {index.torn:,} documents ask for different splits; the latest of these counts for all",
            TrainerWarning,
            stacklevel=2,
        )
    if found := index.strangers():
        shown = ", ".join(map(repr, found[:5])) + (", …" if len(found) > 5 else "")
        warnings.warn(
            f"labels name {len(found):,} documents that hold no such sentence, and stand alone: {shown}",
            TrainerWarning,
            stacklevel=2,
        )
