"""The first pass over the inputs: everything is cut, voted on and set aside; little stays in memory.

A sentence costs a few dozen bytes here (numbers of its text, its document and its word count, one byte a
topic) beside its words for the near-duplicate search; texts and votes wait on disk.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict, astuple
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.config import Build
from trainer.corpus.duplicates import WordIndex
from trainer.corpus.labels import human_votes, judge
from trainer.corpus.rules import RuleSet
from trainer.corpus.sentences import sentence_spans
from trainer.corpus.store import TableWriter
from trainer.records import Document, LabelledText, Rejection, Vote

if TYPE_CHECKING:
    import pyarrow as pa

CODES = {"yes": 1, "no": 0, "unknown": -1}


class Spool:
    """Takes in records; afterwards knows all sentences, where their texts repeat, and the rules' labels.

    Attributes
    ----------
    texts : array of int
        Row -> number of its text; equal texts have equal numbers.
    documents : array of int
        Row -> number of its document in `doc_ids`.
    rule_labels : array of int8
        Row by row, topic by topic: what the rules' votes come to (1, 0, -1).
    ids : list of str
        Row -> sentence id.
    placed : array of int8
        Row -> 1 where the sentence has offsets into a stored document.
    human : dict of int to list of Vote
        Text number -> what people said of it.
    """

    def __init__(self, folder: Path, rules: RuleSet, build: Build) -> None:
        self.words = WordIndex()
        self.texts = array("q")
        self.documents = array("q")
        self.rule_labels = array("b")
        self.placed = array("b")
        self.ids: list[str] = []
        self.doc_ids: list[str] = []
        self.human: dict[int, list[Vote]] = {}
        self.rejected: Counter[str] = Counter()
        self.rejections: list[Rejection] = []
        self._rules, self._build = rules, build
        self._text_numbers: dict[bytes, int] = {}
        self._doc_numbers: dict[str, int] = {}
        self._seen: dict[tuple[type, str], bytes] = {}
        self.rows_file = folder / "spool.parquet"
        self._files = ExitStack()
        opened = self._files.enter_context
        self._rejected_file = opened((folder / "rejected.jsonl").open("w", encoding="utf-8"))
        self._documents = opened(TableWriter(folder / "documents.parquet", document_schema()))
        self._rows = opened(TableWriter(self.rows_file, _spool_schema()))

    def add(self, record: Document | LabelledText | Rejection) -> None:
        """Take in one record of the inputs."""
        if isinstance(record, Rejection):
            self._reject(record)
        elif twice := self._repetition(record):
            self._reject(twice)
        elif isinstance(record, Document):
            self._add_document(record)
        else:
            self._add_labelled(record)

    def _add_document(self, document: Document) -> None:
        about = {key: getattr(document, key) for key in ("source", "date", "title", "url")}
        self._documents.write({"id": document.id, "text": document.text, **about})
        doc = self._doc_number(document.id)
        for start, end in sentence_spans(document.text):
            text = document.text[start:end]
            if len(text.split()) >= self._build.min_words:
                key = f"{document.id}\0{start}\0{text}".encode()
                identity = f"s-{hashlib.sha256(key).hexdigest()[:16]}"
                self._add_row(identity, text, doc, {"start": start, "end": end, **about})

    def _add_labelled(self, labelled: LabelledText) -> None:
        number = self._text_number(labelled.text)
        self.human.setdefault(number, []).extend(human_votes(labelled))
        place: dict[str, Any] = {"start": None, "end": None}
        if labelled.doc_id is None:
            place = {"start": 0, "end": len(labelled.text)}
        about = {key: getattr(labelled, key) for key in ("source", "date", "title", "url")}
        doc = self._doc_number(labelled.doc_id or labelled.id)
        self._add_row(labelled.id, labelled.text, doc, {**place, **about})

    def _add_row(self, identity: str, text: str, doc: int, rest: dict[str, Any]) -> None:
        fired = self._rules.fired(text)
        labels = judge(self._rules.with_silence(fired, text), self._rules.topics).labels
        self.rule_labels.extend(CODES[label] for label in labels)
        self.texts.append(self._text_number(text))
        self.documents.append(doc)
        self.placed.append(rest["start"] is not None)
        self.ids.append(identity)
        row = {"id": identity, "text": text, "doc_id": self.doc_ids[doc], **rest}
        self._rows.write({**row, "votes": json.dumps([astuple(vote) for vote in fired]) if fired else "[]"})

    def _text_number(self, text: str) -> int:
        key = hashlib.sha256(text.encode()).digest()[:16]
        number = self._text_numbers.setdefault(key, len(self._text_numbers))
        if number == len(self.words):
            self.words.add(text)
        return number

    def _doc_number(self, doc_id: str) -> int:
        number = self._doc_numbers.setdefault(doc_id, len(self.doc_ids))
        if number == len(self.doc_ids):
            self.doc_ids.append(doc_id)
        return number

    def _repetition(self, record: Document | LabelledText) -> Rejection | None:
        """Refuse an id that stands for another text, and a document that is there already."""
        key = (type(record), record.id)
        home = record.doc_id or "" if isinstance(record, LabelledText) else ""
        digest = hashlib.sha256(f"{home}\0{record.text}".encode()).digest()[:16]
        if key not in self._seen:
            self._seen[key] = digest
            return None
        if self._seen[key] != digest:
            return Rejection(record.at, "duplicate_id", f"id {record.id!r} stands for another text already")
        if isinstance(record, Document):
            return Rejection(record.at, "repeated_document", f"document {record.id!r} was read already")
        return None  # a second opinion on the same sentence

    def _reject(self, rejection: Rejection) -> None:
        self.rejected[rejection.reason] += 1
        self.rejections.append(rejection)
        self._rejected_file.write(json.dumps(asdict(rejection), ensure_ascii=False) + "\n")

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *raised: Any) -> None:
        self._files.__exit__(*raised)


def document_schema() -> pa.Schema:
    """Return the Arrow schema of the document texts."""
    import pyarrow as pa

    return pa.schema([(key, pa.string()) for key in ("id", "text", "source", "date", "title", "url")])


def _spool_schema() -> pa.Schema:
    import pyarrow as pa

    strings = ("id", "text", "doc_id", "source", "date", "title", "url", "votes")
    return pa.schema([*((key, pa.string()) for key in strings), ("start", pa.int64()), ("end", pa.int64())])
