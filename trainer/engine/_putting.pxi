# Lines of n-grams on their way into a trie. Included by `_ngrams.pyx`, after `_strings.pxi` and `_trie.pxi`.


@cython.final
cdef class Putting:
    """Puts n-grams into a trie; what cannot stand in a text is left out.

    Where they ascend, all that begin alike stand together. So what an n-gram does not share with the one before is
    new, and need not be looked for.

    Parameters
    ----------
    trie : Trie
        With no node but the root.
    words : Strings or None
        For the words of n-grams of words; None for those of characters.
    longest : int
    """

    cdef Trie trie
    cdef Strings words
    cdef int longest
    cdef Ints columns  # by node: its column, NONE for what only leads to others
    cdef uint32_t path[LONGEST + 1]  # the nodes of the n-gram before
    cdef bint new  # whether n-grams came in ascending order
    cdef Ints word

    def __cinit__(self, Trie trie, Strings words, int longest):
        self.trie, self.words, self.longest = trie, words, longest
        self.new = True
        self.path[0] = 0
        _push(&self.columns, NONE)

    def __dealloc__(self):
        free(self.columns.at)
        free(self.word.at)

    cdef int put_all(self, str lines) except -1:
        """Put in n-grams, each with a line break after it, for the columns 0, 1, …"""
        cdef int kind = PyUnicode_KIND(lines)
        cdef const void* data = PyUnicode_DATA(lines)
        cdef Py_ssize_t length = PyUnicode_GET_LENGTH(lines)
        with nogil:
            if kind == 1:
                self._put_lines[uint8_t](<const uint8_t*>data, length)
            elif kind == 2:
                self._put_lines[uint16_t](<const uint16_t*>data, length)
            else:
                self._put_lines[uint32_t](<const uint32_t*>data, length)
        return 0

    cdef int _put_lines(self, const char_t* lines, Py_ssize_t length) except -1 nogil:
        cdef Py_ssize_t at = 0, end, before = 0, before_end = 0, same, asked = 0
        cdef uint32_t column = 0
        while at < length:
            if self.words is not None and at >= asked:
                asked = self._ask_for_words(lines, at, length)
            end = at
            while lines[end] != 10:  # the last line ends with one too
                if lines[end] < 32:  # it sorts below a blank: words that begin alike may stand apart
                    self.look_from_here()
                end += 1
            same = 0
            while same < end - at and same < before_end - before and lines[at + same] == lines[before + same]:
                same += 1
            if at and not (same < end - at and (before + same == before_end or
                                                lines[at + same] > lines[before + same])):
                self.look_from_here()
            if self.words is None:
                if 0 < end - at <= self.longest:
                    self._put_symbols(lines + at, end - at, same, column)
                    before, before_end = at, end
            elif self._words_in(lines + at, end - at) <= self.longest:
                self._put_words(lines, at, end, before, before_end, same, column)
                before, before_end = at, end
            column += 1
            at = end + 1
        return 0

    cdef int look_from_here(self) except -1 nogil:
        """Look from here on for each n-gram whether it is there already."""
        if self.new:
            self.trie.place()
        self.new = False
        return 0

    cdef uint32_t _child(self, uint32_t parent, uint32_t symbol, uint32_t column) except? 0 nogil:
        """Return a child, made where need be, which has a column or has NONE."""
        cdef uint32_t node = self.trie.append(parent, symbol) if self.new else self.trie.grown(parent, symbol)
        if self.columns.n < self.trie.n:
            _push(&self.columns, NONE)
        if column != NONE:
            self.columns.at[node] = column
        return node

    cdef Py_ssize_t _ask_for_words(self, const char_t* lines, Py_ssize_t at, Py_ssize_t length) noexcept nogil:
        """Ask for the slots of the words that the next lines end with; return where these lines end."""
        cdef uint64_t packed = 0
        cdef uint32_t all_bits = 0
        cdef Key key
        cdef Py_ssize_t start = at
        cdef int left = SOME
        while at < length and left:
            if lines[at] == 10 or lines[at] == 32:
                if lines[at] == 10 and at - start <= PACKED and all_bits < 256:  # others are few
                    key.hashed = _mixed(packed)
                    self.words.ask(key)
                left -= lines[at] == 10
                packed = all_bits = 0
                start = at + 1
            else:
                packed = (packed << 8) | lines[at]
                all_bits |= lines[at]
            at += 1
        return at

    cdef int _put_symbols(self, const char_t* gram, Py_ssize_t length, Py_ssize_t same, uint32_t column
                          ) except -1 nogil:
        cdef Py_ssize_t m
        for m in range(min(same, length - 1), length):
            self.path[m + 1] = self._child(self.path[m], gram[m], column if m == length - 1 else NONE)
        return 0

    cdef Py_ssize_t _words_in(self, const char_t* gram, Py_ssize_t length) noexcept nogil:
        cdef Py_ssize_t at, found = 1
        for at in range(length):
            found += gram[at] == 32
        return found

    cdef int _put_words(self, const char_t* lines, Py_ssize_t start, Py_ssize_t end, Py_ssize_t before,
                        Py_ssize_t before_end, Py_ssize_t same, uint32_t column) except -1 nogil:
        cdef Py_ssize_t at, first = start, size
        cdef int m = 0
        for at in range(start, end + 1):
            if at < end and lines[at] != 32:
                continue
            size = at - start
            # Of the n-gram before, the same words ended here.
            if at == end or size > same or not (before + size == before_end or lines[before + size] == 32):
                self.word.n = 0
                _reserve(&self.word, at - first)
                while first < at:
                    _push(&self.word, lines[first])
                    first += 1
                self.path[m + 1] = self._child(self.path[m], self._word(), column if at == end else NONE)
            m += 1
            first = at + 1
        return 0

    cdef uint32_t _word(self) except? 0 nogil:
        """Return the number of the word that was read, new or not."""
        cdef Key key = _key_of(self.word.at, self.word.n)
        cdef uint32_t found = self.words.find(self.word.at, key)
        return self.words.add(self.word.at, key) if found == NONE else found
