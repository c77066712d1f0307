"""The records that flow from documents to decisions.

All are frozen and carry no behaviour beyond what their fields mean. Offsets are code points into the
text of the document, half open: ``document.text[start:end] == sentence.text``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Answer = Literal["yes", "no"]
Label = Literal["yes", "no", "unknown"]
Origin = Literal["gold", "silver"]


@dataclass(frozen=True, slots=True)
class Document:
    """A text as it was read, with what is known of it.

    Attributes
    ----------
    id : str
        Unique in a corpus.
    text : str
        Whole text, as it was read or extracted.
    language : str or None
        ISO 639-1 code, where the input or the file names one.
    split : str or None
        The split that the input asks for: train, validation or test.
    format, encoding : str or None
        What it was read from, as a suffix without dot ("html"), and the character encoding of that.
    size : int or None
        Bytes that it was read from, where a whole file holds one document.
    at : str
        Where it was read, as ``path:line``; for messages only, in no fingerprint.
    """

    id: str
    text: str
    title: str | None = None
    source: str | None = None
    date: str | None = None
    url: str | None = None
    language: str | None = None
    split: str | None = None
    format: str | None = None
    encoding: str | None = None
    size: int | None = None
    at: str = ""


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A sentence somebody has judged.

    Attributes
    ----------
    labels : mapping of str to {"yes", "no"}
        By topic name; a topic that is missing was not judged.
    doc_id : str or None
        The document it was taken from; None for a loose sentence, which is its own document.
    split : str or None
        The split that the input asks for: train, validation or test.
    time : str or None
        When it was judged, as the input says it.
    """

    id: str
    text: str
    labels: Mapping[str, Answer]
    author: str
    doc_id: str | None = None
    title: str | None = None
    source: str | None = None
    date: str | None = None
    url: str | None = None
    language: str | None = None
    split: str | None = None
    time: str | None = None
    at: str = ""


@dataclass(frozen=True, slots=True)
class LabelledPlace:
    """A place that somebody has judged, of a document that is read elsewhere.

    Attributes
    ----------
    doc_id : str
    start, end : int or None
        Code points into its text; None for the document as a whole.
    """

    doc_id: str
    start: int | None
    end: int | None
    labels: Mapping[str, Answer]
    author: str
    time: str | None = None
    at: str = ""


@dataclass(frozen=True, slots=True)
class Rejection:
    """An input that was read and not used, and why."""

    at: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Vote:
    """One opinion on one topic of one sentence.

    Attributes
    ----------
    author : str
        ``rule:<topic>/<rule>@<version>``, ``human:<annotator>`` or ``silence``.
    start, end : int
        What in the sentence made the author say so; the whole sentence for people.
    weight : float
        How much the vote counts against others of its kind, 0 or more.
    at : str
        Where it was read, as ``path:line``; empty for rules.
    time : str or None
        When it was cast, as the input says it.
    """

    topic: str
    answer: Answer
    author: str
    start: int
    end: int
    weight: float = 1.0
    at: str = ""
    time: str | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says of one text.

    Attributes
    ----------
    labels : tuple of str
        Topics that the text carries, in config order; ``()`` is a fine answer.
    scores : mapping of str to float
        Calibrated probability of every topic.
    review : tuple of str
        Topics too close to call: neither in `labels` nor ruled out.
    language : str or None
        ISO 639-1 code of the language that the text is plainly in, where that is not the model's: all topics
        are then left to review. ``und`` where it is some other one.
    """

    text: str
    labels: tuple[str, ...]
    scores: Mapping[str, float]
    review: tuple[str, ...] = ()
    language: str | None = None


@dataclass(frozen=True, slots=True)
class TaggedSentence:
    """A prediction with its place in a document."""

    prediction: Prediction
    start: int
    end: int
    doc_id: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what ``trainer predict`` writes; a place only where there is a document."""
        found = self.prediction
        row: dict[str, Any] = {
            "text": found.text,
            "labels": list(found.labels),
            "review": list(found.review),
            "scores": dict(found.scores),
        }
        if found.language is not None:
            row["language"] = found.language
        if self.doc_id is not None:
            row |= {"doc_id": self.doc_id, "start": self.start, "end": self.end}
        return row


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


def listing(rejected: Sequence[Rejection], shown: int = 5) -> str:
    """Return the first rejections and the count of the rest, as indented lines."""
    lines = [f"\n  {rejection.at}: {rejection.detail}" for rejection in rejected[:shown]]
    if len(rejected) > shown:
        rest = Counter(rejection.reason for rejection in rejected[shown:])
        lines.append("\n  and " + ", ".join(f"{count} {reason}" for reason, count in rest.items()))
    return "".join(lines)
