# Texts, and what their characters are read as. Included by `_ngrams.pyx`, after `_arrays.pxi`.

# What a character is read as: of a word, or of a piece; SKIPPED where it is of none.
cdef uint32_t OF_WORD[128]
cdef uint32_t OF_PIECE[128]
cdef uint32_t SKIPPED = 0xFFFFFFFF
cdef int _c
for _c in range(128):
    OF_WORD[_c] = Py_UNICODE_TOLOWER(_c) if Py_UNICODE_ISALNUM(_c) or _c == 95 else SKIPPED
    OF_PIECE[_c] = SKIPPED if Py_UNICODE_ISSPACE(_c) else Py_UNICODE_TOLOWER(_c)


cdef inline uint32_t _of_word(uint32_t c) noexcept nogil:
    if c < 128:
        return OF_WORD[c]
    return c if Py_UNICODE_ISALNUM(c) else SKIPPED


cdef inline uint32_t _of_piece(uint32_t c) noexcept nogil:
    if c < 128:
        return OF_PIECE[c]
    return SKIPPED if Py_UNICODE_ISSPACE(c) else c


cdef bint _plain(const char_t* text, Py_ssize_t length) noexcept nogil:
    """Whether no character but ASCII stands in a word, or is another one in small letters."""
    cdef Py_ssize_t i
    cdef uint32_t c
    for i in range(length):
        c = text[i]
        if c >= 128 and (Py_UNICODE_ISALNUM(c) or Py_UNICODE_TOLOWER(c) != c):
            return False
    return True


@cython.final
cdef class Texts(Written):
    """Texts as the kernel reads them: in small letters, but for ASCII, which it turns into those itself.

    Parameters
    ----------
    texts : sequence of str
    """

    cdef uint8_t* plain  # whether the words of a text are ASCII, and its other characters in small letters

    def __cinit__(self, texts):
        cdef Py_ssize_t i
        cdef str text
        self.plain = <uint8_t*>malloc(max(self.n, 1))
        if self.plain == NULL:
            raise MemoryError
        for i in range(self.n):
            self.plain[i] = self.ascii[i] or self._is_plain(i)
            if not self.plain[i]:
                text = self._kept[i]
                self._keep(i, text.lower())

    def __dealloc__(self):
        free(self.plain)

    cdef bint _is_plain(self, Py_ssize_t i) noexcept:
        if self.kind[i] == 1:
            return _plain[uint8_t](<const uint8_t*>self.data[i], self.length[i])
        if self.kind[i] == 2:
            return _plain[uint16_t](<const uint16_t*>self.data[i], self.length[i])
        return _plain[uint32_t](<const uint32_t*>self.data[i], self.length[i])

    cdef const uint8_t* narrow(self, Py_ssize_t i, uint8_t* room) noexcept nogil:
        """Return the characters of a plain text in a byte each, those that are not ASCII as others of no word."""
        if self.kind[i] == 2:
            _narrow[uint16_t](<const uint16_t*>self.data[i], self.length[i], room)
        elif self.kind[i] == 4:
            _narrow[uint32_t](<const uint32_t*>self.data[i], self.length[i], room)
        else:
            return <const uint8_t*>self.data[i]
        return room


cdef void _narrow(const char_t* text, Py_ssize_t length, uint8_t* to) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(length):
        to[i] = <uint8_t>min(<uint32_t>text[i], <uint32_t>128)
