"""Why a model says what it says: frozen records, loaded when somebody asks why."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from trainer.records import Answer


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one feature adds to the margin of one topic.

    Attributes
    ----------
    feature : str
        ``word:…`` or ``char:…``.
    value : float
        Added to the margin, in its unit.
    spans : tuple of (int, int)
        Where the feature stands in the text.
    """

    feature: str
    value: float
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a model gave a topic its score: ``intercept + sum(contributions) == margin``."""

    text: str
    topic: str
    label: Literal["yes", "no", "review"]
    score: float
    margin: float
    threshold: float
    intercept: float
    contributions: tuple[Contribution, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return what ``trainer explain --json`` prints of one topic."""
        keys = ("label", "score", "margin", "threshold", "intercept")
        contributions = [
            {"feature": c.feature, "value": c.value, "spans": [list(span) for span in c.spans]}
            for c in self.contributions
        ]
        return {**{key: getattr(self, key) for key in keys}, "contributions": contributions}


@dataclass(frozen=True, slots=True)
class WordReason:
    """What one word, or two in a row, add to the margin of a topic, wherever they stand in the text."""

    word: str
    value: float
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class LexiconReason:
    """What a lexicon adds to the margin, and the terms of it that were found."""

    name: str
    value: float
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleReason:
    """A keyword rule that fires in the text. Rules vote on labels; they are no part of the margin."""

    name: str
    answer: Answer
    words: str


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why a model gave a topic its answer, in words.

    ``intercept + sum of lexicons + sum of words == margin``: each piece of a word counts for the word.

    Attributes
    ----------
    rules : tuple of RuleReason
        Those of the config that the model was trained with, for this topic.
    lexicons, words : tuple
        The weightiest first.
    language : str or None
        The language that the text is in, where the model does not read it.
    """

    text: str
    topic: str
    label: Literal["yes", "no", "review"]
    score: float
    threshold: float
    margin: float
    intercept: float
    rules: tuple[RuleReason, ...]
    lexicons: tuple[LexiconReason, ...]
    words: tuple[WordReason, ...]
    language: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what ``trainer explain --json`` prints of one topic."""
        keys = ("label", "score", "threshold", "margin", "intercept")
        return {
            **{key: getattr(self, key) for key in keys},
            **({} if self.language is None else {"language": self.language}),
            "rules": [asdict(rule) for rule in self.rules],
            "lexicons": [{**asdict(found), "terms": list(found.terms)} for found in self.lexicons],
            "words": [{**asdict(w), "spans": [list(span) for span in w.spans]} for w in self.words],
        }
