# Finding the n-grams of a vocabulary. Included by `_ngrams.pyx`, after `_reading.pxi`.


@cython.final
cdef class Known(Reader):
    """The n-grams of a vocabulary, each with its column.

    Parameters
    ----------
    kind, shortest, longest
        See `Reader`.
    norm : bool
        Whether rows get length 1.
    lines : str
        N-grams, each with a line break after it: the columns 0, 1, …; what cannot stand in a text is not found.
    """

    cdef Frozen known
    cdef Remembered remembered
    cdef readonly Py_ssize_t width  # columns
    cdef int bits  # of their numbers
    cdef bint norm

    def __cinit__(self, str kind, int shortest, int longest, bint norm=True, str lines=""):
        cdef Trie trie = Trie(self.kind == WORD)
        cdef Putting putting
        cdef Py_ssize_t n = lines.count("\n")
        if n >= MOST:
            raise OverflowError("more than 2**31 n-grams")
        if lines and not lines.endswith("\n"):
            raise ValueError("the last n-gram has no line break after it")
        putting = Putting(trie, self.words if self.kind == WORD else None, self.longest)
        putting.put_all(lines)
        self.norm = norm
        self.take(trie, putting.columns.at, NULL, n)

    cdef int take(self, Trie trie, const uint32_t* columns, const uint8_t* used, Py_ssize_t width) except -1:
        """Know the nodes of a trie that have columns, and those that are used; the trie loses its table."""
        self.known = _frozen(trie, columns, used, <uint32_t>width)
        self.width, self.bits = width, _bits(width)
        return 0

    @property
    def remembers(self):
        """Whether it is known what was found in the texts that were learned from."""
        return self.remembered is not None

    def forget(self):
        """Give up what was found in the texts that were learned from."""
        self.remembered = None

    # Reading

    cdef int _look_up(self, Scratch* scratch) except -1 nogil:
        cdef const uint32_t* read = scratch.piece.at
        cdef Words* words = &scratch.words
        cdef uint16_t doubtful[SOME + 1]  # those that their keys are not all of
        cdef uint32_t likely
        cdef int t, i, n = 0
        cdef bint mistaken = False
        for t in range(words.n):
            words.number[t] = self.words.likely(words.key[t])
            doubtful[n] = <uint16_t>t
            n += not words.key[t].whole and words.number[t] != NONE
        for i in range(n):
            self.words.ask_for_all(words.number[doubtful[i]])
        self._ask_for_pairs(words)
        for i in range(n):
            t = doubtful[i]
            likely = words.number[t]
            if not self.words._same(read + words.start[t], likely, words.key[t].length):
                words.number[t] = self.words.find(read + words.start[t], words.key[t])
                mistaken = True
        if mistaken:  # hardly ever
            self._ask_for_pairs(words)
        return 0

    cdef inline void _ask_for_pairs(self, Words* words) noexcept nogil:
        """Find the nodes of the words that were read, and ask for those of each with the next one."""
        cdef int t
        for t in range(words.n):
            words.first[t] = self.known.first(words.number[t])
        if self.longest > 1:
            for t in range(words.n - 1):
                words.line[t + 1] = self.known.ask(words.first[t], words.number[t + 1])

    cdef int _runs(self, Words* words, Open* open_, Ints* found) except -1 nogil:
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
            if m == 1:
                memcpy(&nodes[1], words.first, n * sizeof(uint32_t))
            else:  # a run of m words goes on from that of m - 1 which ends a word before
                words.line[0] = self.known.ask(shorter[0], word[0])
                self.known.find_all(words.line, shorter, word, n, &nodes[1])
            if 1 < m < self.longest:  # the pairs were asked for in the step before
                for t in range(n - 1):
                    words.line[t + 1] = self.known.ask(nodes[t + 1], word[t + 1])
            least = none
            for t in range(n):
                least = min(least, nodes[t + 1])
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

    cdef int _take_apart(self, Ints* padded, Ints* found) except -1 nogil:
        cdef Py_ssize_t start, size, shortest = min(<Py_ssize_t>self.shortest, padded.n)
        cdef uint32_t node
        for start in range(padded.n - shortest + 1):
            node = self.known.root
            for size in range(1, min(<Py_ssize_t>self.longest, padded.n - start) + 1):
                node = self.known.find(node, padded.at[start + size - 1])
                if node == self.known.none:
                    break
                if size >= shortest and node < self.width:
                    _push(found, node)
        return 0

    # Rows

    cdef Py_ssize_t _weighted(self, Scratch* scratch, const double[:] idf, bint sublinear, double* norm) except -1 nogil:
        """Write each column that was found once, ascending, and values of length 1 for them; return how many.

        What the values were divided by is `norm`.
        """
        cdef Ints* found = &scratch.found
        cdef Ints* ends = &scratch.spare  # by distinct column
        cdef double* values
        cdef Py_ssize_t j, n = 0
        cdef uint32_t column, before = NONE, count, start = 0
        cdef double value, squares = 0
        _sort(found, self.bits, &scratch.spare)
        ends.n = 0
        _reserve(ends, found.n + 1)
        _reserve_doubles(&scratch.values, found.n)
        values = scratch.values.at
        for j in range(found.n):  # without a branch: nobody guesses which n-grams stand there twice
            column = found.at[j]
            n += column != before
            found.at[n - 1] = before = column
            ends.at[n - 1] = <uint32_t>(j + 1)
        for j in range(n):
            count = ends.at[j] - start
            start = ends.at[j]
            value = _sublinear(count) if sublinear else <double>count
            value *= idf[found.at[j]]
            squares += value * value
            values[j] = value
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
                    coming = self._step(texts, at, memo, ring)
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

    def pack_learned(self, Py_ssize_t first, texts, const double[::1] idf, bint sublinear, const int32_t[::1] number):
        """Return the TF-IDF rows of texts that were learned from, from the text `first` on: see `_packed`."""
        if not self.remembers:
            raise ValueError("it is not remembered what the texts hold")
        self.remembered.check(first, texts)
        return self._packed(None, first, len(texts), idf, sublinear, number)

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
                        coming = self._step(texts, at, memo, ring)
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
                    coming = self._step(texts, at, memo, ring)
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

    cdef int _refuse_other(self, Py_ssize_t width) except -1:
        if width != self.width:
            raise ValueError(f"the vocabulary has {self.width} n-grams, not {width}")
        return 0


cdef enum:
    OFTEN = 16
cdef double SUBLINEAR[OFTEN]  # by count
cdef int _count
for _count in range(1, OFTEN):
    SUBLINEAR[_count] = 1.0 + log(<double>_count)


cdef inline double _sublinear(uint32_t count) noexcept nogil:
    return SUBLINEAR[count] if count < OFTEN else 1.0 + log(<double>count)


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
