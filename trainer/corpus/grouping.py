"""Which sentences are kept, and which documents belong together.

A sentence that repeats and is short, or stands in many documents, is a phrase of the trade: it is kept
once and links nothing, else most of a real pool becomes one group. Any other repetition, exact or near,
ties its documents into one group, and a group stays on one side of every split.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trainer.config import Build
from trainer.corpus.duplicates import WordIndex, connected, near_duplicate_pairs

_Ints = NDArray[np.int64]


def kept_rows(
    ids: Sequence[str], texts: _Ints, documents: _Ints, placed: _Ints, words: _Ints, build: Build
) -> tuple[NDArray[np.bool_], _Ints]:
    """Decide which rows stay.

    Parameters
    ----------
    ids, texts, documents, placed : length n
        Sentence id, number of its text, number of its document, 1 where it has offsets.
    words : array
        By text number: how many words it has.

    Returns
    -------
    kept : (n,) array of bool
    standing : array of int64
        By text number: how many documents it stands in.
    """
    order = np.lexsort((np.asarray(ids, dtype=object).astype(str), -placed, documents, texts))
    text, document = texts[order], documents[order]
    new_text = np.r_[True, text[1:] != text[:-1]]
    first_in_document = new_text | np.r_[True, document[1:] != document[:-1]]
    standing = np.bincount(text[first_in_document], minlength=len(words))
    once = (standing > 1) & ((words < build.link_words) | (standing > build.link_documents))
    kept = np.zeros(len(order), dtype=bool)
    kept[order[first_in_document & ~once[text]]] = True
    by_id = np.lexsort((np.asarray(ids, dtype=object).astype(str), -placed, texts))
    first_of_text = by_id[np.r_[True, texts[by_id][1:] != texts[by_id][:-1]]]
    kept[first_of_text[once[texts[first_of_text]]]] = True
    return kept, standing


def group_names(
    doc_ids: Sequence[str], texts: _Ints, documents: _Ints, standing: _Ints, words: WordIndex, build: Build
) -> tuple[list[str], int]:
    """Return the group of each document, and how many pairs of near-duplicate sentences there are.

    A group is called after the first of its documents in alphabetical order.

    Parameters
    ----------
    texts, documents : (n,) arrays of int64
        Of the rows that stay.
    standing : array of int64
        By text number: how many documents it stands in.
    """
    pairs = near_duplicate_pairs(*words.shingles(), build.near_duplicate)
    long_enough = words.lengths >= build.link_words
    pairs = pairs[long_enough[pairs].all(axis=1)]
    cluster = connected(len(standing), pairs)
    spread = np.bincount(cluster, weights=standing, minlength=len(standing))
    linking = long_enough[texts] & (spread[cluster[texts]] <= build.link_documents)
    # Documents on one side, clusters of texts on the other: what touches is one group.
    links = np.stack([documents[linking], len(doc_ids) + cluster[texts[linking]]], axis=1)
    component = connected(len(doc_ids) + len(standing), links)[: len(doc_ids)]
    name: dict[int, str] = {}
    for number, doc_id in zip(component.tolist(), doc_ids, strict=True):
        name[number] = min(doc_id, name.get(number, doc_id))
    return [name[number] for number in component.tolist()], len(pairs)
