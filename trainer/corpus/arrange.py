"""What stays of all that was read, which documents belong together, and which split each is in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.config import Config
from trainer.corpus.grouping import cluster_texts, group_names, kept_rows
from trainer.corpus.index import SentenceIndex
from trainer.corpus.splits import assign_groups
from trainer.corpus.store import SPLITS


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
    """

    kept: NDArray[np.bool_]
    split: NDArray[np.int64]
    documents: NDArray[np.int64]
    groups: Sequence[str]
    near_duplicates: int


def arrange(
    index: SentenceIndex, gold: NDArray[np.bool_], codes: NDArray[np.int8], config: Config
) -> Arrangement:
    """Decide what stays and where it goes.

    Parameters
    ----------
    gold : (n,) array of bool
        People judged the row.
    codes : (n, k) array of int8
        Labels: 1, 0, -1.
    """
    build, texts, documents = config.build, index.texts, index.documents.astype(np.int64)
    cluster, near_duplicates = cluster_texts(index, build)
    # People's word is kept before the rules', and of two equal rows the one with a place in its document.
    rank = 2 * gold + index.placed.astype(np.int64)
    short = index.lengths < build.link_words
    kept = kept_rows(index.id_digest, cluster[texts], texts, documents, rank, short, build)
    names = group_names(index.doc_ids, cluster[texts][kept], documents[kept])
    groups = [names[document] for document in documents[kept].tolist()]
    shares = [getattr(build.split, split) for split in SPLITS]
    split = np.zeros(len(index), dtype=np.int64)
    split[kept] = assign_groups(groups, _to_balance(gold[kept], codes[kept]), shares, config.seed)
    return Arrangement(kept, split, documents, names, near_duplicates)


def _to_balance(gold: NDArray[np.bool_], codes: NDArray[np.int8]) -> NDArray[np.float64]:
    """Return per row: is it gold, and per topic, is it a gold or a silver positive."""
    yes = codes == 1
    return np.column_stack([gold, yes & gold[:, None], yes & ~gold[:, None]]).astype(float)
