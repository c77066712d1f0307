"""What a model says of texts: frozen records that carry no behaviour beyond what their fields mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


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
