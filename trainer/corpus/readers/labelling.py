"""What the exports of labelling tools have in common: names of topics, people, times, texts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from trainer.corpus.readers.rows import FIELDS, NONE, RowError
from trainer.corpus.readers.source import Source
from trainer.errors import did_you_mean

_ANSWERS = ("yes", "no", "unknown")
_NOT_TAKEN_OVER = {"labels", "judged", "unknown", "annotator", "time", "origin"}
_ABOUT = [key for key in FIELDS if key not in _NOT_TAKEN_OVER]

Row = dict[str, Any]


def about_text(data: Mapping[str, Any], more: Any) -> Row:
    """Return text and metadata as a row has them; what is no plain value in `more` is passed over."""
    row = {key: data[key] for key in _ABOUT if data.get(key) is not None}
    if "text" not in row:
        texts = [value for value in data.values() if isinstance(value, str)]
        row |= {"text": texts[0]} if len(texts) == 1 else {}
    if isinstance(more, dict):
        plain = {key: more[key] for key in _ABOUT if isinstance(more.get(key), str) and key not in row}
        row |= {key: value for key, value in plain.items() if key != "text"}
    return row


def judged(answers: Mapping[str, list[str]], source: Source) -> Row:
    """Return labels from chosen names: complete, or topic by topic where the question is a topic's own."""
    own = {key: topic for key in answers if (topic := topic_of(key, source)) and _is_answer(answers[key])}
    labels = {topic: answers[key][0].strip().lower() for key, topic in own.items()}
    if own and len(own) == len(answers):
        return labels
    names = [name for key, chosen in answers.items() if key not in own for name in chosen]
    yes = [known_topic(name, source) for name in names if not is_none(name)]
    asked = [topic for topic in source.topics or () if topic not in source.open_topics]
    return {**dict.fromkeys(asked, "no"), **labels, **dict.fromkeys(yes, "yes")}


def _is_answer(chosen: list[str]) -> bool:
    return len(chosen) == 1 and chosen[0].strip().lower() in _ANSWERS


def topic_of(label: Any, source: Source) -> str | None:
    """Return the topic that a label names, by its name or its title in any case; None when there is none."""
    topics = source.topics or ()
    if not isinstance(label, str) or label in topics:
        return label if isinstance(label, str) else None
    plain = _plain(label)
    return next((t for t in topics if plain in (_plain(t), _plain(source.titles.get(t, t)))), None)


def known_topic(label: Any, source: Source) -> str:
    """Return the topic that a label names, or refuse the label."""
    topic = topic_of(label, source)
    if topic is None:
        known = did_you_mean(str(label), source.topics or ())
        raise RowError("unknown_topic", f"unknown topic {label!r}. {known}")
    return topic


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").replace("-", " ").casefold().split())


def is_none(label: Any) -> bool:
    """Tell whether a label says that no topic applies."""
    return isinstance(label, str) and label.strip().lower() == NONE


def strings(value: Any, key: str) -> list[str]:
    """Return a list of labels, or refuse what is none."""
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise RowError("bad_labels", f"'{key}' must be a list of labels")
    return value


def person_name(value: Any) -> str | None:
    """Return who judged, by name or number."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def moment(seconds: Any) -> str | None:
    """Return seconds since 1970 as a time that can be read."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, OSError, ValueError):
        raise RowError("bad_field", f"'_timestamp' is no time: {seconds!r}") from None
