# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""N-grams of texts as numbers: a trie in one hash table, over words or over characters inside words.

A node of the trie is an n-gram; its child under a symbol (a word's number, a code point) is the n-gram one
longer. A node is found by the exact pair (parent, symbol) and a word by its code points, so keys are verified
and not only hashed. Hashes are seeded anew in each process: nobody can prepare a text that makes them collide,
and no result depends on them. Texts are read where Python keeps them, without the interpreter lock.
"""

import numpy as np

cimport cython

from cpython.unicode cimport PyUnicode_DATA, PyUnicode_GET_LENGTH, PyUnicode_KIND
from libc.math cimport log, sqrt
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcmp, memcpy, memset

cdef extern from "Python.h":
    # Plain reads of static tables: they need no interpreter lock.
    int Py_UNICODE_ISALNUM(Py_UCS4 ch) noexcept nogil
    int Py_UNICODE_ISSPACE(Py_UCS4 ch) noexcept nogil
    Py_UCS4 Py_UNICODE_TOLOWER(Py_UCS4 ch) noexcept nogil
    str PyUnicode_FromObject(object text)

include "_arrays.pxi"

cdef extern from "lanes.h":
    void* tabled(size_t size) noexcept nogil
    void add_rows(double* out, const float* weights, Py_ssize_t step, const int32_t* columns, const double* values,
                  Py_ssize_t n, Py_ssize_t asked, Py_ssize_t m) noexcept nogil
    void add_half_rows(double* out, const uint16_t* weights, Py_ssize_t step, const int32_t* columns,
                       const double* values, Py_ssize_t n, Py_ssize_t asked, Py_ssize_t m) noexcept nogil
    void prefetch_all(const char* at, Py_ssize_t size) noexcept nogil

cdef extern from "ascii.h":
    enum: SHORT_TEXT
    int ascii_words(const uint8_t* text, Py_ssize_t length, uint8_t* lowered, uint16_t* bounds, int most
                    ) noexcept nogil
    uint64_t packed_ascii(const uint8_t* text, Py_ssize_t length) noexcept nogil

cdef extern from "packed.h":
    Py_ssize_t LONGEST_STEP
    uint8_t* pack_steps(uint8_t* to, const uint32_t* numbers, Py_ssize_t n) noexcept nogil

cdef enum:
    WORD = 0
    CHAR = 1
    LONGEST = 64  # n-gram
    REMEMBERED = 4_000_000  # numbers in a memo that is kept, at most
    SOME = 64  # words that are looked up together
    COMING = 16  # nodes for which the memory is asked before they are used
    STEPS = 3  # of reading a text: see `Reader._step`
    AT_FIRST = 256  # rows of weights that are asked for as soon as they are known


cdef inline void _copy_ints(uint32_t* to, const uint32_t* given, Py_ssize_t n) noexcept nogil:
    if n:  # of nothing there may be no address
        memcpy(to, given, n * sizeof(uint32_t))


cdef int _append_ints(Ints* to, const uint32_t* given, Py_ssize_t n) except -1 nogil:
    _reserve(to, n)
    _copy_ints(to.at + to.n, given, n)
    to.n += n
    return 0


cdef inline void _drop(Ints* ints) noexcept nogil:
    free(ints.at)
    memset(ints, 0, sizeof(Ints))


include "_texts.pxi"
include "_lines.pxi"
include "_order.pxi"
include "_strings.pxi"
include "_trie.pxi"
include "_putting.pxi"
include "_remembered.pxi"
include "_joining.pxi"
include "_scratch.pxi"
include "_utf8.pxi"
include "_reading.pxi"
include "_known.pxi"
include "_learner.pxi"


def all_strings(list texts):
    """Whether all are of type str itself."""
    cdef Py_ssize_t i
    for i in range(len(texts)):
        if not PyUnicode_CheckExact(texts[i]):
            return False
    return True


def pack_columns(const int64_t[::1] lengths, const int32_t[::1] columns):
    """Return rows of ascending columns, end to end, as `Known.pack` does: the bytes, and where each row ends."""
    cdef Py_ssize_t i, start = 0, at = 0
    cdef int64_t[::1] end = np.zeros(lengths.shape[0], np.int64)
    cdef uint8_t[::1] data = np.empty(LONGEST_STEP * columns.shape[0] + 1, np.uint8)
    if (np.asarray(lengths) < 0).any() or np.asarray(lengths).sum() != columns.shape[0]:
        raise ValueError("the lengths of the rows are not those of the columns")
    for i in range(lengths.shape[0]):
        if lengths[i]:
            at = pack_steps(&data[at], <const uint32_t*>&columns[start], lengths[i]) - &data[0]
        start += lengths[i]
        end[i] = at
    return np.asarray(data)[:at].copy(), np.asarray(end)
