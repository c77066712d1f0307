# Distinct strings of code points, by number. Included by `_ngrams.pyx`, after `_arrays.pxi`.

cdef enum:
    PACKED = 8  # characters, at most, of a string that is its own key


cdef struct Key:
    uint64_t bits  # up to eight characters of a byte each, as they are; else a hash of all
    uint64_t hashed
    uint32_t length
    bint whole  # whether the bits are the string


cdef inline Key _key(const uint32_t* text, Py_ssize_t length, uint64_t packed, uint32_t all_bits) noexcept nogil:
    """Return the key of a string, of which these are the last eight characters, packed, and all bits together."""
    cdef Key key
    cdef Py_ssize_t i
    key.length = <uint32_t>length
    key.whole = length <= PACKED and all_bits < 256
    key.bits = packed
    if not key.whole:
        key.bits = SEED
        for i in range(length):
            key.bits = (key.bits ^ text[i]) * ODD
    key.hashed = _mixed(key.bits)
    return key


cdef inline Key _key_of(const uint32_t* text, Py_ssize_t length) noexcept nogil:
    cdef uint64_t packed = 0
    cdef uint32_t all_bits = 0
    cdef Py_ssize_t i
    for i in range(length):
        packed = (packed << 8) | text[i]
        all_bits |= text[i]
    return _key(text, length, packed, all_bits)


# What a look needs stands together: a miss of the cache costs more than all else.
cdef struct Word:
    uint64_t bits
    uint32_t number
    uint32_t length  # twice, and one more where the bits are the whole string


cdef Word* _word_slots(Py_ssize_t n) except NULL nogil:
    cdef Word* found = <Word*>tabled(n * sizeof(Word))
    if found == NULL:
        with gil:
            raise MemoryError
    memset(found, 0xFF, n * sizeof(Word))
    return found


@cython.final
cdef class Strings:
    """Distinct strings of code points, numbered as they come."""

    cdef Word* slots
    cdef Py_ssize_t mask
    cdef Py_ssize_t n
    cdef Ints arena
    cdef Ints ends  # by number: where each string ends in the arena

    def __cinit__(self):
        self.slots = _word_slots(64)
        self.mask = 63

    def __dealloc__(self):
        free(self.slots)
        free(self.arena.at)
        free(self.ends.at)

    cdef inline void ask(self, Key key) noexcept nogil:
        """Ask for the slot of a string."""
        PREFETCH(&self.slots[key.hashed & self.mask])

    cdef inline uint32_t start(self, uint32_t number) noexcept nogil:
        """Return where a string begins in the arena."""
        return self.ends.at[number - 1] if number else 0

    cdef inline uint32_t likely(self, Key key) noexcept nogil:
        """Return the number of the string that has a key, unless another has the same; NONE if none has it."""
        cdef Py_ssize_t slot = key.hashed & self.mask
        cdef const Word* word = &self.slots[slot]
        while word.number != NONE and (word.bits != key.bits or word.length != 2 * key.length + key.whole):
            slot = (slot + 1) & self.mask
            word = &self.slots[slot]
        return word.number

    cdef inline void ask_for_all(self, uint32_t number) noexcept nogil:
        """Ask for the characters of a string."""
        PREFETCH(&self.arena.at[self.start(number)])
        PREFETCH(&self.arena.at[self.ends.at[number] - 1])

    cdef inline uint32_t find(self, const uint32_t* text, Key key) noexcept nogil:
        """Return the number of a string, or NONE."""
        cdef Py_ssize_t slot = key.hashed & self.mask
        cdef const Word* word = &self.slots[slot]
        while word.number != NONE:
            if word.bits == key.bits and word.length == 2 * key.length + key.whole:
                if key.whole or self._same(text, word.number, key.length):
                    return word.number
            slot = (slot + 1) & self.mask
            word = &self.slots[slot]
        return NONE

    cdef bint _same(self, const uint32_t* text, uint32_t number, uint32_t length) noexcept nogil:
        return memcmp(self.arena.at + self.start(number), text, length * sizeof(uint32_t)) == 0

    cdef uint32_t add(self, const uint32_t* text, Key key) except? 0 nogil:
        """Append a string that is not here yet, and need not be given where the key is all of it; return its number."""
        cdef Py_ssize_t slot, i
        if self.n >= MOST or self.arena.n + key.length >= MOST:
            with gil:
                raise OverflowError("distinct words of more than 2**31 characters")
        if 2 * (self.n + 1) > self.mask:
            self._rehash()
        _reserve(&self.arena, key.length)
        if key.whole:
            for i in range(key.length):
                self.arena.at[self.arena.n + i] = (key.bits >> (8 * (key.length - 1 - i))) & 255
        else:
            _copy_ints(self.arena.at + self.arena.n, text, key.length)
        self.arena.n += key.length
        _push(&self.ends, <uint32_t>self.arena.n)
        slot = key.hashed & self.mask
        while self.slots[slot].number != NONE:
            slot = (slot + 1) & self.mask
        self.slots[slot].bits = key.bits
        self.slots[slot].number = <uint32_t>self.n
        self.slots[slot].length = 2 * key.length + key.whole
        self.n += 1
        return <uint32_t>(self.n - 1)

    cdef int _rehash(self) except -1 nogil:
        cdef Py_ssize_t size = 4 * (self.mask + 1), slot, old
        cdef Word* slots = _word_slots(size)
        for old in range(self.mask + 1):
            if self.slots[old].number == NONE:
                continue
            slot = _mixed(self.slots[old].bits) & (size - 1)
            while slots[slot].number != NONE:
                slot = (slot + 1) & (size - 1)
            slots[slot] = self.slots[old]
        free(self.slots)
        self.slots = slots
        self.mask = size - 1
        return 0
