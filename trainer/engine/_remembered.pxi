# What was found in texts that were learned from. Included by `_ngrams.pyx`, after `_arrays.pxi`.

cdef enum:
    MOST_REMEMBERED = 16_000_000  # n-grams, with repetitions


@cython.final
cdef class Remembered:
    """The n-grams that were found in each of some texts: nodes, and columns when they have any."""

    cdef Ints found
    cdef Ints ends  # by text: where that ends
    cdef Ints lengths  # and its characters, in small letters, by which other texts are told

    def __dealloc__(self):
        free(self.found.at)
        free(self.ends.at)
        free(self.lengths.at)

    cdef bint append(self, const Ints* found, Py_ssize_t length) except -1 nogil:
        """Append what was found in a text; return whether it is little enough to be kept."""
        if self.found.n + found.n > MOST_REMEMBERED:
            return False
        _append_ints(&self.found, found.at, found.n)
        _push(&self.ends, <uint32_t>self.found.n)
        _push(&self.lengths, <uint32_t>length)
        return True

    cdef bint join(self, Remembered other, const uint32_t* node) except -1 nogil:
        """Append what was found in other texts, whose nodes have these numbers here; return whether it is kept."""
        cdef Py_ssize_t i, start = self.found.n
        if start + other.found.n > MOST_REMEMBERED:
            return False
        _reserve(&self.found, other.found.n)
        for i in range(other.found.n):
            self.found.at[start + i] = node[other.found.at[i]]
        self.found.n += other.found.n
        for i in range(other.ends.n):
            _push(&self.ends, <uint32_t>(start + other.ends.at[i]))
        _append_ints(&self.lengths, other.lengths.at, other.lengths.n)
        return True

    cdef void renumber(self, const uint32_t* columns) noexcept nogil:
        """Turn nodes into columns, as far as they have any."""
        cdef Py_ssize_t i, j, start = 0, at = 0
        for i in range(self.ends.n):
            for j in range(start, self.ends.at[i]):
                if j + 8 < self.found.n:
                    PREFETCH(&columns[self.found.at[j + 8]])
                self.found.at[at] = columns[self.found.at[j]]
                at += self.found.at[at] != NONE
            start = self.ends.at[i]
            self.ends.at[i] = <uint32_t>at
        self.found.n = at

    cdef int check(self, Py_ssize_t first, texts) except -1:
        """Refuse texts, from the text `first` on, that are not those that were learned from, as far as can be told."""
        cdef Py_ssize_t at = first, length
        if first < 0 or first + len(texts) > self.ends.n:
            raise ValueError("the n-grams were learned from fewer texts")
        for text in texts:
            if PyUnicode_CheckExact(text) and PyUnicode_IS_ASCII(text):
                length = PyUnicode_GET_LENGTH(text)
            else:
                length = len(text.lower())
            if self.lengths.at[at] != length:
                raise ValueError(f"the n-grams were learned from another text than text {at}")
            at += 1
        return 0

    cdef int recall(self, Py_ssize_t i, Ints* found) except -1 nogil:
        """Append to what was found what stands in text i."""
        cdef Py_ssize_t start = self.ends.at[i - 1] if i else 0
        return _append_ints(found, self.found.at + start, self.ends.at[i] - start)
