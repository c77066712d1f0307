"""Documents -> a table of tagged sentences: tagged once, spooled to the disk, copies found, written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.corpus.copies import CopyFinder
from trainer.model.table import BOILERPLATE, WORDS, TagRows, topic_columns, with_copies
from trainer.records import Document
from trainer.tags.earlier import Earlier, body_of

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 16_384
"""Of a batch that is written: the same rows are cut the same way, however they came."""


@dataclass(slots=True)
class Counts:
    """What is in a table.

    Attributes
    ----------
    documents, sentences, boilerplate, copies : int
        `copies` are documents that are nearly the same as an earlier one; `sentences` are without
        boilerplate.
    tagged, review, human : Counter
        Sentences by topic: tagged, left to a person, decided by one.
    taken_over, kept : int
        Documents of an earlier table: unchanged, and not in the input any more.
    """

    documents: int = 0
    sentences: int = 0
    boilerplate: int = 0
    copies: int = 0
    taken_over: int = 0
    kept: int = 0
    tagged: Counter[str] = field(default_factory=Counter)
    review: Counter[str] = field(default_factory=Counter)
    human: Counter[str] = field(default_factory=Counter)

    def to_dict(self) -> dict[str, Any]:
        """Return what is in the table as plain data; how it came about has no part in it."""
        plain = ("documents", "sentences", "boilerplate", "copies", "tagged", "review", "human")
        return {key: dict(v) if isinstance(v := getattr(self, key), Counter) else v for key in plain}


@dataclass(frozen=True, slots=True)
class Made:
    """A table that is ready to be written; `counts` are complete when all `batches` were taken."""

    batches: Iterator[pa.RecordBatch]
    schema: pa.Schema
    counts: Counts


def make_table(
    rows: TagRows,
    documents: Iterable[Document],
    spool: Path,
    *,
    alike: float,
    only_tagged: bool = False,
    text: bool = True,
    earlier: Earlier | None = None,
) -> Made:
    """Tag documents.

    Parameters
    ----------
    spool : Path
        A file to hold the rows until all documents are read: only then is it known which are copies.
    alike : float
        Least similarity of copies; see `CopyFinder`.
    only_tagged : bool
        Leave out sentences in which no topic is yes or in review.
    text : bool
        False leaves out all words of the documents.
    earlier : Earlier, optional
        A table whose rows are taken over for documents that have not changed. What it has of documents that
        are not in the input comes first.
    """
    import pyarrow as pa

    counts, copies = Counts(), CopyFinder(alike)
    known = _known(earlier, rows, counts)
    seen: set[str] = set()
    with pa.OSFile(str(spool), "wb") as sink, pa.ipc.new_file(sink, rows.schema) as file:
        first = 0
        for batch in rows.batches(_noted(documents, seen, copies), known):
            file.write_batch(batch)
            first += 1
        last = first
        for batch in earlier.kept(seen, rows) if earlier else ():
            file.write_batch(batch)
            last += 1
            if body := body_of(batch):
                copies.add(batch["doc_id"][0].as_py(), batch["date"][0].as_py(), body)
    counts.documents, counts.kept = len(seen) + last - first, last - first
    groups = copies.groups()
    counts.copies = sum(head not in (None, doc_id) for doc_id, head in groups.items())
    order = [*range(first, last), *range(first)]
    finished = _finished(spool, order, groups, rows.topics, counts, only_tagged)
    shown = [name for name in rows.schema.names if text or name not in WORDS]
    schema = pa.schema([rows.schema.field(name) for name in shown])
    return Made((batch.select(shown) for batch in _even(finished)), schema, counts)


def _known(earlier: Earlier | None, rows: TagRows, counts: Counts) -> Any:
    def known(document: Document) -> pa.RecordBatch | None:
        found = None if earlier is None else earlier.rows_of(document, rows)
        counts.taken_over += found is not None
        return found

    return known


def _noted(documents: Iterable[Document], seen: set[str], copies: CopyFinder) -> Iterator[Document]:
    for document in documents:
        seen.add(document.id)
        copies.add(document.id, document.date, document.text)
        yield document


def _finished(
    spool: Path,
    order: Sequence[int],
    groups: Mapping[str, str | None],
    topics: Sequence[str],
    counts: Counts,
    only_tagged: bool,
) -> Iterator[pa.RecordBatch]:
    """Yield the spooled rows with the groups of copies, and count what is in them."""
    import pyarrow as pa

    with pa.OSFile(str(spool), "rb") as source, pa.ipc.open_file(source) as file:
        for number in order:
            batch = with_copies(file.get_batch(number), groups)
            tagged = _counted(batch, topics, counts)
            yield batch.filter(tagged) if only_tagged else batch


def _counted(batch: pa.RecordBatch, topics: Sequence[str], counts: Counts) -> Any:
    """Count the rows of a batch; return which of them carry a topic, or may."""
    import pyarrow as pa
    import pyarrow.compute as pc

    boilerplate = pc.equal(batch["part"], BOILERPLATE)
    counts.boilerplate += pc.sum(boilerplate).as_py() or 0
    counts.sentences += len(batch) - (pc.sum(boilerplate).as_py() or 0)
    counting = pc.invert(boilerplate)
    any_topic = pa.array([False] * len(batch))
    for topic in topics:
        answer, _, decided_by = topic_columns(topic)
        yes, review = (pc.equal(batch[answer], word) for word in ("yes", "review"))
        human = pc.equal(batch[decided_by], "human")
        for counter, found in ((counts.tagged, yes), (counts.review, review), (counts.human, human)):
            counter[topic] += pc.sum(pc.and_(found, counting)).as_py() or 0
        any_topic = pc.or_(any_topic, pc.or_(yes, review))
    return any_topic


def _even(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the same rows in batches of one size."""
    import pyarrow as pa

    held: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        held.append(batch)
        rows += len(batch)
        while rows >= _ROWS:
            table = pa.Table.from_batches(held).combine_chunks()
            yield table.slice(0, _ROWS).to_batches()[0]
            held = table.slice(_ROWS).to_batches()
            rows -= _ROWS
    if rows:
        yield pa.Table.from_batches(held).combine_chunks().to_batches()[0]
