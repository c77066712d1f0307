"""What the estimators are given, as the engine reads it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from trainer.engine.sparse import SparseRows
from trainer.engine.texts import listed

EMPTY = "empty vocabulary: no text holds an n-gram that min_df and max_df leave"


def from_scipy(X: Any) -> SparseRows:
    """Return a matrix of scipy, or a dense one, as plain arrays: no zeros stored, indices ascending."""
    matrix = csr_matrix(X)
    if not matrix.has_canonical_format:
        matrix = matrix.copy()
        matrix.sum_duplicates()
    if matrix.nnz and not matrix.data.all():
        matrix = matrix.copy()
        matrix.eliminate_zeros()
    return SparseRows(
        matrix.indptr.astype(np.int64),
        matrix.indices.astype(np.int32),
        matrix.data.astype(np.float64),
        matrix.shape[1],
    )


def ascending(ngrams: tuple[int, int]) -> tuple[int, int]:
    """Return the shortest and longest n-gram, or refuse what is no such range."""
    shortest, longest = ngrams
    if not 1 <= shortest <= longest <= 64:
        raise ValueError(f"ngram_range must ascend within 1 and 64, not {ngrams!r}")
    return shortest, longest


def listed_texts(texts: Iterable[str]) -> list[str]:
    """Return the texts, or refuse what is none."""
    if isinstance(texts, str):
        raise ValueError("an iterable of texts is wanted, not one string")
    return listed(texts)


def sample_weights(given: Any, Y: NDArray[np.int8]) -> NDArray[np.float64]:
    """Return the (n, 1) or (n, k) weights of n samples, or refuse what is no weight."""
    if given is None:
        return np.ones((len(Y), 1))
    weights = np.array(given, dtype=np.float64)
    if weights.ndim == 1:
        weights = weights[:, None]
    if weights.ndim != 2 or len(weights) != len(Y) or weights.shape[1] not in (1, Y.shape[1]):
        raise ValueError(f"sample_weight has shape {np.shape(given)}: ({len(Y)},) or {Y.shape} is wanted")
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError("sample_weight holds NaN, infinity or a number below 0")
    return weights


def seed_of(random_state: Any) -> int:
    """Return the seed that a `random_state` stands for."""
    from sklearn.utils import check_random_state

    if isinstance(random_state, (int, np.integer)):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))
