"""Labelled sentences as arrays: what fitting and evaluation work on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.corpus.labels import CODES, human_votes, judge
from trainer.corpus.readers.reading import Reading
from trainer.corpus.sources import read_inputs
from trainer.corpus.store import SPLITS, Corpus
from trainer.corpus.strings import StringsWriter, taken
from trainer.errors import DataError
from trainer.records import LabelledPlace, LabelledText, Rejection, Vote, listing


@dataclass(frozen=True, slots=True)
class Examples:
    """Sentences with their labels, in an order that does not depend on how they were stored.

    Attributes
    ----------
    Y : (n, k) array of int8
        1 yes, 0 no, -1 not judged.
    gold : (n,) array of bool
        Judged by a person.
    ids, texts, groups, sources : sequence of str
        Of a corpus, `Strings`: there is no object for each sentence.
    groups : sequence of str
        What must not be torn apart: the group in a corpus, the document in a file.
    rejected : tuple of Rejection
        Rows of the file that were not used.
    dates : sequence of str
        As the input gives them, empty where it does not; nothing at all where nobody asked.
    """

    topics: tuple[str, ...]
    ids: Sequence[str]
    texts: Sequence[str]
    Y: NDArray[np.int8]
    gold: NDArray[np.bool_]
    groups: Sequence[str]
    sources: Sequence[str]
    name: str
    rejected: tuple[Rejection, ...] = ()
    dates: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.texts)

    def only(self, rows: NDArray[np.bool_]) -> Examples:
        """Return the chosen rows; where that is all of them, no copy."""
        if rows.all():
            return self
        chosen = np.flatnonzero(rows)

        def pick(values: Sequence[str]) -> Sequence[str]:
            return taken(values, chosen)

        return Examples(
            self.topics, pick(self.ids), pick(self.texts), self.Y[rows], self.gold[rows],
            pick(self.groups), pick(self.sources), self.name, self.rejected,
            pick(self.dates) if len(self.dates) else (),
        )  # fmt: skip


def corpus_examples(corpus: Corpus, splits: Sequence[str] = SPLITS) -> Examples:
    """Return the sentences of some splits of a corpus, sorted by id; of many, the strings stay on disk."""
    import pyarrow as pa
    import pyarrow.compute as pc

    writers = {key: StringsWriter() for key in ("id", "text", "group", "source", "date")}
    golds, labels = [np.zeros(0, bool)], [np.zeros((0, len(corpus.topics)), np.int8)]
    for batch in corpus.batches(splits, (*writers, "origin", "labels", "unknown")):
        for key, writer in writers.items():
            writer.write(batch[key])
        gold = pc.fill_null(pc.equal(batch["origin"], "gold"), False)
        golds.append(gold.to_numpy(zero_copy_only=False))
        Y = np.zeros((len(batch), len(corpus.topics)), np.int8)
        for key, code in (("labels", 1), ("unknown", -1)):
            listed = batch[key]
            Y[pc.list_parent_indices(listed).to_numpy(), pc.list_flatten(listed).to_numpy()] = code
        labels.append(Y)
    columns = {key: writer.strings() for key, writer in writers.items()}
    by = pa.table({key: columns[key].arrow for key in ("id", "text")})
    order = pc.sort_indices(by, [("id", "ascending"), ("text", "ascending")]).to_numpy()
    ids, texts, groups, sources, dates = (column.take(order) for column in columns.values())
    return Examples(
        corpus.topics, ids, texts, np.concatenate(labels)[order], np.concatenate(golds)[order],
        groups, sources, f"{corpus.name}@{corpus.version} {'+'.join(splits)}", dates=dates,
    )  # fmt: skip


def file_examples(
    path: str | Path,
    topics: Sequence[str],
    reading: Reading | None = None,
    open_topics: Collection[str] = (),
) -> Examples:
    """Return the labelled sentences of a file; sentences judged twice are merged.

    Raises
    ------
    DataError
        When the file holds none; the message lists what was wrong with the first rows.
    """
    votes: dict[tuple[str, str], list[Vote]] = {}
    first: dict[tuple[str, str], LabelledText] = {}
    rejected: list[Rejection] = []
    for record in read_inputs([path], topics, reading=reading, open_topics=open_topics):
        if isinstance(record, LabelledText):
            key = (record.doc_id or record.id, record.text)
            first.setdefault(key, record)
            votes.setdefault(key, []).extend(human_votes(record))
        elif isinstance(record, Rejection):
            rejected.append(record)
        else:
            told = "the row has no labels"
            if isinstance(record, LabelledPlace):
                told = "a label of a place needs the text of its document: give both to `trainer build`"
            rejected.append(Rejection(record.at, "no_labels", told))
    if not first:
        raise DataError(f"no labelled sentence in '{path}'" + listing(rejected))
    keys = sorted(first)
    found = [judge(votes[key], topics) for key in keys]
    return Examples(
        topics=tuple(topics),
        ids=tuple(first[key].id for key in keys),
        texts=tuple(first[key].text for key in keys),
        Y=np.array([[CODES[label] for label in row.labels] for row in found], dtype=np.int8).reshape(
            len(keys), -1
        ),
        # Only an exported corpus brings labels that are nobody's word.
        gold=np.array([row.origin == "gold" or not votes[key] for row, key in zip(found, keys, strict=True)]),
        groups=tuple(key[0] for key in keys),
        sources=tuple(first[key].source or "" for key in keys),
        name=str(path),
        rejected=tuple(rejected),
        dates=tuple(first[key].date or "" for key in keys),
    )
