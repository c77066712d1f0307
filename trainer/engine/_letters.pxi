# Words as paths of letters in a trie. Included by `_lexicons.pyx`, after `_arrays.pxi`.

cdef enum:
    # In small letters one becomes two, the other what its neighbours make it: Python reads texts that hold them.
    DOTTED_I = 0x130
    SIGMA = 0x3A3

cdef uint32_t SMALL[128]  # 0 where it is no letter of a word
cdef int _c
for _c in range(128):
    SMALL[_c] = Py_UNICODE_TOLOWER(_c) if Py_UNICODE_ISALNUM(_c) or _c == 95 else 0


cdef inline uint32_t _small(uint32_t c) noexcept nogil:
    """Return a letter of a word in small, 0 for what is none, NONE where only Python knows."""
    if c < 128:
        return SMALL[c]
    if not Py_UNICODE_ISALNUM(c):
        return 0
    return NONE if c == DOTTED_I or c == SIGMA else Py_UNICODE_TOLOWER(c)


cdef bint _is_capitals(const char_t* text, Py_ssize_t length) noexcept nogil:
    cdef bint large = False
    cdef Py_ssize_t i
    for i in range(length):
        if Py_UNICODE_TOUPPER(text[i]) != text[i]:
            return False
        large = large or Py_UNICODE_TOLOWER(text[i]) != text[i]
    return large


cdef struct Branch:
    uint32_t parent
    uint32_t letter
    uint32_t node  # NONE, as all else, where nothing stands
    uint32_t word  # the sign of the word that ends here
    uint32_t stem  # and of the stem


cdef Branch* _branches(Py_ssize_t n) except NULL:
    cdef Branch* found = <Branch*>malloc(n * sizeof(Branch))
    if found == NULL:
        raise MemoryError
    memset(found, 0xFF, n * sizeof(Branch))
    return found


@cython.final
cdef class Letters:
    """A trie in one hash table: a branch is found by its node's parent and its letter, exactly."""

    cdef Branch* slots
    cdef Py_ssize_t mask
    cdef Py_ssize_t nodes  # the root is node 0

    def __cinit__(self):
        self.slots, self.mask, self.nodes = _branches(4096), 4095, 1

    def __dealloc__(self):
        free(self.slots)

    cdef inline Branch* branch(self, uint32_t parent, uint32_t letter) noexcept nogil:
        """Return where the branch stands, or would."""
        cdef Py_ssize_t slot = _mixed((<uint64_t>parent << 32) | letter) & self.mask
        cdef Branch* branch = &self.slots[slot]
        while branch.node != NONE and (branch.parent != parent or branch.letter != letter):
            slot = (slot + 1) & self.mask
            branch = &self.slots[slot]
        return branch

    cdef Branch* grown(self, uint32_t parent, uint32_t letter) except NULL:
        """Return the branch, made where there is none."""
        cdef Branch* branch = self.branch(parent, letter)
        if branch.node != NONE:
            return branch
        if self.nodes >= MOST:
            raise OverflowError("words of more than 2**31 letters")
        if 2 * (self.nodes + 1) > self.mask:
            self._rehash()
            branch = self.branch(parent, letter)
        branch.parent, branch.letter, branch.node = parent, letter, <uint32_t>self.nodes
        self.nodes += 1
        return branch

    cdef int _rehash(self) except -1:
        cdef Branch* old = self.slots
        cdef Py_ssize_t size = self.mask + 1, slot
        self.slots, self.mask = _branches(4 * size), 4 * size - 1
        for slot in range(size):
            if old[slot].node != NONE:
                self.branch(old[slot].parent, old[slot].letter)[0] = old[slot]
        free(old)
        return 0
