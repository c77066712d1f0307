"""What is taken from the inputs: each document once, every judgement, and a list of what was not used."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.corpus.cutting.batches import Readable
from trainer.corpus.cutting.cut import ABOUT, Digest, digest_of
from trainer.corpus.labels import human_votes
from trainer.corpus.store import TableWriter
from trainer.records import Document, LabelledText, Rejection, Vote
from trainer.storage import sha256

if TYPE_CHECKING:
    import pyarrow as pa

_OF_DOCUMENT = ("id", "text", *ABOUT, "language", "format", "encoding")


class Intake:
    """Takes in records and hands on those that are used; a context manager.

    Attributes
    ----------
    said : dict of Digest to list of Vote
        What the input says of a text, by the digest of the text: people's votes, and imported ones.
    judged : Counter of Digest
        How many labelled sentences there are of a text.
    used : int
        Records that are used.
    rejected : Counter
        By reason; `rejections` lists them all, as does ``rejected.jsonl``.
    """

    def __init__(self, folder: Path) -> None:
        self.said: dict[Digest, list[Vote]] = {}
        self.judged: Counter[Digest] = Counter()
        self.rejected: Counter[str] = Counter()
        self.rejections: list[Rejection] = []
        self.used = 0
        self._stored = 0
        self._seen: dict[Digest, int] = {}
        self._files = ExitStack()
        opened = self._files.enter_context
        self._rejected_file = opened((folder / "rejected.jsonl").open("w", encoding="utf-8"))
        self._documents = opened(TableWriter(folder / "documents.parquet", document_schema()))

    def accepted(self, records: Iterable[Readable | Rejection]) -> Iterator[Readable]:
        """Yield the records that are used; the others are rejected."""
        for record in records:
            if isinstance(record, Rejection):
                self.reject(record)
            elif twice := self._repetition(record):
                self.reject(twice)
            else:
                self.used += 1
                self._keep(record)
                yield record

    def reject(self, rejection: Rejection) -> None:
        """Count and list an input that is not used."""
        self.rejected[rejection.reason] += 1
        self.rejections.append(rejection)
        self._rejected_file.write(json.dumps(asdict(rejection), ensure_ascii=False) + "\n")

    def provenance(self) -> str:
        """Return a digest of who judged what and when, of the stored documents and of what was not used.

        Places in files have no part in it, nor has any order.
        """
        said = sorted(
            [*digest, vote.topic, vote.answer, vote.author, vote.time or ""]
            for digest, votes in self.said.items()
            for vote in votes
        )
        refused = sorted([rejection.reason, rejection.detail] for rejection in self.rejections)
        return sha256(json.dumps([said, f"{self._stored:x}", refused]).encode())

    def _keep(self, record: Readable) -> None:
        if isinstance(record, LabelledText):
            digest = digest_of(record.text)
            self.said.setdefault(digest, []).extend(human_votes(record))
            self.judged[digest] += 1
            return
        row = {key: getattr(record, key) for key in _OF_DOCUMENT}
        high, low = digest_of(json.dumps([*row.values(), record.size]))
        self._stored ^= high << 64 | low  # the same set of documents, in any order
        self._documents.write({**row, "bytes": record.size}, len(record.text))

    def _repetition(self, record: Readable) -> Rejection | None:
        """Refuse an id that stands for another text, and a document that is there already.

        What was read first stays: where ids clash, and only there, a corpus depends on the order of input.
        """
        key = digest_of(f"{type(record).__name__}\0{record.id}")
        home = record.doc_id or "" if isinstance(record, LabelledText) else ""
        text, _ = digest_of(f"{home}\0{record.text}")
        if key not in self._seen:
            self._seen[key] = text
            return None
        if self._seen[key] != text:
            return Rejection(record.at, "duplicate_id", f"id {record.id!r} stands for another text already")
        if isinstance(record, Document):
            return Rejection(record.at, "repeated_document", f"document {record.id!r} was read already")
        return None  # a second opinion on the same sentence

    def __enter__(self) -> Intake:
        return self

    def __exit__(self, *raised: Any) -> None:
        self._files.__exit__(*raised)


def document_schema() -> pa.Schema:
    """Return the Arrow schema of the document texts."""
    import pyarrow as pa

    return pa.schema([*((key, pa.string()) for key in _OF_DOCUMENT), ("bytes", pa.int64())])
