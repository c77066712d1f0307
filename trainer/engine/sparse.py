"""Sparse rows as plain arrays, and their product with the weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

try:
    from trainer.engine._linear import all_finite as _compiled_all_finite
    from trainer.engine._linear import sparse_dot as _compiled_dot
except ImportError:  # installed without a compiler: numpy serves, with the same bits
    _compiled_all_finite = _compiled_dot = None

if TYPE_CHECKING:
    from numpy.typing import NDArray

ENGINE = "compiled" if _compiled_dot is not None else "numpy"
_LINE = 64
"""Bytes of the cache that come together."""


@dataclass(frozen=True, slots=True, eq=False)
class SparseRows:
    """A matrix in compressed sparse row form, indices ascending in each row.

    Attributes
    ----------
    indptr : (n + 1,) array of int64
    indices : (nnz,) array of int32
    values : (nnz,) array of float64
    width : int
        Number of columns.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    values: NDArray[np.float64]
    width: int

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @property
    def row_numbers(self) -> NDArray[np.int64]:
        """Row of each entry."""
        return np.repeat(np.arange(len(self)), np.diff(self.indptr))

    def dot(self, weights: NDArray[np.floating[Any]], *, compiled: bool = True) -> NDArray[np.float64]:
        """Multiply by a dense (width, k) matrix; sums run in the order of the indices, in float64.

        Whatever the dtype of `weights` is, they are not copied as a whole.

        Parameters
        ----------
        compiled : bool
            False asks for numpy even where the compiled loop is there; the result is the same to the bit.

        Returns
        -------
        (n, k) array of float64
        """
        if weights.ndim != 2 or weights.shape[0] != self.width:
            raise ValueError(f"weights must have {self.width} rows, got shape {weights.shape}")
        if weights.dtype == np.float16:  # only the rows that are called for, each exactly what it was
            used, indices = np.unique(self.indices, return_inverse=True)
            part = SparseRows(self.indptr, indices.astype(np.int32), self.values, len(used))
            return part.dot(weights[used].astype(np.float32), compiled=compiled)
        if compiled and _compiled_dot is not None and weights.dtype == np.float32:
            out = np.zeros((len(self), weights.shape[1]))
            self.add_dot(np.ascontiguousarray(weights), out)
            return out
        rows = self.row_numbers
        columns = [
            np.bincount(rows, self.values * weights[self.indices, topic].astype(np.float64), len(self))
            for topic in range(weights.shape[1])
        ]
        return np.stack(columns, axis=1) if columns else np.zeros((len(self), 0))

    def add_dot(self, weights: NDArray[np.float32], out: NDArray[np.float64]) -> None:
        """Add the product with (width, k) weights to the (n, k) `out`; only compiled."""
        if weights.shape[0] != self.width:
            raise ValueError(f"weights must have {self.width} rows, got shape {weights.shape}")
        _compiled_dot(self.indptr, self.indices, self.values, weights, out)


def below(parts: list[SparseRows]) -> SparseRows:
    """Put matrices of the same width one below the other."""
    lengths = np.concatenate([np.diff(part.indptr) for part in parts])
    indices = np.concatenate([part.indices for part in parts])
    values = np.concatenate([part.values for part in parts])
    return SparseRows(np.r_[0, np.cumsum(lengths)], indices, values, parts[0].width)


def beside(blocks: list[SparseRows]) -> SparseRows:
    """Put matrices of equally many rows side by side."""
    if len(blocks) == 1:
        return blocks[0]
    offsets = np.cumsum([0, *(block.width for block in blocks)])
    rows = np.concatenate([block.row_numbers for block in blocks])
    order = np.argsort(rows, kind="stable")
    indices = np.concatenate(
        [block.indices + np.int32(start) for block, start in zip(blocks, offsets, strict=False)],
        dtype=np.int32,
    )
    values = np.concatenate([block.values for block in blocks])
    indptr = np.sum([block.indptr for block in blocks], axis=0)
    return SparseRows(indptr, indices[order], values[order], int(offsets[-1]))


def side_by_side(
    idf: NDArray[np.float64], weights: NDArray[np.floating[Any]]
) -> tuple[NDArray[np.float64], NDArray[np.floating[Any]]]:
    """Return copies of (width,) and (width, k) arrays whose rows lie beside each other.

    What is asked of an n-gram then comes with one line of the cache, where it has room there; larger rows
    stay as they are.
    """
    width, k = weights.shape
    first, size = idf.itemsize, k * weights.itemsize
    step = 1 << (first + size - 1).bit_length()
    if step > _LINE or not idf.size:
        return idf, weights
    room = np.zeros(width * step + _LINE, np.uint8)
    start = -room.__array_interface__["data"][0] % _LINE
    rows = room[start : start + width * step].reshape(width, step)
    near = rows[:, :first].view(idf.dtype)[:, 0], rows[:, first : first + size].view(weights.dtype)
    near[0][:], near[1][:] = idf, weights
    return near


def as_kernels_read(weights: NDArray[np.floating[Any]]) -> NDArray[Any]:
    """Return weights of single precision as they are, and of half precision as their bits."""
    return weights.view(np.uint16) if weights.dtype == np.float16 else weights


def all_finite(numbers: NDArray[np.floating[Any]], *, compiled: bool = True) -> bool:
    """Whether all numbers are; of half precision, numpy would ask one by one."""
    if compiled and _compiled_all_finite is not None and numbers.dtype == np.float16:
        return bool(_compiled_all_finite(np.ascontiguousarray(numbers).view(np.uint16).ravel()))
    return bool(np.isfinite(numbers).all())
