# Lines that ascend, in which n-grams are looked up by halving. Included by `_ngrams.pyx`.


def count_lines(const uint8_t[::1] data):
    """Return how many line breaks there are."""
    return _line_breaks(<const char*>&data[0], data.shape[0]) if data.shape[0] else 0


cdef Py_ssize_t _line_breaks(const char* text, Py_ssize_t length) noexcept nogil:
    cdef Py_ssize_t start, at, n = 0
    cdef uint8_t few  # as many as it can count: compilers then look at many characters at once
    for start in range(0, length, 255):
        few = 0
        for at in range(start, min(start + 255, length)):
            few += text[at] == 10
        n += few
    return n


@cython.final
cdef class Lines:
    """Lines of UTF-8, each with a line break after it.

    Attributes
    ----------
    ascending : bool
        Whether each sorts above the one before, as code points do: `find` finds nothing else.
    """

    cdef bytes _kept
    cdef const char* text
    cdef int64_t[::1] start
    cdef readonly Py_ssize_t n
    cdef readonly bint ascending

    def __cinit__(self, bytes lines):
        cdef Py_ssize_t i, n = 0, length = len(lines)
        cdef const char* text = lines
        if lines and not lines.endswith(b"\n"):
            raise ValueError("the last line has no line break after it")
        self._kept, self.text = lines, text
        self.n = _line_breaks(text, length)
        self.start = np.zeros(self.n + 1, np.int64)
        self.ascending = True
        with nogil:
            for i in range(length):  # without a branch: lines are short; the next one begins after the last of these
                self.start[n + 1] = i + 1
                n += text[i] == 10
            for i in range(1, self.n):
                if self._against(i, self.text + self.start[i - 1], self._length(i - 1)) <= 0:
                    self.ascending = False

    cdef inline Py_ssize_t _length(self, Py_ssize_t line) noexcept nogil:
        return self.start[line + 1] - self.start[line] - 1

    cdef inline int _against(self, Py_ssize_t line, const char* other, Py_ssize_t length) noexcept nogil:
        """Return a number above, of, or below 0 as a line sorts above, with, or below another."""
        cdef Py_ssize_t own = self._length(line)
        cdef int found = memcmp(self.text + self.start[line], other, min(own, length))
        return found if found else (own > length) - (own < length)

    def find(self, list grams):
        """Return the place of each n-gram that is a line, in the order in which they are given."""
        cdef Py_ssize_t low, high, middle, length
        cdef const char* text
        cdef bytes encoded
        found = []
        for gram in grams:
            encoded = gram.encode("utf-8", "surrogatepass")
            text, length = encoded, len(encoded)
            low, high = 0, self.n
            while low < high:
                middle = (low + high) // 2
                if self._against(middle, text, length) < 0:
                    low = middle + 1
                else:
                    high = middle
            if low < self.n and self._against(low, text, length) == 0:
                found.append(low)
        return found
