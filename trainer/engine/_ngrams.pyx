# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""N-grams of texts as numbers: a trie in one hash table, over words or over characters inside words.

A node of the trie is an n-gram; its child under a symbol (a word's number, a code point) is the n-gram one
longer. A node is found by the exact pair (parent, symbol) and a word by its code points, so keys are verified
and not only hashed. Hashes are seeded anew in each process: nobody can prepare a text that makes them collide,
and no result depends on them. Texts are read where Python keeps them, without the interpreter lock.
"""

import numpy as np

cimport cython

from cpython.unicode cimport PyUnicode_DATA, PyUnicode_GET_LENGTH, PyUnicode_KIND
from libc.math cimport log, sqrt
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcmp, memcpy, memset

cdef extern from "Python.h":
    # Plain reads of static tables: they need no interpreter lock.
    int Py_UNICODE_ISALNUM(Py_UCS4 ch) noexcept nogil
    int Py_UNICODE_ISSPACE(Py_UCS4 ch) noexcept nogil
    Py_UCS4 Py_UNICODE_TOLOWER(Py_UCS4 ch) noexcept nogil
    str PyUnicode_FromObject(object text)

include "_arrays.pxi"

cdef extern from "lanes.h":
    void* tabled(size_t size) noexcept nogil
    void add_rows(double* out, const float* weights, Py_ssize_t step, const int32_t* columns, const double* values,
                  Py_ssize_t n, Py_ssize_t asked, Py_ssize_t m) noexcept nogil
    void add_half_rows(double* out, const uint16_t* weights, Py_ssize_t step, const int32_t* columns,
                       const double* values, Py_ssize_t n, Py_ssize_t asked, Py_ssize_t m) noexcept nogil
    void prefetch_all(const char* at, Py_ssize_t size) noexcept nogil

cdef extern from "ascii.h":
    enum: SHORT_TEXT
    int ascii_words(const uint8_t* text, Py_ssize_t length, uint8_t* lowered, uint16_t* bounds, int most
                    ) noexcept nogil
    uint64_t packed_ascii(const uint8_t* text, Py_ssize_t length) noexcept nogil

cdef extern from "packed.h":
    Py_ssize_t LONGEST_STEP
    uint8_t* pack_steps(uint8_t* to, const uint32_t* numbers, Py_ssize_t n) noexcept nogil

cdef enum:
    WORD = 0
    CHAR = 1
    LONGEST = 64  # n-gram
    REMEMBERED = 4_000_000  # numbers in a memo that is kept, at most
    SOME = 64  # words that are looked up together
    COMING = 16  # nodes for which the memory is asked before they are used
    STEPS = 3  # of reading a text: see `Ngrams._step`
    AT_FIRST = 256  # rows of weights that are asked for as soon as they are known

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


cdef inline void _copy_ints(uint32_t* to, const uint32_t* given, Py_ssize_t n) noexcept nogil:
    if n:  # of nothing there may be no address
        memcpy(to, given, n * sizeof(uint32_t))


cdef int _append_ints(Ints* to, const uint32_t* given, Py_ssize_t n) except -1 nogil:
    _reserve(to, n)
    _copy_ints(to.at + to.n, given, n)
    to.n += n
    return 0


cdef inline void _drop(Ints* ints) noexcept nogil:
    free(ints.at)
    memset(ints, 0, sizeof(Ints))


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


include "_lines.pxi"
include "_order.pxi"
include "_strings.pxi"
include "_trie.pxi"
include "_putting.pxi"
include "_remembered.pxi"
include "_joining.pxi"
include "_scratch.pxi"
include "_utf8.pxi"


@cython.final
cdef class Memo:
    """The n-grams of pieces that were taken apart already: distinct pieces are few."""

    cdef Strings pieces
    cdef Ints ends  # by piece: where its n-grams end
    cdef Ints nodes

    def __cinit__(self):
        self.pieces = Strings()

    def __dealloc__(self):
        free(self.ends.at)
        free(self.nodes.at)


@cython.final
cdef class Ngrams:
    """The n-grams of texts, in order of first appearance while they are learned.

    Parameters
    ----------
    kind : {"word", "char"}
        Runs of words, or runs of characters inside white-space-separated pieces padded with one blank.
    shortest, longest : int
        Of a run; ``1 <= shortest <= longest <= 64``.
    norm : bool
        Whether rows get length 1.
    remember : bool
        Whether it is kept what was found in the texts that are learned from, as long as that is not much.
    """

    cdef readonly int kind, shortest, longest
    cdef Strings words  # of the word kind: its symbols
    cdef list memos  # of the character kind: those that no thread has now
    cdef Trie trie  # while n-grams are learned
    cdef Ints counted  # by node, in pairs: in how many texts it stands, and the last of them
    cdef uint32_t texts_learned
    cdef Encoded encoded  # the words, when the n-grams are put in order
    cdef Remembered remembered
    cdef Frozen known  # when they are
    cdef uint8_t[::1] met  # how often n-grams of a hash were met, before they are learned; 255 is that or more
    cdef uint64_t met_mask  # 0 where nothing was
    cdef bint meeting
    cdef uint8_t least
    cdef readonly Py_ssize_t width  # columns of the vocabulary
    cdef int bits  # of their numbers
    cdef bint norm

    def __cinit__(self, str kind, int shortest, int longest, bint norm=True, bint remember=False):
        if kind not in ("word", "char") or not 1 <= shortest <= longest <= LONGEST:
            raise ValueError(f"no n-grams of kind {kind!r} from {shortest} to {longest}")
        self.kind = WORD if kind == "word" else CHAR
        self.shortest, self.longest, self.norm = shortest, longest, norm
        self.words = Strings()
        self.memos = []
        self.trie = Trie(self.kind == WORD)
        self.remembered = Remembered() if remember and self.kind == WORD else None

    def __dealloc__(self):
        free(self.counted.at)

    @property
    def remembers(self):
        """Whether it is known what was found in the texts that were learned from."""
        return self.remembered is not None and self.trie is None

    def forget(self):
        """Give up what was found in the texts that were learned from."""
        self.remembered = None

    # Reading texts

    cdef Scratch* _step(self, Texts texts, Py_ssize_t at, bint learn, Memo memo, Scratch* ring) except? NULL nogil:
        """Take one step with each of the next texts; return the one whose n-grams are found, NULL where none is.

        A text is read in three steps, and each asks for what the next one looks into, which comes while the steps
        of other texts are taken: it would wait for the memory otherwise. Text i is read when `at`, which begins with
        0, is ``i + STEPS - 1``.

        Parameters
        ----------
        ring : STEPS + 1 of Scratch
            For the text found before is still in use.
        """
        cdef Py_ssize_t i = at - STEPS + 1
        cdef Scratch* scratch
        if at < texts.n:
            texts.ask(at + 4)
            self._begin(texts, at, &ring[at % (STEPS + 1)])
        if 1 <= at <= texts.n:
            self._ask_for_pairs(learn, &ring[(at - 1) % (STEPS + 1)])
        if not 0 <= i < texts.n:
            return NULL
        scratch = &ring[i % (STEPS + 1)]
        scratch.found.n = 0
        self._finish(texts, i, learn, memo, scratch)
        return scratch

    cdef int _begin(self, Texts texts, Py_ssize_t i, Scratch* scratch) except -1 nogil:
        """Read the first words of text i, and ask for their numbers."""
        cdef uint8_t narrow[SHORT_TEXT]
        scratch.at = 0
        if self.kind == CHAR:
            return 0
        if texts.plain[i] and texts.length[i] <= SHORT_TEXT and self._read_ascii(
                texts.narrow(i, narrow), texts.length[i], &scratch.piece, &scratch.words):
            scratch.at = texts.length[i]
            return 0
        return self._read_on(texts, i, scratch)

    cdef int _read_on(self, Texts texts, Py_ssize_t i, Scratch* scratch) except -1 nogil:
        """Read the next words of text i."""
        cdef const void* text = texts.data[i]
        if texts.kind[i] == 1:
            return self._read_words[uint8_t](<const uint8_t*>text, texts.length[i], scratch)
        if texts.kind[i] == 2:
            return self._read_words[uint16_t](<const uint16_t*>text, texts.length[i], scratch)
        return self._read_words[uint32_t](<const uint32_t*>text, texts.length[i], scratch)

    cdef int _ask_for_pairs(self, bint learn, Scratch* scratch) except -1 nogil:
        """Find the numbers of the words that were read, and ask for the pairs of them."""
        cdef const uint32_t* word = scratch.words.number
        cdef uint32_t first
        cdef int t
        if self.kind == CHAR:
            return 0
        self._number_words(learn, scratch)
        if self.longest == 1 or self.meeting:
            return 0
        for t in range(scratch.words.n - 1):
            if not learn:
                scratch.words.pair[t + 1] = self.known.ask(scratch.words.first[t], word[t + 1])
            elif word[t] != NONE and word[t + 1] != NONE:
                first = self.trie.find(0, word[t])
                if first != NONE:
                    self.trie.ask(first, word[t + 1])
        return 0

    cdef int _finish(self, Texts texts, Py_ssize_t i, bint learn, Memo memo, Scratch* scratch) except -1 nogil:
        """Append to what was found the nodes of text i, made where need be, or its known columns."""
        cdef const void* text = texts.data[i]
        cdef Open open_
        if self.kind == WORD:
            self._nothing_open(&open_)
            self._runs(&scratch.words, learn, &open_, &scratch.found)
            while scratch.at < texts.length[i]:  # some words at a time
                self._read_on(texts, i, scratch)
                self._ask_for_pairs(learn, scratch)
                self._runs(&scratch.words, learn, &open_, &scratch.found)
            return 0
        if texts.kind[i] == 1:
            return self._scan_pieces[uint8_t](<const uint8_t*>text, texts.length[i], learn, memo, scratch)
        if texts.kind[i] == 2:
            return self._scan_pieces[uint16_t](<const uint16_t*>text, texts.length[i], learn, memo, scratch)
        return self._scan_pieces[uint32_t](<const uint32_t*>text, texts.length[i], learn, memo, scratch)

    cdef inline void _nothing_open(self, Open* open_) noexcept nogil:
        cdef int m
        for m in range(self.longest + 1):
            open_.node[m] = NONE
            open_.hashed[m] = 0

    cdef int _read_words(self, const char_t* text, Py_ssize_t length, Scratch* scratch) except -1 nogil:
        """Read the next words of a text, and ask for their numbers."""
        cdef Ints* read = &scratch.piece
        cdef Words* words = &scratch.words
        cdef Py_ssize_t at = scratch.at, start = 0, end
        cdef uint64_t packed
        cdef uint32_t c, all_bits
        words.n = 0
        read.n = read.room  # all of it may be written
        while at < length and words.n < SOME:
            c = _of_word(text[at])
            if c == SKIPPED:
                at += 1
                continue
            packed = all_bits = 0
            end = start
            while c != SKIPPED:
                if end == read.n:
                    _reserve(read, 64)
                    read.n = read.room
                read.at[end] = c
                end += 1
                packed = (packed << 8) | c
                all_bits |= c
                at += 1
                if at == length:
                    break
                c = _of_word(text[at])
            if end - start < 2:  # no token
                continue
            words.start[words.n] = start
            words.key[words.n] = _key(read.at + start, end - start, packed, all_bits)
            self.words.ask(words.key[words.n])
            words.n += 1
            start = end
        scratch.at = at
        return 0

    cdef bint _read_ascii(self, const uint8_t* text, Py_ssize_t length, Ints* read, Words* words) except -1 nogil:
        """Read all words of a plain text, and ask for their numbers; return whether it is as short as that is for."""
        cdef uint8_t lowered[SHORT_TEXT + 8]
        cdef uint16_t bounds[2 * SOME]
        cdef Py_ssize_t size, i
        cdef int found = ascii_words(text, length, lowered, bounds, SOME), t
        cdef Key* key = words.key
        words.n = 0
        read.n = 0
        for t in range(found):
            size = bounds[2 * t + 1] - bounds[2 * t]
            if size < 2:  # no token
                continue
            words.start[words.n] = read.n
            if size <= PACKED:
                key.bits = packed_ascii(&lowered[bounds[2 * t]], size)
                key.hashed = _mixed(key.bits)
                key.length = <uint32_t>size
                key.whole = True
            else:
                _reserve(read, size)
                for i in range(bounds[2 * t], bounds[2 * t + 1]):
                    read.at[read.n] = lowered[i]
                    read.n += 1
                key[0] = _key(read.at + words.start[words.n], size, 0, 0)
            self.words.ask(key[0])
            words.n += 1
            key += 1
        return found >= 0

    cdef int _number_words(self, bint learn, Scratch* scratch) except -1 nogil:
        """Find the numbers of words that were read, NONE where one is not known, and ask for their nodes."""
        cdef const Ints* read = &scratch.piece
        cdef Words* words = &scratch.words
        cdef const uint32_t* text
        cdef uint32_t word
        cdef int t
        if self.meeting:
            return 0
        for t in range(words.n):
            text = read.at + words.start[t]
            word = self.words.find(text, words.key[t])
            if learn and word == NONE and not (self.met_mask and self._seldom(_mixed(words.key[t].hashed))):
                word = self.words.add(text, words.key[t])
            if learn and word != NONE:
                self.trie.ask(0, word)
            words.number[t] = word
        if not learn:
            for t in range(words.n):
                words.first[t] = self.known.first(words.number[t])
        return 0

    cdef int _runs(self, Words* words, bint learn, Open* open_, Ints* found) except -1 nogil:
        """Append to what was found the runs of one word, of two, … that end in these words."""
        if learn:
            return self._learned_runs(words, open_, found)
        return self._known_runs(words, open_, found)

    cdef int _known_runs(self, Words* words, Open* open_, Ints* found) except -1 nogil:
        cdef uint32_t kept[2][SOME + 1]  # the first one ends before these words
        cdef uint32_t* nodes = kept[0]  # of the runs of m words that end at each
        cdef uint32_t* shorter = kept[1]  # of those of m - 1
        cdef uint32_t* to
        cdef uint32_t least, none = self.known.none
        cdef const uint32_t* word = words.number
        cdef int n = words.n, m, t, last_open = 0
        if n == 0:
            return 0
        for m in range(1, self.longest + 1):
            if open_.node[m] < none:
                last_open = m
        for m in range(1, self.longest + 1):
            nodes, shorter = shorter, nodes
            nodes[0] = min(open_.node[m], none)
            least = none
            for t in range(n):  # a run of m words goes on from that of m - 1 which ends a word before
                if m == 1:
                    nodes[t + 1] = words.first[t]
                elif m == 2 and t:  # these are asked for in the step before
                    nodes[t + 1] = self.known.find_from(words.pair[t], shorter[t], word[t])
                else:
                    nodes[t + 1] = self.known.find(shorter[t], word[t])
                least = min(least, nodes[t + 1])
                if m < self.longest and m > 1 and t + 1 < n:
                    self.known.ask(nodes[t + 1], word[t + 1])
            open_.node[m] = nodes[n]
            if m >= self.shortest:
                _reserve(found, n)
                to = found.at + found.n
                for t in range(n):
                    to[0] = nodes[t + 1]
                    to += nodes[t + 1] < self.width
                found.n = to - found.at
            if least == none and last_open < m:
                return 0  # nor does any longer one
        return 0

    cdef int _learned_runs(self, const Words* words, Open* open_, Ints* found) except -1 nogil:
        cdef uint32_t kept[2][SOME]
        cdef uint32_t* nodes = kept[0]  # of the runs of m words that end at each
        cdef uint32_t* shorter = kept[1]  # of those of m - 1
        cdef uint64_t both[2][SOME]
        cdef uint64_t* hashed = both[0]  # of these runs, where they are met before they are learned
        cdef uint64_t* hashed_shorter = both[1]
        cdef uint64_t hashed_before
        cdef uint32_t parent, before, word
        cdef bint met = self.met_mask != 0
        cdef int n = words.n, m, t, alive, last_open = 0
        for m in range(1, self.longest + 1):
            if open_.node[m] != NONE:
                last_open = m
        for m in range(1, self.longest + 1):
            nodes, shorter = shorter, nodes
            hashed, hashed_shorter = hashed_shorter, hashed
            before, hashed_before = open_.node[m - 1], open_.hashed[m - 1]
            if m > 1 and n:
                open_.node[m - 1] = shorter[n - 1]
                if met:
                    open_.hashed[m - 1] = hashed_shorter[n - 1]
            alive = 0
            for t in range(n):
                parent = 0 if m == 1 else shorter[t - 1] if t else before
                nodes[t] = NONE
                if met:
                    hashed[t] = _mixed((0 if m == 1 else hashed_shorter[t - 1] if t else hashed_before)
                                       ^ words.key[t].hashed)
                    if self.meeting:
                        self._meet(hashed[t])
                        continue
                word = words.number[t]
                if parent == NONE or word == NONE or (met and self._seldom(hashed[t])):
                    continue
                nodes[t] = self.trie.grown(parent, word)
                alive += 1
                if m < self.longest and t + 1 < n and words.number[t + 1] != NONE:
                    self.trie.ask(nodes[t], words.number[t + 1])
                if m >= self.shortest:
                    _push(found, nodes[t])
            if alive == 0 and last_open < m and not self.meeting:
                return 0  # nor does any longer one
        return 0

    cdef int _scan_pieces(self, const char_t* text, Py_ssize_t length, bint learn, Memo memo, Scratch* scratch
                          ) except -1 nogil:
        cdef Ints* read = &scratch.piece
        cdef Ints* found = &scratch.found
        cdef Py_ssize_t at = 0, first
        cdef Key key
        cdef uint64_t packed
        cdef uint32_t c, all_bits, piece, start, end
        while at < length:
            c = _of_piece(text[at])
            if c == SKIPPED:
                at += 1
                continue
            packed = all_bits = 0
            read.n = 0
            _push(read, 32)
            while c != SKIPPED:
                _push(read, c)
                packed = (packed << 8) | c
                all_bits |= c
                at += 1
                if at == length:
                    break
                c = _of_piece(text[at])
            _push(read, 32)
            if read.n > 64:  # it would fill the memory, and is rare
                self._take_apart(read, learn, found)
                continue
            key = _key(read.at + 1, read.n - 2, packed, all_bits)
            piece = memo.pieces.find(read.at + 1, key)
            if piece != NONE:
                end = memo.ends.at[piece]
                start = memo.ends.at[piece - 1] if piece > 0 else 0
                _append_ints(found, memo.nodes.at + start, end - start)
                continue
            first = found.n
            self._take_apart(read, learn, found)
            if memo.nodes.n + found.n - first < MOST:
                memo.pieces.add(read.at + 1, key)
                _append_ints(&memo.nodes, found.at + first, found.n - first)
                _push(&memo.ends, <uint32_t>memo.nodes.n)
        return 0

    cdef int _take_apart(self, Ints* padded, bint learn, Ints* found) except -1 nogil:
        cdef Py_ssize_t start, size
        cdef uint32_t node, symbol
        # A piece that is shorter than a size counts once, whole, for the first such size.
        cdef Py_ssize_t shortest = min(<Py_ssize_t>self.shortest, padded.n)
        for start in range(padded.n - shortest + 1):
            node = 0 if learn else self.known.root
            for size in range(1, min(<Py_ssize_t>self.longest, padded.n - start) + 1):
                symbol = padded.at[start + size - 1]
                if learn:
                    node = self.trie.grown(node, symbol)
                else:
                    node = self.known.find(node, symbol)
                    if node == self.known.none:
                        break
                if size >= shortest and (learn or node < self.width):
                    _push(found, node)
        return 0

    cdef Memo _memo(self):
        """Take a memo that no other thread has."""
        return self.memos.pop() if self.memos else Memo()

    cdef int _put_back(self, Memo memo) except -1:
        """Keep a memo for the next texts, unless it has grown large."""
        if self.kind == CHAR and memo.nodes.n + memo.pieces.arena.n < REMEMBERED:
            self.memos.append(memo)
        return 0

    # Learning

    cdef inline void _meet(self, uint64_t hashed) noexcept nogil:
        cdef uint8_t* count = &self.met[hashed & self.met_mask]
        count[0] += count[0] < 255

    cdef inline bint _seldom(self, uint64_t hashed) noexcept nogil:
        """Whether a run was met less often than is asked for; where another has its hash, perhaps it was."""
        return self.met[hashed & self.met_mask] < self.least

    def meet(self, Texts texts, uint8_t[::1] counts):
        """Count runs of words by hash, in 2**k counts: learning then passes over what is met too seldom."""
        cdef Py_ssize_t at
        cdef Scratch ring[STEPS + 1]
        self._refuse_known()
        if self.kind != WORD or counts.shape[0] < 2 or counts.shape[0] & (counts.shape[0] - 1):
            raise ValueError("runs of words are met, in a power of 2 of counts")
        self.met, self.met_mask, self.meeting = counts, counts.shape[0] - 1, True
        memset(ring, 0, sizeof(ring))
        try:
            with nogil:
                for at in range(texts.n + STEPS - 1):
                    self._step(texts, at, True, None, ring)
        finally:
            self.meeting = False
            _free_all(ring)

    def pass_over(self, int least):
        """Learn from here on no n-gram that was met less often: it stands in fewer texts."""
        self.least = min(least, 255)

    def learn(self, Texts texts):
        """Count in how many texts each n-gram stands, adding those that are new."""
        cdef Py_ssize_t at, j, node
        cdef Scratch ring[STEPS + 1]
        cdef Scratch* scratch
        cdef Memo memo = self._memo()
        if self.texts_learned + <uint64_t>texts.n >= MOST:
            raise OverflowError("more than 2**31 texts")
        self._refuse_known()
        memset(ring, 0, sizeof(ring))
        try:
            with nogil:
                for at in range(texts.n + STEPS - 1):
                    scratch = self._step(texts, at, True, memo, ring)
                    if scratch == NULL:
                        continue
                    if self.remembered is not None:
                        self._remember(&scratch.found, texts.length[at - STEPS + 1])
                    self._count_all()
                    for j in range(scratch.found.n):
                        if j + 8 < scratch.found.n:
                            PREFETCH(&self.counted.at[2 * <Py_ssize_t>scratch.found.at[j + 8]])
                        node = scratch.found.at[j]
                        if self.counted.at[2 * node + 1] != self.texts_learned:
                            self.counted.at[2 * node + 1] = self.texts_learned
                            self.counted.at[2 * node] += 1
                    self.texts_learned += 1
        finally:
            _free_all(ring)
        self._put_back(memo)

    def join(self, Ngrams other):
        """Take what another one learned, from texts that come after those that were learned from here."""
        cdef uint32_t* symbol = NULL
        cdef uint32_t* node = NULL
        cdef Py_ssize_t i
        self._refuse_known()
        other._refuse_known()
        if (self.kind, self.shortest, self.longest) != (other.kind, other.shortest, other.longest) or self is other:
            raise ValueError("n-grams of another kind, or these themselves, cannot be joined")
        if self.texts_learned + <uint64_t>other.texts_learned >= MOST:
            raise OverflowError("more than 2**31 texts")
        node = <uint32_t*>malloc(other.trie.n * sizeof(uint32_t))
        symbol = <uint32_t*>malloc(max(other.words.n, 1) * sizeof(uint32_t))
        try:
            if node == NULL or symbol == NULL:
                raise MemoryError
            with nogil:
                _joined_words(self.words, other.words, symbol)
                _joined_nodes(self.trie, other.trie, symbol if self.kind == WORD else NULL, node)
                self._count_all()
                for i in range(1, other.counted.n // 2):
                    PREFETCH(&self.counted.at[2 * <Py_ssize_t>node[min(i + COMING, other.trie.n - 1)]])
                    self.counted.at[2 * <Py_ssize_t>node[i]] += other.counted.at[2 * i]
                self.texts_learned += other.texts_learned
            if self.remembered is not None and (other.remembered is None
                                                or not self.remembered.join(other.remembered, node)):
                self.forget()
        finally:
            free(node)
            free(symbol)

    cdef int _count_all(self) except -1 nogil:
        """Have a count for each node."""
        while self.counted.n < 2 * self.trie.n:
            _push(&self.counted, 0)
            _push(&self.counted, NONE)
        return 0

    cdef int _remember(self, const Ints* found, Py_ssize_t length) except -1 nogil:
        if not self.remembered.append(found, length):
            with gil:
                self.forget()
        return 0

    def nodes(self):
        """Return parent, symbol and document frequency of each node but the root, as int32 arrays.

        Symbols ascend as what they stand for does.
        """
        cdef Py_ssize_t i
        cdef int32_t[::1] symbol, rank
        self._refuse_known()
        symbols = _int32(&self.trie.symbol)[1:]
        if self.kind == WORD:
            self.encoded = Encoded(self.words)
            symbol, rank = symbols, self.encoded.ranks()
            for i in range(symbol.shape[0]):
                symbol[i] = rank[symbol[i]]
        return _int32(&self.trie.parent)[1:], symbols, _int32(&self.counted)[2::2]

    def lines_of(self, const int32_t[::1] nodes):
        """Return n-grams in UTF-8, each with a line break after it; `nodes` was called before."""
        cdef Py_ssize_t i, ahead
        cdef Bytes lines
        memset(&lines, 0, sizeof(Bytes))
        self._refuse_known()
        for i in range(nodes.shape[0]):
            if not 0 < nodes[i] < self.trie.n:
                raise IndexError(f"no node {nodes[i]}")
        if self.kind == WORD and (self.encoded is None or self.encoded.ends.n != self.words.n):
            raise ValueError("the words are not in UTF-8 yet")
        try:
            with nogil:
                for i in range(nodes.shape[0]):
                    ahead = nodes[min(i + COMING, nodes.shape[0] - 1)]
                    PREFETCH(&self.trie.symbol.at[ahead])
                    PREFETCH(&self.trie.parent.at[ahead])
                    self._write_line(<uint32_t>nodes[i], &lines)
            return PyBytes_FromStringAndSize(<const char*>lines.at, lines.n)
        finally:
            free(lines.at)

    cdef int _write_line(self, uint32_t node, Bytes* lines) except -1 nogil:
        cdef uint32_t path[LONGEST]
        cdef Py_ssize_t length = 4
        cdef const uint8_t* word = NULL
        cdef uint8_t* to
        cdef int first = LONGEST, m
        while node != 0 and first > 0:
            first -= 1
            path[first] = self.trie.symbol.at[node]
            node = self.trie.parent.at[node]
        for m in range(first, LONGEST):
            if self.kind == WORD:
                word = self.encoded.text(path[m], &length)
            _reserve_bytes(lines, length + 2)
            to = lines.at + lines.n
            if self.kind == CHAR:
                lines.n += _encode(path[m], to)
                continue
            if m > first:
                to[0] = 32
                to += 1
                lines.n += 1
            memcpy(to, word, length)
            lines.n += length
        lines.at[lines.n] = 10
        lines.n += 1
        return 0

    # A vocabulary

    def number(self, const int32_t[::1] nodes, const uint8_t[::1] used, bint norm):
        """Take these nodes for the columns 0, 1, …, and forget those that are not used: learning has ended."""
        cdef Py_ssize_t i
        cdef uint32_t* columns
        self._refuse_known()
        if used.shape[0] != self.trie.n:
            raise ValueError("these are not the nodes that were learned")
        for i in range(nodes.shape[0]):
            if not 0 < nodes[i] < self.trie.n:
                raise IndexError(f"no node {nodes[i]}")
        columns = <uint32_t*>malloc(self.trie.n * sizeof(uint32_t))
        if columns == NULL:
            raise MemoryError
        memset(columns, 0xFF, self.trie.n * sizeof(uint32_t))
        try:
            for i in range(nodes.shape[0]):
                columns[nodes[i]] = <uint32_t>i
            if self.remembered is not None:
                self.remembered.renumber(columns)
            _drop(&self.counted)
            self._freeze(columns, &used[0], nodes.shape[0])
        finally:
            free(columns)
        self.norm = norm

    def put(self, str lines):
        """Take n-grams, each with a line break after it, for the columns 0, 1, …; what cannot stand is not found."""
        cdef Putting putting
        cdef Py_ssize_t n = lines.count("\n")
        if n >= MOST:
            raise OverflowError("more than 2**31 n-grams")
        self._refuse_known()
        if self.trie.n > 1 or (lines and not lines.endswith("\n")):
            raise ValueError("there are n-grams here already, or the last one has no line break after it")
        putting = Putting(self.trie, self.words if self.kind == WORD else None, self.longest)
        putting.put_all(lines)
        self.remembered = None
        self._freeze(putting.columns.at, NULL, n)

    cdef int _freeze(self, const uint32_t* columns, const uint8_t* used, Py_ssize_t width) except -1:
        cdef Trie trie = self.trie
        self.trie = self.encoded = None  # it loses its table, whatever comes of it
        self.known = _frozen(trie, columns, used, <uint32_t>width)
        self.width, self.bits = width, _bits(width)
        self.met, self.met_mask = None, 0
        self.memos = []  # of nodes, and columns are wanted now
        return 0

    # Rows

    cdef Py_ssize_t _weighted(self, Scratch* scratch, const double[:] idf, bint sublinear, double* norm) except -1 nogil:
        """Write each column that was found once, ascending, and values of length 1 for them; return how many.

        What the values were divided by is `norm`.
        """
        cdef Ints* found = &scratch.found
        cdef double* values
        cdef Py_ssize_t j = 0, n = 0
        cdef uint32_t column, count
        cdef double value, squares = 0
        _sort(found, self.bits, &scratch.spare)
        _reserve_doubles(&scratch.values, found.n)
        values = scratch.values.at
        while j < found.n:
            column = found.at[j]
            count = 0
            while j < found.n and found.at[j] == column:
                count += 1
                j += 1
            value = <double>count
            if sublinear and count > 1:
                value = 1.0 + log(value)
            elif sublinear:
                value = 1.0
            value *= idf[column]
            squares += value * value
            found.at[n] = column
            values[n] = value
            n += 1
        norm[0] = 1.0
        if n and self.norm:
            norm[0] = squares = sqrt(squares)
            for j in range(n):
                values[j] /= squares
        return n

    def rows(self, Texts texts, const double[::1] idf, bint sublinear):
        """Return the TF-IDF rows of texts.

        Parameters
        ----------
        idf : (width,) array
            Of every column of the vocabulary.

        Returns
        -------
        lengths : (n,) array of int64
            How many entries each row has.
        columns : (nnz,) array of int32
            Ascending in each row.
        values : (nnz,) array of float64
            Each row has length 1 or, without known n-grams, 0.
        """
        cdef Py_ssize_t at, n
        cdef double norm
        cdef Scratch ring[STEPS + 1]
        cdef Scratch* coming
        cdef Scratch* scratch = NULL
        cdef Ints columns
        cdef Doubles kept
        cdef Memo memo = self._memo()
        lengths = np.zeros(texts.n, dtype=np.int64)
        cdef int64_t[::1] length = lengths
        self._refuse_other(idf.shape[0])
        memset(ring, 0, sizeof(ring))
        memset(&columns, 0, sizeof(Ints))
        memset(&kept, 0, sizeof(Doubles))
        try:
            with nogil:
                for at in range(texts.n + STEPS):
                    coming = self._step(texts, at, False, memo, ring)
                    _ask_for(coming, idf)
                    if scratch != NULL:
                        n = self._weighted(scratch, idf, sublinear, &norm)
                        _reserve(&columns, n)
                        _reserve_doubles(&kept, columns.n + n)
                        if n:
                            memcpy(columns.at + columns.n, scratch.found.at, n * sizeof(uint32_t))
                            memcpy(kept.at + columns.n, scratch.values.at, n * sizeof(double))
                        columns.n += n
                        length[at - STEPS] = n
                    scratch = coming
            out = np.empty(columns.n, dtype=np.int32)
            values = np.empty(columns.n)
            _copy(columns.at, kept.at, out, values)
        finally:
            _free_all(ring)
            free(columns.at)
            free(kept.at)
        self._put_back(memo)
        return lengths, out, values

    def pack(self, Texts texts, const double[::1] idf, bint sublinear, const int32_t[::1] number):
        """Return the TF-IDF rows of texts: see `_packed`."""
        return self._packed(texts, 0, texts.n, idf, sublinear, number)

    def pack_learned(self, Py_ssize_t first, const int64_t[::1] lengths, const double[::1] idf, bint sublinear,
                     const int32_t[::1] number):
        """Return the TF-IDF rows of texts that were learned from, from the text `first` on: see `_packed`.

        Parameters
        ----------
        lengths : (n,) array of int64
            Characters of each text, in small letters, by which other texts are told.
        """
        if not self.remembers:
            raise ValueError("it is not remembered what the texts hold")
        self.remembered.check(first, lengths)
        return self._packed(None, first, lengths.shape[0], idf, sublinear, number)

    cdef Scratch* _recall(self, Py_ssize_t first, Py_ssize_t at, Py_ssize_t rows, Scratch* ring) except? NULL nogil:
        """Do for texts that were learned from, from the text `first` on, what `_step` does."""
        cdef Py_ssize_t i = at - STEPS + 1
        cdef Scratch* scratch
        if not 0 <= i < rows:
            return NULL
        scratch = &ring[i % (STEPS + 1)]
        scratch.found.n = 0
        self.remembered.recall(first + i, &scratch.found)
        return scratch

    cdef tuple _packed(self, Texts texts, Py_ssize_t first, Py_ssize_t rows, const double[::1] idf, bint sublinear,
                       const int32_t[::1] number):
        """Return the TF-IDF rows of texts in few bytes: see `trainer.engine.packed`.

        Parameters
        ----------
        idf : (width,) array
            Of every column of the vocabulary.
        number : (width,) array of int32
            What stands for each column; where it is -1, the column is left out.

        Returns
        -------
        data, ends : array of uint8, (n,) array of int64
            Ascending numbers, one time for each n-gram that stands there, as steps; where each row ends.
        norms : (n,) array
            What the values of each row are divided by.
        whole, alone : (n,) arrays
            Squared length of each row, and of what was left out, as it is in float32.
        lone_rows, lone_columns, lone_values : arrays of int64, int32 and float32
            What was left out.
        """
        cdef Py_ssize_t i, at, j, n
        cdef float value
        cdef uint32_t column
        cdef Scratch ring[STEPS + 1]
        cdef Scratch* coming
        cdef Scratch* scratch = NULL
        cdef Ints numbers, lone_row, lone_column
        cdef Doubles lone_value
        cdef Bytes packed
        cdef Memo memo = self._memo()
        cdef int64_t[::1] end = np.zeros(rows, np.int64)
        cdef double[::1] norms = np.zeros(rows), whole = np.zeros(rows), alone = np.zeros(rows)
        self._refuse_other(idf.shape[0])
        self._refuse_other(number.shape[0])
        memset(ring, 0, sizeof(ring))
        memset(&packed, 0, sizeof(Bytes))
        memset(&numbers, 0, sizeof(Ints))
        memset(&lone_row, 0, sizeof(Ints))
        memset(&lone_column, 0, sizeof(Ints))
        memset(&lone_value, 0, sizeof(Doubles))
        try:
            with nogil:
                for at in range(rows + STEPS):
                    if texts is None:
                        coming = self._recall(first, at, rows, ring)
                    else:
                        coming = self._step(texts, at, False, memo, ring)
                    _ask_for(coming, idf)
                    if coming != NULL:
                        for j in range(coming.found.n):
                            PREFETCH(&number[coming.found.at[j]])
                    if scratch == NULL:
                        scratch = coming
                        continue
                    i = at - STEPS
                    numbers.n = 0
                    _reserve(&numbers, scratch.found.n)
                    for j in range(scratch.found.n):
                        numbers.at[numbers.n] = <uint32_t>number[scratch.found.at[j]]
                        numbers.n += number[scratch.found.at[j]] >= 0
                    _sort(&numbers, _bits_of(&numbers), &scratch.spare)
                    _reserve_bytes(&packed, LONGEST_STEP * numbers.n)
                    if numbers.n:
                        packed.n = pack_steps(packed.at + packed.n, numbers.at, numbers.n) - packed.at
                    end[i] = packed.n
                    n = self._weighted(scratch, idf, sublinear, &norms[i])
                    for j in range(n):
                        column = scratch.found.at[j]
                        value = <float>scratch.values.at[j]
                        whole[i] += <double>value * value
                        if number[column] < 0:
                            alone[i] += <double>value * value
                            _reserve_doubles(&lone_value, lone_row.n + 1)
                            lone_value.at[lone_row.n] = value
                            _push(&lone_row, <uint32_t>i)
                            _push(&lone_column, column)
                    scratch = coming
            data = np.empty(packed.n, np.uint8)
            _copy_bytes(&packed, data)
            lone_columns, lone_values = np.empty(lone_column.n, np.int32), np.empty(lone_column.n)
            _copy(lone_column.at, lone_value.at, lone_columns, lone_values)
            lone_rows = _int32(&lone_row).astype(np.int64)
        finally:
            _free_all(ring)
            free(packed.at)
            free(numbers.at)
            free(lone_row.at)
            free(lone_column.at)
            free(lone_value.at)
        self._put_back(memo)
        return (data, np.asarray(end), np.asarray(norms), np.asarray(whole), np.asarray(alone), lone_rows,
                lone_columns, lone_values.astype(np.float32))

    def add_scores(self, Texts texts, const double[:] idf, bint sublinear, const stored_t[:, :] weights,
                   double[:, ::1] out):
        """Add to ``out[i]`` the TF-IDF row of text i times the rows of `weights`, in the order of the columns.

        Parameters
        ----------
        idf : (width,) array
            Of every column of the vocabulary.
        weights : (width, k) array of float32, or of float16 seen as uint16
            Those of a row one after another; see `trainer.engine.sparse.side_by_side`.
        out : (n, k) array of float64
        """
        cdef Py_ssize_t at, i, j, n
        cdef Py_ssize_t topics = weights.shape[1], step = weights.strides[0]
        cdef bint beside = idf.strides[0] == step  # then the weights came with it: see `side_by_side`
        cdef double norm
        cdef const int32_t* columns
        cdef const double* values
        cdef Scratch ring[STEPS + 1]
        cdef Scratch* coming
        cdef Scratch* scratch = NULL
        cdef Memo memo = self._memo()
        self._refuse_other(idf.shape[0])
        if weights.shape[0] != idf.shape[0] or out.shape[0] != texts.n or out.shape[1] != topics:
            raise ValueError("the weights, or the margins, have another shape than vocabulary and texts")
        if topics > 1 and weights.strides[1] != sizeof(stored_t):
            raise ValueError("the weights of a row do not stand one after another")
        if topics == 0:
            return
        memset(ring, 0, sizeof(ring))
        try:
            with nogil:
                for at in range(texts.n + STEPS):
                    coming = self._step(texts, at, False, memo, ring)
                    _ask_for(coming, idf)
                    if coming != NULL and not beside:
                        for j in range(min(coming.found.n, AT_FIRST)):
                            prefetch_all(<const char*>&weights[coming.found.at[j], 0], topics * sizeof(stored_t))
                    n = 0
                    if scratch != NULL:
                        n = self._weighted(scratch, idf, sublinear, &norm)
                    if n:
                        i = at - STEPS
                        columns = <const int32_t*>scratch.found.at
                        values = scratch.values.at
                        if stored_t is float:
                            add_rows(&out[i, 0], &weights[0, 0], step, columns, values, n, AT_FIRST, topics)
                        else:
                            add_half_rows(&out[i, 0], &weights[0, 0], step, columns, values, n, AT_FIRST, topics)
                    scratch = coming
        finally:
            _free_all(ring)
        self._put_back(memo)

    cdef int _refuse_known(self) except -1:
        if self.trie is None:
            raise ValueError("a vocabulary was taken: there is nothing to learn")
        return 0

    cdef int _refuse_other(self, Py_ssize_t width) except -1:
        if self.known is None:
            raise ValueError("no vocabulary was taken: there is nothing to find")
        if width != self.width:
            raise ValueError(f"the vocabulary has {self.width} n-grams, not {width}")
        return 0


cdef inline void _ask_for(const Scratch* coming, const double[:] idf) noexcept nogil:
    """Ask for the idf of the columns of a text, if there is one."""
    cdef Py_ssize_t j
    if coming != NULL:
        for j in range(coming.found.n):
            PREFETCH(&idf[coming.found.at[j]])


cdef object _int32(const Ints* ints):
    """Return numbers below 2**31, and NONE as -1."""
    out = np.empty(ints.n, dtype=np.int32)
    cdef int32_t[::1] to = out
    if ints.n:
        memcpy(&to[0], ints.at, ints.n * sizeof(uint32_t))
    return out


cdef int _copy(const uint32_t* columns, const double* values, int32_t[::1] to, double[::1] kept) except -1:
    if to.shape[0]:
        memcpy(&to[0], columns, to.shape[0] * sizeof(int32_t))
        memcpy(&kept[0], values, to.shape[0] * sizeof(double))
    return 0


cdef int _copy_bytes(const Bytes* data, uint8_t[::1] to) except -1:
    if to.shape[0]:
        memcpy(&to[0], data.at, to.shape[0])
    return 0


def pack_columns(const int64_t[::1] lengths, const int32_t[::1] columns):
    """Return rows of ascending columns, end to end, as `Ngrams.pack` does: the bytes, and where each row ends."""
    cdef Py_ssize_t i, start = 0, at = 0
    cdef int64_t[::1] end = np.zeros(lengths.shape[0], np.int64)
    cdef uint8_t[::1] data = np.empty(LONGEST_STEP * columns.shape[0] + 1, np.uint8)
    if (np.asarray(lengths) < 0).any() or np.asarray(lengths).sum() != columns.shape[0]:
        raise ValueError("the lengths of the rows are not those of the columns")
    for i in range(lengths.shape[0]):
        if lengths[i]:
            at = pack_steps(&data[at], <const uint32_t*>&columns[start], lengths[i]) - &data[0]
        start += lengths[i]
        end[i] = at
    return np.asarray(data)[:at].copy(), np.asarray(end)
