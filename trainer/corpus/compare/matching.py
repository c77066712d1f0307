"""Which sentence of one corpus is which of another, on whole columns at once."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainer.corpus.store import Corpus, read_batches
from trainer.errors import ArtifactError

if TYPE_CHECKING:
    import pyarrow as pa

_COLUMNS = ("id", "text", "doc_id", "start", "split", "group", "origin", "labels", "unknown")
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Side:
    """The rows of one corpus of two.

    Attributes
    ----------
    table : pyarrow.Table
        In the order of documents and places in them.
    states : (n, k) array of int8
        1 yes, 0 no, -1 unknown, for the k topics that both corpora have.
    documents : dict of str to str
        Digest of the text of each document that is stored, by id.
    """

    corpus: Corpus
    table: pa.Table
    states: NDArray[np.int8]
    documents: dict[str, str]

    def rows(self, numbers: Numbers) -> list[dict[str, Any]]:
        """Return some rows as dicts, without their labels."""
        columns = ["id", "text", "doc_id", "split", "group", "origin"]
        return list(self.table.select(columns).take(numbers).to_pylist())


def open_side(corpus: Corpus, topics: Sequence[str]) -> Side:
    """Read what a comparison needs of a corpus.

    Raises
    ------
    ArtifactError
        When it is damaged.
    """
    table = corpus.rows(columns=_COLUMNS)
    table = table.sort_by([("doc_id", "ascending"), ("start", "ascending"), ("id", "ascending")])
    table = table.combine_chunks()
    return Side(corpus, table, _states(table, corpus.topics, topics), _documents(corpus))


def match(a: Side, b: Side) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Pair the sentences of two corpora: by id, and what is left by document and text.

    Returns
    -------
    pairs_a, pairs_b : (n,) arrays
        Row numbers of the same sentences in `a` and in `b`, by their place in `b`.
    removed, added : arrays
        Row numbers of those that only `a`, and only `b`, has.
    """
    import pyarrow.compute as pc

    found = pc.index_in(b.table["id"], value_set=a.table["id"].combine_chunks())
    partner = np.asarray(pc.fill_null(found, -1).to_numpy(), dtype=np.int64)
    left = np.setdiff1d(np.arange(len(a.table)), partner)
    waiting: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, key in zip(left.tolist(), _keys(a, left), strict=True):
        waiting[key].append(number)
    loose = np.flatnonzero(partner < 0)
    for number, key in zip(loose.tolist(), _keys(b, loose), strict=True):
        if waiting.get(key):
            partner[number] = waiting[key].pop(0)
    paired = np.flatnonzero(partner >= 0)
    removed = np.setdiff1d(np.arange(len(a.table)), partner)
    return partner[paired], paired, removed, np.flatnonzero(partner < 0)


def differs(a: Side, b: Side, pairs: tuple[Numbers, Numbers], column: str) -> NDArray[np.bool_]:
    """Tell for each pair whether a column of strings differs."""
    import pyarrow.compute as pc

    left, right = (side.table[column].take(numbers) for side, numbers in zip((a, b), pairs, strict=True))
    return np.asarray(pc.not_equal(left, right).to_numpy(), dtype=bool)


def _keys(side: Side, numbers: Numbers) -> list[tuple[str, str]]:
    rows = side.table.select(["doc_id", "text"]).take(numbers)
    return list(zip(rows["doc_id"].to_pylist(), rows["text"].to_pylist(), strict=True))


def _states(table: pa.Table, own: Sequence[str], topics: Sequence[str]) -> NDArray[np.int8]:
    states = np.zeros((len(table), len(own)), dtype=np.int8)
    for column, state in (("labels", 1), ("unknown", -1)):
        lists = table[column].combine_chunks()
        rows = np.repeat(np.arange(len(table)), lists.value_lengths().to_numpy())
        states[rows, lists.flatten().to_numpy()] = state
    return states[:, [own.index(topic) for topic in topics]]


def _documents(corpus: Corpus) -> dict[str, str]:
    import pyarrow as pa

    try:
        return {
            row["id"]: hashlib.sha256(row["text"].encode()).hexdigest()
            for row in read_batches(corpus.path / "documents.parquet")
        }
    except (OSError, pa.ArrowException) as error:
        raise ArtifactError(f"the documents are damaged: {error}", where=str(corpus.path)) from error
