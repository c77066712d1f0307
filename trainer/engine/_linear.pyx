# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The inner loops of fitting and scoring. Callers check shapes and bounds: `trainer.engine.solver` and `.sparse`."""

import numpy as np

cimport cython

from cpython.buffer cimport PyBuffer_FillInfo
from libc.math cimport INFINITY, fabs, log
from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint16_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

cdef extern from "lanes.h":
    void* tabled(size_t size) noexcept nogil
    void _give_back "give_back"() noexcept nogil
    void PREFETCH(const void* address) noexcept nogil
    void prefetch_all(const char* at, Py_ssize_t size) noexcept nogil
    void add_rows(double* out, const float* weights, Py_ssize_t step, const int32_t* columns, const double* values,
                  Py_ssize_t n, Py_ssize_t asked, Py_ssize_t m) noexcept nogil
    Py_ssize_t _compare_rows "compare_rows"(const double* rows, Py_ssize_t n, Py_ssize_t k, const double* low,
                                            const double* high, uint8_t* reached, int64_t* unsure) noexcept nogil


@cython.final
cdef class Room:
    """Bytes that an array is made of: many lie on large pages, for a system gives those faster than as many small ones.

    Parameters
    ----------
    size : int
    zeros : bool
        Else they are anything.
    """

    cdef void* at
    cdef Py_ssize_t size

    def __cinit__(self, Py_ssize_t size, bint zeros=False):
        self.at, self.size = tabled(max(size, 1)), size
        if self.at == NULL:
            raise MemoryError
        if zeros:
            memset(self.at, 0, size)

    def __getbuffer__(self, Py_buffer* view, int flags):
        PyBuffer_FillInfo(view, self, self.at, self.size, False, flags)

    def __dealloc__(self):
        free(self.at)


def give_back():
    """Give what was freed back to the system."""
    _give_back()


def column_counts(const int32_t[::1] indices, Py_ssize_t width):
    """Return how often each of `width` columns stands in `indices`, as int32."""
    counts = np.zeros(width, np.int32)
    cdef int32_t[::1] count = counts
    cdef Py_ssize_t entry
    for entry in range(indices.shape[0]):
        if not 0 <= indices[entry] < width:
            raise ValueError(f"column {indices[entry]} of a matrix with {width}")
        count[indices[entry]] += 1
    return counts


def shared_rows(
    const int64_t[::1] indptr,
    const int32_t[::1] indices,
    const double[::1] values,
    const int32_t[::1] number,
    Py_ssize_t lone,
):
    """Return the rows without the `lone` entries, whose column has the number -1.

    Returns
    -------
    indptr, indices, values
        By the numbers of the columns; values in float32.
    alone, norms : (n,) arrays of float32
        Squared length of what was left out of each row, and of the whole row.
    lone_columns, lone_rows, lone_values
        What was left out.

    Raises
    ------
    ValueError
        When the square of a value is not finite in float32.
    """
    cdef Py_ssize_t n = indptr.shape[0] - 1, at = 0, out = 0, row, entry
    cdef double whole, left
    cdef float value
    cdef bint fits = True
    cdef int64_t[::1] start = np.zeros(n + 1, np.int64)
    cdef int32_t[::1] column = np.empty(indices.shape[0] - lone, np.int32)
    cdef float[::1] kept = np.empty(indices.shape[0] - lone, np.float32)
    cdef float[::1] alone = np.zeros(n, np.float32)
    cdef float[::1] norms = np.zeros(n, np.float32)
    cdef int32_t[::1] lone_column = np.empty(lone, np.int32)
    cdef int64_t[::1] lone_row = np.empty(lone, np.int64)
    cdef float[::1] lone_value = np.empty(lone, np.float32)
    with nogil:
        for row in range(n):
            whole = left = 0.0
            for entry in range(indptr[row], indptr[row + 1]):
                value = <float>values[entry]
                fits = fits and value * value < INFINITY
                whole += <double>value * value
                if number[indices[entry]] >= 0:
                    column[at] = number[indices[entry]]
                    kept[at] = value
                    at += 1
                else:
                    left += <double>value * value
                    lone_column[out] = indices[entry]
                    lone_row[out] = row
                    lone_value[out] = value
                    out += 1
            start[row + 1] = at
            alone[row] = <float>left
            norms[row] = <float>whole
    if not fits:
        raise ValueError("a value is not finite, or beyond float32: scale the features")
    return tuple(map(np.asarray, (start, column, kept, alone, norms, lone_column, lone_row, lone_value)))


def sparse_dot(
    const int64_t[::1] indptr,
    const int32_t[::1] indices,
    const double[::1] values,
    const float[:, ::1] weights,
    double[:, ::1] out,
):
    """Add to ``out[i]`` the values of sparse row i times the rows of `weights`, in the order of the indices."""
    cdef Py_ssize_t row, start
    cdef Py_ssize_t topics = weights.shape[1]
    if topics == 0:
        return
    with nogil:
        for row in range(out.shape[0]):
            start = indptr[row]
            if indptr[row + 1] > start:
                add_rows(&out[row, 0], &weights[0, 0], topics * sizeof(float), &indices[start], &values[start],
                         indptr[row + 1] - start, 0, topics)


def compare_rows(
    const double[:, ::1] rows,
    const double[::1] low,
    const double[::1] high,
    uint8_t[:, ::1] reached,
    int64_t[::1] unsure,
):
    """Write which numbers reach `high`, and the rows where one neither does nor is `low` or less.

    Returns
    -------
    int
        How many rows these are.
    """
    cdef Py_ssize_t n = rows.shape[0], k = rows.shape[1], found
    if low.shape[0] != k or high.shape[0] != k or reached.shape[0] != n or reached.shape[1] != k:
        raise ValueError("the ends, or the decisions, have another shape than the rows")
    if unsure.shape[0] != n:
        raise ValueError("there is no room for the number of each row")
    if n == 0 or k == 0:
        return 0
    with nogil:
        found = _compare_rows(&rows[0, 0], n, k, &low[0], &high[0], &reached[0, 0], &unsure[0])
    return found


def all_finite(const uint16_t[::1] halves):
    """Whether numbers of half precision, seen as their bits, are finite."""
    cdef Py_ssize_t i
    cdef int16_t size, most = 0
    with nogil:
        for i in range(halves.shape[0]):
            size = <int16_t>(halves[i] & 0x7FFF)
            most = size if size > most else most
    return most < 0x7C00  # infinity, below all that is no number


include "_rows.pxi"
include "_descent.pxi"
