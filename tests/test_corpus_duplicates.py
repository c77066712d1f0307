from __future__ import annotations

import random
import re
import tracemalloc
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import alike_sentences, word_columns

from trainer.corpus import duplicates
from trainer.corpus.duplicates import connected, near_duplicate_clusters

sentence = st.lists(st.sampled_from(["tea", "Tea", "pot", "cup", "rain", "été", "9"]), max_size=12).map(
    " ".join
)


def shingles(text):
    words = re.findall(r"\w+", text.lower())
    if len(words) < 3:
        return {tuple(words)} if words else set()
    return {tuple(words[i : i + 3]) for i in range(len(words) - 2)}


def clusters(texts, bound):
    words, offsets = word_columns(texts)
    return near_duplicate_clusters(words, offsets, np.arange(len(texts)), bound).tolist()


def brute_force(texts, bound):
    sets = [shingles(text) for text in texts]
    links = []
    for a, b in combinations(range(len(sets)), 2):
        union = sets[a] | sets[b]
        if union and Fraction(len(sets[a] & sets[b]), len(union)) >= bound:
            links.append((a, b))
    return connected(len(texts), np.array(links, dtype=np.int64).reshape(-1, 2)).tolist()


# Fractions that sentences of this size hit exactly; as floats they may lie a bit above or below.
bounds = st.sampled_from([Fraction(n, d) for d in range(1, 13) for n in range(1, d + 1) if 2 * n >= d])


@given(alike_sentences() | st.lists(sentence, max_size=10), bounds)
@example(["a b c d e f g h i j", "a b c d e f g h x y"], Fraction(3, 5))
def test_clusters_are_those_of_comparing_everything_with_everything(texts, bound):
    assert clusters(texts, float(bound)) == brute_force(texts, bound)


@given(alike_sentences(), bounds, st.integers(1, 40), st.integers(1, 4))
def test_how_much_is_in_memory_at_one_time_makes_no_difference(texts, bound, rows, pairs):
    whole = clusters(texts, float(bound))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "_WORDS", rows)
        patch.setattr(duplicates, "_PAIRS", pairs)
        patch.setattr(duplicates, "_COUNTERS", 3)  # counters shared by many shingles: other candidates
        assert clusters(texts, float(bound)) == whole


@given(alike_sentences(), bounds)
def test_words_that_do_not_fit_a_key_are_told_apart_all_the_same(texts, bound):
    words, offsets = word_columns(texts)
    wide = near_duplicate_clusters(words + np.uint32(2**21), offsets, np.arange(len(texts)), float(bound))
    assert wide.tolist() == clusters(texts, float(bound))


@given(alike_sentences(), bounds, st.randoms())
def test_the_order_of_the_sentences_makes_no_difference(texts, bound, shuffle):
    order = shuffle.sample(range(len(texts)), len(texts))
    there = clusters([texts[i] for i in order], float(bound))
    together = {frozenset(i for i, c in zip(order, there, strict=True) if c == k) for k in set(there)}
    here = clusters(texts, float(bound))
    assert together == {frozenset(i for i, c in enumerate(here) if c == k) for k in set(here)}


@given(alike_sentences(), st.data())
def test_only_the_sentences_asked_for_are_looked_at(texts, data):
    rows = np.array(sorted(data.draw(st.sets(st.integers(0, len(texts) - 1)))), dtype=np.int64)
    words, offsets = word_columns(texts)
    found = near_duplicate_clusters(words, offsets, rows, 0.8)
    assert found.tolist() == brute_force([texts[row] for row in rows], Fraction(4, 5))


@given(alike_sentences() | st.lists(sentence, max_size=10), bounds, st.data())
def test_across_sides_only_what_is_alike_on_both_is_joined(texts, bound, data):
    sides = np.array(
        data.draw(st.lists(st.integers(0, 2), min_size=len(texts), max_size=len(texts))), np.int8
    )
    words, offsets = word_columns(texts)
    sets = [shingles(text) for text in texts]
    links = [
        (a, b)
        for a, b in combinations(range(len(sets)), 2)
        if sides[a] != sides[b]
        and sets[a] | sets[b]
        and Fraction(len(sets[a] & sets[b]), len(sets[a] | sets[b])) >= bound
    ]
    expected = connected(len(texts), np.array(links, dtype=np.int64).reshape(-1, 2)).tolist()
    # One hash for many shingles, or one sentence at a time: other candidates.
    for bits, together in ((1, 1), (duplicates._MOST_BITS, duplicates._WORDS), (duplicates._MOST_BITS, 1)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(duplicates, "_MOST_BITS", bits)
            patch.setattr(duplicates, "_WORDS", together)
            found = near_duplicate_clusters(words, offsets, np.arange(len(texts)), float(bound), sides)
        assert found.tolist() == expected


def test_across_sides_few_shingles_are_held(monkeypatch):
    held = []
    prefixes = duplicates._prefixes
    monkeypatch.setattr(
        duplicates, "_prefixes", lambda *given_: held.append(prefixes(*given_)) or prefixes(*given_)
    )
    texts = [" ".join(words) for words in made_up(random.Random(7), 2_000)]
    texts += [texts[0], texts[1]]
    words, offsets = word_columns(texts)
    sides = np.repeat(np.array([0, 1], np.int8), [1_800, 202])
    for given_ in (None, sides):
        near_duplicate_clusters(words, offsets, np.arange(len(texts)), 0.8, given_)
    (_, every, _, _), (_, some, _, _) = held
    assert 4 < len(some) < len(every) / 4


def test_case_and_punctuation_make_no_difference():
    assert clusters(["The tea, it seems, is cold!", "the TEA it seems is “cold”"], 1.0) == [0, 0]


def test_a_short_sentence_is_not_the_beginning_of_a_longer_one():
    assert clusters(["a b", "a b c", "a", "b", "b a", "?!", "..."], 0.5) == list(range(7))
    assert clusters(["a b", "A, b!"], 1.0) == [0, 0]


def test_without_sentences_there_are_no_clusters():
    assert clusters([], 0.8) == []
    assert clusters(["?"], 0.8) == [0]


@pytest.mark.parametrize(("bound", "found"), [(0.8, [0, 1]), (0.6, [0, 0]), (0.61, [0, 1])])
def test_the_bound_is_the_share_of_common_word_triples(bound, found):
    # Eight triples each, six in common, ten in all: 0.6.
    assert clusters(["a b c d e f g h i j", "a b c d e f g h x y"], bound) == found


# -- in numbers -------------------------------------------------------------------------------------------


def made_up(draw, n, vocabulary=4_000):
    """Return n unrelated sentences of 12 to 30 words, the common words far more frequent than the rare."""
    words = [f"w{i}" for i in range(vocabulary)]
    weights = [1 / (i + 3) for i in range(vocabulary)]
    return [draw.choices(words, weights, k=draw.randint(12, 30)) for _ in range(n)]


def test_planted_near_duplicates_are_all_found_and_nothing_else():
    draw = random.Random(5)
    base = made_up(draw, 4_000)
    planted = []
    while len(planted) < 400:
        original = draw.randrange(len(base))
        copy = list(base[original])
        # One word at one end changed or added: 16 of 18 triples and more are common.
        copy[-1:] = draw.choice([["changed"], [copy[-1], "added"], []])
        first, second = shingles(" ".join(base[original])), shingles(" ".join(copy))
        if len(first & second) >= 0.8 * len(first | second):
            planted.append((original, copy))
    texts = [" ".join(words) for words in [*base, *(copy for _, copy in planted)]]
    found = clusters(texts, 0.8)
    assert all(found[original] == found[len(base) + i] for i, (original, _) in enumerate(planted))
    # Every sentence that is not a copy, nor has one, is alone: thousands of unrelated pairs, none joined.
    copied = {original for original, _ in planted}
    alone = [i for i in range(len(base)) if i not in copied]
    assert [found[i] for i in alone] == alone
    assert len({found[i] for i in range(len(base))}) == len(base)


@pytest.mark.parametrize("changed", [0, 20])
def test_many_versions_of_one_sentence_cost_no_square_of_comparisons(changed):
    # At the end 18 of 19 triples are common: one cluster. In the middle 17 of 23: 3,000 of their own, though
    # all share their first triples. Comparing each with each would be 4.5 million comparisons, a minute.
    words = [f"w{i}" for i in range(18)]
    place = len(words) if changed else 10
    texts = [" ".join([*words[:place], f"n{i}", *words[place:]]) for i in range(3_000)]
    compared = []
    count = duplicates._jaccard
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            duplicates, "_jaccard", lambda pairs, *rest: compared.append(len(pairs)) or count(pairs, *rest)
        )
        found = clusters(texts, 0.8)
    assert len(set(found)) == (1 if changed else 3_000)
    assert sum(compared) < 10_000


def test_memory_is_a_few_bytes_a_word():
    rng = np.random.default_rng(3)
    n, length = 60_000, 20
    words = rng.integers(0, 50_000, n * length).astype(np.uint32)
    offsets = np.arange(n + 1) * length
    tracemalloc.start()
    try:
        near_duplicate_clusters(words, offsets, np.arange(n), 0.8)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # Fixed: 32 MB of counters, and the shingles of 50,000 sentences at a time, some 100 bytes each.
    assert peak < 250e6


@given(
    st.integers(1, 12).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(st.tuples(*[st.integers(0, n - 1)] * 2)))
    )
)
def test_connected_names_the_smallest_node_that_can_be_reached(graph):
    n, links = graph
    reached = {node: {node} for node in range(n)}
    for _ in range(n):
        for a, b in links:
            together = reached[a] | reached[b]
            for node in together:
                reached[node] = together
    expected = [min(reached[node]) for node in range(n)]
    assert connected(n, np.array(links, dtype=np.int64).reshape(-1, 2)).tolist() == expected
