"""Records in batches whose bounds follow from their content.

A batch ends behind a record whose id says so (content-defined chunking, Muthitacharoen, Chen and Mazieres,
SOSP 2001): a document that is added, dropped or changed alters the batch that it stands in and no other.
What was worked out for a batch can therefore be kept under its key, and is found again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trainer.records import Document, LabelledText

Readable = Document | LabelledText
MEAN_SIZE = 500_000
"""Characters in a batch, on average."""
LARGEST = 4 * MEAN_SIZE
_ABOUT = ("source", "date", "title", "url", "split")


@dataclass(frozen=True, slots=True)
class Batch:
    """Records that are worked on together.

    Attributes
    ----------
    key : str
        SHA-256 of all that the sentences of the batch depend on.
    """

    records: tuple[Readable, ...]
    key: str


def batched(records: Iterable[Readable], settings: str) -> Iterator[Batch]:
    """Yield records in batches, in their order.

    Parameters
    ----------
    settings : str
        A digest of what else the sentences depend on: rules, and how texts are cut.
    """
    waiting: list[Readable] = []
    size = 0
    for record in records:
        waiting.append(record)
        size += len(record.text)
        if size >= LARGEST or _is_last(record):
            yield _batch(waiting, settings)
            waiting, size = [], 0
    if waiting:
        yield _batch(waiting, settings)


def _is_last(record: Readable) -> bool:
    # By the length of the text, so that batches of loose sentences are as large as those of long documents.
    lot = int.from_bytes(hashlib.sha256(record.id.encode()).digest()[:8], "big")
    return lot * MEAN_SIZE < len(record.text) << 64


def _batch(records: list[Readable], settings: str) -> Batch:
    key = hashlib.sha256(settings.encode())
    for record in records:
        home = record.doc_id if isinstance(record, LabelledText) else ""
        said = [type(record).__name__, record.id, home, record.text, *(getattr(record, k) for k in _ABOUT)]
        key.update(json.dumps(said).encode() + b"\n")
    return Batch(tuple(records), key.hexdigest())
