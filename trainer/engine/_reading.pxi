# Reading the n-grams of texts. Included by `_ngrams.pyx`, after `_scratch.pxi`.


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


cdef class Reader:
    """Reads the n-grams of texts; as what they are found is up to its subclasses.

    Parameters
    ----------
    kind : {"word", "char"}
        Runs of words, or runs of characters inside white-space-separated pieces padded with one blank.
    shortest, longest : int
        Of a run; ``1 <= shortest <= longest <= 64``.
    """

    cdef readonly int kind, shortest, longest
    cdef Strings words  # of the word kind: its symbols
    cdef list memos  # of the character kind: those that no thread has now

    def __cinit__(self, str kind, int shortest, int longest, *args, **kwargs):
        if kind not in ("word", "char") or not 1 <= shortest <= longest <= LONGEST:
            raise ValueError(f"no n-grams of kind {kind!r} from {shortest} to {longest}")
        self.kind = WORD if kind == "word" else CHAR
        self.shortest, self.longest = shortest, longest
        self.words = Strings()
        self.memos = []

    cdef int _look_up(self, Scratch* scratch) except -1 nogil:
        """Find the numbers of the words that were read, NONE where one is not known, and ask for the pairs of them."""
        return 0

    cdef int _runs(self, Words* words, Open* open_, Ints* found) except -1 nogil:
        """Append to what was found the runs of one word, of two, … that end in these words."""
        return 0

    cdef int _take_apart(self, Ints* padded, Ints* found) except -1 nogil:
        """Append to what was found the runs of characters of a padded piece.

        One that is shorter than a size counts once, whole, for the first such size.
        """
        return 0

    @cython.final
    cdef Scratch* _step(self, Texts texts, Py_ssize_t at, Memo memo, Scratch* ring) except? NULL nogil:
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
        if self.kind == WORD and 1 <= at <= texts.n:
            self._look_up(&ring[(at - 1) % (STEPS + 1)])
        if not 0 <= i < texts.n:
            return NULL
        scratch = &ring[i % (STEPS + 1)]
        scratch.found.n = 0
        self._finish(texts, i, memo, scratch)
        return scratch

    @cython.final
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

    @cython.final
    cdef int _read_on(self, Texts texts, Py_ssize_t i, Scratch* scratch) except -1 nogil:
        """Read the next words of text i."""
        cdef const void* text = texts.data[i]
        if texts.kind[i] == 1:
            return self._read_words[uint8_t](<const uint8_t*>text, texts.length[i], scratch)
        if texts.kind[i] == 2:
            return self._read_words[uint16_t](<const uint16_t*>text, texts.length[i], scratch)
        return self._read_words[uint32_t](<const uint32_t*>text, texts.length[i], scratch)

    @cython.final
    cdef int _finish(self, Texts texts, Py_ssize_t i, Memo memo, Scratch* scratch) except -1 nogil:
        """Append to what was found the nodes of text i, made where need be, or its known columns."""
        cdef const void* text = texts.data[i]
        cdef Open open_
        if self.kind == WORD:
            self._nothing_open(&open_)
            self._runs(&scratch.words, &open_, &scratch.found)
            while scratch.at < texts.length[i]:  # some words at a time
                self._read_on(texts, i, scratch)
                self._look_up(scratch)
                self._runs(&scratch.words, &open_, &scratch.found)
            return 0
        if texts.kind[i] == 1:
            return self._scan_pieces[uint8_t](<const uint8_t*>text, texts.length[i], memo, scratch)
        if texts.kind[i] == 2:
            return self._scan_pieces[uint16_t](<const uint16_t*>text, texts.length[i], memo, scratch)
        return self._scan_pieces[uint32_t](<const uint32_t*>text, texts.length[i], memo, scratch)

    cdef inline void _nothing_open(self, Open* open_) noexcept nogil:
        cdef int m
        for m in range(self.longest + 1):
            open_.node[m] = NONE
            open_.hashed[m] = 0

    @cython.final
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

    @cython.final
    cdef bint _read_ascii(self, const uint8_t* text, Py_ssize_t length, Ints* read, Words* words) except -1 nogil:
        """Read all words of a plain text, and ask for their numbers; return whether it is as short as that is for."""
        cdef uint8_t lowered[SHORT_TEXT + 8]
        cdef uint16_t bounds[2 * SOME]
        cdef uint16_t long_word[SOME]
        cdef uint16_t long_start[SOME]
        cdef Py_ssize_t size, i
        cdef int found = ascii_words(text, length, lowered, bounds, SOME), t, n = 0, n_long = 0
        cdef Key* key
        for t in range(found):  # without a branch: as many are guessed wrong as there are texts
            size = bounds[2 * t + 1] - bounds[2 * t]
            key = &words.key[n]
            key.bits = packed_ascii(&lowered[bounds[2 * t]], min(size, PACKED))
            key.hashed = _mixed(key.bits)
            key.length = <uint32_t>size
            key.whole = True
            words.start[n] = 0
            long_word[n_long], long_start[n_long] = <uint16_t>n, bounds[2 * t]
            n_long += size > PACKED
            n += size >= 2  # else it is no token
        read.n = 0
        for t in range(n_long):
            key = &words.key[long_word[t]]
            _reserve(read, key.length)
            for i in range(key.length):
                read.at[read.n + i] = lowered[long_start[t] + i]
            words.start[long_word[t]] = read.n
            key[0] = _key(read.at + read.n, key.length, 0, 0)
            read.n += key.length
        for t in range(n):
            self.words.ask(words.key[t])
        words.n = n
        return found >= 0

    @cython.final
    cdef int _scan_pieces(self, const char_t* text, Py_ssize_t length, Memo memo, Scratch* scratch) except -1 nogil:
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
                self._take_apart(read, found)
                continue
            key = _key(read.at + 1, read.n - 2, packed, all_bits)
            piece = memo.pieces.find(read.at + 1, key)
            if piece != NONE:
                end = memo.ends.at[piece]
                start = memo.ends.at[piece - 1] if piece > 0 else 0
                _append_ints(found, memo.nodes.at + start, end - start)
                continue
            first = found.n
            self._take_apart(read, found)
            if memo.nodes.n + found.n - first < MOST:
                memo.pieces.add(read.at + 1, key)
                _append_ints(&memo.nodes, found.at + first, found.n - first)
                _push(&memo.ends, <uint32_t>memo.nodes.n)
        return 0

    @cython.final
    cdef Memo _memo(self):
        """Take a memo that no other thread has."""
        return self.memos.pop() if self.memos else Memo()

    @cython.final
    cdef int _put_back(self, Memo memo) except -1:
        """Keep a memo for the next texts, unless it has grown large."""
        if self.kind == CHAR and memo.nodes.n + memo.pieces.arena.n < REMEMBERED:
            self.memos.append(memo)
        return 0
