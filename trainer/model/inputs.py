"""Tagging whatever the user points at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from trainer.corpus.readers.reading import Reading
from trainer.corpus.sources import read_inputs
from trainer.errors import UsageError
from trainer.model.predictions import TaggedSentence
from trainer.model.tagger import Tagger
from trainer.progress import Progress, silent
from trainer.records import Document, Rejection

_BATCH = 256


def tag_inputs(
    tagger: Tagger,
    inputs: Sequence[str | Path] = (),
    *,
    text: str | None = None,
    documents: bool = False,
    rejected: list[Rejection],
    progress: Progress = silent,
    reading: Reading | None = None,
) -> Iterator[TaggedSentence]:
    """Tag what `inputs` hold, one after another, holding few texts at a time.

    Parameters
    ----------
    tagger : Tagger
    inputs : sequence of path
        Files, folders, globs, ``-`` for standard input; labels in the rows are passed over.
    text : str, optional
        A text instead of inputs.
    documents : bool
        Cut into sentences, each with its place; otherwise a row, or a line of a text file, is one text.
    rejected : list of Rejection
        Takes in what could not be used.
    reading : Reading, optional
        What the user says of his inputs.
    """
    if (text is None) == (not inputs):
        raise UsageError(
            "give inputs or a text, one of them", hint='Name files, --text "…", or - for standard input.'
        )
    source = iter([Document("text", text)]) if text is not None else None
    source = source or usable_documents(inputs, documents, rejected, progress, reading, tagger.topics)
    if documents:
        for document in source:
            yield from tagger.tag(document)
        return
    while batch := list(islice(source, _BATCH)):
        for document, found in zip(batch, tagger.predict([d.text for d in batch]), strict=True):
            yield TaggedSentence(found, 0, len(document.text))


def usable_documents(
    inputs: Sequence[str | Path],
    whole: bool,
    rejected: list[Rejection],
    progress: Progress = silent,
    reading: Reading | None = None,
    topics: Sequence[str] = (),
) -> Iterator[Document]:
    """Yield the documents that `inputs` hold; see `tag_inputs`."""
    for record in read_inputs(inputs, None, progress, whole=whole, reading=reading, known=topics):
        if isinstance(record, Rejection):
            rejected.append(record)
        elif isinstance(record, Document):
            yield record
