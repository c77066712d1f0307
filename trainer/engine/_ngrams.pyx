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
    object PyUnicode_FromKindAndData(int kind, const void* buffer, Py_ssize_t size)

include "_arrays.pxi"

cdef extern from "lanes.h":
    void* allocated(size_t size) noexcept nogil
    void add_rows(double* out, const float* weights, Py_ssize_t step, const int32_t* columns, const double* values,
                  Py_ssize_t n, Py_ssize_t m) noexcept nogil
    void add_half_rows(double* out, const uint16_t* weights, Py_ssize_t step, const int32_t* columns,
                       const double* values, Py_ssize_t n, Py_ssize_t m) noexcept nogil
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
    MOST_LEARNED = 16_000_000  # n-grams of words, with repetitions, that are remembered of the texts learned from
    SOME = 64  # words that are looked up together
    COMING = 16  # nodes that are put together; a power of 2
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


cdef struct Node:
    uint32_t number
    uint32_t column


cdef struct Child:
    uint64_t key  # parent and symbol
    Node node


cdef Child* _child_slots(Py_ssize_t n) except NULL nogil:
    cdef Child* found = <Child*>allocated(n * sizeof(Child))
    if found == NULL:
        with gil:
            raise MemoryError
    memset(found, 0xFF, n * sizeof(Child))
    return found


@cython.final
cdef class Texts(Written):
    """Texts in small letters, as the kernel reads them.

    Parameters
    ----------
    texts : sequence of str
    """

    def __cinit__(self, texts):
        cdef Py_ssize_t i
        cdef str text
        for i in range(self.n):
            text = self._kept[i]
            if not PyUnicode_IS_ASCII(text):  # those are put into small letters while they are read
                self._keep(i, text.lower())


include "_lines.pxi"
include "_order.pxi"
include "_strings.pxi"
include "_scratch.pxi"


cdef struct Placing:  # nodes on their way into the table: their slots come meanwhile
    Child waiting[COMING]
    Py_ssize_t n  # how many came in all
    bint new  # whether every node is, for n-grams came in ascending order


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
    cdef Node* alone  # of the word kind: the node of each word, by its number
    cdef Py_ssize_t room_alone
    cdef Node nothing
    cdef Child* slots  # all other nodes
    cdef Py_ssize_t mask
    cdef Py_ssize_t n  # nodes; the root is node 0
    cdef bint learning  # while it does, the next are kept by node
    cdef Ints parent, symbol
    cdef Ints counted  # in pairs: in how many texts it stands, and the last of them
    cdef uint32_t texts_learned
    cdef Ints learned  # of the word kind: what was found in each text, while that is not too much
    cdef Ints learned_ends, learned_lengths  # by text: where that ends, and characters
    cdef bint remembering
    cdef uint8_t[::1] met  # how often n-grams of a hash were met, before they are learned; 255 is that or more
    cdef uint64_t met_mask  # 0 where nothing was
    cdef bint meeting
    cdef uint8_t least
    cdef readonly Py_ssize_t width  # columns of the vocabulary
    cdef bint norm

    def __cinit__(self, str kind, int shortest, int longest, bint norm=True, bint remember=False):
        if kind not in ("word", "char") or not 1 <= shortest <= longest <= LONGEST:
            raise ValueError(f"no n-grams of kind {kind!r} from {shortest} to {longest}")
        self.kind = WORD if kind == "word" else CHAR
        self.shortest, self.longest, self.norm = shortest, longest, norm
        self.words = Strings()
        self.memos = []
        self.mask = 255
        self.slots = _child_slots(256)
        self.learning = True
        self.remembering = remember and self.kind == WORD
        self.nothing.number = self.nothing.column = NONE
        self._append(NONE, NONE)

    def __dealloc__(self):
        free(self.alone)
        free(self.slots)
        self._end_learning()
        self.forget()

    cdef void _end_learning(self) noexcept:
        self.learning = False
        self.met, self.met_mask = None, 0
        _drop(&self.parent)
        _drop(&self.symbol)
        _drop(&self.counted)

    @property
    def remembers(self):
        """Whether it is known what was found in the texts that were learned from."""
        return self.remembering and not self.learning

    def forget(self):
        """Give up what was found in the texts that were learned from."""
        self.remembering = False
        _drop(&self.learned)
        _drop(&self.learned_ends)
        _drop(&self.learned_lengths)

    cdef int _remember(self, Texts texts, Py_ssize_t i, const Ints* found) except -1 nogil:
        if self.learned.n + found.n > MOST_LEARNED:
            with gil:
                self.forget()
            return 0
        _append_ints(&self.learned, found.at, found.n)
        _push(&self.learned_ends, <uint32_t>self.learned.n)
        _push(&self.learned_lengths, <uint32_t>texts.length[i])
        return 0

    cdef int _append(self, uint32_t parent, uint32_t symbol) except -1 nogil:
        if self.n >= MOST:
            with gil:
                raise OverflowError("more than 2**31 distinct n-grams")
        if self.learning:
            _push(&self.parent, parent)
            _push(&self.symbol, symbol)
            _push(&self.counted, 0)
            _push(&self.counted, NONE)
        self.n += 1
        return 0

    cdef inline Child* _slot(self, uint64_t key) noexcept nogil:
        """Return where the child of this key stands, or would."""
        cdef Py_ssize_t slot = _mixed(key) & self.mask
        while self.slots[slot].node.number != NONE and self.slots[slot].key != key:
            slot = (slot + 1) & self.mask
        return &self.slots[slot]

    cdef inline Node* _child(self, uint32_t parent, uint32_t symbol) noexcept nogil:
        """Return the child; its number is NONE where there is none."""
        if parent == 0 and self.kind == WORD:
            return &self.alone[symbol] if symbol < self.room_alone else &self.nothing
        return &self._slot((<uint64_t>parent << 32) | symbol).node

    cdef inline void _ask(self, uint32_t parent, uint32_t symbol) noexcept nogil:
        """Ask for where the child stands."""
        if parent == 0 and self.kind == WORD:
            PREFETCH(&self.alone[symbol])
        else:
            PREFETCH(&self.slots[_mixed((<uint64_t>parent << 32) | symbol) & self.mask])

    cdef Node* _grown(self, uint32_t parent, uint32_t symbol) except NULL nogil:
        """Return the child, made where there is none."""
        cdef Node* child = self._child(parent, symbol)
        cdef Child* slot
        if child.number != NONE:
            return child
        self._append(parent, symbol)
        if parent == 0 and self.kind == WORD:
            self._make_room(symbol)
            child = &self.alone[symbol]
        else:
            if 2 * self.n > self.mask:
                self._resize(2 * (self.mask + 1))
            slot = self._slot((<uint64_t>parent << 32) | symbol)
            slot.key = (<uint64_t>parent << 32) | symbol
            child = &slot.node
        child.number = <uint32_t>(self.n - 1)
        child.column = NONE
        return child

    cdef int _make_room(self, uint32_t symbol) except -1 nogil:
        """Make room for the node of a word alone."""
        cdef Py_ssize_t room = max(2 * self.room_alone, <Py_ssize_t>symbol + 1, 64)
        cdef void* grown
        if symbol < self.room_alone:
            return 0
        grown = realloc(self.alone, room * sizeof(Node))
        if grown == NULL:
            with gil:
                raise MemoryError
        self.alone = <Node*>grown
        memset(&self.alone[self.room_alone], 0xFF, (room - self.room_alone) * sizeof(Node))
        self.room_alone = room
        return 0

    cdef int _resize(self, Py_ssize_t size) except -1 nogil:
        """Move to a table of `size` slots, a power of 2."""
        cdef Py_ssize_t old, slot
        cdef Child* slots = _child_slots(size)
        for old in range(self.mask + 1):
            if self.slots[old].node.number == NONE:
                continue
            slot = _mixed(self.slots[old].key) & (size - 1)
            while slots[slot].node.number != NONE:
                slot = (slot + 1) & (size - 1)
            slots[slot] = self.slots[old]
        free(self.slots)
        self.slots, self.mask = slots, size - 1
        return 0

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
        cdef Scratch* scratch
        if at < texts.n:
            texts.ask(at + 4)
            self._begin(texts, at, &ring[at % (STEPS + 1)])
        if 1 <= at <= texts.n:
            self._ask_for_pairs(learn, &ring[(at - 1) % (STEPS + 1)])
        if not STEPS - 1 <= at < texts.n + STEPS - 1:
            return NULL
        scratch = &ring[(at - 2) % (STEPS + 1)]
        scratch.found.n = 0
        self._finish(texts, at - 2, learn, memo, scratch)
        return scratch

    cdef int _begin(self, Texts texts, Py_ssize_t i, Scratch* scratch) except -1 nogil:
        """Read the words of text i, where it is plain and short, and ask for their numbers."""
        scratch.begun = self.kind == WORD and texts.ascii[i] and self._read_ascii(
            <const uint8_t*>texts.data[i], texts.length[i], &scratch.piece, &scratch.words)
        return 0

    cdef int _ask_for_pairs(self, bint learn, Scratch* scratch) except -1 nogil:
        """Find the numbers of the words of a text that was begun, and ask for the pairs of them."""
        cdef const uint32_t* word = scratch.words.number
        cdef uint32_t first
        cdef int t
        if not scratch.begun:
            return 0
        self._number_words(&scratch.piece, learn, &scratch.words)
        if self.longest == 1 or self.meeting:
            return 0
        for t in range(scratch.words.n - 1):
            first = self._child(0, word[t]).number
            if first != NONE and word[t + 1] != NONE:
                self._ask(first, word[t + 1])
        return 0

    cdef int _finish(self, Texts texts, Py_ssize_t i, bint learn, Memo memo, Scratch* scratch) except -1 nogil:
        """Append to what was found the nodes of text i, made where need be, or its known columns."""
        cdef Open open_
        if scratch.begun:
            self._nothing_open(&open_)
            return self._runs_of_words(&scratch.words, learn, &open_, &scratch.found)
        if texts.kind[i] == 1:
            return self._scan[uint8_t](<const uint8_t*>texts.data[i], texts.length[i], learn, memo, scratch)
        if texts.kind[i] == 2:
            return self._scan[uint16_t](<const uint16_t*>texts.data[i], texts.length[i], learn, memo, scratch)
        return self._scan[uint32_t](<const uint32_t*>texts.data[i], texts.length[i], learn, memo, scratch)

    cdef int _scan(self, const char_t* text, Py_ssize_t length, bint learn, Memo memo, Scratch* scratch
                   ) except -1 nogil:
        """Read a text in one step."""
        if self.kind == WORD:
            return self._scan_words(text, length, learn, scratch)
        return self._scan_pieces(text, length, learn, memo, scratch)

    cdef int _scan_words(self, const char_t* text, Py_ssize_t length, bint learn, Scratch* scratch) except -1 nogil:
        """Read words, some at a time: their numbers, then the runs of one word, of two, …"""
        cdef Open open_
        cdef Py_ssize_t at = 0
        self._nothing_open(&open_)
        while at < length:
            at = self._read_words(text, at, length, &scratch.piece, &scratch.words)
            self._number_words(&scratch.piece, learn, &scratch.words)
            self._runs_of_words(&scratch.words, learn, &open_, &scratch.found)
        return 0

    cdef inline void _nothing_open(self, Open* open_) noexcept nogil:
        cdef int m
        for m in range(self.longest + 1):
            open_.node[m] = NONE
            open_.hashed[m] = 0

    cdef Py_ssize_t _read_words(self, const char_t* text, Py_ssize_t at, Py_ssize_t length, Ints* read, Words* words
                                ) except -1 nogil:
        """Read the next words, and ask for their numbers; return where the text goes on."""
        cdef Py_ssize_t start = 0, end
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
        return at

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

    cdef int _number_words(self, const Ints* read, bint learn, Words* words) except -1 nogil:
        """Find the numbers of words that were read, NONE where one is not known, and ask for their nodes."""
        cdef const uint32_t* text
        cdef uint32_t word
        cdef int t
        if self.met_mask:
            for t in range(words.n):
                words.hashed[t] = _mixed(words.key[t].bits)
        if self.meeting:
            return 0
        for t in range(words.n):
            text = read.at + words.start[t]
            word = self.words.find(text, words.key[t])
            if learn and word == NONE and not (self.met_mask and self._seldom(_mixed(words.hashed[t]))):
                word = self.words.add(text, words.key[t])
            if word < self.room_alone:
                self._ask(0, word)
            words.number[t] = word
        return 0

    cdef int _runs_of_words(self, const Words* words, bint learn, Open* open_, Ints* found) except -1 nogil:
        """Find the runs of one word, of two, … that end in these words; each asks for those that are one longer."""
        cdef uint32_t kept[2][SOME]
        cdef uint32_t* nodes = kept[0]  # of the runs of m words that end at each
        cdef uint32_t* shorter = kept[1]  # of those of m - 1
        cdef uint64_t both[2][SOME]
        cdef uint64_t* hashed = both[0]  # of these runs, where they are met before they are learned
        cdef uint64_t* hashed_shorter = both[1]
        cdef uint64_t hashed_before
        cdef uint32_t parent, before, word
        cdef bint met = learn and self.met_mask != 0
        cdef int n = words.n, m, t, alive, last_open = 0
        cdef Node* child
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
            for t in range(n):  # a run of m words goes on from that of m - 1 which ends a word before
                parent = 0 if m == 1 else shorter[t - 1] if t else before
                nodes[t] = NONE
                if met:
                    hashed[t] = _mixed((0 if m == 1 else hashed_shorter[t - 1] if t else hashed_before)
                                       ^ words.hashed[t])
                    if self.meeting:
                        self._meet(hashed[t])
                        continue
                word = words.number[t]
                if parent == NONE or word == NONE or (met and self._seldom(hashed[t])):
                    continue
                child = self._grown(parent, word) if learn else self._child(parent, word)
                if child.number == NONE:
                    continue
                nodes[t] = child.number
                alive += 1
                if m < self.longest and t + 1 < n:
                    self._ask(child.number, words.number[t + 1])
                if m >= self.shortest:
                    if learn:
                        _push(found, child.number)
                    elif child.column != NONE:
                        _push(found, child.column)
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
        cdef Node* child
        # A piece that is shorter than a size counts once, whole, for the first such size.
        cdef Py_ssize_t shortest = min(<Py_ssize_t>self.shortest, padded.n)
        for start in range(padded.n - shortest + 1):
            node = 0
            for size in range(1, min(<Py_ssize_t>self.longest, padded.n - start) + 1):
                symbol = padded.at[start + size - 1]
                child = self._grown(node, symbol) if learn else self._child(node, symbol)
                node = child.number
                if node == NONE:
                    break
                if size >= shortest:
                    if learn:
                        _push(found, node)
                    elif child.column != NONE:
                        _push(found, child.column)
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
        if not self.learning:
            raise ValueError("a vocabulary was taken: there is nothing to learn")
        memset(ring, 0, sizeof(ring))
        try:
            with nogil:
                for at in range(texts.n + STEPS - 1):
                    scratch = self._step(texts, at, True, memo, ring)
                    if scratch == NULL:
                        continue
                    if self.remembering:
                        self._remember(texts, at - STEPS + 1, &scratch.found)
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

    def nodes(self):
        """Return parent, symbol and document frequency of each node but the root, as int64 arrays."""
        return _int64(&self.parent)[1:], _int64(&self.symbol)[1:], _int64(&self.counted)[2::2]

    def word_list(self):
        """Return the words by number."""
        return self.words.listed()

    def lines_of(self, const int64_t[::1] nodes):
        """Return the n-grams of nodes as one string, each with a line break after it."""
        cdef Py_ssize_t i, slot
        cdef uint32_t node
        cdef int depth, m
        cdef uint32_t path[LONGEST]
        cdef uint32_t start, size
        cdef Ints lines
        memset(&lines, 0, sizeof(Ints))
        try:
            for i in range(nodes.shape[0]):
                if not (self.learning and 0 < nodes[i] < self.n):
                    raise IndexError(f"no node {nodes[i]}")
            with nogil:
                for i in range(nodes.shape[0]):
                    node = <uint32_t>nodes[i]
                    depth = 0
                    while node != 0 and depth < LONGEST:
                        path[LONGEST - 1 - depth] = self.symbol.at[node]
                        node = self.parent.at[node]
                        depth += 1
                    for m in range(LONGEST - depth, LONGEST):
                        if self.kind == CHAR:
                            _push(&lines, path[m])
                            continue
                        if m > LONGEST - depth:
                            _push(&lines, 32)
                        start = self.words.start(path[m])
                        size = self.words.ends.at[path[m]] - start
                        _append_ints(&lines, self.words.arena.at + start, size)
                    _push(&lines, 10)
            return _text(lines.at, lines.n)
        finally:
            free(lines.at)

    # A vocabulary

    def number(self, const int64_t[::1] nodes, const uint8_t[::1] used, bint norm):
        """Take these nodes for the columns 0, 1, …, and forget those that are not used: learning has ended."""
        cdef Py_ssize_t i, old, kept = 0, size = 256
        cdef uint32_t* columns
        cdef Node* node
        if used.shape[0] != self.n or not self.learning:
            raise ValueError("these are not the nodes that were learned")
        for i in range(nodes.shape[0]):
            if not 0 < nodes[i] < self.n:
                raise IndexError(f"no node {nodes[i]}")
        for i in range(used.shape[0]):
            kept += used[i] != 0
        while size < 2 * (kept + 1):
            size *= 2
        columns = <uint32_t*>malloc(self.n * sizeof(uint32_t))
        if columns == NULL:
            raise MemoryError
        memset(columns, 0xFF, self.n * sizeof(uint32_t))
        try:
            for i in range(nodes.shape[0]):
                columns[nodes[i]] = <uint32_t>i
            self._number_learned(columns)
            with nogil:
                for old in range(self.room_alone + self.mask + 1):
                    node = &self.alone[old] if old < self.room_alone else &self.slots[old - self.room_alone].node
                    if node.number != NONE:
                        node.column = columns[node.number]
                        if not used[node.number]:
                            node.number = node.column = NONE
                self._resize(size)
        finally:
            free(columns)
        self._end_learning()
        self.memos = []  # of nodes, and columns are wanted now
        self.width, self.norm = nodes.shape[0], norm

    cdef void _number_learned(self, const uint32_t* columns) noexcept nogil:
        """Turn the nodes that were found in each text into columns, as far as they have any."""
        cdef Py_ssize_t i, j, start = 0, at = 0
        for i in range(self.learned_ends.n):
            for j in range(start, self.learned_ends.at[i]):
                if j + 8 < self.learned.n:
                    PREFETCH(&columns[self.learned.at[j + 8]])
                self.learned.at[at] = columns[self.learned.at[j]]
                at += self.learned.at[at] != NONE
            start = self.learned_ends.at[i]
            self.learned_ends.at[i] = <uint32_t>at
        self.learned.n = at

    def put(self, str lines):
        """Take n-grams, each with a line break after it, for the columns 0, 1, …; what cannot stand is not found."""
        cdef Py_ssize_t n = lines.count("\n"), size = 256
        cdef int kind = PyUnicode_KIND(lines)
        cdef const void* data = PyUnicode_DATA(lines)
        cdef Py_ssize_t length = PyUnicode_GET_LENGTH(lines)
        if n >= MOST:
            raise OverflowError("more than 2**31 n-grams")
        if self.n > 1 or (lines and not lines.endswith("\n")):
            raise ValueError("there are n-grams here already, or the last one has no line break after it")
        self.learning = self.remembering = False
        while size < 2 * (n + 1):
            size *= 2
        with nogil:
            self._resize(size)
            if kind == 1:
                self._put_lines[uint8_t](<const uint8_t*>data, length)
            elif kind == 2:
                self._put_lines[uint16_t](<const uint16_t*>data, length)
            else:
                self._put_lines[uint32_t](<const uint32_t*>data, length)
        self.width = n

    cdef int _put_lines(self, const char_t* lines, Py_ssize_t length) except -1 nogil:
        """Put n-grams in.

        Where they ascend, all that begin alike stand together. So what an n-gram does not share with the one
        before is new, and need not be looked for.
        """
        cdef uint32_t path[LONGEST + 1]  # the nodes of the n-gram before: what both begin with stands already
        cdef Py_ssize_t at = 0, end, before = 0, before_end = 0, same, asked = 0
        cdef uint32_t column = 0
        cdef Ints word
        cdef Placing placing
        memset(&word, 0, sizeof(Ints))
        placing.n, placing.new = 0, True
        path[0] = 0
        try:
            while at < length:
                if self.kind == WORD and at >= asked:
                    asked = self._ask_for_words(lines, at, length)
                end = at
                while lines[end] != 10:  # the last line ends with one too
                    if lines[end] < 32:  # it sorts below a blank: words that begin alike may stand apart
                        self._place_all(&placing)
                    end += 1
                same = 0
                while same < end - at and same < before_end - before and lines[at + same] == lines[before + same]:
                    same += 1
                if at and not (before + same == before_end or (same < end - at and
                                                              lines[at + same] > lines[before + same])):
                    self._place_all(&placing)
                if self.kind == CHAR:
                    if 0 < end - at <= self.longest:
                        self._put_symbols(lines + at, end - at, same, path, &placing, column)
                        before, before_end = at, end
                elif self._words_in(lines + at, end - at) <= self.longest:
                    self._put_words(lines, at, end, before, before_end, same, path, &word, &placing, column)
                    before, before_end = at, end
                column += 1
                at = end + 1
            self._place_all(&placing)
        finally:
            free(word.at)
        return 0

    cdef int _place_all(self, Placing* placing) except -1 nogil:
        """Put in what waits; what comes from here on is looked for first."""
        cdef Py_ssize_t i
        if placing.new:
            for i in range(max(0, placing.n - COMING), placing.n):
                self._place_now(&placing.waiting[i & (COMING - 1)])
        placing.new = False
        return 0

    cdef int _place_now(self, const Child* child) except -1 nogil:
        cdef Child* slot = self._slot(child.key)
        slot[0] = child[0]
        return 0

    cdef uint32_t _place(self, uint32_t parent, uint32_t symbol, uint32_t column, Placing* placing
                         ) except? 0 nogil:
        """Put in a node, new or not, which has a column or has NONE; return its number."""
        cdef Node* node
        cdef Child* child
        if not placing.new or (parent == 0 and self.kind == WORD):
            node = self._grown(parent, symbol)
            if column != NONE:
                node.column = column
            return node.number
        if 2 * (self.n + 1) > self.mask:
            self._resize(2 * (self.mask + 1))
        child = &placing.waiting[placing.n & (COMING - 1)]
        if placing.n >= COMING:
            self._place_now(child)
        child.key = (<uint64_t>parent << 32) | symbol
        child.node.number, child.node.column = <uint32_t>self.n, column
        self._ask(parent, symbol)
        self._append(parent, symbol)
        placing.n += 1
        return child.node.number

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
                    key.bits = packed
                    self.words.ask(key)
                left -= lines[at] == 10
                packed = all_bits = 0
                start = at + 1
            else:
                packed = (packed << 8) | lines[at]
                all_bits |= lines[at]
            at += 1
        return at

    cdef int _put_symbols(self, const char_t* gram, Py_ssize_t length, Py_ssize_t same, uint32_t* path,
                          Placing* placing, uint32_t column) except -1 nogil:
        cdef Py_ssize_t m
        for m in range(min(same, length - 1), length):
            path[m + 1] = self._place(path[m], gram[m], column if m == length - 1 else NONE, placing)
        return 0

    cdef Py_ssize_t _words_in(self, const char_t* gram, Py_ssize_t length) noexcept nogil:
        cdef Py_ssize_t at, found = 1
        for at in range(length):
            found += gram[at] == 32
        return found

    cdef int _put_words(self, const char_t* lines, Py_ssize_t start, Py_ssize_t end, Py_ssize_t before,
                        Py_ssize_t before_end, Py_ssize_t same, uint32_t* path, Ints* word, Placing* placing,
                        uint32_t column) except -1 nogil:
        cdef Py_ssize_t at, first = start, size
        cdef int m = 0
        for at in range(start, end + 1):
            if at < end and lines[at] != 32:
                continue
            size = at - start
            # Of the n-gram before, the same words ended here.
            if at == end or size > same or not (before + size == before_end or lines[before + size] == 32):
                word.n = 0
                _reserve(word, at - first)
                while first < at:
                    _push(word, lines[first])
                    first += 1
                path[m + 1] = self._place(path[m], self._word(word), column if at == end else NONE, placing)
            m += 1
            first = at + 1
        return 0

    cdef uint32_t _word(self, const Ints* read) except? 0 nogil:
        """Return the number of a word, new or not."""
        cdef Key key = _key_of(read.at, read.n)
        cdef uint32_t word = self.words.find(read.at, key)
        return self.words.add(read.at, key) if word == NONE else word

    cdef Py_ssize_t _weighted(self, Scratch* scratch, const double[:] idf, bint sublinear, double* norm) except -1 nogil:
        """Write each column that was found once, ascending, and values of length 1 for them; return how many.

        What the values were divided by is `norm`.
        """
        cdef Ints* found = &scratch.found
        cdef double* values
        cdef Py_ssize_t j = 0, n = 0
        cdef uint32_t column, count
        cdef double value, squares = 0
        _sort(found, &scratch.spare)
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
        cdef Py_ssize_t i
        if not self.remembers or first < 0 or first + lengths.shape[0] > self.learned_ends.n:
            raise ValueError("the n-grams were learned from fewer texts, or it is not remembered what these hold")
        for i in range(lengths.shape[0]):
            if self.learned_lengths.at[first + i] != lengths[i]:
                raise ValueError(f"the n-grams were learned from another text than text {first + i}")
        return self._packed(None, first, lengths.shape[0], idf, sublinear, number)

    cdef Scratch* _recall(self, Py_ssize_t first, Py_ssize_t at, Py_ssize_t rows, Scratch* ring) except? NULL nogil:
        """Do for texts that were learned from, from the text `first` on, what `_step` does."""
        cdef Py_ssize_t i = first + at - STEPS + 1, start
        cdef Scratch* scratch
        if not STEPS - 1 <= at < rows + STEPS - 1:
            return NULL
        scratch = &ring[i % (STEPS + 1)]
        scratch.found.n = 0
        start = self.learned_ends.at[i - 1] if i else 0
        _append_ints(&scratch.found, self.learned.at + start, self.learned_ends.at[i] - start)
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
                    _sort(&numbers, &scratch.spare)
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
            lone_rows = _int64(&lone_row)
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
                    if coming != NULL:
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
                            add_rows(&out[i, 0], &weights[0, 0], step, columns, values, n, topics)
                        else:
                            add_half_rows(&out[i, 0], &weights[0, 0], step, columns, values, n, topics)
                    scratch = coming
        finally:
            _free_all(ring)
        self._put_back(memo)

    cdef int _refuse_other(self, Py_ssize_t width) except -1:
        if width != self.width:
            raise ValueError(f"the vocabulary has {self.width} n-grams, not {width}")
        return 0


cdef inline void _ask_for(const Scratch* coming, const double[:] idf) noexcept nogil:
    """Ask for the idf of the columns of a text, if there is one."""
    cdef Py_ssize_t j
    if coming != NULL:
        for j in range(coming.found.n):
            PREFETCH(&idf[coming.found.at[j]])


cdef object _int64(const Ints* ints):
    out = np.empty(ints.n, dtype=np.int64)
    cdef int64_t[::1] to = out
    cdef Py_ssize_t i
    for i in range(ints.n):
        to[i] = ints.at[i]
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


cdef str _text(const uint32_t* data, Py_ssize_t length):
    return PyUnicode_FromKindAndData(4, data, length)
