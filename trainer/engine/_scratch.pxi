# What reading one text after another needs: growing arrays, and the sorting of a row. Included by `_ngrams.pyx`,
# after `_strings.pxi`.

cdef extern from "sort.h":
    Py_ssize_t FEW
    void sort_few(uint32_t* numbers, Py_ssize_t n) noexcept nogil


cdef int _bits_of(const Ints* ints) noexcept nogil:
    """Return how many bits numbers have at most."""
    cdef Py_ssize_t i
    cdef uint32_t some = 0
    for i in range(ints.n):
        some |= ints.at[i]
    return _bits(some)


cdef int _sort(Ints* ints, int bits, Ints* spare) except -1 nogil:
    """Sort numbers of so many bits: a few by their ranks, many by digits of at most 9 bits."""
    cdef Py_ssize_t n = ints.n, i
    cdef uint32_t count[4][512]
    cdef uint32_t* a = ints.at
    cdef uint32_t* b
    cdef uint32_t* place
    cdef uint32_t x, before, here, last
    cdef int digits, width, d
    if n <= FEW and bits <= 25:
        sort_few(a, n)
        return 0
    spare.n = 0
    _reserve(spare, n)
    b = spare.at
    digits = max((bits + 8) // 9, 1)
    width = (bits + digits - 1) // digits
    last = (<uint32_t>1 << width) - 1
    for d in range(digits):
        memset(count[d], 0, (last + 1) * sizeof(uint32_t))
    for i in range(n):
        for d in range(digits):
            count[d][(a[i] >> (d * width)) & last] += 1
    for d in range(digits):
        place = count[d]
        before = 0
        for i in range(last + 1):
            here = place[i]
            place[i] = before
            before += here
        for i in range(n):
            x = a[i]
            here = (x >> (d * width)) & last
            b[place[here]] = x
            place[here] += 1
        a, b = b, a
    if a != ints.at:
        memcpy(ints.at, a, n * sizeof(uint32_t))
    return 0


cdef struct Doubles:
    double* at
    Py_ssize_t room


cdef int _reserve_doubles(Doubles* doubles, Py_ssize_t n) except -1 nogil:
    cdef Py_ssize_t room
    cdef void* grown
    if n > doubles.room:
        room = max(2 * doubles.room, n, 64)
        grown = realloc(doubles.at, room * sizeof(double))
        if grown == NULL:
            with gil:
                raise MemoryError
        doubles.at = <double*>grown
        doubles.room = room
    return 0


cdef struct Bytes:
    uint8_t* at
    Py_ssize_t n
    Py_ssize_t room


cdef int _reserve_bytes(Bytes* data, Py_ssize_t more) except -1 nogil:
    cdef Py_ssize_t room
    cdef void* grown
    if data.n + more > data.room:
        room = max(2 * data.room, data.n + more, 64)
        grown = regrown(data.at, data.n, room)
        if grown == NULL:
            with gil:
                raise MemoryError
        data.at = <uint8_t*>grown
        data.room = room
    return 0


cdef struct Words:  # some words in a row
    int n
    Key key[SOME]
    Py_ssize_t start[SOME]  # of those that are not their own keys, among the characters read
    uint32_t number[SOME]
    uint32_t first[SOME]  # the node of each word alone, where n-grams are known
    uint64_t* line[SOME]  # and where the search begins for that of some words that end with it


cdef struct Open:  # the runs of m words that the words before end with, by m
    uint32_t node[LONGEST + 1]
    uint64_t hashed[LONGEST + 1]


cdef struct Scratch:  # what reading a text needs
    Py_ssize_t at  # where the text goes on after these words
    Words words
    Ints piece  # the words, or the padded piece, that are being read
    Ints found  # the n-grams of the text
    Ints spare
    Doubles values


cdef void _free_all(Scratch* ring) noexcept:
    cdef int i
    for i in range(STEPS + 1):
        free(ring[i].piece.at)
        free(ring[i].found.at)
        free(ring[i].spare.at)
        free(ring[i].values.at)
