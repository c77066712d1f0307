from __future__ import annotations

import re
from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.corpus.duplicates import WordIndex, connected, near_duplicate_pairs

sentence = st.lists(st.sampled_from(["tea", "Tea", "pot", "cup", "rain", "été", "9"]), max_size=12).map(
    " ".join
)
# Pairs that are alike are rare by chance: most sentences here are others with a word changed.
base = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=14)


@st.composite
def alike(draw):
    rows = [draw(base)]
    for _ in range(draw(st.integers(0, 9))):
        row = list(draw(st.sampled_from(rows)))
        for _ in range(draw(st.integers(0, 2))):
            place = draw(st.integers(0, len(row)))
            row[place : place + draw(st.integers(0, 1))] = draw(st.sampled_from([[], ["x"], ["a", "b"]]))
        rows.append(row)
    return [" ".join(row) for row in rows]


def shingles(text):
    words = re.findall(r"\w+", text.lower())
    if len(words) < 3:
        return {tuple(words)} if words else set()
    return {tuple(words[i : i + 3]) for i in range(len(words) - 2)}


def indexed(texts):
    index = WordIndex()
    for text in texts:
        index.add(text)
    return index


def pairs(texts, bound):
    return [tuple(pair) for pair in near_duplicate_pairs(*indexed(texts).shingles(), bound).tolist()]


def brute_force(texts, bound):
    sets = [shingles(text) for text in texts]
    found = []
    for a, b in combinations(range(len(sets)), 2):
        union = sets[a] | sets[b]
        if union and Fraction(len(sets[a] & sets[b]), len(union)) >= bound:
            found.append((a, b))
    return found


# Fractions that sentences of this size hit exactly; as floats they may lie a bit above or below.
bounds = st.sampled_from([Fraction(n, d) for d in range(1, 13) for n in range(1, d + 1) if 2 * n >= d])


@given(alike() | st.lists(sentence, max_size=10), bounds)
def test_all_pairs_are_found_and_no_other(texts, bound):
    assert pairs(texts, float(bound)) == brute_force(texts, bound)


@given(alike() | st.lists(sentence, max_size=8))
def test_shingles_are_those_of_each_sentence_each_once(texts):
    indptr, numbers = indexed(texts).shingles()
    assert len(indptr) == len(texts) + 1
    assert (indptr[0], indptr[-1]) == (0, len(numbers))
    rows = [numbers[start:end].tolist() for start, end in pairwise(indptr)]
    wanted = [shingles(text) for text in texts]
    assert [len(row) for row in rows] == [len(row) for row in wanted]
    for a, b in combinations(range(len(texts)), 2):
        assert len(set(rows[a]) & set(rows[b])) == len(wanted[a] & wanted[b])
    assert rows == [sorted(set(row)) for row in rows]
    assert {number for row in rows for number in row} == set(range(len(set().union(*wanted))))


def test_rare_shingles_have_small_numbers():
    _, numbers = indexed(["a b c d e", "a b c d", "a b c"]).shingles()
    assert numbers.tolist() == [0, 1, 2, 1, 2, 2]  # "c d e" stands once, "b c d" twice, "a b c" thrice


@given(st.lists(sentence, max_size=6))
def test_words_are_counted(texts):
    index = indexed(texts)
    assert len(index) == len(texts)
    assert index.lengths.tolist() == [len(text.split()) for text in texts]


def test_case_and_punctuation_make_no_difference():
    assert pairs(["The tea, it seems, is cold!", "the TEA it seems is “cold”"], 1.0) == [(0, 1)]


def test_a_short_sentence_is_not_the_beginning_of_a_longer_one():
    assert pairs(["a b", "a b c", "a", "b", "b a", "?!", "..."], 0.5) == []
    assert pairs(["a b", "A, b!"], 1.0) == [(0, 1)]


def test_without_sentences_there_are_no_pairs():
    assert pairs([], 0.8) == []
    assert near_duplicate_pairs(*indexed(["?"]).shingles(), 0.8).shape == (0, 2)


@pytest.mark.parametrize(("bound", "found"), [(0.8, []), (0.6, [(0, 1)]), (0.61, [])])
def test_the_bound_is_the_share_of_common_word_triples(bound, found):
    # Eight triples each, six in common, ten in all: 0.6.
    assert pairs(["a b c d e f g h i j", "a b c d e f g h x y"], bound) == found


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
