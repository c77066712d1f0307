# What the compiled modules share, each with seeds of its own: hashes, growing arrays, and texts where Python keeps them.

import os

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport realloc

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    bint PyUnicode_CheckExact(object text)

cdef extern from "lanes.h":
    void PREFETCH(const void* address) noexcept nogil
    void* regrown(void* room, size_t used, size_t size) noexcept nogil

ctypedef fused char_t:
    uint8_t
    uint16_t
    uint32_t

ctypedef fused stored_t:  # weights of single precision; or of half, as numpy shows their bits
    float
    uint16_t

cdef uint32_t NONE = 0xFFFFFFFF
cdef uint32_t MOST = 0x7FFFFFF0

cdef uint64_t SEED = int.from_bytes(os.urandom(8), "little")
cdef uint64_t ODD = int.from_bytes(os.urandom(8), "little") | 1


cdef inline uint64_t _mixed(uint64_t x) noexcept nogil:
    x ^= SEED
    x *= ODD
    x ^= x >> 32
    x *= <uint64_t>0x9E3779B97F4A7C15
    x ^= x >> 29
    return x


cdef struct Ints:  # a growing array
    uint32_t* at
    Py_ssize_t n
    Py_ssize_t room


cdef int _reserve(Ints* ints, Py_ssize_t more) except -1 nogil:
    cdef Py_ssize_t room
    cdef void* grown
    if ints.n + more > ints.room:
        room = max(2 * ints.room, ints.n + more, 64)
        grown = regrown(ints.at, ints.n * sizeof(uint32_t), room * sizeof(uint32_t))
        if grown == NULL:
            with gil:
                raise MemoryError
        ints.at = <uint32_t*>grown
        ints.room = room
    return 0


cdef inline int _push(Ints* ints, uint32_t value) except -1 nogil:
    if ints.n == ints.room:
        _reserve(ints, 1)
    ints.at[ints.n] = value
    ints.n += 1
    return 0


cdef class Written:
    """Texts as they are written, where Python keeps them.

    Parameters
    ----------
    texts : sequence of str
    """

    cdef list _kept
    cdef Py_ssize_t n
    cdef const void** data
    cdef Py_ssize_t* length
    cdef int* kind
    cdef uint8_t* ascii

    def __cinit__(self, texts):
        cdef Py_ssize_t i
        cdef str text
        self._kept = list(texts)
        self.n = len(self._kept)
        self.data = <const void**>malloc(max(self.n, 1) * sizeof(void*))
        self.length = <Py_ssize_t*>malloc(max(self.n, 1) * sizeof(Py_ssize_t))
        self.kind = <int*>malloc(max(self.n, 1) * sizeof(int))
        self.ascii = <uint8_t*>malloc(max(self.n, 1))
        if self.data == NULL or self.length == NULL or self.kind == NULL or self.ascii == NULL:
            raise MemoryError
        for i in range(self.n):
            if PyUnicode_CheckExact(self._kept[i]):
                self._point(i, <str>self._kept[i])
            elif isinstance(self._kept[i], str):
                self._keep(i, PyUnicode_FromObject(self._kept[i]))  # the string in a subclass
            else:
                raise TypeError(f"texts must be strings; text {i} is {type(self._kept[i]).__name__}")

    cdef int _keep(self, Py_ssize_t i, str text) except -1:
        """Keep a string as text i, instead of what was given."""
        self._kept[i] = text
        self._point(i, text)
        return 0

    cdef inline void _point(self, Py_ssize_t i, str text) noexcept:
        self.data[i] = PyUnicode_DATA(text)
        self.length[i] = PyUnicode_GET_LENGTH(text)
        self.kind[i] = PyUnicode_KIND(text)
        self.ascii[i] = PyUnicode_IS_ASCII(text)

    cdef inline void ask(self, Py_ssize_t i) noexcept nogil:
        """Ask for the beginning of a text, if there is one."""
        cdef Py_ssize_t at
        if i < self.n:
            for at in range(0, min(self.length[i] * self.kind[i], 256), 64):
                PREFETCH(<const char*>self.data[i] + at)

    def __dealloc__(self):
        free(self.data)
        free(self.length)
        free(self.kind)
        free(self.ascii)
