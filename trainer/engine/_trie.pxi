# Tries in hash tables: one that grows, and one that does not. Included by `_ngrams.pyx`, after `_arrays.pxi`.
# A node is found by the exact pair of its parent and its symbol.


cdef struct Child:
    uint64_t key  # parent and symbol
    uint32_t number


cdef inline uint64_t _pair(uint32_t parent, uint32_t symbol) noexcept nogil:
    return (<uint64_t>parent << 32) | symbol


cdef void* _empty(Py_ssize_t size) except NULL nogil:
    cdef void* found = tabled(size)
    if found == NULL:
        with gil:
            raise MemoryError
    memset(found, 0xFF, size)
    return found


@cython.final
cdef class Trie:
    """A trie that grows. Its nodes are numbered as they come; 0 is the root.

    Parameters
    ----------
    flat : bool
        Whether most symbols stand below the root: its children are then found by symbol, without a hash.
    """

    cdef bint flat
    cdef Py_ssize_t n
    cdef Ints parent, symbol  # by node
    cdef Child* slots
    cdef Py_ssize_t mask
    cdef uint32_t* alone  # where flat: the node of each symbol alone
    cdef Py_ssize_t room_alone
    cdef Py_ssize_t placed  # the nodes before this one are in the table

    def __cinit__(self, bint flat):
        self.flat, self.mask = flat, 255
        self.slots = <Child*>_empty(256 * sizeof(Child))
        self.append(NONE, NONE)
        self.placed = 1

    def __dealloc__(self):
        self.free_table()
        _drop(&self.parent)
        _drop(&self.symbol)

    cdef void free_table(self) noexcept nogil:
        free(self.slots)
        free(self.alone)
        self.slots, self.alone = NULL, NULL

    cdef inline uint32_t find(self, uint32_t parent, uint32_t symbol) noexcept nogil:
        """Return the child, or NONE."""
        if parent == 0 and self.flat:
            return self.alone[symbol] if symbol < self.room_alone else NONE
        return self._slot(_pair(parent, symbol)).number

    cdef inline void ask(self, uint32_t parent, uint32_t symbol) noexcept nogil:
        """Ask for where the child stands."""
        if parent == 0 and self.flat:
            if symbol < self.room_alone:
                PREFETCH(&self.alone[symbol])
        else:
            PREFETCH(&self.slots[_mixed(_pair(parent, symbol)) & self.mask])

    cdef uint32_t grown(self, uint32_t parent, uint32_t symbol) except? 0 nogil:
        """Return the child, made where there is none. All nodes must be in the table."""
        cdef uint32_t found = self.find(parent, symbol)
        if found == NONE:
            found = self.append(parent, symbol)
            self.place()
        return found

    cdef uint32_t append(self, uint32_t parent, uint32_t symbol) except? 0 nogil:
        """Make a child, which is not in the table until `place`; return it."""
        if self.n >= MOST:
            with gil:
                raise OverflowError("more than 2**31 distinct n-grams")
        _push(&self.parent, parent)
        _push(&self.symbol, symbol)
        self.n += 1
        return <uint32_t>(self.n - 1)

    cdef int place(self) except -1 nogil:
        """Put all nodes into the table."""
        cdef uint32_t parent, symbol
        cdef Child* slot
        while self.placed < self.n:
            parent, symbol = self.parent.at[self.placed], self.symbol.at[self.placed]
            if parent == 0 and self.flat:
                self._make_room(symbol)
                self.alone[symbol] = <uint32_t>self.placed
            else:
                if 2 * self.n > self.mask:
                    self._resize(2 * (self.mask + 1))
                slot = self._slot(_pair(parent, symbol))
                slot.key, slot.number = _pair(parent, symbol), <uint32_t>self.placed
            self.placed += 1
        return 0

    cdef inline Child* _slot(self, uint64_t key) noexcept nogil:
        """Return where the child of this key stands, or would."""
        cdef Py_ssize_t slot = _mixed(key) & self.mask
        while self.slots[slot].number != NONE and self.slots[slot].key != key:
            slot = (slot + 1) & self.mask
        return &self.slots[slot]

    cdef int _make_room(self, uint32_t symbol) except -1 nogil:
        """Make room for the node of a symbol alone."""
        cdef Py_ssize_t room = max(2 * self.room_alone, <Py_ssize_t>symbol + 1, 64)
        cdef void* more
        if symbol < self.room_alone:
            return 0
        more = realloc(self.alone, room * sizeof(uint32_t))
        if more == NULL:
            with gil:
                raise MemoryError
        self.alone = <uint32_t*>more
        memset(&self.alone[self.room_alone], 0xFF, (room - self.room_alone) * sizeof(uint32_t))
        self.room_alone = room
        return 0

    cdef int _resize(self, Py_ssize_t size) except -1 nogil:
        """Move to a table of `size` slots, a power of 2."""
        cdef Py_ssize_t old, slot
        cdef Child* slots = <Child*>_empty(size * sizeof(Child))
        for old in range(self.mask + 1):
            if self.slots[old].number == NONE:
                continue
            slot = _mixed(self.slots[old].key) & (size - 1)
            while slots[slot].number != NONE:
                slot = (slot + 1) & (size - 1)
            slots[slot] = self.slots[old]
        free(self.slots)
        self.slots, self.mask = slots, size - 1
        return 0


cdef int _bits(uint64_t number) noexcept nogil:
    cdef int found = 0
    while number >> found:
        found += 1
    return found


cdef extern from "lines.h":
    enum: LINE_WORDS
    uint64_t least_apart(const uint64_t* line, uint64_t key) noexcept nogil
    uint64_t number_beside(const uint64_t* line, uint64_t key) noexcept nogil
    uint64_t numbers_in_lines(uint64_t* const* lines, const uint64_t* keys, Py_ssize_t n, uint64_t none,
                              uint32_t* numbers) noexcept nogil


@cython.final
cdef class Frozen:
    """A trie that grows no more, in few bytes.

    A child stands in the line of the cache that its hash says or, where that is full, in the next one. Whether it does
    is found without a branch: half of them would be guessed wrong, and each such guess waits for the memory.

    Parameters
    ----------
    children : int
        Nodes that will be put in, at most, but for those that are found by their symbol alone.
    most_number, most_symbol : int
        The greatest of the nodes that will be put in, and of the symbols.
    root : int
    flat : int
        Where above 0, all children of the root have symbols below it, and are found by symbol, without a hash.
    """

    cdef readonly uint32_t root
    cdef readonly uint32_t none  # what stands for no node
    cdef uint32_t no_symbol  # and for a symbol that no node has
    cdef uint32_t flat
    cdef uint32_t* alone  # the children of the root, by symbol
    cdef uint64_t* slots
    cdef uint64_t* end
    cdef uint64_t lines
    cdef readonly bint narrow  # whether key and number share a word; else they are two, one after another
    cdef int symbol_bits, shift
    cdef Py_ssize_t left  # children that may still be put in

    def __cinit__(self, Py_ssize_t children, uint32_t most_number, uint32_t most_symbol, uint32_t root,
                  uint32_t flat=0):
        cdef int number_bits = _bits(<uint64_t>most_number + 1)
        if not (0 <= children <= MOST and most_number <= MOST and most_symbol <= MOST and root <= most_number):
            raise OverflowError("more than 2**31 distinct n-grams")
        self.root, self.flat, self.left = root, flat, children
        self.no_symbol = most_symbol + 1
        self.symbol_bits, self.shift = _bits(self.no_symbol), number_bits
        self.narrow = 2 * number_bits + self.symbol_bits <= 64
        if not self.narrow:
            number_bits = 32
        self.none = <uint32_t>(((<uint64_t>1) << number_bits) - 1)
        self.lines = (children if self.narrow else 2 * children) // (LINE_WORDS // 2) + 1  # every second slot is taken
        self.slots = <uint64_t*>_empty(self.lines * LINE_WORDS * sizeof(uint64_t))
        self.end = self.slots + self.lines * LINE_WORDS
        self.alone = <uint32_t*>_empty((flat + 1) * sizeof(uint32_t))

    def __dealloc__(self):
        free(self.slots)
        free(self.alone)

    cdef inline uint64_t _key(self, uint32_t parent, uint32_t symbol) noexcept nogil:
        return (<uint64_t>parent << self.symbol_bits) | min(symbol, self.no_symbol)

    cdef inline uint64_t* _start(self, uint64_t key) noexcept nogil:
        """Return the line where the search for a key begins."""
        return self.slots + (((_mixed(key) >> 32) * self.lines) >> 32) * LINE_WORDS

    cdef inline uint32_t first(self, uint32_t symbol) noexcept nogil:
        """Return the child of the root, or none."""
        if self.flat == 0:
            return self.find(self.root, symbol)
        return min(self.alone[symbol], self.none) if symbol < self.flat else self.none

    cdef inline uint32_t find(self, uint32_t parent, uint32_t symbol) noexcept nogil:
        """Return the child of a node, or of none; or none. With `flat`, those of the root are not found."""
        return self.find_from(self._start(self._key(parent, symbol)), parent, symbol)

    cdef inline uint32_t find_from(self, uint64_t* line, uint32_t parent, uint32_t symbol) noexcept nogil:
        """Return the same, by what `ask` said of it."""
        cdef uint64_t key = self._key(parent, symbol), found
        while True:
            found = least_apart(line, key << self.shift) if self.narrow else number_beside(line, key)
            if found < self.none or line[LINE_WORDS - 1] & self.none == self.none:  # the rest of it is empty
                return <uint32_t>min(found, self.none)
            line = self._next(line)

    cdef void find_all(self, uint64_t* const* lines, const uint32_t* parents, const uint32_t* symbols, int n,
                       uint32_t* numbers) noexcept nogil:
        """Find up to `SOME` children, by what `ask` said of each."""
        cdef uint64_t keys[SOME]
        cdef uint64_t going_on
        cdef int i
        if not self.narrow:
            for i in range(n):
                numbers[i] = self.find_from(lines[i], parents[i], symbols[i])
            return
        for i in range(n):
            keys[i] = self._key(parents[i], symbols[i]) << self.shift
        going_on = numbers_in_lines(lines, keys, n, self.none, numbers)
        i = 0
        while i < n and going_on >> i:
            if (going_on >> i) & 1:
                numbers[i] = self.find_from(self._next(lines[i]), parents[i], symbols[i])
            i += 1

    cdef inline uint64_t* _next(self, uint64_t* line) noexcept nogil:
        return self.slots if line + LINE_WORDS == self.end else line + LINE_WORDS

    cdef inline uint64_t* ask(self, uint32_t parent, uint32_t symbol) noexcept nogil:
        """Ask for where a child stands, and return where the search for it begins."""
        cdef uint64_t* line = self._start(self._key(parent, symbol))
        PREFETCH(line)
        return line

    cdef void put(self, uint32_t parent, uint32_t symbol, uint32_t number) noexcept nogil:
        """Put in a child that is not here yet, within what was said."""
        cdef uint64_t key = self._key(parent, symbol)
        cdef uint64_t* line = self._start(key)
        cdef int at
        if parent == self.root and self.flat:
            self.alone[symbol] = number
            return
        while line[LINE_WORDS - 1] & self.none != self.none:
            line = self._next(line)
        if self.narrow:
            at = 0
            while line[at] & self.none != self.none:
                at += 1
            line[at] = key << self.shift | number
        else:
            at = 1
            while line[at] & self.none != self.none:
                at += 2
            line[at - 1], line[at] = key, number

    def put_all(self, const int64_t[::1] parents, const int64_t[::1] symbols, const int64_t[::1] numbers):
        """Put in children that are not here yet."""
        cdef Py_ssize_t i
        if not parents.shape[0] == symbols.shape[0] == numbers.shape[0] <= self.left:
            raise ValueError("not as many parents as symbols and numbers, or more than was said")
        for i in range(parents.shape[0]):
            if not (0 <= parents[i] < self.none and 0 <= symbols[i] < self.no_symbol and 0 <= numbers[i] < self.none):
                raise ValueError(f"child {i} has a greater number or symbol than was said")
            if parents[i] == self.root and self.flat and symbols[i] >= self.flat:
                raise ValueError(f"child {i} has a greater symbol than children of the root were said to have")
            self.left -= 1
            self.put(<uint32_t>parents[i], <uint32_t>symbols[i], <uint32_t>numbers[i])

    def look(self, uint32_t parent, uint32_t symbol):
        """Return the child, or None."""
        found = self.first(symbol) if parent == self.root else self.find(min(parent, self.none), symbol)
        return None if found == self.none else found

    def look_all(self, const uint32_t[::1] parents, const uint32_t[::1] symbols):
        """Return the child of each of some pairs, or None, looked up together; with `flat`, not those of the root."""
        cdef uint64_t* lines[SOME]
        cdef uint32_t parent[SOME]
        cdef uint32_t found[SOME]
        cdef int i, n = <int>parents.shape[0]
        if not symbols.shape[0] == parents.shape[0] <= SOME:
            raise ValueError("not as many symbols as parents, or too many")
        for i in range(n):
            parent[i] = min(parents[i], self.none)
            lines[i] = self.ask(parent[i], symbols[i])
        if n:
            self.find_all(lines, parent, &symbols[0], n, found)
        return [None if found[i] == self.none else found[i] for i in range(n)]


cdef Frozen _frozen(Trie trie, const uint32_t* column, const uint8_t* used, uint32_t width):
    """Return what is used of a trie, which loses its table; the nodes of columns get their numbers, the others come after.

    Parameters
    ----------
    column : by node
        NONE where it has none.
    used : by node, or NULL
        The root always is.
    width : int
        Columns.
    """
    cdef Py_ssize_t node, children = 0, at, n = trie.n
    cdef uint32_t next_number = width, most_symbol = 0, flat = 0
    cdef uint32_t* number = <uint32_t*>malloc(n * sizeof(uint32_t))
    cdef Frozen found
    if number == NULL:
        raise MemoryError
    try:
        with nogil:
            for node in range(n):
                number[node] = NONE
                if node and used != NULL and not used[node]:
                    continue
                number[node] = column[node]
                if column[node] == NONE:
                    number[node] = next_number
                    next_number += 1
                if node == 0:
                    continue
                most_symbol = max(most_symbol, trie.symbol.at[node])
                if trie.flat and trie.parent.at[node] == 0:
                    flat = max(flat, trie.symbol.at[node] + 1)
                else:
                    children += 1
            trie.free_table()
        found = Frozen(children, next_number - 1, most_symbol, number[0], flat)
        with nogil:
            for at in range(1, n + COMING):  # what is put in was asked for some nodes before
                if at < n and number[at] != NONE:
                    found.ask(number[trie.parent.at[at]], trie.symbol.at[at])
                node = at - COMING
                if node > 0 and number[node] != NONE:
                    found.put(number[trie.parent.at[node]], trie.symbol.at[node], number[node])
    finally:
        free(number)
    return found
