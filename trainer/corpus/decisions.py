"""What people decide: append-only files of JSON lines in ``labels/`` beside the config.

A line is a row as `trainer.corpus.readers.rows` reads it, with ``labels`` by topic, ``annotator``, and what
else is known: ``why``, ``time``, ``sentence_id``, ``doc_id``, ``start``, ``end``. Nothing is ever taken out:
what somebody says later of the same text and topic stands instead, and ``unknown`` takes a word back.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainer.corpus.labels import HUMAN
from trainer.corpus.readers.files import shown
from trainer.corpus.readers.jsons import decode_json
from trainer.corpus.readers.lines import numbered_lines, too_long
from trainer.corpus.readers.rows import content_id, read_row
from trainer.errors import TrainerError
from trainer.escapes import to_json
from trainer.records import Label, LabelledPlace, LabelledText, Rejection

UNKNOWN = "unknown"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]+")
_ABOUT = ("doc_id", "title", "source", "date", "url", "language", "time")


@dataclass(frozen=True, slots=True)
class Decision:
    """What one person said of one topic of one text; `why` may be empty."""

    text: str
    topic: str
    answer: Label
    author: str
    why: str
    time: str
    at: str


@dataclass(frozen=True, slots=True)
class Decisions:
    """All that was decided, and what of it stands.

    Attributes
    ----------
    files : tuple of Path
        That it was read from.
    standing : mapping
        Text -> topic -> author -> his last word.
    rejected : tuple of Rejection
        Lines that say nothing of these topics.
    """

    files: tuple[Path, ...] = ()
    standing: Mapping[str, Mapping[str, Mapping[str, Decision]]] = field(default_factory=dict)
    rejected: tuple[Rejection, ...] = ()
    _about: Mapping[str, LabelledText] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(len(authors) for topics in self.standing.values() for authors in topics.values())

    def of(self, text: str) -> list[Decision]:
        """Return what stands of a text."""
        topics = self.standing.get(text.strip(), {})
        return [decision for authors in topics.values() for decision in authors.values()]

    def answers(self, text: str) -> dict[str, str]:
        """Return topic -> yes or no, or review where people disagree."""
        found: dict[str, str] = {}
        for decision in self.of(text):
            found[decision.topic] = (
                decision.answer if found.get(decision.topic, decision.answer) == decision.answer else "review"
            )
        return found

    def disagreements(self) -> list[tuple[Decision, Decision]]:
        """Return two opposite words for each text and topic of which people disagree."""
        pairs = []
        for topics in self.standing.values():
            for authors in topics.values():
                said = list(authors.values())
                pairs += [(said[0], other) for other in said if other.answer != said[0].answer][:1]
        return pairs

    def labelled(self) -> Iterator[LabelledText]:
        """Yield what stands as labelled sentences, one a text and author."""
        for text, topics in self.standing.items():
            by_author: dict[str, dict[str, Decision]] = {}
            for topic, authors in topics.items():
                for author, decision in authors.items():
                    by_author.setdefault(author, {})[topic] = decision
            about = {key: getattr(self._about[text], key) for key in _ABOUT}
            for author, said in by_author.items():
                last = max(said.values(), key=lambda decision: decision.time)
                labels: Any = {topic: decision.answer for topic, decision in said.items()}
                yield LabelledText(
                    id=self._about[text].id, text=text, labels=labels, author=author, at=last.at,
                    **{**about, "time": last.time or None},
                )  # fmt: skip


def read_decisions(
    folder: Path,
    topics: Sequence[str],
    until: Mapping[str, int] | None = None,
    open_topics: Collection[str] = (),
) -> Decisions:
    """Read all that people decided; a folder that is not there holds nothing.

    Parameters
    ----------
    until : mapping of str to int, optional
        Name of a file -> bytes of it to read, and no other files: what had been decided then.
    open_topics : collection of str
        Topics that a complete list of labels leaves unknown where it does not name them.
    """
    files = tuple(sorted(folder.glob("*.jsonl"))) if folder.is_dir() else ()
    if until is not None:
        files = tuple(file for file in files if file.name in until)
    standing: dict[str, dict[str, dict[str, Decision]]] = {}
    about: dict[str, LabelledText] = {}
    rejected: list[Rejection] = []
    for file in files:
        for record, row in _rows(file, topics, -1 if until is None else until[file.name], open_topics):
            if not isinstance(record, LabelledText):
                rejected.append(record)
                continue
            about.setdefault(record.text, record)
            for decision in _decisions(record, row, topics):
                authors = standing.setdefault(record.text, {}).setdefault(decision.topic, {})
                if decision.time >= getattr(authors.get(decision.author), "time", ""):
                    authors[decision.author] = decision
    # What was taken back no longer stands.
    kept = {
        text: {
            topic: said
            for topic, authors in of_text.items()
            if (said := {a: d for a, d in authors.items() if d.answer != UNKNOWN})
        }
        for text, of_text in standing.items()
    }
    kept = {text: of_text for text, of_text in kept.items() if of_text}
    return Decisions(files, kept, tuple(rejected), about)


def _rows(
    file: Path, topics: Sequence[str], size: int, open_topics: Collection[str]
) -> Iterator[tuple[LabelledText | Rejection, dict[str, Any]]]:
    try:
        with file.open("rb") as opened:
            handle = opened if size < 0 else io.BytesIO(opened.read(size))
            for number, line in numbered_lines(handle):
                at = f"{shown(file)}:{number}"
                if line is None:
                    yield too_long(at), {}
                elif line.strip():
                    yield _row(line, file, at, topics, open_topics)
    except OSError as error:
        yield Rejection(shown(file), "unreadable", error.strerror or str(error)), {}


def _row(
    line: str, file: Path, at: str, topics: Sequence[str], open_topics: Collection[str]
) -> tuple[LabelledText | Rejection, dict[str, Any]]:
    try:
        row = decode_json(line)
    except ValueError as error:
        return Rejection(at, "malformed_json", str(error)), {}
    if not isinstance(row, dict):
        return Rejection(at, "malformed_json", "the line is no object"), {}
    record = read_row(row, topics, at, f"{HUMAN}{file.stem}", open_topics)
    if isinstance(record, Rejection | LabelledText):
        return record, row
    if isinstance(record, LabelledPlace):
        return Rejection(at, "no_text", "what is decided is kept with its text"), {}
    return Rejection(at, "no_labels", "the line says yes or no of no topic"), {}


def _decisions(record: LabelledText, row: Mapping[str, Any], topics: Sequence[str]) -> Iterator[Decision]:
    author = record.author if record.author.startswith(HUMAN) else HUMAN + record.author
    said: dict[str, Any] = dict(record.labels)
    labels = row.get("labels")
    if isinstance(labels, dict):
        said |= {t: UNKNOWN for t in topics if t in labels and t not in record.labels}
    why = row["why"] if isinstance(row.get("why"), str) else ""
    for topic, answer in said.items():
        yield Decision(record.text, topic, answer, author, why, record.time or "", record.at)


def append_decisions(folder: Path, by: str, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Add lines to the file of a person, and flush them to the disk; return the file.

    Raises
    ------
    TrainerError
        When they cannot be written.
    """
    file = folder / f"{_NOT_IN_NAMES.sub('-', by).strip('-') or content_id('by', by)}.jsonl"
    data = "".join(to_json(dict(row)) + "\n" for row in rows).encode()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("ab+") as handle:
            # One write of whole lines in append mode: two people at once do not tear each other's.
            if handle.tell() and not _ends_a_line(handle):
                data = b"\n" + data
            handle.write(data)
            handle.flush()
            with suppress(OSError):
                os.fsync(handle.fileno())
    except OSError as error:
        raise TrainerError(f"cannot write: {error.strerror or error}", where=str(file)) from error
    return file


def _ends_a_line(handle: Any) -> bool:
    handle.seek(-1, os.SEEK_END)
    return bool(handle.read(1) == b"\n")
