"""All sentences of a build, as columns of numbers: what grouping, splitting and labelling work on.

A sentence costs about fifty bytes here and four more a word; texts and spans wait on disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainer.corpus.cutting.cut import (
    Digest,
    boilerplate_lines,
    documents_without_sentence,
    short_pieces,
    vocabulary_of,
)
from trainer.corpus.labels import CODES, judge
from trainer.corpus.store import SPLITS
from trainer.records import Vote

if TYPE_CHECKING:
    import pyarrow as pa

_Ints = NDArray[np.int64]
_COLUMNS = {
    "id_digest": np.uint64, "row_digest": np.uint64, "text_high": np.uint64, "text_low": np.uint64,
    "documents": np.int32, "placed": np.bool_, "lengths": np.int32,
}  # fmt: skip


@dataclass(frozen=True)
class SentenceIndex:
    """Sentences by row, in the order of the input.

    Attributes
    ----------
    id_digest, row_digest : (n,) array of uint64
        Of the sentence's id, and of all that is known of it beside its text.
    documents : (n,) array of int32
        Row -> number of its document in `doc_ids`.
    placed : (n,) array of bool
        The sentence has offsets into a stored document.
    words, lengths : (total,) array of uint32, (n,) array of int32
        The words of all sentences, numbered, one after the other; how many each has.
    fired_rows, fired_rules : (m,) arrays
        Which rule fires on which row.
    asked, dates : mapping of int to str
        Document -> the split that the input asks for; its date.
    short : int
        Pieces of documents with too few words to be sentences.
    empty : tuple of str
        Documents without a sentence.
    torn : int
        Documents of which different rows ask for different splits; the latest counts.
    """

    doc_ids: tuple[str, ...]
    id_digest: NDArray[np.uint64]
    row_digest: NDArray[np.uint64]
    text_high: NDArray[np.uint64]
    text_low: NDArray[np.uint64]
    documents: NDArray[np.int32]
    placed: NDArray[np.bool_]
    words: NDArray[np.uint32]
    lengths: NDArray[np.int32]
    fired_rows: _Ints
    fired_rules: _Ints
    asked: Mapping[int, str]
    dates: Mapping[int, str]
    short: int = 0
    boilerplate: int = 0
    empty: tuple[str, ...] = ()
    torn: int = 0

    def __len__(self) -> int:
        return len(self.documents)

    @cached_property
    def order(self) -> _Ints:
        """Row -> its place in an order of all rows that does not depend on the input's."""
        places = np.empty(len(self), dtype=np.int64)
        places[np.lexsort((self.row_digest, self.id_digest))] = np.arange(len(self))
        return places

    @cached_property
    def texts(self) -> _Ints:
        """Row -> number of its text: equal texts have equal numbers, whatever their order."""
        order = np.lexsort((self.text_low, self.text_high))
        new = np.zeros(len(order), dtype=np.int64)
        for column in (self.text_high, self.text_low):
            new[1:] |= column[order][1:] != column[order][:-1]
        numbers = np.empty(len(order), dtype=np.int64)
        numbers[order] = np.cumsum(new)
        return numbers

    @cached_property
    def first_rows(self) -> _Ints:
        """Text number -> the first row that has this text."""
        return np.unique(self.texts, return_index=True)[1]

    def text_numbers(self, digests: Iterable[Digest]) -> dict[Digest, int]:
        """Return the numbers of texts by their digests; a text that is not there is left out."""
        wanted = set(digests)
        high, low = (column[self.first_rows] for column in (self.text_high, self.text_low))
        near = np.flatnonzero(np.isin(high, np.array([one for one, _ in wanted], dtype=np.uint64)))
        pairs = zip(high[near].tolist(), low[near].tolist(), strict=True)
        found = zip(pairs, near.tolist(), strict=True)
        return {digest: number for digest, number in found if digest in wanted}

    def strangers(self) -> list[str]:
        """Return the documents of labelled sentences that stand in the input, and hold no such sentence."""
        documents = self.documents.astype(np.int64)
        pair = self.texts * len(self.doc_ids) + documents
        stored = np.zeros(len(self.doc_ids), dtype=bool)
        stored[documents[self.placed]] = True
        lost = ~self.placed & stored[documents] & ~np.isin(pair, pair[self.placed])
        return sorted({self.doc_ids[document] for document in documents[lost].tolist()})

    def human_codes(
        self, said: Mapping[Digest, Sequence[Vote]], topics: Sequence[str]
    ) -> tuple[NDArray[np.bool_], NDArray[np.int8]]:
        """Return which texts people judged, and the (number of texts, k) codes of their labels."""
        gold = np.zeros(len(self.first_rows), dtype=bool)
        codes = np.full((len(gold), len(topics)), -1, dtype=np.int8)
        judged = {digest: judge(votes, topics) for digest, votes in said.items()}
        by_people = (digest for digest, found in judged.items() if found.origin == "gold")
        for digest, number in self.text_numbers(by_people).items():
            gold[number] = True
            codes[number] = [CODES[label] for label in judged[digest].labels]
        return gold, codes

    def said_by_row(self, said: Mapping[Digest, Sequence[Vote]]) -> dict[int, Sequence[Vote]]:
        """Return the votes that the input brought along for each row."""
        rows = np.flatnonzero(np.isin(self.texts, list(self.text_numbers(said).values())))
        digests = zip(self.text_high[rows].tolist(), self.text_low[rows].tolist(), strict=True)
        return {row: said[digest] for row, digest in zip(rows.tolist(), digests, strict=True)}


class IndexBuilder:
    """Takes in the tables of batches, one after the other."""

    def __init__(self) -> None:
        self._columns: dict[str, list[NDArray[Any]]] = {name: [] for name in _COLUMNS}
        self._words: list[NDArray[np.uint32]] = []
        self._fired: list[tuple[_Ints, _Ints]] = []
        self._numbers: dict[str, int] = {}
        self._documents: dict[str, int] = {}
        self._asked: dict[int, str] = {}
        self._dates: dict[int, str] = {}
        self._torn: set[int] = set()
        self._empty: list[str] = []
        self._rows = self._short = self._boilerplate = 0

    def add(self, table: pa.Table) -> None:
        """Take in the sentences of one batch."""
        table = table.combine_chunks()
        for name in ("id_digest", "row_digest", "text_high", "text_low"):
            # A copy: a view into a file that was read would keep all of it.
            self._columns[name].append(table[name].to_numpy().copy())
        documents = self._document_numbers(table)
        self._columns["documents"].append(documents)
        self._columns["placed"].append(np.asarray(table["start"].is_valid()))
        words, lengths = _flattened(table["words"])
        numbers = [self._numbers.setdefault(word, len(self._numbers)) for word in vocabulary_of(table)]
        self._words.append(np.array(numbers, dtype=np.uint32)[words])
        self._columns["lengths"].append(lengths)
        rules, counts = _flattened(table["rules"])
        rows = self._rows + np.repeat(np.arange(len(counts)), counts)
        self._fired.append((rows, rules.astype(np.int64)))
        for document, date in _distinct(table["date"], documents):
            self._dates[document] = min(date, self._dates.get(document, date))
        for document, split in _distinct(table["asked"], documents):
            if self._asked.setdefault(document, split) != split:
                self._torn.add(document)
                self._asked[document] = max(split, self._asked[document], key=SPLITS.index)
        self._empty += documents_without_sentence(table)
        self._rows += len(table)
        self._short += short_pieces(table)
        self._boilerplate += boilerplate_lines(table)

    def finish(self) -> SentenceIndex:
        """Return the index; the builder is of no use after it."""
        columns: dict[str, Any] = {}
        for name, kind in _COLUMNS.items():
            columns[name] = np.concatenate([np.zeros(0, kind), *self._columns.pop(name)]).astype(
                kind, copy=False
            )
        words = np.concatenate([np.zeros(0, np.uint32), *self._words])
        rows, rules = (
            np.concatenate([np.zeros(0, np.int64), *(pair[i] for pair in self._fired)]) for i in (0, 1)
        )
        return SentenceIndex(
            tuple(self._documents),
            words=words,
            fired_rows=rows,
            fired_rules=rules,
            asked=self._asked,
            dates=self._dates,
            short=self._short,
            boilerplate=self._boilerplate,
            empty=tuple(self._empty),
            torn=len(self._torn),
            **columns,
        )

    def _document_numbers(self, table: pa.Table) -> NDArray[np.int32]:
        coded = table["doc_id"].combine_chunks().dictionary_encode()
        known = [
            self._documents.setdefault(doc_id, len(self._documents))
            for doc_id in coded.dictionary.to_pylist()
        ]
        numbers: NDArray[np.int32] = np.array(known, dtype=np.int32)[coded.indices.to_numpy()]
        return numbers


def _distinct(values: pa.ChunkedArray, documents: NDArray[np.int32]) -> set[tuple[int, str]]:
    """Return the values of each document, each once."""
    rows = np.flatnonzero(values.is_valid())
    return set(zip(documents[rows].tolist(), values.take(rows).to_pylist(), strict=True))


def _flattened(column: pa.ChunkedArray) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
    """Return the values of a column of lists, one after the other, and the length of each list."""
    lists = column.combine_chunks()
    return lists.flatten().to_numpy(), np.diff(lists.offsets.to_numpy())
