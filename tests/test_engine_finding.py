"""Lexicons are found where `LexiconMatcher` finds them, compiled or not, on any text."""

from __future__ import annotations

import pickle
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import tricky_text

from trainer.engine.finding import COMPILED, PythonFinder, finder
from trainer.lexicons import WIDEST_GAP, LexiconMatcher
from trainer.model.features import LexiconBlock

pytestmark = pytest.mark.skipif(not COMPILED, reason="not compiled")
# Few words, so that terms stand, overlap and begin alike; letters that grow, that end words in another way,
# that have two capitals or a third kind of them, that are none; marks that are no letters, digits.
WORDS = [
    "tea", "Tea", "TEA", "teapot", "TEAPOT", "t", "T", "rain", "RAIN", "x_y", "2", "F16", "über", "ÜBER",
    "ß", "ẞ", "ŉ", "ǅ", "ﬁ", "Ⅷ", "K", "οδος", "ΟΔΟΣ", "Σ", "σας", "i", "İ", "İt", "१२", "٣", "𐐀", "𐐨",
    "\ud800", "e\u0301", "é", "中文", "\u0307", "ᾈ", "Ⓐ",
]  # fmt: skip
words = st.sampled_from(WORDS)
marks = st.sampled_from([" ", " ", " ", "-", ", ", "’s ", "", "_", "\u2028", "\0", "~", "*", "\udfff"])
texts = st.lists(
    st.lists(st.tuples(words, marks).map("".join), max_size=30).map("".join) | tricky_text | st.text(),
    max_size=6,
)
terms = st.lists(
    st.tuples(words, st.sampled_from(["", "", "*", "* ~", " ~", "-"])).map("".join), min_size=1, max_size=4
).map(" ".join)


def _is_term(text):
    return all(any(char.isalnum() or char == "_" for char in part.lower()) for part in text.split("~"))


lexicons = st.dictionaries(
    st.text("abc", max_size=2), st.lists(terms.filter(_is_term), max_size=5), max_size=5
)


def same(lexicons, texts):
    matcher = LexiconMatcher(lexicons)
    mine, plain = (finder(matcher, compiled=compiled) for compiled in (True, False))
    (lengths, columns), (his_lengths, his_columns) = mine.rows(texts), plain.rows(texts)
    assert lengths.tolist() == his_lengths.tolist()
    assert columns.tolist() == his_columns.tolist()
    assert (lengths.dtype, columns.dtype) == (his_lengths.dtype, his_columns.dtype)
    for kept in (np.float16, np.float32):
        weights = np.random.default_rng(0).normal(size=(len(lexicons), 3)).astype(kept)
        out, expected = np.full((2, len(texts), 3), 0.1)
        mine.add_scores(texts, 0.7, weights, out)
        plain.add_scores(texts, 0.7, weights, expected)
        assert out.tobytes() == expected.tobytes()
    return columns.tolist()


@given(lexicons=lexicons, texts=texts)
@example(lexicons={"a": ["TEA"], "b": ["tea ~ TEA"]}, texts=["Tea tea", "tea TEA", "TEA 2", "İ TEA"])
@example(
    lexicons={"a": ["TEA 2"], "b": ["TEA F16"], "c": ["F16 ~ 2"]}, texts=["TEA 2", "TEA F16 2", "tea F16"]
)
@example(lexicons={"a": ["i*", "οδοσ", "οδος"], "b": ["it", "i t"]}, texts=["İt", "ΟΔΟΣ", "οδοσ", "İ t"])
@example(
    lexicons={"a": ["t*", "te*", "tea*"], "b": ["tea rain"], "c": ["rain"]}, texts=["tea rain", "teas rain"]
)
@example(
    lexicons={"a": ["tea rain"], "b": ["rain 2 t"], "c": ["2", "t"]}, texts=["tea rain 2 t", "x rain 2 t"]
)
@settings(max_examples=300, deadline=None)
def test_compiled_and_python_find_the_same(lexicons, texts):
    same(lexicons, texts)


def test_every_letter_has_the_small_form_and_the_capital_that_python_gives_it():
    letters = [
        char
        for char in map(chr, range(sys.maxunicode + 1))
        if char.lower() != char or char.upper() != char or (char.isalnum() and ord(char) % 97 == 0)
    ]
    terms = {f"{i:05}": [f"a{char}z", f"A{char}Z"] for i, char in enumerate(letters)}
    assert len(set(same(terms, [f"a{char}z" for char in letters]))) > 1_300
    capitals = {name: both[1:] for name, both in terms.items()}
    same(capitals, [f"A{char}Z" for char in letters])
    same(capitals, [f"A{char.upper()}Z A{char.lower()}Z" for char in letters])


@pytest.mark.parametrize("far", [WIDEST_GAP - 1, WIDEST_GAP, WIDEST_GAP + 1])
def test_gaps_are_as_wide(far):
    lexicons = {"a": ["ban ~ tea"], "b": ["ban ~ x tea"], "c": ["ban ~ tea ~ end"], "d": ["ban* ~ t* ~ ban"]}
    same(lexicons, ["ban " + "x " * far + "tea" + " y" * rest + " end ban" for rest in (0, far)])


def test_the_first_place_of_a_part_is_taken_though_a_later_one_would_do():
    assert same({"a": ["ban ~ tea ~ end"]}, ["ban tea " + "x " * WIDEST_GAP + "tea end"]) == []


@pytest.mark.parametrize(
    "text",
    [
        "tea " * 200_000 + "rain",
        "rain tea " * 100_000,
        "tea" * 1_000_000,
        "".join(f"tea{i} " for i in range(200_000)),
    ],
)
def test_a_long_text_is_read_in_time_that_grows_with_it(text):
    # Each word begins a hundred terms, of which none stands.
    terms = [f"tea* ~ {letter}*" for letter in "abcdefghijklm"] + [f"tea tea t{i}" for i in range(80)]
    terms += ["tea* ~ tea none", "tea ~ rain ~ tea none"]
    lengths, columns = finder(LexiconMatcher({"none": terms, "all": ["tea*"]})).rows([text])
    assert lengths.tolist() == [1]
    assert columns.tolist() == [0]


def test_what_has_another_shape_is_refused_before_a_byte_is_read():
    one = finder(LexiconMatcher({"drinks": ["tea"]}))
    for weights, out in (((2, 1), (1, 1)), ((1, 2), (1, 1)), ((1, 1), (2, 1))):
        with pytest.raises(ValueError, match="another shape"):
            one.add_scores(["tea"], 1.0, np.zeros(weights, np.float32), np.zeros(out))
    one.add_scores(["tea"], 1.0, np.zeros((1, 0), np.float32), np.zeros((1, 0)))
    for texts in ([None], [b"tea"], [1]):
        with pytest.raises(TypeError, match="text 0 is"):
            one.rows(texts)


def test_the_kernel_refuses_what_is_no_term_and_columns_that_are_not_there():
    from trainer.engine._lexicons import Lexicons

    for term in ("", "~", "tea ~", "...", "~ tea"):
        with pytest.raises(ValueError, match="must hold a word"):
            Lexicons([[term]], list)
    for term in (None, 1, b"tea"):
        with pytest.raises(TypeError):
            Lexicons([[term]], list)
    for column in (1, -1):
        with pytest.raises(IndexError, match="no column"):
            Lexicons([["tea"]], lambda text, column=column: [column]).rows(["Σ"])
    with pytest.raises(ZeroDivisionError):
        Lexicons([["tea"]], lambda text: 1 // 0).rows(["Σ"])


def test_a_string_of_another_class_is_read_and_a_block_is_pickled_without_its_tables():
    class Text(str):
        __slots__ = ()

    block = LexiconBlock(LexiconMatcher({"drinks": ["tea"]}), 2.0)
    assert block.transform([Text("Tea")]).values.tolist() == [2.0]
    again = pickle.loads(pickle.dumps(block))  # noqa: S301
    assert again.transform(["tea"]).values.tolist() == [2.0]
    assert isinstance(finder(again.matcher, compiled=False), PythonFinder)
