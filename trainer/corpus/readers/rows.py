"""One row of a JSONL, CSV or Parquet file -> a document, a labelled sentence, or a rejection.

A row with labels is a labelled sentence; any other row with a text is a document.

- A ``labels`` list is complete: an absent topic is "no", unless ``judged`` lists the topics looked at.
- A ``labels`` object ``{topic: yes|no|unknown}`` is partial: an absent topic was not judged.
- A sheet has one column a topic: 1 / 0 / blank; or a ``labels`` cell (``sanctions; ukraine``, ``none``).
  A blank cell was not judged.
- A row without text that names ``doc_id``, and ``start`` and ``end`` or neither, labels that place.
- ``unknown`` lists the topics that a complete list leaves open.
- ``origin`` is what an exported corpus says of a sentence: gold, or silver, whose labels are nobody's word.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from trainer.corpus.labels import HUMAN, IMPORTED
from trainer.errors import did_you_mean
from trainer.records import Answer, Document, LabelledPlace, LabelledText, Rejection

_ANSWERS: dict[Any, Answer | None] = {
    "yes": "yes", "no": "no", "unknown": None,
    "1": "yes", "0": "no", "": None,
    "1.0": "yes", "0.0": "no",  # what a column of numbers with gaps becomes
    "true": "yes", "false": "no",
    True: "yes", False: "no", None: None,
}  # fmt: skip
NONE = "none"
_ABOUT = ("title", "source", "date", "url", "language", "split")
_ORIGINS = ("gold", "silver")
_SPLITS = ("train", "validation", "test")
FIELDS = ("text", "id", "doc_id", "labels", "judged", "unknown", "annotator", "time", "origin", *_ABOUT)
"""What a row may hold beside topics; anything else is passed over."""


class RowError(ValueError):
    """A row, or a file, cannot be used; the reason is a short fixed code, the detail is for people.

    Parameters
    ----------
    line : int, optional
        Where in the file, when the whole of it was being read.
    column : str, optional
        The column, or key, that is at fault.
    """

    def __init__(self, reason: str, detail: str, line: int | None = None, column: str | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.line = line
        self.column = column


def read_row(
    row: Mapping[str, Any],
    topics: Sequence[str] | None,
    at: str,
    author: str,
    open_topics: Collection[str] = (),
    cell: Callable[[str], str] | None = None,
    **read_from: Any,
) -> Document | LabelledText | LabelledPlace | Rejection:
    """Turn a decoded row into the record that it holds.

    Parameters
    ----------
    row : mapping
        Column or key to value, as JSON or CSV gave it.
    topics : sequence of str or None
        The topics of the config; None passes labels over.
    at : str
        Where the row stands, as ``path:line``.
    author : str
        Who made the labels, where the row names no ``annotator``.
    open_topics : collection of str
        Those that a complete list leaves unknown where it does not name them: it was made before they were.
    cell : callable, optional
        Where the cell of a column stands, to name one that is at fault.
    **read_from : str or None
        The ``format`` and ``encoding`` of the file, for a document.
    """
    try:
        if topics and _is_place(row, topics):
            return _place(row, topics, at, author, open_topics)
        text = checked_text(row.get("text"))
        about: dict[str, Any] = {key: _optional(row, key) for key in _ABOUT}
        _refuse_other_splits(about["split"])
        identity = _optional(row, "id")
        exported = row.get("origin") in _ORIGINS
        if topics is None or not (exported or _has_labels(row, topics)):
            return Document(identity or content_id("doc", text), text, at=at, **about, **read_from)
        doc_id = _optional(row, "doc_id")
        return LabelledText(
            id=identity or content_id("text", f"{doc_id}\0{text}" if doc_id else text),
            text=text.strip(),
            labels=_answers(row, topics, open_topics),
            author=_author(row, author),
            # An exported sentence that is its own document says so.
            doc_id=None if exported and doc_id == identity else doc_id,
            time=_optional(row, "time"),
            at=at,
            **about,
        )
    except RowError as error:
        where = at if cell is None or error.column is None else cell(error.column)
        return Rejection(where, error.reason, error.detail)


def _is_place(row: Mapping[str, Any], topics: Sequence[str]) -> bool:
    return row.get("text") in (None, "") and bool(_optional(row, "doc_id")) and _has_labels(row, topics)


def _place(
    row: Mapping[str, Any], topics: Sequence[str], at: str, author: str, open_topics: Collection[str]
) -> LabelledPlace:
    start, end = (_whole_number(row, key) for key in ("start", "end"))
    if (start is None) != (end is None):
        raise RowError("bad_field", "a place needs both 'start' and 'end'; a whole document neither")
    doc_id = _optional(row, "doc_id") or ""
    labels, by = _answers(row, topics, open_topics), _author(row, author)
    return LabelledPlace(doc_id, start, end, labels, by, _optional(row, "time"), at)


def _whole_number(row: Mapping[str, Any], key: str) -> int | None:
    text = _optional(row, key)
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not number.is_integer():
        raise RowError("bad_field", f"'{key}' must be a whole number, got {text!r}")
    return int(number)


def checked_text(text: object) -> str:
    """Return `text` when it is one that can be stored and counted.

    Raises
    ------
    RowError
        With reason ``no_text``, ``empty_text``, ``nul_byte`` or ``not_utf8``.
    """
    if not isinstance(text, str):
        got = "nothing" if text is None else type(text).__name__
        raise RowError("no_text", f"'text' must be a string, got {got}", column="text")
    if not text.strip():
        raise RowError("empty_text", "the text is empty", column="text")
    if "\0" in text:
        raise RowError("nul_byte", "the text holds a NUL byte", column="text")
    _refuse_surrogates(text)
    return text


def content_id(kind: str, text: str) -> str:
    """Return an id made from the content: the same text, the same id."""
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _refuse_surrogates(text: str) -> None:
    # Undecodable bytes arrive as lone surrogates, and JSON can carry them as escapes.
    try:
        text.encode()
    except UnicodeEncodeError:
        raise RowError("not_utf8", "the text holds bytes or escapes that are not valid UTF-8") from None


def _optional(row: Mapping[str, Any], key: str) -> str | None:
    value = row.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise RowError("bad_field", f"'{key}' must be a string, got {type(value).__name__}", column=key)
    if isinstance(value, float) and not math.isfinite(value):
        raise RowError("bad_field", f"'{key}' must be a string, got {value}", column=key)
    text = str(value)
    if "\0" in text:
        raise RowError("nul_byte", f"'{key}' holds a NUL byte", column=key)
    _refuse_surrogates(text)
    return text


def _author(row: Mapping[str, Any], author: str) -> str:
    if row.get("origin") == "silver":
        return IMPORTED + author.removeprefix(HUMAN)
    return _optional(row, "annotator") or author


def _refuse_other_splits(split: str | None) -> None:
    if split is not None and split not in _SPLITS:
        detail = f"'split' must be {', '.join(_SPLITS)} or nothing, got {split!r}"
        raise RowError("bad_field", detail, column="split")


def _has_labels(row: Mapping[str, Any], topics: Sequence[str]) -> bool:
    if "labels" in row:
        # A blank cell of a sheet was not filled in; `none` says that nothing applies.
        return not isinstance(row["labels"], str) or bool(row["labels"].strip())
    return any(row.get(topic) not in (None, "") for topic in topics)


def _answers(
    row: Mapping[str, Any], topics: Sequence[str], open_topics: Collection[str]
) -> dict[str, Answer]:
    labels: Any = row.get("labels")
    if "labels" not in row:
        return _partial({topic: row[topic] for topic in topics if topic in row}, topics)
    if isinstance(labels, dict):
        return _partial(labels, topics)
    if isinstance(labels, str):
        labels = [name.strip() for name in labels.replace("|", ";").replace(",", ";").split(";")]
        labels = [name for name in labels if name and name.lower() != NONE]
    judged: Any = row.get("judged", _without(topics, row.get("unknown")))
    for key, value in (("labels", labels), ("judged", judged)):
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise RowError("bad_labels", f"'{key}' must be a list of topic names")
        _refuse_unknown(value, topics)
    if "judged" not in row:
        judged = [name for name in judged if name not in open_topics or name in labels]
    extra = sorted(set(labels) - set(judged))
    if extra:
        raise RowError("bad_labels", f"'{extra[0]}' is in 'labels' but not in 'judged'")
    return {topic: "yes" if topic in labels else "no" for topic in topics if topic in judged}


def _without(topics: Sequence[str], unknown: Any) -> list[str]:
    """Return the topics that were judged."""
    if unknown in (None, ""):
        return list(topics)
    if not isinstance(unknown, list):
        raise RowError("bad_labels", "'unknown' must be a list of topic names")
    return [topic for topic in topics if topic not in unknown]


def _partial(labels: Mapping[str, Any], topics: Sequence[str]) -> dict[str, Answer]:
    _refuse_unknown(list(labels), topics)
    answers: dict[str, Answer] = {}
    for topic, value in labels.items():
        key = value.strip().lower() if isinstance(value, str) else value
        try:
            answer = _ANSWERS[key]
        except (KeyError, TypeError):
            detail = f"'{topic}' must be yes, no or unknown (1, 0 or blank), got {str(value)[:80]!r}"
            raise RowError("bad_labels", detail, column=topic) from None
        if answer:
            answers[topic] = answer
    return {topic: answers[topic] for topic in topics if topic in answers}


def _refuse_unknown(names: Sequence[str], topics: Sequence[str]) -> None:
    for name in names:
        if name not in topics:
            detail = f"unknown topic {name!r}. {did_you_mean(name, topics)}"
            raise RowError("unknown_topic", detail, column="labels")
