"""Which sentences are kept, and which documents belong together.

A sentence that repeats and is short, or that stands in many documents as such or nearly so, is a phrase of
the trade: it is kept once and links nothing, else most of a real pool becomes one group. Any other
repetition, exact or near, ties its documents into one group, and a group stays on one side of every split.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trainer.config import Build
from trainer.corpus.duplicates import connected, near_duplicate_clusters
from trainer.corpus.index import SentenceIndex

_Ints = NDArray[np.int64]


def cluster_texts(index: SentenceIndex, build: Build) -> tuple[_Ints, int]:
    """Put texts that are near-duplicates, directly or by a chain, into one cluster.

    Short texts are alike by chance: each is a cluster of its own.

    Returns
    -------
    cluster : (number of texts,) array of int64
        By text number.
    near_duplicates : int
        Texts in a cluster of two or more.
    """
    offsets = np.concatenate([[0], np.cumsum(index.lengths, dtype=np.int64)])
    rows = index.first_rows
    cluster = long_clusters(index.words, offsets, rows, build.link_words, build.near_duplicate)
    sizes = np.bincount(cluster, minlength=1)
    return cluster, int(sizes[sizes > 1].sum())


def long_clusters(
    words: NDArray[np.uint32],
    offsets: _Ints,
    rows: _Ints,
    least: int,
    bound: float,
    sides: NDArray[np.int8] | None = None,
) -> _Ints:
    """Put sentences of at least so many words that are near-duplicates into one cluster.

    Parameters
    ----------
    words, offsets, rows
        See `near_duplicate_clusters`.
    least : int
        A sentence of fewer words is a cluster of its own.
    bound : float
        Least Jaccard similarity, in (0, 1].
    sides : (m,) array of int8, optional
        See `near_duplicate_clusters`.

    Returns
    -------
    (m,) array of int64
        For each of `rows` the place in `rows` of the first sentence of its cluster.
    """
    cluster = np.arange(len(rows), dtype=np.int64)
    long_enough = np.flatnonzero(offsets[rows + 1] - offsets[rows] >= least)
    kept = None if sides is None else sides[long_enough]
    found = near_duplicate_clusters(words, offsets, rows[long_enough], bound, kept)
    cluster[long_enough] = long_enough[found]
    return cluster


def kept_rows(
    ids: _Ints,
    clusters: _Ints,
    texts: _Ints,
    documents: _Ints,
    rank: _Ints,
    short: NDArray[np.bool_],
    build: Build,
) -> NDArray[np.bool_]:
    """Decide which rows stay: one a text in each document, and one in all of a phrase of the trade.

    Parameters
    ----------
    ids, clusters, texts, documents, rank, short : length n
        Place in an order of all rows, cluster, number of the text, number of the document, which of several
        equals to prefer (the highest, then the first in order), and whether the sentence is short.

    Returns
    -------
    (n,) array of bool
    """
    in_document = _first_of(np.lexsort((ids, -rank, texts, documents)), documents, texts)
    standing = np.bincount(clusters[_first_of(np.lexsort((clusters, documents)), documents, clusters)])
    phrase = (standing[clusters] > 1) & (short | (standing[clusters] > build.link_documents))
    first = _first_of(np.lexsort((ids, -rank, clusters)), clusters)
    return np.where(phrase, first, in_document)


def group_names(doc_ids: Sequence[str], clusters: _Ints, documents: _Ints) -> list[str]:
    """Return the group of each document: documents that share a cluster belong together.

    A group is called after the first of its documents in alphabetical order.

    Parameters
    ----------
    clusters, documents : (n,) arrays of int64
        Of the rows that stay.
    """
    # Documents on one side, clusters on the other: what touches is one group.
    size = int(clusters.max(initial=-1)) + 1
    links = np.stack([documents, len(doc_ids) + clusters], axis=1)
    component = connected(len(doc_ids) + size, links)[: len(doc_ids)].tolist()
    name: dict[int, str] = {}
    for number, doc_id in zip(component, doc_ids, strict=True):
        name[number] = min(doc_id, name.get(number, doc_id))
    return [name[number] for number in component]


def _first_of(order: _Ints, *keys: _Ints) -> NDArray[np.bool_]:
    """Mark the first row, in this order, of each run of equal keys."""
    new = np.zeros(len(order), dtype=bool)
    new[:1] = True
    for key in keys:
        new[1:] |= key[order][1:] != key[order][:-1]
    marked = np.zeros(len(order), dtype=bool)
    marked[order[new]] = True
    return marked
