# Strings in UTF-8, whose bytes sort as their code points do. Included by `_ngrams.pyx`, after `_scratch.pxi`.

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdlib cimport qsort


cdef inline int _encode(uint32_t c, uint8_t* to) noexcept nogil:
    """Write a code point, be it half of a pair, in up to 4 bytes; return how many."""
    if c < 0x80:
        to[0] = <uint8_t>c
        return 1
    if c < 0x800:
        to[0], to[1] = <uint8_t>(0xC0 | c >> 6), <uint8_t>(0x80 | (c & 63))
        return 2
    if c < 0x10000:
        to[0], to[1], to[2] = <uint8_t>(0xE0 | c >> 12), <uint8_t>(0x80 | (c >> 6 & 63)), <uint8_t>(0x80 | (c & 63))
        return 3
    to[0], to[1] = <uint8_t>(0xF0 | c >> 18), <uint8_t>(0x80 | (c >> 12 & 63))
    to[2], to[3] = <uint8_t>(0x80 | (c >> 6 & 63)), <uint8_t>(0x80 | (c & 63))
    return 4


cdef struct Sorted:
    uint64_t beginning  # the first eight bytes, the first one highest
    const uint8_t* text
    uint32_t length
    uint32_t number


cdef int _compared(const void* a, const void* b) noexcept nogil:
    cdef const Sorted* one = <const Sorted*>a
    cdef const Sorted* other = <const Sorted*>b
    cdef int found
    if one.beginning != other.beginning:
        return 1 if one.beginning > other.beginning else -1
    found = memcmp(one.text, other.text, min(one.length, other.length))
    return found if found else (one.length > other.length) - (one.length < other.length)


@cython.final
cdef class Encoded:
    """Distinct strings in UTF-8, by number."""

    cdef Bytes data
    cdef Ints ends

    def __cinit__(self, Strings strings):
        cdef Py_ssize_t i, number, start = 0, size = 0
        cdef uint8_t one[4]
        for i in range(strings.arena.n):
            size += _encode(strings.arena.at[i], one)
        if size >= MOST:
            raise OverflowError("distinct words of more than 2**31 bytes")
        _reserve_bytes(&self.data, size)
        _reserve(&self.ends, strings.n)
        for number in range(strings.n):
            for i in range(start, strings.ends.at[number]):
                self.data.n += _encode(strings.arena.at[i], self.data.at + self.data.n)
            start = strings.ends.at[number]
            _push(&self.ends, <uint32_t>self.data.n)

    def __dealloc__(self):
        free(self.data.at)
        free(self.ends.at)

    cdef inline const uint8_t* text(self, uint32_t number, Py_ssize_t* length) noexcept nogil:
        cdef uint32_t start = self.ends.at[number - 1] if number else 0
        length[0] = self.ends.at[number] - start
        return self.data.at + start

    cdef object ranks(self):
        """Return the place of each string when they are sorted, an array of int32."""
        cdef Py_ssize_t i, n = self.ends.n, length = 0
        cdef int b
        out = np.empty(n, np.int32)
        cdef int32_t[::1] rank = out
        cdef Sorted* several = <Sorted*>malloc(max(n, 1) * sizeof(Sorted))
        if several == NULL:
            raise MemoryError
        for i in range(n):
            several[i].text = self.text(<uint32_t>i, &length)
            several[i].length, several[i].number, several[i].beginning = <uint32_t>length, <uint32_t>i, 0
            for b in range(8):
                several[i].beginning = several[i].beginning << 8 | (several[i].text[b] if b < length else 0)
        qsort(several, n, sizeof(Sorted), _compared)
        for i in range(n):
            rank[several[i].number] = <int32_t>i
        free(several)
        return out
