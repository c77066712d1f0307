# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Which lexicons stand in texts, as `trainer.lexicons` says it, for all lexicons in one pass.

The words of all terms are paths in a trie of letters, in one hash table: a node is found by the exact pair
(parent, letter), so keys are verified and not only hashed. A word of a text goes down the trie while a term has
a word that begins so, for most a few letters. What it meets are its signs: each stem that it begins with, and
the word that it is. Terms are runs of signs; they are looked for among the few words that have any.

Texts are read where Python keeps them, without the interpreter lock. Hashes are seeded anew in each process.
"""

import numpy as np

cimport cython

from trainer.lexicons import GAP, WIDEST_GAP

from cpython.unicode cimport PyUnicode_DATA, PyUnicode_GET_LENGTH, PyUnicode_KIND
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

cdef extern from "Python.h":
    # Plain reads of static tables: they need no interpreter lock.
    int Py_UNICODE_ISALNUM(Py_UCS4 ch) noexcept nogil
    Py_UCS4 Py_UNICODE_TOLOWER(Py_UCS4 ch) noexcept nogil
    Py_UCS4 Py_UNICODE_TOUPPER(Py_UCS4 ch) noexcept nogil
    str PyUnicode_FromObject(object text)

include "_arrays.pxi"

cdef extern from "lanes.h":
    void add_rows(double* out, const float* weights, Py_ssize_t step, const int32_t* columns, const double* values,
                  Py_ssize_t n, Py_ssize_t asked, Py_ssize_t m) noexcept nogil
    void add_half_rows(double* out, const uint16_t* weights, Py_ssize_t step, const int32_t* columns,
                       const double* values, Py_ssize_t n, Py_ssize_t asked, Py_ssize_t m) noexcept nogil

include "_letters.pxi"

cdef Py_ssize_t WIDEST = WIDEST_GAP


cdef struct Term:
    uint32_t column
    uint32_t start  # in the signs of all terms
    uint32_t middle  # after its first part
    uint32_t end
    uint32_t following  # term that begins with the same sign
    bint capitals


cdef struct Hit:
    Py_ssize_t word  # its place among the words of the text
    Py_ssize_t following  # hit of the same sign, -1 for none
    uint32_t sign
    bint capitals


cdef struct Reading:  # what reading one text after another needs
    Hit* hits
    Py_ssize_t n
    Py_ssize_t room
    Py_ssize_t* ahead  # by sign: the first hit of it after the one that is looked at, -1 for none
    uint8_t* stands  # by lexicon
    Ints longest  # lexicons of the longest terms that start at a word


cdef int _open(Reading* reading, Py_ssize_t signs, Py_ssize_t width) except -1:
    memset(reading, 0, sizeof(Reading))
    reading.ahead = <Py_ssize_t*>malloc(max(signs, 1) * sizeof(Py_ssize_t))
    reading.stands = <uint8_t*>calloc(max(width, 1), 1)
    if reading.ahead == NULL or reading.stands == NULL:
        _close(reading)
        raise MemoryError
    memset(reading.ahead, 0xFF, signs * sizeof(Py_ssize_t))
    return 0


cdef void _close(Reading* reading) noexcept:
    free(reading.hits)
    free(reading.ahead)
    free(reading.stands)
    free(reading.longest.at)


cdef int _hit(Reading* reading, Py_ssize_t word, uint32_t sign) except -1 nogil:
    cdef Py_ssize_t room
    cdef void* grown
    if reading.n == reading.room:
        room = max(2 * reading.room, 64)
        grown = realloc(reading.hits, room * sizeof(Hit))
        if grown == NULL:
            with gil:
                raise MemoryError
        reading.hits, reading.room = <Hit*>grown, room
    reading.hits[reading.n].word = word
    reading.hits[reading.n].sign = sign
    reading.n += 1
    return 0


@cython.final
cdef class Lexicons:
    """Terms of lexicons, in the order of their columns.

    Parameters
    ----------
    lexicons : sequence of sequences of str
    plain : callable of str
        Returns the columns of the lexicons in a text; asked of texts that only Python can put into small letters.

    Raises
    ------
    ValueError
        When a part of a term holds no word.
    """

    cdef readonly Py_ssize_t width
    cdef object plain
    cdef Letters words  # of all terms
    cdef Ints signs  # of the terms, one after another; NONE for a gap
    cdef Ints first  # by sign: a term that begins with it
    cdef Term* terms
    cdef Py_ssize_t n

    def __cinit__(self, lexicons, plain):
        cdef uint32_t column = 0
        self.plain, self.width, self.words = plain, len(lexicons), Letters()
        cdef Py_ssize_t n = sum(map(len, lexicons))
        if n >= MOST:
            raise OverflowError("more than 2**31 terms")
        self.terms = <Term*>malloc(max(n, 1) * sizeof(Term))
        if self.terms == NULL:
            raise MemoryError
        for terms in lexicons:
            for term in terms:
                if self.n == n:
                    raise ValueError("the lexicons grew while they were read")
                self._put(term, column)
            column += 1

    def __dealloc__(self):
        free(self.signs.at)
        free(self.first.at)
        free(self.terms)

    # Terms

    cdef int _put(self, str text, uint32_t column) except -1:
        if text is None:
            raise TypeError("terms must be strings")
        cdef Term* term = &self.terms[self.n]
        term.column, term.start, term.middle = column, <uint32_t>self.signs.n, 0
        for part in text.split(GAP) if GAP in text else (text,):
            if term.middle:
                _push(&self.signs, NONE)
            if self._read(part.lower()) == 0:
                raise ValueError(f"the term {text!r} must hold a word on each side of '{GAP}'")
            term.middle = term.middle or <uint32_t>self.signs.n
        if self.signs.n >= MOST:
            raise OverflowError("terms of more than 2**31 words")
        term.end = <uint32_t>self.signs.n
        term.capitals = text == text.upper() and text != text.lower()
        term.following = self.first.at[self.signs.at[term.start]]
        self.first.at[self.signs.at[term.start]] = <uint32_t>self.n
        self.n += 1
        return 0

    cdef Py_ssize_t _read(self, str part) except -1:
        """Append the signs of the words of a part, and return how many."""
        cdef Branch* branch = NULL
        cdef Py_ssize_t before = self.signs.n
        cdef Py_UCS4 c
        for c in part:
            if Py_UNICODE_ISALNUM(c) or c == 95:
                branch = self.words.grown(0 if branch == NULL else branch.node, c)
            elif branch != NULL:
                self._sign(&branch.stem if c == 42 else &branch.word)
                branch = NULL
        if branch != NULL:
            self._sign(&branch.word)
        return self.signs.n - before

    cdef int _sign(self, uint32_t* sign) except -1:
        """Append a sign, given a number where it has none."""
        if sign[0] == NONE:
            sign[0] = <uint32_t>self.first.n
            _push(&self.first, NONE)
        return _push(&self.signs, sign[0])

    # Texts

    cdef int _scan(self, const char_t* text, Py_ssize_t length, Reading* reading) except -1 nogil:
        """Find the words that have signs; return False where only Python can read the text."""
        cdef Py_ssize_t at = 0, word = 0, start, first, hit
        cdef uint32_t c, node
        cdef bint capitals
        cdef const Branch* branch
        while at < length:
            c = _small(text[at])
            if c == 0:
                at += 1
                continue
            start, first, node, branch = at, reading.n, 0, NULL
            while c != 0:
                if c == NONE:
                    return False
                if node != NONE:
                    branch = self.words.branch(node, c)
                    node = branch.node
                    if branch.stem != NONE:
                        _hit(reading, word, branch.stem)
                at += 1
                c = _small(text[at]) if at < length else 0
            if branch.word != NONE:
                _hit(reading, word, branch.word)
            if reading.n > first:
                capitals = _is_capitals(text + start, at - start)
                for hit in range(first, reading.n):
                    reading.hits[hit].capitals = capitals
            word += 1
        return True

    cdef int _match(self, Reading* reading) except -1 nogil:
        """Mark the lexicons of terms: of those that overlap the one that starts first, then the longest."""
        cdef Py_ssize_t at, word, longest, i
        cdef Py_ssize_t taken = 0  # words before this belong to a term without a gap
        cdef Hit* hit
        for at in range(reading.n - 1, -1, -1):
            hit = &reading.hits[at]
            hit.following, reading.ahead[hit.sign] = reading.ahead[hit.sign], at
        at = 0
        while at < reading.n:
            word, longest, reading.longest.n = reading.hits[at].word, 0, 0
            while at < reading.n and reading.hits[at].word == word:
                reading.ahead[reading.hits[at].sign] = reading.hits[at].following
                longest = self._match_from(reading, at, word >= taken, longest)
                at += 1
            for i in range(reading.longest.n):
                reading.stands[reading.longest.at[i]] = True
            if longest:
                taken = word + longest
        return 0

    cdef Py_ssize_t _match_from(self, Reading* reading, Py_ssize_t hit, bint open_, Py_ssize_t longest
                              ) except -1 nogil:
        """Match the terms that begin with the sign of a hit; return the words of the longest without a gap."""
        cdef uint32_t number = self.first.at[reading.hits[hit].sign]
        cdef Py_ssize_t words
        cdef const Term* term
        cdef bint gap
        while number != NONE:
            term = &self.terms[number]
            number, words, gap = term.following, term.middle - term.start, term.end > term.middle
            # A term with a gap tells nothing new of a lexicon that stands; another may still take words away.
            if (gap and reading.stands[term.column]) or not (gap or (open_ and words >= longest)):
                continue
            if not self._stands(reading, hit, term.start, term.middle, term.capitals):
                continue
            if gap:
                if self._follows(reading, hit, term):
                    reading.stands[term.column] = True
                continue
            if words > longest:
                longest, reading.longest.n = words, 0
            _push(&reading.longest, term.column)
        return longest

    cdef bint _stands(self, const Reading* reading, Py_ssize_t hit, uint32_t start, uint32_t end, bint capitals
                      ) noexcept nogil:
        """Return whether the words from that of a hit on have these signs, the first one that of the hit."""
        cdef Py_ssize_t word = reading.hits[hit].word
        cdef uint32_t i
        cdef bint found
        for i in range(start, end):
            found = False
            while hit < reading.n and reading.hits[hit].word <= word:
                if reading.hits[hit].word == word and reading.hits[hit].sign == self.signs.at[i]:
                    found = reading.hits[hit].capitals or not capitals
                hit += 1
            if not found:
                return False
            word += 1
        return True

    cdef bint _follows(self, const Reading* reading, Py_ssize_t hit, const Term* term) noexcept nogil:
        """Return whether the later parts of a term stand after its first, each at the first place where it can."""
        cdef Py_ssize_t end = reading.hits[hit].word + term.middle - term.start
        cdef uint32_t start, stop = term.middle
        while stop < term.end:
            start = stop + 1
            stop = start
            while stop < term.end and self.signs.at[stop] != NONE:
                stop += 1
            hit = reading.ahead[self.signs.at[start]]
            while hit >= 0 and (reading.hits[hit].word < end or not self._stands(reading, hit, start, stop, False)):
                if reading.hits[hit].word >= end + WIDEST:
                    return False
                hit = reading.hits[hit].following
            if hit < 0 or reading.hits[hit].word >= end + WIDEST:
                return False
            end = reading.hits[hit].word + stop - start
        return True

    cdef int _find(self, Written texts, Py_ssize_t i, Reading* reading, Ints* columns) except -1 nogil:
        """Append the ascending columns of the lexicons in text i."""
        cdef Py_ssize_t column
        cdef bint read
        reading.n = 0
        if texts.kind[i] == 1:
            read = self._scan(<const uint8_t*>texts.data[i], texts.length[i], reading)
        elif texts.kind[i] == 2:
            read = self._scan(<const uint16_t*>texts.data[i], texts.length[i], reading)
        else:
            read = self._scan(<const uint32_t*>texts.data[i], texts.length[i], reading)
        if not read:
            with gil:
                self._ask(texts._kept[i], reading)
        elif reading.n:
            self._match(reading)
        else:
            return 0
        for column in range(self.width):
            if reading.stands[column]:
                reading.stands[column] = False
                _push(columns, <uint32_t>column)
        return 0

    cdef int _ask(self, str text, Reading* reading) except -1:
        cdef Py_ssize_t column
        for column in self.plain(text):
            if not 0 <= column < self.width:
                raise IndexError(f"no column {column}")
            reading.stands[column] = True
        return 0

    def rows(self, texts):
        """Return which lexicons stand in texts.

        Returns
        -------
        lengths : (n,) array of int64
            How many lexicons stand in each text.
        columns : (nnz,) array of int32
            Ascending for each text.
        """
        cdef Written written = Written(texts)
        cdef Py_ssize_t i
        cdef Reading reading
        cdef Ints columns
        lengths = np.zeros(written.n, dtype=np.int64)
        cdef int64_t[::1] length = lengths
        cdef int32_t[::1] to
        memset(&columns, 0, sizeof(Ints))
        _open(&reading, self.first.n, self.width)
        try:
            with nogil:
                for i in range(written.n):
                    length[i] = -columns.n
                    self._find(written, i, &reading, &columns)
                    length[i] += columns.n
            found = np.empty(columns.n, dtype=np.int32)
            to = found
            for i in range(columns.n):
                to[i] = columns.at[i]
            return lengths, found
        finally:
            _close(&reading)
            free(columns.at)

    def add_scores(self, texts, double value, const stored_t[:, ::1] weights, double[:, ::1] out):
        """Add to ``out[i]`` `value` times the rows of `weights` of the lexicons in text i, in their order.

        Parameters
        ----------
        weights : (width, k) array of float32, or of float16 seen as uint16
        out : (n, k) array of float64
        """
        cdef Written written = Written(texts)
        cdef Py_ssize_t i, topics = weights.shape[1], step = weights.strides[0]
        cdef double[::1] values = np.full(self.width, value)
        cdef Reading reading
        cdef Ints columns
        if weights.shape[0] != self.width or out.shape[0] != written.n or out.shape[1] != topics:
            raise ValueError("the weights, or the margins, have another shape than lexicons and texts")
        if topics == 0:
            return
        memset(&columns, 0, sizeof(Ints))
        _open(&reading, self.first.n, self.width)
        try:
            with nogil:
                for i in range(written.n):
                    columns.n = 0
                    self._find(written, i, &reading, &columns)
                    if columns.n == 0:
                        continue
                    if stored_t is float:
                        add_rows(&out[i, 0], &weights[0, 0], step, <int32_t*>columns.at, &values[0], columns.n, 0,
                                 topics)
                    else:
                        add_half_rows(&out[i, 0], &weights[0, 0], step, <int32_t*>columns.at, &values[0], columns.n, 0,
                                      topics)
        finally:
            _close(&reading)
            free(columns.at)
