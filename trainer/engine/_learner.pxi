# Learning which n-grams there are. Included by `_ngrams.pyx`, after `_known.pxi`.


@cython.final
cdef class Learner(Reader):
    """The n-grams of the texts that it reads, in order of first appearance.

    Parameters
    ----------
    kind, shortest, longest
        See `Reader`.
    remember : bool
        Whether it is kept what was found in the texts, as long as that is not much; not of characters.
    """

    cdef Trie trie
    cdef bint ended  # a vocabulary was taken: the trie has no table any more
    cdef Ints counted  # by node, in pairs: in how many texts it stands, and the last of them
    cdef uint32_t texts_learned
    cdef Encoded encoded  # the words, when the n-grams are put in order
    cdef Remembered remembered
    cdef uint8_t[::1] met  # how often n-grams of a hash were met, before they are learned; 255 is that or more
    cdef uint64_t met_mask  # 0 where nothing was
    cdef bint meeting
    cdef uint8_t least

    def __cinit__(self, str kind, int shortest, int longest, bint remember=False):
        self.trie = Trie(self.kind == WORD)
        self.remembered = Remembered() if remember and self.kind == WORD else None

    def __dealloc__(self):
        free(self.counted.at)

    # Reading

    cdef int _look_up(self, Scratch* scratch) except -1 nogil:
        cdef const Ints* read = &scratch.piece
        cdef Words* words = &scratch.words
        cdef const uint32_t* text
        cdef uint32_t word, first
        cdef int t
        if self.meeting:
            return 0
        for t in range(words.n):
            text = read.at + words.start[t]
            word = self.words.find(text, words.key[t])
            if word == NONE and not (self.met_mask and self._seldom(_mixed(words.key[t].hashed))):
                word = self.words.add(text, words.key[t])
            if word != NONE:
                self.trie.ask(0, word)
            words.number[t] = word
        if self.longest == 1:
            return 0
        for t in range(words.n - 1):
            if words.number[t] == NONE or words.number[t + 1] == NONE:
                continue
            first = self.trie.find(0, words.number[t])
            if first != NONE:
                self.trie.ask(first, words.number[t + 1])
        return 0

    cdef int _runs(self, Words* words, Open* open_, Ints* found) except -1 nogil:
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

    cdef int _take_apart(self, Ints* padded, Ints* found) except -1 nogil:
        cdef Py_ssize_t start, size, shortest = min(<Py_ssize_t>self.shortest, padded.n)
        cdef uint32_t node
        for start in range(padded.n - shortest + 1):
            node = 0
            for size in range(1, min(<Py_ssize_t>self.longest, padded.n - start) + 1):
                node = self.trie.grown(node, padded.at[start + size - 1])
                if size >= shortest:
                    _push(found, node)
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
        self._refuse_ended()
        if self.kind != WORD or counts.shape[0] < 2 or counts.shape[0] & (counts.shape[0] - 1):
            raise ValueError("runs of words are met, in a power of 2 of counts")
        self.met, self.met_mask, self.meeting = counts, counts.shape[0] - 1, True
        memset(ring, 0, sizeof(ring))
        try:
            with nogil:
                for at in range(texts.n + STEPS - 1):
                    self._step(texts, at, None, ring)
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
        self._refuse_ended()
        memset(ring, 0, sizeof(ring))
        try:
            with nogil:
                for at in range(texts.n + STEPS - 1):
                    scratch = self._step(texts, at, memo, ring)
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

    def join(self, Learner other):
        """Take what another one learned, from texts that come after those that were learned from here."""
        cdef uint32_t* symbol = NULL
        cdef uint32_t* node = NULL
        cdef Py_ssize_t i
        self._refuse_ended()
        other._refuse_ended()
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
                self.remembered = None
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
                self.remembered = None
        return 0

    def nodes(self):
        """Return parent, symbol and document frequency of each node but the root, as int32 arrays.

        Symbols ascend as what they stand for does.
        """
        cdef Py_ssize_t i
        cdef int32_t[::1] symbol, rank
        self._refuse_ended()
        symbols = _int32(&self.trie.symbol)[1:]
        if self.kind == WORD:
            self.encoded = Encoded(self.words)
            symbol, rank = symbols, self.encoded.ranks()
            for i in range(symbol.shape[0]):
                symbol[i] = rank[symbol[i]]
        return _int32(&self.trie.parent)[1:], symbols, _int32(&self.counted)[2::2]

    def lines_of(self, const int32_t[::1] nodes):
        """Return n-grams in UTF-8, each with a line break after it; `nodes` was called before, `known` perhaps as well."""
        cdef Py_ssize_t i, ahead
        cdef Bytes lines
        memset(&lines, 0, sizeof(Bytes))
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

    def known(self, const int32_t[::1] nodes, const uint8_t[::1] used, bint norm):
        """Return what knows these nodes as the columns 0, 1, …, without those that are not used: learning has ended."""
        cdef Py_ssize_t i
        cdef uint32_t* columns
        cdef Known found
        self._refuse_ended()
        if used.shape[0] != self.trie.n:
            raise ValueError("these are not the nodes that were learned")
        for i in range(nodes.shape[0]):
            if not 0 < nodes[i] < self.trie.n:
                raise IndexError(f"no node {nodes[i]}")
        found = Known("word" if self.kind == WORD else "char", self.shortest, self.longest, norm)
        columns = <uint32_t*>malloc(self.trie.n * sizeof(uint32_t))
        if columns == NULL:
            raise MemoryError
        memset(columns, 0xFF, self.trie.n * sizeof(uint32_t))
        try:
            self.ended = True  # come what may
            with nogil:
                for i in range(nodes.shape[0]):
                    columns[nodes[i]] = <uint32_t>i
                if self.remembered is not None:
                    self.remembered.renumber(columns)
            _drop(&self.counted)
            self.memos = []
            found.words, found.remembered = self.words, self.remembered
            found.take(self.trie, columns, &used[0], nodes.shape[0])
        finally:
            free(columns)
        return found

    cdef int _refuse_ended(self) except -1:
        if self.ended:
            raise ValueError("a vocabulary was taken: there is nothing to learn")
        return 0
