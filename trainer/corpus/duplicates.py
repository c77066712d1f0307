"""Near-duplicate sentences, found exactly.

Two sentences are near-duplicates when the Jaccard similarity of their word 3-shingles reaches a bound, and
stand in one cluster when a chain of near-duplicates joins them. The search is the prefix filter of
Chaudhuri, Ganti and Kaushik (ICDE 2006) as ordered by Bayardo, Ma and Srikant (WWW 2007): shingles are
ranked from rare to common, and two sets that are similar enough must share one of the first ``n -
ceil(bound * n) + 1`` of each; in the smaller of the two it is among the first ``n - ceil(2 * bound / (1 +
bound) * n) + 1``. Every candidate is then verified, unless a chain joins the two already: a thousand copies
cost a thousand comparisons.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

SHINGLE = 3
_WORDS = 500_000
"""Words whose shingles are in memory at one time, unless one text alone has more."""
_PAIRS = 100_000
_COUNTERS = 1 << 22
_MOST_BITS = 27
_Ints = NDArray[np.int64]
_Keys = NDArray[np.uint64]


def near_duplicate_clusters(
    words: NDArray[np.uint32],
    offsets: _Ints,
    rows: _Ints,
    bound: float,
    sides: NDArray[np.int8] | None = None,
) -> _Ints:
    """Put sentences that are near-duplicates, directly or by a chain, into one cluster.

    Parameters
    ----------
    words : (total,) array of uint32
        The words of all sentences, numbered, one after the other.
    offsets : (n + 1,) array of int64
        Where the words of each sentence start.
    rows : (m,) array of int64
        The sentences to look at.
    bound : float
        Least Jaccard similarity, in (0, 1].
    sides : (m,) array of int8, optional
        At least 0. Where they are given, only near-duplicates on different sides are joined, and what is in
        memory are few shingles beside those.

    Returns
    -------
    (m,) array of int64
        For each of `rows` the place in `rows` of the first sentence of its cluster.
    """
    cluster = np.arange(len(rows), dtype=np.int64)
    shingles = _Shingles(words, offsets, rows)
    sizes, heads, places, ranks = _prefixes(shingles, bound, sides)
    if not len(heads):
        return cluster
    # Sentences that share a rare shingle, the short ones first: only neighbours in size can be alike.
    order = np.lexsort((places, sizes[places], heads))
    heads, places = heads[order], places[order]
    live = np.flatnonzero(ranks[order] < _reach(sizes[places], 2 * bound / (1 + bound)))
    step = 0
    while len(live):
        step += 1
        live = live[live + step < len(heads)]
        live = live[heads[live] == heads[live + step]]
        # Nobody further on in the group can be alike to one whose partner here is too large.
        live = live[sizes[places[live]] >= bound * sizes[places[live + step]] - 1e-9]
        pairs = np.stack([places[live], places[live + step]], axis=1)
        apart = cluster[pairs[:, 0]] != cluster[pairs[:, 1]]
        if sides is not None:
            apart &= sides[pairs[:, 0]] != sides[pairs[:, 1]]
        pairs = np.unique(np.sort(pairs[apart], axis=1), axis=0)
        found = [part[_jaccard(part, shingles, sizes) >= bound - 1e-9] for part in _parts(pairs)]
        if sum(map(len, found)):
            chains = np.stack([np.arange(len(cluster)), cluster], axis=1)
            cluster = connected(len(cluster), np.concatenate([*found, chains]))
            live = live[_open_groups(heads, cluster[places])[live]]
    return cluster


class _Shingles:
    """The shingles of chosen sentences, as 64-bit keys, made when they are asked for."""

    def __init__(self, words: NDArray[np.uint32], offsets: _Ints, rows: _Ints) -> None:
        self._words, self._starts = words, offsets[rows]
        self.lengths = offsets[rows + 1] - offsets[rows]
        self._exact = int(words.max(initial=0)) < 2**21 - 1  # three words and no more fit one key

    def __len__(self) -> int:
        return len(self._starts)

    def keys(self, places: _Ints) -> tuple[_Ints, _Keys]:
        """Return the distinct shingles of sentences, as sorted pairs: number of the sentence here, key."""
        lengths = self.lengths[places]
        counts = np.maximum(lengths - SHINGLE + 1, np.minimum(lengths, 1))
        owner = np.repeat(np.arange(len(places)), counts)
        inside = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
        keys = np.zeros(len(owner), np.uint64)
        for offset in range(SHINGLE):
            there = inside + offset < lengths[owner]
            at = np.where(there, self._starts[places][owner] + inside + offset, 0)
            # 0 stands for "no word", past the end of a short sentence.
            word = np.where(there, self._words[at].astype(np.uint64) + np.uint64(1), np.uint64(0))
            keys = keys << np.uint64(21) | word if self._exact else _mixed(keys, word)
        order = np.lexsort((keys, owner))
        owner, keys = owner[order], keys[order]
        new = np.ones(len(keys), dtype=bool)
        new[1:] = (owner[1:] != owner[:-1]) | (keys[1:] != keys[:-1])
        return owner[new], keys[new]


def _reach(sizes: _Ints, share: float) -> _Ints:
    """Return how many of its rarest shingles a sentence may miss and still share `share` of all, plus one."""
    return np.asarray(sizes - np.ceil(share * sizes - 1e-9) + 1, dtype=np.int64)


def _prefixes(
    shingles: _Shingles, bound: float, sides: NDArray[np.int8] | None
) -> tuple[_Ints, _Keys, _Ints, _Ints]:
    """Return the number of shingles of each sentence, and its rarest ones: key, sentence, rank.

    Where there are `sides`, of shingles that may stand on several of them only.
    """
    counts = np.zeros(_COUNTERS, np.int64)
    met = None if sides is None else _Met(int(shingles.lengths.sum()))
    for places in _blocks(shingles.lengths):
        owner, keys = shingles.keys(places)
        counts += np.bincount(_counter(keys), minlength=_COUNTERS)
        if met is not None and sides is not None:
            met.add(keys, sides[places[owner]])
    sizes = np.zeros(len(shingles), np.int64)
    none = np.zeros(0, np.int64)
    found: list[tuple[_Keys, _Ints, _Ints]] = [(none.astype(np.uint64), none, none)]
    for places in _blocks(shingles.lengths):
        owner, keys = shingles.keys(places)
        size = np.bincount(owner, minlength=len(places))
        sizes[places] = size
        # Any order of all shingles is right; from rare to common makes the fewest candidates. Counters are
        # shared by a few shingles each, so ties of the count are told apart by the key.
        order = np.lexsort((keys, counts[_counter(keys)], owner))
        owner, keys = owner[order], keys[order]
        rank = np.arange(len(owner)) - np.repeat(np.cumsum(size) - size, size)
        first = rank < _reach(size, bound)[owner]
        if met is not None:
            first[first] = met.several(keys[first])
        found.append((keys[first], places[owner[first]], rank[first]))
    heads, owners, ranks = (np.concatenate(part) for part in zip(*found, strict=True))
    return sizes, heads, owners, ranks


class _Met:
    """The sides on which shingles were met, by hash: several where it is one side of each of two shingles."""

    _SEVERAL = 255

    def __init__(self, expected: int) -> None:
        bits = min(max((2 * expected).bit_length(), 16), _MOST_BITS)
        self._side = np.zeros(1 << bits, np.uint8)  # and 1; 0 where none was met

    def add(self, keys: _Keys, sides: NDArray[np.int8]) -> None:
        """Take shingles that stand on a side each."""
        slots = self._slots(keys)
        for side in np.unique(sides).tolist():
            there = slots[sides == side]
            before = self._side[there]
            self._side[there] = np.where((before == 0) | (before == side + 1), side + 1, self._SEVERAL)

    def several(self, keys: _Keys) -> NDArray[np.bool_]:
        """Tell which shingles may stand on several sides."""
        return np.asarray(self._side[self._slots(keys)] == self._SEVERAL)

    def _slots(self, keys: _Keys) -> _Ints:
        return (_mixed(keys, np.ones(1, np.uint64)) % np.uint64(len(self._side))).astype(np.int64)


def _jaccard(pairs: _Ints, shingles: _Shingles, sizes: _Ints) -> NDArray[np.float64]:
    """Return the similarity of each pair of places."""
    number, keys = shingles.keys(pairs.reshape(-1))
    pair = number // 2
    order = np.lexsort((keys, pair))
    pair, keys = pair[order], keys[order]
    twice = (pair[1:] == pair[:-1]) & (keys[1:] == keys[:-1])  # the keys of one sentence differ
    both = np.bincount(pair[1:][twice], minlength=len(pairs))
    return np.asarray(both / (sizes[pairs].sum(axis=1) - both), dtype=np.float64)


def _open_groups(heads: _Keys, cluster: _Ints) -> NDArray[np.bool_]:
    """Mark the entries of groups that hold more than one cluster: in the others nothing is left to find."""
    start = np.r_[True, heads[1:] != heads[:-1]]
    group = np.cumsum(start) - 1
    mixed = np.zeros(group[-1] + 1, dtype=bool)
    mixed[group[1:][(cluster[1:] != cluster[:-1]) & ~start[1:]]] = True
    return np.asarray(mixed[group], dtype=bool)


def connected(n: int, links: _Ints) -> _Ints:
    """Return for each of `n` nodes the smallest node that it is linked to, directly or not."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    graph = coo_matrix((np.ones(len(links), np.int8), (links[:, 0], links[:, 1])), shape=(n, n))
    _, component = connected_components(graph, directed=False)
    _, first = np.unique(component, return_index=True)
    return np.asarray(first[component], dtype=np.int64)


def _mixed(keys: _Keys, word: _Keys) -> _Keys:
    """Return keys with one more word mixed in (the finaliser of SplitMix64, Steele, Lea and Flood 2014)."""
    keys = (keys ^ word) + np.uint64(0x9E3779B97F4A7C15)
    keys = (keys ^ keys >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ keys >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return keys ^ keys >> np.uint64(31)


def _counter(keys: _Keys) -> _Ints:
    return (_mixed(keys, np.zeros(1, np.uint64)) % np.uint64(_COUNTERS)).astype(np.int64)


def _blocks(lengths: _Ints) -> Iterator[_Ints]:
    block = (np.cumsum(lengths) - lengths) // _WORDS
    borders = np.flatnonzero(np.diff(block)) + 1
    yield from np.split(np.arange(len(lengths)), borders) if len(lengths) else ()


def _parts(pairs: _Ints) -> Iterator[_Ints]:
    for start in range(0, len(pairs), _PAIRS):
        yield pairs[start : start + _PAIRS]
