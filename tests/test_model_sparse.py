"""Sparse products: the same bits from numpy, from the compiled loop, and from a plain loop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from trainer.engine.liblinear import to_scipy
from trainer.engine.sparse import ENGINE, SparseRows, all_finite, beside

numbers = st.floats(-1e6, 1e6) | st.sampled_from([0.0, -0.0, 1e-300, 1 / 3])


@st.composite
def sparse_rows(draw, n=None):
    n, w = draw(st.integers(0, 6)) if n is None else n, draw(st.integers(0, 7))
    held = [sorted(draw(st.sets(st.integers(0, w - 1)))) if w else [] for _ in range(n)]
    indptr = np.cumsum([0, *map(len, held)]).astype(np.int64)
    indices = np.array([i for row in held for i in row], dtype=np.int32)
    values = np.array([draw(numbers) for _ in indices], dtype=np.float64)
    return SparseRows(indptr, indices, values, w)


@st.composite
def products(draw):
    X = draw(sparse_rows())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = draw(st.sampled_from([1.0, 1e-30, 1e20]))
    return X, (rng.normal(size=(X.width, draw(st.integers(0, 9)))) * scale).astype(np.float32)


def one_by_one(X: SparseRows, weights: np.ndarray) -> np.ndarray:
    """Multiply in float64, entry after entry."""
    out = np.zeros((len(X), weights.shape[1]))
    for row in range(len(X)):
        for entry in range(X.indptr[row], X.indptr[row + 1]):
            for topic in range(weights.shape[1]):
                out[row, topic] += X.values[entry] * float(weights[X.indices[entry], topic])
    return out


@pytest.mark.parametrize("compiled", [False, True], ids=["numpy", "engine"])
@given(pair=products())
@settings(max_examples=150, deadline=None)
def test_the_product_sums_in_the_order_of_the_indices_to_the_bit(compiled, pair):
    X, weights = pair
    assert X.dot(weights, compiled=compiled).tobytes() == one_by_one(X, weights).tobytes()


@pytest.mark.skipif(ENGINE == "numpy", reason="the compiled loop is not in this install")
@pytest.mark.parametrize("topics", [1, 2, 5, 8, 33])
def test_the_compiled_loop_gives_the_bits_of_numpy_on_a_large_matrix(topics):
    rng = np.random.default_rng(5)
    random = sparse.random(2_000, 3_000, density=0.01, format="csr", random_state=5)
    random.sort_indices()
    X = SparseRows(random.indptr.astype(np.int64), random.indices.astype(np.int32), random.data, 3_000)
    weights = rng.normal(size=(3_000, topics)).astype(np.float32)
    for layout in (weights, np.asfortranarray(weights), np.repeat(weights, 2, axis=1)[:, ::2]):
        assert X.dot(layout).tobytes() == X.dot(layout, compiled=False).tobytes()


@pytest.mark.parametrize("shape", [(3, 2), (5, 2), (0, 2), (4,)])
@pytest.mark.parametrize("compiled", [False, True])
def test_weights_of_another_width_are_refused(shape, compiled):
    X = SparseRows(np.array([0, 1]), np.array([3]), np.array([1.0]), 4)
    with pytest.raises(ValueError, match=r"weights must have 4 rows, got shape \("):
        X.dot(np.zeros(shape, np.float32), compiled=compiled)


@given(st.integers(0, 5).flatmap(lambda n: st.lists(sparse_rows(n), min_size=1, max_size=4)))
@settings(max_examples=150, deadline=None)
def test_matrices_side_by_side_are_stacked_columns(blocks):
    joined = beside(blocks)
    dense = np.hstack([to_scipy(block).toarray() for block in blocks])
    assert joined.width == dense.shape[1]
    assert np.array_equal(to_scipy(joined).toarray(), dense)
    for row in range(len(joined)):
        columns = joined.indices[joined.indptr[row] : joined.indptr[row + 1]]
        assert (np.diff(columns) > 0).all()


def test_row_numbers_skip_empty_rows():
    X = SparseRows(np.array([0, 2, 2, 3]), np.array([0, 1, 1]), np.ones(3), 2)
    assert X.row_numbers.tolist() == [0, 0, 2]
    assert len(X) == 3


@pytest.mark.parametrize("compiled", [True, False])
@given(products())
def test_half_precision_weights_count_for_exactly_what_they_are(compiled, pair):
    X, weights = pair
    with np.errstate(over="ignore"):
        half = np.clip(weights, -60_000, 60_000).astype(np.float16)
    exact = X.dot(half.astype(np.float32), compiled=compiled)
    assert X.dot(half, compiled=compiled).tobytes() == exact.tobytes()


@given(products())
def test_weights_as_they_were_fitted_are_not_rounded(pair):
    X, weights = pair
    exact = weights.astype(np.float64) * (1 + 2**-40)
    assert X.dot(exact).tobytes() == one_by_one(X, exact).tobytes()


@pytest.mark.parametrize("compiled", [True, False])
def test_of_half_precision_each_number_is_finite_that_numpy_takes_for_finite(compiled):
    every = np.arange(2**16, dtype=np.uint16).view(np.float16)[:, None]
    found = [all_finite(each[None], compiled=compiled) for each in every]
    assert found == np.isfinite(every[:, 0]).tolist()
    finite = every[np.isfinite(every)][:60].reshape(20, 3)
    assert all_finite(finite, compiled=compiled)
    assert all_finite(finite.T, compiled=compiled)
    assert all_finite(finite[:0], compiled=compiled)
    finite[13, 2] = np.nan
    assert not all_finite(finite, compiled=compiled)
    assert not all_finite(finite.T, compiled=compiled)
