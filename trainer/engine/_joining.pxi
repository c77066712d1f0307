# What was learned apart, from texts that follow each other, put together. Included by `_ngrams.pyx`, after
# `_remembered.pxi`.


cdef int _joined_words(Strings words, Strings other, uint32_t* number) except -1 nogil:
    """Put strings among others, and write the number that each has there."""
    cdef Py_ssize_t i, start = 0
    cdef const uint32_t* text
    cdef Key key
    for i in range(other.n):
        text = other.arena.at + start
        key = _key_of(text, other.ends.at[i] - start)
        number[i] = words.find(text, key)
        if number[i] == NONE:
            number[i] = words.add(text, key)
        start = other.ends.at[i]
    return 0


cdef int _joined_nodes(Trie trie, Trie other, const uint32_t* symbol, uint32_t* node) except -1 nogil:
    """Put the nodes of a trie into another one, and write the number that each has there.

    Parameters
    ----------
    symbol : by symbol, or NULL
        What stands for it there.
    """
    cdef Py_ssize_t i, ahead
    cdef uint32_t own
    node[0] = 0
    for i in range(1, other.n):
        ahead = i + COMING
        if ahead < other.n and other.parent.at[ahead] < i:
            own = other.symbol.at[ahead]
            trie.ask(node[other.parent.at[ahead]], own if symbol == NULL else symbol[own])
        own = other.symbol.at[i]
        node[i] = trie.grown(node[other.parent.at[i]], own if symbol == NULL else symbol[own])
    return 0
