"""Tagged sentences -> counts and shares by time, source, document or pair of topics.

Intervals are of sampling: how the shares would vary had other documents of the same kind been read. What the
model gets wrong is not in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainer.errors import DataError, UsageError, did_you_mean
from trainer.intervals import clustered, wilson
from trainer.model.table import BOILERPLATE, topic_columns
from trainer.tags.periods import PERIODS, filled, period_of
from trainer.tags.read import topics_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

KEYS = (*PERIODS, "source", "document", "topic-pair")
NO_DATE, NO_SOURCE = "(no date)", "(none)"
PAIR = " + "
_SHORT = 12
_SHOWN = 3

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Summary:
    """A table of tags, rolled up.

    Attributes
    ----------
    by : str
        One of `KEYS`.
    topics : tuple of str
    rows : tuple of mapping
        One a key and topic: ``key, topic, tagged_sentences, review_sentences, sentences, sentence_share``,
        its ``_low`` and ``_high``, the same of documents, and ``by_people``: sentences that people decided.
    about : mapping
        Counts of the whole table, what was left out, the model.
    """

    by: str
    topics: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    about: dict[str, Any]

    def to_arrow(self) -> pa.Table:
        """Return the rows as a table."""
        import pyarrow as pa

        names = list(self.rows[0]) if self.rows else ["key", "topic"]
        kinds = [
            pa.string() if name in ("key", "topic") else pa.float64() if "share" in name else pa.int64()
            for name in names
        ]
        schema = pa.schema(list(zip(names, kinds, strict=True)))
        return pa.Table.from_pylist(list(self.rows), schema)

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows as a frame."""
        return self.to_arrow().to_pandas()

    def to_dict(self) -> dict[str, Any]:
        """Return what ``trainer summarize --json`` prints."""
        return {"by": self.by, **self.about, "rows": list(self.rows)}

    def chart(self, target: str | Path, *, share: str = "documents") -> None:
        """Draw the shares; see `trainer.tags.chart.draw`."""
        from trainer.tags.chart import draw

        draw(self, Path(target), share=share)


def summarize_table(
    table: pa.Table,
    by: str = "month",
    *,
    topics: Sequence[str] = (),
    copies_once: bool = False,
    mixed_models: bool = False,
) -> Summary:
    """Count what is tagged.

    Parameters
    ----------
    table : Table
        As `trainer.tags.read.read_tags` gives it.
    by : str
        One of `KEYS`.
    topics : sequence of str
        Only these; all by default.
    copies_once : bool
        Of documents that are nearly the same, count only the first.
    mixed_models : bool
        Count tags of several models together.

    Raises
    ------
    DataError
        When the table is empty, or holds tags of several models.
    UsageError
        When `by` or a topic is not known.
    """
    if by not in KEYS:
        raise UsageError(f"--by must be one of {', '.join(KEYS)}. {did_you_mean(by, KEYS)}")
    known = topics_of(table)
    for topic in topics:
        if topic not in known:
            raise UsageError(f"the table has no topic '{topic}'. {did_you_mean(topic, known)}")
    chosen = tuple(topic for topic in known if topic in (topics or known))
    models = _models(table, mixed_models)
    counted, about = _counted(table, copies_once)
    if not counted.sentences:
        raise DataError("no sentence of the table counts", hint="It is empty, or all of it is boilerplate.")
    about |= {"models": models, "copies_once": copies_once}
    if by == "topic-pair":
        return Summary(by, chosen, tuple(_pairs(counted, chosen)), about)
    keys, order, notes = _keys(counted, by)
    rows = _rows(counted, keys, order, chosen)
    rows = _without_intervals(rows) if by == "document" else rows
    return Summary(by, chosen, tuple(rows), {**about, **notes})


@dataclass(frozen=True, slots=True)
class _Counted:
    """The rows that count, column by column."""

    table: Any
    document: Ints
    """Row -> number of its document."""
    documents: list[dict[str, Any]]

    @property
    def sentences(self) -> int:
        return len(self.document)

    def answers(self, topic: str, answer: str) -> Bools:
        import pyarrow.compute as pc

        return np.asarray(pc.fill_null(pc.equal(self.table[topic], answer), False))

    def by_people(self, topic: str) -> Bools:
        import pyarrow.compute as pc

        return np.asarray(pc.fill_null(pc.equal(self.table[topic_columns(topic)[2]], "human"), False))


def _models(table: pa.Table, mixed: bool) -> list[str]:
    import pyarrow.compute as pc

    found = {row["values"]: row["counts"] for row in pc.value_counts(table["model_digest"]).to_pylist()}
    if len(found) > 1 and not mixed:
        told = ", ".join(f"{n:,} rows of {(digest or 'no model')[:_SHORT]}" for digest, n in found.items())
        raise DataError(
            f"the table mixes models: {told}",
            hint="Tag all of it again with `--update FILE --retag-all`, or pass --mixed-models.",
        )
    versions = pc.unique(table["model_version"]).to_pylist()
    return [f"version {v or '?'} ({(d or 'none')[:_SHORT]})" for v, d in zip(versions, found, strict=False)]


def _counted(table: pa.Table, copies_once: bool) -> tuple[_Counted, dict[str, Any]]:
    import pyarrow.compute as pc

    group, doc_id = table["duplicate_group"], table["doc_id"]
    is_copy = pc.fill_null(pc.and_(pc.is_valid(group), pc.not_equal(group, doc_id)), False)
    boilerplate = pc.equal(table["part"], BOILERPLATE)
    copies = pc.count_distinct(doc_id.filter(is_copy)).as_py()
    left = pc.or_(boilerplate, is_copy) if copies_once else boilerplate
    about = {"boilerplate": pc.sum(boilerplate).as_py() or 0, "copies": copies}
    kept = table.filter(pc.invert(left))
    numbers = kept["doc_id"].combine_chunks().dictionary_encode()
    document = np.asarray(numbers.indices, dtype=np.int64)
    _, first = np.unique(document, return_index=True)
    columns = ("doc_id", "date", "source", "title")
    documents = kept.select(columns).take(first).to_pylist() if len(kept) else []
    about |= {"documents": len(documents), "sentences": len(kept)}
    return _Counted(kept, document, documents), about


def _keys(counted: _Counted, by: str) -> tuple[NDArray[np.object_], list[str], dict[str, Any]]:
    """Return the key of each document, the keys in their order, and what to say of them."""
    documents, notes = counted.documents, {}
    if by == "document":
        keys = [document["doc_id"] for document in documents]
    elif by == "source":
        keys = [document["source"] or NO_SOURCE for document in documents]
    else:
        keys = [period_of(document["date"], by) or NO_DATE for document in documents]
        odd = [d["date"] for d in documents if d["date"] and period_of(d["date"], by) is None]
        notes = {"undated": keys.count(NO_DATE), "unread_dates": [len(odd), *sorted(set(odd))[:_SHOWN]]}
    if by in PERIODS:
        order = filled([key for key in keys if key != NO_DATE], by) + [NO_DATE] * (NO_DATE in keys)
    else:
        sizes = dict.fromkeys(keys, 0)
        for key in keys:
            sizes[key] += 1
        order = sorted(sizes, key=lambda key: (-sizes[key], key))
    return np.array(keys, dtype=object), order, notes


def _rows(counted: _Counted, keys: NDArray[np.object_], order: Sequence[str], topics: Sequence[str]) -> Rows:
    """Return one row a key and topic, from sums by document."""
    n = len(counted.documents)
    numbers = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.r_[True, keys[numbers][1:] != keys[numbers][:-1]])
    places = {keys[mine[0]]: mine for mine in np.split(numbers, starts[1:])}
    nowhere = np.zeros(0, dtype=np.int64)
    sizes = np.bincount(counted.document, minlength=n)
    sums = {}
    for topic in topics:
        said = [*(counted.answers(topic, answer) for answer in ("yes", "review")), counted.by_people(topic)]
        sums[topic] = [np.bincount(counted.document[found], minlength=n) for found in said]
    rows = []
    for key in order:
        mine = places.get(key, nowhere)
        for topic, (yes, review, people) in sums.items():
            about = {"key": key, "topic": topic, **_shares(yes[mine], review[mine], sizes[mine])}
            rows.append({**about, "by_people": int(people[mine].sum())})
    return rows


def _without_intervals(rows: Rows) -> Rows:
    """Return the rows of single documents: nothing of one was drawn at random."""
    return [{key: None if key.endswith(("_low", "_high")) else v for key, v in row.items()} for row in rows]


def _shares(yes: Ints, review: Ints, sizes: Ints) -> dict[str, Any]:
    """Return the counts of some documents, given those of each."""
    tagged, documents = int((yes > 0).sum()), len(sizes)
    share, low, high = clustered(yes, sizes)
    of_documents = wilson(tagged, documents)
    return {
        "tagged_sentences": int(yes.sum()),
        "review_sentences": int(review.sum()),
        "sentences": int(sizes.sum()),
        "sentence_share": share,
        "sentence_share_low": low,
        "sentence_share_high": high,
        "tagged_documents": tagged,
        "documents": documents,
        "document_share": tagged / documents if documents else None,
        "document_share_low": of_documents[0],
        "document_share_high": of_documents[1],
    }


def _pairs(counted: _Counted, topics: Sequence[str]) -> Rows:
    """Return one row a pair of topics: how much of what has either of them has both (Jaccard 1912)."""
    n = len(counted.documents)
    rows = []
    for one, other in combinations(topics, 2):
        a, b = counted.answers(one, "yes"), counted.answers(other, "yes")
        sums = [np.bincount(counted.document[found], minlength=n) for found in (a, b, a & b, a | b)]
        either = (sums[0] > 0) | (sums[1] > 0)
        both = (sums[0] > 0) & (sums[1] > 0)
        shares = _shares(sums[2][either], np.zeros(0, np.int64), sums[3][either])
        low, high = wilson(int(both.sum()), int(either.sum()))
        shares |= {
            "tagged_documents": int(both.sum()),
            "document_share": int(both.sum()) / int(either.sum()) if either.any() else None,
            "document_share_low": low,
            "document_share_high": high,
        }
        people = (counted.by_people(one) | counted.by_people(other)) & a & b
        about = {"key": f"{one}{PAIR}{other}", "topic": one, **shares}
        rows.append({**about, "by_people": int(people.sum())})
    return rows
