# The order of the n-grams of a trie. Included by `_ngrams.pyx`.


def ascending(const int32_t[::1] parent, const int32_t[::1] symbol, const uint8_t[::1] kept):
    """Return the kept nodes of a trie as a walk meets them that enters children by ascending symbol.

    That is the order of their strings: no symbol sorts below the end of a string and, as the blank between
    words is below every letter, a word that begins another sorts below it.

    Parameters
    ----------
    parent, symbol, kept : (n,) arrays
        Of the nodes 1, 2, …; the root is 0, and each parent comes before its children.

    Returns
    -------
    nodes : array of int32
    used : (n + 1,) array of uint8
        Which of all nodes, the root included, are kept or lead to one that is.
    """
    cdef Py_ssize_t n = parent.shape[0], i, symbols = 0, out = 0, sum_ = 0, count
    cdef int32_t node
    cdef int depth = 0
    cdef int32_t at[LONGEST + 2]
    cdef int32_t end[LONGEST + 2]
    if symbol.shape[0] != n or kept.shape[0] != n:
        raise ValueError("not as many symbols as parents")
    if n >= MOST:
        raise OverflowError("more than 2**31 nodes")
    for i in range(n):
        if not (0 <= parent[i] <= i and 0 <= symbol[i] <= max(n, 0x10FFFF)):
            raise ValueError(f"node {i + 1} comes before its parent, or has no symbol")
        symbols = max(symbols, symbol[i] + 1)
    used_ = np.zeros(n + 1, np.uint8)
    nodes_ = np.empty(n, np.int32)
    cdef uint8_t[::1] used = used_
    cdef int32_t[::1] nodes = nodes_
    # Counting sorts, of which the second keeps the order of the first: by symbol, then by parent.
    cdef int32_t[::1] place = np.zeros(symbols + 1, np.int32)
    cdef int32_t[::1] ends = np.zeros(n + 2, np.int32)  # by node and one: where its children begin, and then end
    cdef int32_t[::1] by_symbol = np.empty(n, np.int32)
    cdef int32_t[::1] children = np.empty(n, np.int32)
    with nogil:
        for i in range(n - 1, -1, -1):
            used[i + 1] = used[i + 1] or kept[i]
            if used[i + 1]:
                used[parent[i]] = True
        for i in range(n):
            place[symbol[i] + 1] += 1
            ends[parent[i] + 1] += 1
        for i in range(symbols):
            place[i + 1] += place[i]
        for i in range(1, n + 2):
            count = ends[i]
            ends[i] = <int32_t>sum_
            sum_ += count
        for i in range(n):
            by_symbol[place[symbol[i]]] = <int32_t>i
            place[symbol[i]] += 1
        for i in range(n):
            if i + COMING < n:
                PREFETCH(&parent[by_symbol[i + COMING]])
            if i + COMING // 2 < n:
                PREFETCH(&ends[parent[by_symbol[i + COMING // 2]] + 1])
            node = by_symbol[i]
            children[ends[parent[node] + 1]] = node + 1
            ends[parent[node] + 1] += 1
        at[0], end[0] = 0, ends[1]
        while depth >= 0:
            if at[depth] == end[depth]:
                depth -= 1
                continue
            if at[depth] + COMING < n:
                PREFETCH(&ends[children[at[depth] + COMING]])
            node = children[at[depth]]
            at[depth] += 1
            if not used[node]:
                continue
            if kept[node - 1]:
                nodes[out] = node
                out += 1
            if ends[node] == ends[node + 1]:
                continue
            depth += 1
            if depth > LONGEST:
                with gil:
                    raise ValueError(f"an n-gram of more than {LONGEST} symbols")
            at[depth], end[depth] = ends[node], ends[node + 1]
    return nodes_[:out].copy(), used_
