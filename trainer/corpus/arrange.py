"""What stays of all that was read, which documents belong together, and which split each is in."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.config import Config
from trainer.corpus.grouping import cluster_texts, group_names, kept_rows
from trainer.corpus.index import SentenceIndex
from trainer.corpus.splits import SplitReport, assign_groups, by_date, keep_sides, split_report
from trainer.corpus.store import SPLITS
from trainer.errors import TrainerWarning
from trainer.records import Rejection

_Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Where each row of the index goes.

    Attributes
    ----------
    kept : (n,) array of bool
    split : (n,) array of int64
        Number in `SPLITS`; of no meaning where a row is not kept.
    documents : (n,) array of int64
        Row -> document number.
    groups : sequence of str
        By document number.
    near_duplicates : int
        Distinct texts that are near another one.
    repetitions : int
        Rows that are not kept because their text is kept elsewhere.
    left_out : tuple of Rejection
        Documents, or parts of them, that can stand in no split.
    report : SplitReport
    """

    kept: NDArray[np.bool_]
    split: _Ints
    documents: _Ints
    groups: Sequence[str]
    near_duplicates: int
    repetitions: int
    left_out: tuple[Rejection, ...]
    report: SplitReport


def arrange(
    index: SentenceIndex,
    gold: NDArray[np.bool_],
    codes: NDArray[np.int8],
    config: Config,
    previous: Mapping[str, str] | None = None,
    known_ids: NDArray[np.uint64] | None = None,
) -> Arrangement:
    """Decide what stays and where it goes.

    Parameters
    ----------
    gold : (n,) array of bool
        People judged the row.
    codes : (n, k) array of int8
        Labels: 1, 0, -1.
    previous : mapping of str to str, optional
        The split of each document in an earlier version, which it keeps; what the input asks for stands
        above.
    known_ids : array of uint64, optional
        Digests of the ids of its sentences: of equal ones, those are kept again.
    """
    build, texts, documents = config.build, index.texts, index.documents.astype(np.int64)
    cluster, near_duplicates = cluster_texts(index, build)
    # People's word is kept before the rules', and of two equal rows the one with a place in its document.
    rank = 2 * gold + index.placed.astype(np.int64)
    if known_ids is not None:
        rank += 4 * np.isin(index.id_digest, known_ids)
    short = index.lengths < build.link_words
    kept = kept_rows(index.order, cluster[texts], texts, documents, rank, short, build)
    names = group_names(index.doc_ids, cluster[texts][kept], documents[kept])
    rows = np.flatnonzero(kept)
    places = _Places(index, rows, documents[rows], cluster[texts[rows]], names, {}, [])
    places = _given(places, previous or {})
    side = _dated(places, config) if build.split.by == "date" else _balanced(places, gold, codes, config)
    stays = side >= 0
    rows, split = places.rows[stays], np.zeros(len(index), dtype=np.int64)
    repetitions = len(index) - int(kept.sum())
    kept[:] = False
    kept[rows], split[rows] = True, side[stays]
    groups = [places.groups[document] for document in documents[rows].tolist()]
    shares = _shares(config)
    report = split_report(side[stays], groups, codes[rows], gold[rows], config.topic_names, SPLITS, shares)
    left = tuple(places.left_out)
    return Arrangement(kept, split, documents, places.groups, near_duplicates, repetitions, left, report)


@dataclass(frozen=True, slots=True)
class _Places:
    """The rows that can still be given a side; document and cluster of each; the group of each document."""

    index: SentenceIndex
    rows: _Ints
    documents: _Ints
    clusters: _Ints
    groups: list[str]
    fixed: Mapping[Hashable, int]
    left_out: list[Rejection]

    def names(self) -> list[str]:
        """Return the group of each row."""
        return [self.groups[document] for document in self.documents.tolist()]


def _given(places: _Places, previous: Mapping[str, str]) -> _Places:
    """Keep the sides that the input asks for, and those of an earlier version; leave out who joins two."""
    if not places.index.asked and not previous:
        return places
    doc_ids = places.index.doc_ids
    asked = np.full(len(doc_ids), -1, dtype=np.int64)
    for document, doc_id in enumerate(doc_ids):
        side = places.index.asked.get(document) or previous.get(doc_id)
        if side is not None:
            asked[document] = SPLITS.index(side)
    if (asked < 0).all():
        return places
    of_rows = [doc_ids[document] for document in places.documents.tolist()]
    wanted = asked[places.documents].tolist()
    found = keep_sides(of_rows, places.clusters.tolist(), places.names(), wanted, sides=SPLITS)
    groups = list(places.groups)
    for document, group in zip(places.documents.tolist(), found.groups, strict=True):
        groups[document] = group
    fixed: dict[Hashable, int] = dict(found.fixed.items())
    left = [
        Rejection(out.document, out.reason, f"{out.detail} ({out.rows:,} sentences)")
        for out in found.left_out
    ]
    rows, documents, clusters = (
        part[found.kept] for part in (places.rows, places.documents, places.clusters)
    )
    return _Places(places.index, rows, documents, clusters, groups, fixed, left)


def _balanced(places: _Places, gold: NDArray[np.bool_], codes: NDArray[np.int8], config: Config) -> _Ints:
    """Return the side of each row, balanced over gold and silver and all topics."""
    yes, judged = codes[places.rows] == 1, gold[places.rows]
    Y = np.column_stack([judged, yes & judged[:, None], yes & ~judged[:, None]]).astype(float)
    return assign_groups(places.names(), Y, _shares(config), config.seed, places.fixed)


def _dated(places: _Places, config: Config) -> _Ints:
    """Return the side of each row by its date; -1, and a word of why, where it lies across a cut."""
    names, split = places.names(), config.build.split
    dates = [places.index.dates.get(document) for document in places.documents.tolist()]
    found = by_date(names, dates, _shares(config), split.cut_day, split.gap_days)
    if found.undated or found.unreadable:
        warnings.warn(
            f"{found.undated + found.unreadable:,} sentences stand in train for want of a date "
            f"({found.unreadable:,} have one that cannot be read)",
            TrainerWarning,
            stacklevel=2,
        )
    given = np.array([places.fixed.get(name, -1) for name in names], dtype=np.int64)
    side = np.where(given >= 0, given, found.side)
    for document in dict.fromkeys(places.documents[side < 0].tolist()):
        why = found.left_out[places.groups[document]]
        places.left_out.append(Rejection(places.index.doc_ids[document], "across_a_cut", why))
    return side


def _shares(config: Config) -> list[float]:
    return [getattr(config.build.split, split) for split in SPLITS]
