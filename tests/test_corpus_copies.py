"""Documents that are nearly the same are one article, whoever printed it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trainer.corpus.copies import CopyFinder

ARTICLE = " ".join(f"word{i}" for i in range(60))
NEARLY = ARTICLE + " And a last line."
OTHER = " ".join(f"other{i}" for i in range(60))


def groups(documents, bound=0.8):
    finder = CopyFinder(bound)
    for doc_id, date, text in documents:
        finder.add(doc_id, date, text)
    return finder.groups()


def test_the_first_by_date_names_the_group():
    found = groups([("a", "2024-02-01", ARTICLE), ("b", "2024-01-31", NEARLY), ("c", None, OTHER)])
    assert found == {"a": "b", "b": "b", "c": None}


def test_an_undated_copy_comes_after_dated_ones_and_names_decide_ties():
    assert groups([("a", None, ARTICLE), ("b", "2024", ARTICLE)])["a"] == "b"
    assert groups([("b", None, ARTICLE), ("a", None, ARTICLE)])["b"] == "a"


def test_nothing_and_wordless_documents_have_no_copies():
    assert groups([]) == {}
    assert groups([("a", None, ""), ("b", None, "…"), ("c", None, OTHER)]) == dict.fromkeys("abc")


texts = st.sampled_from([ARTICLE, NEARLY, OTHER, "", "Two words.", "two WORDS"])


@given(st.lists(st.tuples(texts, st.sampled_from([None, "2024", "2023-05"])), max_size=6), st.randoms())
def test_the_order_in_which_documents_come_makes_no_difference(given_, shuffle):
    documents = [(f"d{i}", date, text) for i, (text, date) in enumerate(given_)]
    there = groups(shuffle.sample(documents, len(documents)))
    assert there == groups(documents)
    for doc_id, first in there.items():
        assert first is None or there[first] == first, "a group is named after one of its own"
        assert doc_id in there
