# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The inner loops of fitting and scoring. Callers check shapes and bounds: `trainer.engine.solver` and `.sparse`."""

import numpy as np

from libc.math cimport INFINITY, exp, fabs, log, log1p
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport calloc, free, malloc

cdef extern from "lanes.h":
    void PREFETCH(const void* address) noexcept nogil
    void add_stored(double* out, const float* row, double value, Py_ssize_t m) noexcept nogil
    float INACTIVE
    void gather(float* out, const float* weights, const int32_t* indices, const float* values, Py_ssize_t n,
                Py_ssize_t m) noexcept nogil
    void scatter(float* weights, const float* delta, const int32_t* indices, const float* values, Py_ssize_t n,
                 Py_ssize_t m) noexcept nogil
    int logistic_step(float* alpha, const float* cost, const float* z, float* delta, const float* live,
                      float* estimate, float norm, float alone, Py_ssize_t m) noexcept nogil
    int hinge_step(float* alpha, const float* cost, const float* z, float* delta, const float* live,
                   const float* before, float* highest, float* estimate, float norm, float alone, Py_ssize_t m
                   ) noexcept nogil

cdef extern from "packed.h":
    Py_ssize_t unpack_steps(const uint8_t* at, const uint8_t* end, int32_t base, int32_t* columns, int32_t* counts
                            ) noexcept nogil
    void unpack_values(float* values, const int32_t* columns, const int32_t* counts, Py_ssize_t n, int32_t base,
                       const double* tf, const double* idf, double norm) noexcept nogil

cdef enum:
    HINGE = 0
    LOGISTIC = 1
    MOST_BLOCKS = 8
    SOON = 2  # rows that are unpacked before they are needed, while their weights come
    SLOTS = 4  # at least one more; a power of 2


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
    cdef Py_ssize_t row, entry
    cdef Py_ssize_t topics = weights.shape[1]
    if out.shape[0] == 0 or topics == 0:
        return
    with nogil:
        for row in range(out.shape[0]):
            for entry in range(indptr[row], indptr[row + 1]):
                add_stored(&out[row, 0], &weights[indices[entry], 0], values[entry], topics)


def put_lone(
    float[:, ::1] coef,
    Py_ssize_t first,
    const int32_t[::1] columns,
    const int64_t[::1] rows,
    const float[::1] values,
    const float[:, ::1] cost,
    const float[:, ::1] alpha,
    Py_ssize_t m,
):
    """Write the weights of features that stand in one row, of m problems from column `first` of `coef` on."""
    cdef Py_ssize_t at, k
    cdef float step
    with nogil:
        for at in range(columns.shape[0]):
            for k in range(m):
                step = max(alpha[rows[at], k], <float>0.0) * values[at]
                coef[columns[at], first + k] = -step if cost[rows[at], k] < 0 else step


cdef inline void _shuffle(int32_t* order, Py_ssize_t n, uint64_t* state) noexcept nogil:
    """Shuffle by Fisher's and Yates's method, with a xorshift generator (Marsaglia 2003)."""
    cdef Py_ssize_t i, j
    cdef int32_t swapped
    cdef uint64_t x = state[0]
    for i in range(n - 1, 0, -1):
        x ^= x << 13
        x ^= x >> 7
        x ^= x << 17
        j = <Py_ssize_t>((x >> 33) % <uint64_t>(i + 1))
        swapped = order[i]
        order[i] = order[j]
        order[j] = swapped
    state[0] = x


cdef inline double _entropy_gap(double alpha, double cost, double margin) noexcept nogil:
    """Return loss + conjugate + alpha * margin of the logistic loss: ``cost * KL(alpha / cost, sigmoid(-margin))``."""
    cdef double loss = log1p(exp(-fabs(margin))) + (-margin if margin < 0 else 0.0)
    cdef double share = alpha / cost, conjugate = 0.0
    if share > 0:
        conjugate += alpha * log(share)
    if share < 1:
        conjugate += (cost - alpha) * log1p(-share)
    return cost * loss + conjugate + alpha * margin


cdef struct Row:
    const int32_t* columns
    const float* values
    Py_ssize_t n


cdef class Rows:
    """Where the entries of a row come from."""

    cdef readonly Py_ssize_t n

    cdef void take(self, Py_ssize_t row, Py_ssize_t slot, Row* to) noexcept nogil:
        """Tell where the entries of a row are; they stay there until another row is taken into the slot."""
        to.n = 0

    cdef void fetch_place(self, Py_ssize_t row) noexcept nogil:
        """Ask for where a row begins."""

    cdef void fetch(self, Py_ssize_t row) noexcept nogil:
        """Ask for the entries of a row."""


cdef class Stored(Rows):
    """Rows as they are stored.

    Parameters
    ----------
    indptr, indices, values
        By the numbers of the columns; values in float32.
    """

    cdef const int64_t[::1] indptr
    cdef const int32_t[::1] indices
    cdef const float[::1] values

    def __cinit__(self, indptr, indices, values):
        self.indptr, self.indices, self.values = indptr, indices, values
        self.n = self.indptr.shape[0] - 1

    cdef void take(self, Py_ssize_t row, Py_ssize_t slot, Row* to) noexcept nogil:
        cdef Py_ssize_t start = self.indptr[row]
        to.n = self.indptr[row + 1] - start
        if to.n:
            to.columns, to.values = &self.indices[start], &self.values[start]

    cdef void fetch_place(self, Py_ssize_t row) noexcept nogil:
        PREFETCH(&self.indptr[row])

    cdef void fetch(self, Py_ssize_t row) noexcept nogil:
        cdef Py_ssize_t at
        for at in range(self.indptr[row], self.indptr[row + 1], 16):  # a line of the cache
            PREFETCH(&self.indices[at])
            PREFETCH(&self.values[at])


cdef class PackedBlock:
    """Rows of one block of columns, in few bytes: see `trainer.engine.packed`."""

    cdef const uint8_t[::1] data
    cdef const int64_t[::1] start
    cdef const double[::1] norms, idf, tf
    cdef int32_t base

    def __cinit__(self, data, start, norms, idf, tf, int32_t base):
        self.data, self.start, self.norms, self.idf, self.tf, self.base = data, start, norms, idf, tf, base


cdef class Unpacked(Rows):
    """Rows that are unpacked when they are taken: blocks side by side.

    Parameters
    ----------
    blocks : list of PackedBlock
    longest : int
        Entries of the longest row, at least.
    """

    cdef list _kept
    cdef void* block[MOST_BLOCKS]
    cdef Py_ssize_t blocks
    cdef Py_ssize_t longest
    cdef int32_t* columns
    cdef int32_t* counts
    cdef float* unpacked

    def __cinit__(self, list blocks, Py_ssize_t longest):
        cdef Py_ssize_t b
        if not 0 < len(blocks) <= MOST_BLOCKS:
            raise ValueError(f"from 1 to {MOST_BLOCKS} blocks stand side by side, not {len(blocks)}")
        self._kept, self.blocks, self.longest = blocks, len(blocks), max(longest, 1)
        for b in range(self.blocks):
            self.block[b] = <void*><PackedBlock?>blocks[b]
        self.n = (<PackedBlock>self.block[0]).start.shape[0] - 1
        self.columns = <int32_t*>malloc(SLOTS * self.longest * sizeof(int32_t))
        self.counts = <int32_t*>malloc(self.longest * sizeof(int32_t))
        self.unpacked = <float*>malloc(SLOTS * self.longest * sizeof(float))
        if self.columns == NULL or self.counts == NULL or self.unpacked == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.columns)
        free(self.counts)
        free(self.unpacked)

    cdef void take(self, Py_ssize_t row, Py_ssize_t slot, Row* to) noexcept nogil:
        cdef int32_t* columns = self.columns + slot * self.longest
        cdef float* values = self.unpacked + slot * self.longest
        cdef Py_ssize_t b
        to.columns, to.values, to.n = columns, values, 0
        for b in range(self.blocks):
            to.n += _unpack(<PackedBlock>self.block[b], row, columns + to.n, self.counts, values + to.n)

    cdef void fetch_place(self, Py_ssize_t row) noexcept nogil:
        cdef Py_ssize_t b
        for b in range(self.blocks):
            PREFETCH(&(<PackedBlock>self.block[b]).start[row])
            PREFETCH(&(<PackedBlock>self.block[b]).norms[row])

    cdef void fetch(self, Py_ssize_t row) noexcept nogil:
        cdef Py_ssize_t b
        for b in range(self.blocks):
            _fetch_packed(<PackedBlock>self.block[b], row)

    def entries(self):
        """Return all rows as `Stored` takes them: indptr, indices and values."""
        cdef Py_ssize_t row
        cdef Row found
        lengths, columns, values = [0], [np.zeros(0, np.int32)], [np.zeros(0, np.float32)]
        for row in range(self.n):
            self.take(row, 0, &found)
            lengths.append(found.n)
            if found.n:
                columns.append(np.array(<const int32_t[:found.n]>found.columns))
                values.append(np.array(<const float[:found.n]>found.values))
        return np.cumsum(lengths), np.concatenate(columns), np.concatenate(values)


cdef inline Py_ssize_t _unpack(PackedBlock block, Py_ssize_t row, int32_t* columns, int32_t* counts, float* values
                               ) noexcept nogil:
    cdef Py_ssize_t start = block.start[row], end = block.start[row + 1], n
    if start == end:
        return 0
    n = unpack_steps(&block.data[start], &block.data[end - 1] + 1, block.base, columns, counts)
    unpack_values(values, columns, counts, n, block.base, &block.tf[0], &block.idf[0], block.norms[row])
    return n


cdef inline void _fetch_packed(PackedBlock block, Py_ssize_t row) noexcept nogil:
    cdef Py_ssize_t at
    for at in range(block.start[row], block.start[row + 1], 64):  # a line of the cache
        PREFETCH(&block.data[at])


cdef class Descent:
    """Dual coordinate descent on m problems over one matrix: each row is read once for all of them.

    It works in float32, on weights that stand for the dual variables; what it reports is computed from these
    in float64.

    Parameters
    ----------
    rows : Rows
        The matrix, without the features that stand in one row only.
    alone, norms : (n,) arrays of float32
        Squared lengths of what was left out of each row, and of the whole row, with the intercept's feature.
    cost : (n, stride) array of float32
        Negative where the label is "no"; 0 leaves a row out of a problem. `stride` is 1, 2, 3 or a multiple of
        4 up to 16, and m of it are problems.
    alpha : (n, stride) array of float32
        The dual variables: where to start, then the solution.

    References
    ----------
    Hsieh et al., "A dual coordinate descent method for large-scale linear SVM", ICML 2008; Yu, Huang and Lin,
    "Dual coordinate descent methods for logistic regression and maximum entropy models", 2011.
    """

    cdef Rows rows
    cdef Row taken[SLOTS]
    cdef const float[::1] alone, norms
    cdef const float[:, ::1] cost
    cdef float[:, ::1] alpha, weights
    cdef int loss
    cdef bint bias
    cdef Py_ssize_t n, m, stride
    cdef uint8_t* active  # whether a row has a part in the passes
    cdef float z[16]
    cdef float delta[16]
    cdef float live[16]  # 0 for a problem that is solved
    cdef float estimate[16]
    cdef float highest[16]  # projected gradient of this pass
    cdef float before[16]  # of the one before, for shrinking
    cdef double intercept[16]
    cdef double primal[16]
    cdef double gap[16]

    def __cinit__(self, Rows rows, alone, norms, cost, alpha, weights, Py_ssize_t m, int loss, bint bias):
        self.rows, self.alone, self.norms = rows, alone, norms
        self.cost, self.alpha, self.weights, self.m = cost, alpha, weights, m
        self.loss, self.bias = loss, bias
        self.n, self.stride = self.cost.shape[0], self.cost.shape[1]
        self.active = <uint8_t*>calloc(max(self.n, 1), 1)
        if self.active == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.active)

    cdef inline void _margins(self, const Row* row) noexcept nogil:
        cdef Py_ssize_t k
        for k in range(self.stride):
            self.z[k] = <float>self.intercept[k] if self.bias else 0.0
        if row.n:
            gather(self.z, &self.weights[0, 0], row.columns, row.values, row.n, self.stride)

    cdef inline void _take(self, Py_ssize_t row, Py_ssize_t at) noexcept nogil:
        """Take the row that comes at this place, and ask for its weights; a long one asks for the rest itself."""
        cdef Py_ssize_t entry, slot = at & (SLOTS - 1)
        self.rows.take(row, slot, &self.taken[slot])
        for entry in range(min(self.taken[slot].n, 64)):
            PREFETCH(&self.weights[self.taken[slot].columns[entry], 0])

    cdef inline void _add(self, const Row* row) noexcept nogil:
        cdef Py_ssize_t k
        if row.n:
            scatter(&self.weights[0, 0], self.delta, row.columns, row.values, row.n, self.stride)
        if self.bias:
            for k in range(self.stride):
                self.intercept[k] += self.delta[k]

    cdef void _wake(self) noexcept nogil:
        """Take every row of each problem that is not solved into the passes again."""
        cdef Py_ssize_t row, k
        for row in range(self.n):
            self.active[row] = 0
            for k in range(self.stride):
                if self.cost[row, k] == 0:
                    self.alpha[row, k] = INACTIVE
                elif self.live[k] > 0:
                    self.alpha[row, k] = max(self.alpha[row, k], 0.0)
                    self.active[row] = 1
        for k in range(self.stride):
            self.before[k] = 1e30

    cdef bint _weigh(self) noexcept nogil:
        """Make the weights that the dual variables stand for; return whether any is not 0."""
        cdef Py_ssize_t row, k
        cdef float cost, alpha
        cdef bint some, any_ = False
        for row in range(self.weights.shape[0]):
            for k in range(self.stride):
                self.weights[row, k] = 0.0
        for k in range(self.stride):
            self.intercept[k] = 0.0
        for row in range(self.n):
            some = False
            for k in range(self.stride):
                cost, alpha = self.cost[row, k], self.alpha[row, k]
                self.delta[k] = 0.0
                if cost == 0 or alpha <= 0:
                    continue
                if self.loss == LOGISTIC and alpha >= fabs(cost):
                    self.alpha[row, k] = alpha = 0.999 * fabs(cost)
                self.delta[k] = alpha if cost > 0 else -alpha
                some = True
            if some:
                self.rows.take(row, 0, &self.taken[0])
                self._add(&self.taken[0])
                any_ = True
        return any_

    cdef inline void _fetch(self, Py_ssize_t row) noexcept nogil:
        """Ask for all of a row but the weights."""
        PREFETCH(&self.cost[row, 0])
        PREFETCH(&self.alpha[row, 0])
        PREFETCH(&self.norms[row])
        PREFETCH(&self.alone[row])
        self.rows.fetch(row)

    cdef void _pass(self, const int32_t* order) noexcept nogil:
        """Visit every row once. Rows come in random order: what the next ones need is asked for early."""
        cdef Py_ssize_t at, row, k
        cdef int result
        cdef Row* taken
        for k in range(self.stride):
            self.estimate[k] = self.highest[k] = 0.0
        for at in range(min(SOON, self.n)):
            self._take(order[at], at)
        for at in range(self.n):
            if at + 16 < self.n:
                PREFETCH(&self.active[order[at + 16]])
                self.rows.fetch_place(order[at + 16])
            if at + 8 < self.n and self.active[order[at + 8]]:
                self._fetch(order[at + 8])
            if at + SOON < self.n and self.active[order[at + SOON]]:
                self._take(order[at + SOON], at + SOON)
            row = order[at]
            if not self.active[row]:
                continue
            taken = &self.taken[at & (SLOTS - 1)]
            self._margins(taken)
            if self.loss == HINGE:
                result = hinge_step(&self.alpha[row, 0], &self.cost[row, 0], self.z, self.delta, self.live,
                                    self.before, self.highest, self.estimate, self.norms[row], self.alone[row],
                                    self.stride)
            else:
                result = logistic_step(&self.alpha[row, 0], &self.cost[row, 0], self.z, self.delta, self.live,
                                       self.estimate, self.norms[row], self.alone[row], self.stride)
            if result & 1:
                self._add(taken)
            self.active[row] = result >> 1
        for k in range(self.stride):
            self.before[k] = self.highest[k] if self.highest[k] > 0 else 1e30

    cdef void _measure(self) noexcept nogil:
        """Compute primal objective and duality gap of each problem that is not solved."""
        cdef Py_ssize_t row, k
        cdef double C, alpha, z, loss
        for k in range(self.stride):
            if self.live[k] > 0:
                self.gap[k] = self.primal[k] = 0.0
        for row in range(min(SOON, self.n)):
            self._take(row, row)
        for row in range(self.n):
            if row + SOON < self.n:
                self._take(row + SOON, row + SOON)
            self._margins(&self.taken[row & (SLOTS - 1)])
            for k in range(self.m):
                C = self.cost[row, k]
                if C == 0 or self.live[k] == 0:
                    continue
                alpha = max(self.alpha[row, k], 0.0)
                z = (-self.z[k] if C < 0 else self.z[k]) + self.alone[row] * alpha
                C = fabs(C)
                if self.loss == HINGE:
                    loss = max(1.0 - z, 0.0)
                    self.gap[k] += C * loss * loss + alpha * alpha / (4.0 * C) - alpha * (1.0 - z)
                    loss *= loss
                else:
                    loss = log1p(exp(-fabs(z))) + (-z if z < 0 else 0.0)
                    self.gap[k] += _entropy_gap(alpha, C, z)
                # The squared length of the weights is the sum of alpha * margin.
                self.primal[k] += 0.5 * alpha * z + C * loss

    cdef void _measure_nothing(self) noexcept nogil:
        """Compute what `_measure` would where all dual variables, and so all weights, are 0."""
        cdef Py_ssize_t row, k
        cdef double loss = 1.0 if self.loss == HINGE else log(2.0)
        for k in range(self.stride):
            self.gap[k] = self.primal[k] = 0.0
        for row in range(self.n):
            for k in range(self.m):
                self.primal[k] += fabs(self.cost[row, k]) * loss
        for k in range(self.m):
            self.gap[k] = self.primal[k]

    def run(self, double tol, int most, uint64_t seed):
        """Descend until each gap is at most `tol` of its objective, or for `most` passes.

        Returns
        -------
        intercept, primal, gap, passes : lists of m numbers
        """
        cdef Py_ssize_t k
        cdef int32_t[::1] order = np.arange(self.n, dtype=np.int32)
        cdef int number = 0, left = <int>self.m, near
        cdef int passes[16]
        cdef uint64_t state = seed * <uint64_t>0x9E3779B97F4A7C15 + <uint64_t>0xD1B54A32D192ED03
        with nogil:
            for k in range(self.stride):
                self.live[k] = 1.0 if k < self.m else 0.0
                passes[k] = 0
            if self._weigh():
                self._wake()
                self._measure()
            else:
                self._wake()
                self._measure_nothing()
            while number < most and left:
                _shuffle(&order[0], self.n, &state)
                self._pass(&order[0])
                number += 1
                near = 0
                for k in range(self.m):
                    if self.live[k] > 0:
                        passes[k] = number
                        near += self.estimate[k] <= tol * self.primal[k]
                if near < left and number % 16 and number < most:
                    continue
                self._weigh()  # without what rounding added up
                self._measure()
                for k in range(self.m):
                    if self.live[k] > 0 and self.gap[k] <= tol * self.primal[k]:
                        self.live[k] = 0.0
                        left -= 1
                self._wake()
        m = self.m
        return ([self.intercept[k] for k in range(m)], [self.primal[k] for k in range(m)],
                [self.gap[k] for k in range(m)], [passes[k] for k in range(m)])
