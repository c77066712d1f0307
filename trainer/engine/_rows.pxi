# Where the solver's rows come from: stored as they are, or packed. Included by `_linear.pyx`.

cdef extern from "packed.h":
    Py_ssize_t unpack_steps(const uint8_t* at, const uint8_t* end, int32_t base, int32_t* columns, int32_t* counts
                            ) noexcept nogil
    void unpack_values(float* values, const int32_t* columns, const int32_t* counts, Py_ssize_t n, int32_t base,
                       const double* tf, const double* idf, double norm) noexcept nogil

cdef enum:
    MOST_BLOCKS = 8  # of columns, side by side
    SLOTS = 4  # rows that are taken at a time: a power of 2, and more than `SOON`


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


@cython.final
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

    def entries(self):
        """Return indptr, indices and values."""
        return np.asarray(self.indptr), np.asarray(self.indices), np.asarray(self.values)

    cdef void take(self, Py_ssize_t row, Py_ssize_t slot, Row* to) noexcept nogil:
        cdef Py_ssize_t start = self.indptr[row]
        to.n = self.indptr[row + 1] - start
        if to.n:
            to.columns, to.values = &self.indices[start], &self.values[start]

    cdef void fetch_place(self, Py_ssize_t row) noexcept nogil:
        PREFETCH(&self.indptr[row])

    cdef void fetch(self, Py_ssize_t row) noexcept nogil:
        cdef Py_ssize_t start = self.indptr[row], n = self.indptr[row + 1] - start
        if n:
            prefetch_all(<const char*>&self.indices[start], n * sizeof(int32_t))
            prefetch_all(<const char*>&self.values[start], n * sizeof(float))


@cython.final
cdef class PackedBlock:
    """Rows of one block of columns, in few bytes: see `trainer.engine.packed`."""

    cdef const uint8_t[::1] data
    cdef const int64_t[::1] start
    cdef const double[::1] norms, idf, tf
    cdef int32_t base

    def __cinit__(self, data, start, norms, idf, tf, int32_t base):
        self.data, self.start, self.norms, self.idf, self.tf, self.base = data, start, norms, idf, tf, base

    @property
    def size(self):
        """Bytes of the steps: an entry has one or more."""
        return self.data.shape[0]


@cython.final
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
        cdef Py_ssize_t row, b, room = 0
        cdef Row found
        for b in range(self.blocks):
            room += (<PackedBlock>self.block[b]).data.shape[0]  # an entry has a byte or more
        indices, values = (np.frombuffer(Room(4 * room), kind) for kind in (np.int32, np.float32))
        cdef int64_t[::1] indptr = np.zeros(self.n + 1, np.int64)
        cdef int32_t[::1] column = indices
        cdef float[::1] value = values
        with nogil:
            for row in range(self.n):
                self.take(row, 0, &found)
                if found.n:
                    memcpy(&column[indptr[row]], found.columns, found.n * sizeof(int32_t))
                    memcpy(&value[indptr[row]], found.values, found.n * sizeof(float))
                indptr[row + 1] = indptr[row] + found.n
        n = indptr[self.n]
        return np.asarray(indptr), indices[:n], values[:n]


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
