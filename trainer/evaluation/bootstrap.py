"""Samples of the documents, drawn with replacement: how far a score would move on other documents.

Sentences of one document are alike: they share an author, a subject, often a phrase. Drawing sentences one by
one takes them for independent and gives intervals that are too narrow; so whole documents (in a corpus: whole
groups of near-duplicates) are drawn, all sentences of each together (Davison and Hinkley 1997, section 3.8;
Field and Welsh 2007, JRSS B 69:369).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

SAMPLES = 2000
SEED = 13
_BATCH = 100
"""Samples that are held at a time; a part of what a seed means, so never changed."""
_DEFINED = 0.95
"""Share of the samples in which a figure must be defined for it to have an interval."""

Floats = NDArray[np.float64]


class Resamples:
    """`n` samples of the documents that `groups` names, each with as many documents as there are.

    Parameters
    ----------
    groups : sequence of str
        The document of each row.
    n : int
        How many samples.
    seed : int
        The same rows, in whatever order, and the same seed give the same samples.
    """

    def __init__(self, groups: Sequence[str], n: int = SAMPLES, seed: int = SEED) -> None:
        names, self.rows = np.unique(np.array(list(groups), dtype=str), return_inverse=True)
        self.documents = len(names)
        self.n = n
        self._seed = seed

    def totals(self, values: Floats) -> Floats:
        """Return the (documents, q) totals of (rows, q) values, by document."""
        return by_document(values, self.rows, self.documents)

    def batches(self) -> Iterator[Floats]:
        """Yield (b, documents) arrays: how often each document stands in each of b samples."""
        for batch in self._drawn:
            yield batch.astype(float)

    @cached_property
    def _drawn(self) -> list[NDArray[np.uint16]]:
        """The samples as small integers: a document stands in one hardly ever more than ten times."""
        rng = np.random.default_rng(self._seed)
        found, m = [], self.documents
        for start in range(0, self.n, _BATCH):
            drawn = rng.integers(m, size=(_BATCH, m))[: self.n - start]
            drawn += m * np.arange(len(drawn))[:, None]
            counts = np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape)
            found.append(counts.astype(np.uint16))
        return found

    def sums(self, values: Floats) -> Floats:
        """Return the (n, …) sums of (rows, …) values in every sample: one matrix product a batch."""
        by_document = self.totals(values)
        flat = by_document.reshape(self.documents, -1)
        return np.concatenate([batch @ flat for batch in self.batches()]).reshape(
            self.n, *by_document.shape[1:]
        )


def by_document(values: Floats, rows: NDArray[np.intp], documents: int) -> Floats:
    """Return the (documents, …) totals of (n, …) values; `rows` is the document of each."""
    found = np.zeros((documents, *values.shape[1:]))
    np.add.at(found, rows, values)
    return found


def divided(above: Floats, below: Floats) -> Floats:
    """Return quotients; NaN, which is not defined, where nothing is divided by."""
    found = np.full(np.shape(below), np.nan)
    np.divide(above, below, out=found, where=below > 0)
    return found


def percentile_interval(samples: Floats, level: float = 0.95) -> tuple[float, float] | None:
    """Return the percentile interval (Efron 1979) of a figure from its values in the samples.

    Parameters
    ----------
    samples : (n,) array
        NaN where the figure is not defined.

    Returns
    -------
    tuple of float or None
        None when the figure is undefined in more than one sample of twenty: there is too little of it.
    """
    defined = samples[~np.isnan(samples)]
    if not len(samples) or len(defined) < _DEFINED * len(samples):
        return None
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
