from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.corpus.splits import LeftOut, assign_groups, keep_sides

TRAIN, VALIDATION, TEST = 0, 1, 2


def by_document(found, documents):
    """Return for each document that stays the side on which it is fixed, or None."""
    stays = zip(documents, found.groups, found.kept.tolist(), strict=True)
    return {document: found.fixed.get(group) for document, group, kept in stays if kept}


def all_alike(documents, texts, pairs):
    """Every pair of documents with a text in common or near-duplicate texts, found the slow way."""
    near = {frozenset(pair) for pair in pairs}
    return {
        (one, other)
        for one, a in zip(documents, texts, strict=True)
        for other, b in zip(documents, texts, strict=True)
        if one != other and (a == b or frozenset((a, b)) in near)
    }


def components(documents, texts, pairs):
    """Name of the group of each document: the first that it hangs together with."""
    name = {document: document for document in documents}
    alike = all_alike(documents, texts, pairs)
    for _ in name:
        for one, other in alike:
            name[one] = name[other] = min(name[one], name[other])
    return [name[document] for document in documents]


@st.composite
def corpora(draw):
    """Rows of documents that hold texts, some alike, some with a side."""
    n = draw(st.integers(1, 14))
    documents = draw(st.lists(st.sampled_from("abcdefgh"), min_size=n, max_size=n))
    texts = draw(st.lists(st.integers(0, 9), min_size=n, max_size=n))
    pairs = draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=3))
    wish = draw(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 2)))
    return documents, texts, components(documents, texts, pairs), [wish.get(d, -1) for d in documents], pairs


@given(corpora())
def test_what_is_alike_is_never_on_two_sides(data):
    documents, texts, groups, asked, pairs = data
    found = keep_sides(documents, texts, groups, asked, pairs)
    side = by_document(found, documents)
    for one, other in all_alike(documents, texts, pairs):
        if one in side and other in side:
            assert side[one] == side[other]


@given(corpora())
def test_what_stays_keeps_its_side_and_what_goes_had_to(data):
    documents, texts, groups, asked, pairs = data
    found = keep_sides(documents, texts, groups, asked, pairs)
    side = by_document(found, documents)
    wish = dict(zip(documents, asked, strict=True))
    alike = all_alike(documents, texts, pairs)
    assert {document: side[document] for document in side if wish[document] >= 0} == {
        document: wish[document] for document in side if wish[document] >= 0
    }
    assert {left.document for left in found.left_out} == set(documents) - set(side)
    assert sum(left.rows for left in found.left_out) == int((~found.kept).sum())
    for left in found.left_out:
        near = {side[other] for one, other in alike if one == left.document and other in side}
        if left.reason == "joins_sides":
            assert wish[left.document] == -1
            assert len(near - {None}) >= 2
        else:
            assert max(near - {None}) > wish[left.document] >= 0


@given(corpora(), st.randoms())
def test_the_order_of_the_rows_does_not_matter(data, random):
    documents, texts, groups, asked, pairs = data
    order = random.sample(range(len(documents)), len(documents))
    found = keep_sides(documents, texts, groups, asked, pairs)
    mixed = keep_sides(
        *([column[i] for i in order] for column in (documents, texts, groups, asked)), reversed(pairs)
    )
    assert mixed.left_out == found.left_out
    assert mixed.fixed == found.fixed
    assert mixed.groups == tuple(found.groups[i] for i in order)
    assert mixed.kept.tolist() == found.kept[order].tolist()


@given(corpora(), st.integers(0, 99))
def test_a_split_of_it_has_no_group_on_two_sides_and_keeps_the_sides(data, seed):
    documents, texts, groups, asked, pairs = data
    found = keep_sides(documents, texts, groups, asked, pairs)
    rows = np.flatnonzero(found.kept)
    kept = [found.groups[row] for row in rows]
    sides = assign_groups(kept, np.zeros((len(rows), 0)), [0.6, 0.2, 0.2], seed, found.fixed)
    side = dict(zip([documents[row] for row in rows], sides.tolist(), strict=True))
    assert all(
        side[one] == side[other]
        for one, other in all_alike(documents, texts, pairs)
        if {one, other} <= set(side)
    )
    assert all(side[documents[row]] == asked[row] for row in rows if asked[row] >= 0)


def test_new_documents_of_a_group_with_one_side_join_it():
    found = keep_sides(list("aabc"), [1, 2, 2, 3], list("aaac"), [TEST, TEST, -1, -1])
    assert found.kept.all()
    assert found.fixed == {"a": TEST}
    assert found.groups == tuple("aaac")


def test_a_new_document_that_would_join_two_sides_is_left_out_and_nothing_else():
    # b is alike to a (train) and to c (test); d only to a, e only to c.
    documents, texts = list("aabbccde"), [1, 4, 1, 2, 2, 5, 4, 5]
    found = keep_sides(documents, texts, ["a"] * 8, [TRAIN, TRAIN, -1, -1, TEST, TEST, -1, -1])
    assert found.left_out == (LeftOut("b", "joins_sides", "is alike to 'a' (train) and 'c' (test)", 2),)
    assert by_document(found, documents) == {"a": TRAIN, "c": TEST, "d": TRAIN, "e": TEST}
    assert found.fixed == {"a": TRAIN, "c": TEST}


def test_a_chain_of_near_duplicates_is_cut_at_the_new_text():
    # Texts 1 and 3 are not alike: only the new one between them is, to both.
    found = keep_sides(list("abc"), [1, 2, 3], ["a"] * 3, [TRAIN, -1, TEST], [(1, 2), (2, 3)])
    assert [left.document for left in found.left_out] == ["b"]
    assert by_document(found, list("abc")) == {"a": TRAIN, "c": TEST}


def test_of_alike_documents_that_ask_for_two_sides_the_training_gives():
    # Three ask for train and one for test: a majority does not make a leak any better.
    found = keep_sides(list("abcd"), [1, 1, 1, 1], ["a"] * 4, [TRAIN, TRAIN, TEST, TRAIN])
    assert [left.document for left in found.left_out] == list("abd")
    assert {left.reason for left in found.left_out} == {"alike_on_later_side"}
    assert found.left_out[0].detail == "is alike to 'c' (test)"
    assert found.fixed == {"c": TEST}


def test_rows_of_one_document_that_ask_for_an_earlier_side_are_left_out():
    found = keep_sides(list("aaa"), [1, 2, 3], list("aaa"), [TRAIN, TEST, -1])
    assert found.kept.tolist() == [False, True, True]
    assert [(left.reason, left.rows) for left in found.left_out] == [("rows_disagree", 1)]
    assert found.fixed == {"a": TEST}


def test_what_hangs_only_on_a_document_that_is_left_out_is_free():
    # c is alike to nothing but b, which goes: it hangs together with neither side any more.
    documents, texts = ["a", "b", "b", "d", "b", "c"], [1, 1, 2, 2, 3, 3]
    found = keep_sides(documents, texts, ["a"] * 6, [TRAIN, -1, -1, TEST, -1, -1])
    assert by_document(found, documents) == {"a": TRAIN, "d": TEST, "c": None}
    assert found.groups[5] == "c"


@pytest.mark.parametrize("backwards", [False, True])
def test_of_two_new_documents_at_one_distance_the_first_by_name_takes_its_side(backwards):
    # a (train) - e - f - z (test): one of e and f has to go.
    rows = [("a", 1, TRAIN), ("e", 1, -1), ("e", 2, -1), ("f", 2, -1), ("f", 3, -1), ("z", 3, TEST)]
    documents, texts, asked = zip(*(rows[::-1] if backwards else rows), strict=True)
    found = keep_sides(documents, texts, ["a"] * 6, asked)
    assert by_document(found, documents) == {"a": TRAIN, "e": TRAIN, "z": TEST}


def test_nothing_asked_is_nothing_changed():
    found = keep_sides(list("ab"), [1, 1], list("aa"), [-1, -1])
    assert found.kept.all()
    assert (found.groups, found.fixed, found.left_out) == (("a", "a"), {}, ())
    assert keep_sides([], [], [], []).groups == ()


@pytest.mark.parametrize("name", ["\x1b[31mred", "a\nb"])
def test_names_in_messages_are_escaped(name):
    found = keep_sides([name, "b", "z"], [1, 1, 1], ["b"] * 3, [TRAIN, -1, TEST])
    assert not any("\x1b" in left.detail or "\n" in left.detail for left in found.left_out)
