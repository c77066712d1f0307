"""The rows of an earlier table: taken over for documents that have not changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.errors import ArtifactError, DataError, NotFoundError, UsageError
from trainer.model.table import TITLE, TagRows, document_digest, topic_columns
from trainer.records import Document
from trainer.tags.record import read_record

if TYPE_CHECKING:
    import pyarrow as pa

_SHORT = 12
_OPTIONS = {"documents": "--documents", "only_tagged": "--only-tagged", "text": "--no-text"}


class Earlier:
    """An earlier table, by document.

    Parameters
    ----------
    table : Table
        As `trainer.tags.read.read_tags` gives it.
    again : bool
        Decide all rows once more, by the model of today.
    """

    def __init__(self, table: pa.Table, *, again: bool = False) -> None:
        self._table = table.combine_chunks()
        self._again = again
        self._places: dict[str, tuple[int, int]] = {}
        self._digests: dict[str, str | None] = {}
        ids, digests = (table[name].to_pylist() for name in ("doc_id", "document_digest"))
        for row, doc_id in enumerate(ids):
            start, n = self._places.get(doc_id, (row, 0))
            self._places[doc_id] = (start, n + 1)
            self._digests[doc_id] = digests[row]
        self.has_text = table["text"].null_count == 0

    def __len__(self) -> int:
        return len(self._places)

    def rows_of(self, document: Document, rows: TagRows) -> pa.RecordBatch | None:
        """Return the rows of a document, or None when it is new or has changed or is to be tagged again."""
        if self._again or self._digests.get(document.id) != document_digest(document):
            return None
        batch = self._slice(document.id)
        if not self._said_otherwise(batch, rows):
            return batch
        return rows.again(batch) if self.has_text else None

    def kept(self, asked: Collection[str], rows: TagRows) -> Iterator[pa.RecordBatch]:
        """Yield the rows of each document that was not asked for."""
        for doc_id in self._places:
            if doc_id not in asked:
                batch = self._slice(doc_id)
                anew = self.has_text and (self._again or self._said_otherwise(batch, rows))
                yield rows.again(batch) if anew else batch

    def _slice(self, doc_id: str) -> pa.RecordBatch:
        start, n = self._places[doc_id]
        batch: pa.RecordBatch = self._table.slice(start, n).to_batches()[0]
        return batch

    def _said_otherwise(self, batch: pa.RecordBatch, rows: TagRows) -> bool:
        """Tell whether people now say anything else of the sentences than what stands in the rows."""
        shown: list[dict[str, str]] = [{} for _ in range(len(batch))]
        for topic in rows.topics:
            answer, _, decided_by = (batch[name].to_pylist() for name in topic_columns(topic))
            for said, value, by in zip(shown, answer, decided_by, strict=True):
                if by == "human":
                    said[topic] = value
        texts = batch["text"].to_pylist()
        return [
            dict(rows.decided(text)) if text else said for text, said in zip(texts, shown, strict=True)
        ] != shown


def refuse_other_model(table: pa.Table, digest: str, path: Path) -> None:
    """Refuse to add this model's tags to those of another.

    Raises
    ------
    DataError
        Naming both.
    """
    import pyarrow.compute as pc

    known = pc.value_counts(table["model_digest"]).to_pylist()
    others = {row["values"]: row["counts"] for row in known if row["values"] != digest}
    if not others:
        return
    told = ", ".join(f"{n:,} rows of {(found or 'no model')[:_SHORT]}" for found, n in others.items())
    raise DataError(
        f"was tagged by another model: {told}; the model of now is {digest[:_SHORT]}",
        where=str(path),
        hint="--retag-all tags every document again: no table mixes models. Or name the model with -m.",
    )


def refuse_other_shape(path: Path, shape: Mapping[str, Any]) -> None:
    """Refuse to add rows of one shape to rows of another, as far as the record of the table tells.

    Raises
    ------
    UsageError
        Naming the option to give again, or to leave out.
    """
    try:
        then = read_record(path)["arguments"]
    except (NotFoundError, ArtifactError):
        return
    if then.get("rates", {}) != shape["rates"]:
        known = ", ".join(f"{topic}={rate:g}" for topic, rate in then.get("rates", {}).items()) or "none"
        raise UsageError(f"'{path}' was made with other rates (--rate): {known}", hint="Give the same again.")
    for key, option in _OPTIONS.items():
        if then.get(key, shape[key]) != shape[key]:
            given = then[key] != (key == "text")
            told = f"give {option} again" if given else f"leave {option} out"
            raise UsageError(f"'{path}' was made {'with' if given else 'without'} {option}: {told}")


def body_of(batch: pa.RecordBatch) -> str:
    """Return the text of a document, as far as its sentences hold it."""
    pairs: Any = zip(batch["part"].to_pylist(), batch["text"].to_pylist(), strict=True)
    return " ".join(text for part, text in pairs if part != TITLE and text)
