"""The features and values are TfidfVectorizer's, on any text, compiled or not."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from strategies import ALMOST, ODD, SHAPES, texts_lists, tricky_text

from trainer.engine import counting
from trainer.engine.counting import COMPILED, PythonCounter, counter, prepared
from trainer.engine.learning import learn
from trainer.engine.sparse import side_by_side
from trainer.engine.vocabulary import Vocabulary, count_lines
from trainer.estimators import NgramTfidfVectorizer

ANALYZERS = {"word": "word", "char": "char_wb"}
only_compiled = pytest.mark.skipif(not COMPILED, reason="not compiled")
both = pytest.mark.parametrize(
    "compiled", [pytest.param(True, marks=pytest.mark.skipif(not COMPILED, reason="not compiled")), False]
)


def theirs(kind, ngrams, texts, **settings):
    vectorizer = TfidfVectorizer(analyzer=ANALYZERS[kind], ngram_range=ngrams, **settings)
    try:
        matrix = vectorizer.fit_transform(texts)
    except ValueError:  # an empty vocabulary
        return (), None
    matrix.sort_indices()
    return tuple(vectorizer.get_feature_names_out()), matrix


@both
@pytest.mark.parametrize(("kind", "ngrams"), SHAPES)
@given(texts=texts_lists, sublinear=st.booleans(), min_df=st.sampled_from([1, 2, 0.3]))
@example(texts=ODD, sublinear=True, min_df=1)
@example(texts=["a b", "b " * 300, "word " * 60 + "İ " * 70], sublinear=True, min_df=1)
@settings(max_examples=60, deadline=None)
def test_features_and_values_are_those_of_scikit_learn(compiled, kind, ngrams, texts, sublinear, min_df):
    found = learn(kind, ngrams, texts, min_df, compiled=compiled)
    names, matrix = theirs(kind, ngrams, texts, sublinear_tf=sublinear, min_df=min_df)
    assert found.vocabulary == names
    if matrix is None:
        return
    idf = np.log((1 + found.n) / (1 + found.df)) + 1
    one = counter(kind, ngrams, Vocabulary.of(names), compiled=compiled)
    lengths, columns, values = one.rows(texts, idf, sublinear)
    assert np.array_equal(np.diff(matrix.indptr), lengths)
    assert np.array_equal(matrix.indices, columns)
    # Sums of squares in another order: some units in the last place.
    np.testing.assert_allclose(values, matrix.data, rtol=1e-13)


@only_compiled
@pytest.mark.parametrize(("kind", "ngrams"), SHAPES)
@given(
    texts=texts_lists,
    other=texts_lists,
    sublinear=st.booleans(),
    k=st.integers(0, 40),
    kept=st.sampled_from([np.float32, np.float16]),
    beside=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_compiled_and_python_give_the_same_bits(kind, ngrams, texts, other, sublinear, k, kept, beside):
    found = learn(kind, ngrams, texts)
    python = learn(kind, ngrams, texts, compiled=False)
    assert (found.vocabulary, found.n, found.df.tolist()) == (python.vocabulary, python.n, python.df.tolist())
    idf = 1.0 + np.log1p(np.arange(len(found.vocabulary), dtype=float))
    one, two = (counter(kind, ngrams, found.vocabulary, compiled=compiled) for compiled in (True, False))
    for mine, his in zip(one.rows(other, idf, sublinear), two.rows(other, idf, sublinear), strict=True):
        assert mine.tobytes() == his.tobytes()
    weights = np.random.default_rng(k).normal(size=(len(idf), k)).astype(kept)
    out, expected = np.zeros((len(other), k)), np.zeros((len(other), k))
    near_idf, near = side_by_side(idf, weights) if beside else (idf, weights)
    one.add_scores(prepared(other), near_idf, sublinear, near, out)
    lengths, columns, values = two.rows(other, idf, sublinear)
    for row, column, value in zip(np.repeat(np.arange(len(other)), lengths), columns, values, strict=True):
        expected[row] += value * weights[column].astype(float)
    assert out.tobytes() == expected.tobytes()


@only_compiled
@pytest.mark.parametrize("kind", ["word", "char"])
@pytest.mark.parametrize("beside", ["", "£", "“", "\U0001f602", "é"])  # in one, two, four bytes; a letter
def test_every_character_is_read_as_python_does(kind, beside):
    # One a text, for how a text is read hangs on what is in it: those of no word need no small letters.
    # Of the many that are like their neighbours, some.
    every = map(chr, range(sys.maxunicode + 1))
    some = [char for char in every if ord(char) < 0x600 or char.lower() != char or ord(char) % 101 == 0]
    texts = [f"xA{char}bY {beside}" for char in some]
    found, python = (learn(kind, (1, 2), texts, compiled=compiled) for compiled in (True, False))
    assert found.vocabulary == python.vocabulary
    assert found.df.tolist() == python.df.tolist()


@only_compiled
@pytest.mark.parametrize(("kind", "ngrams"), SHAPES)
@given(texts=texts_lists, other=texts_lists, sublinear=st.booleans(), patience=st.integers(0, 200))
@settings(max_examples=40, deadline=None)
def test_a_large_vocabulary_is_searched_at_first_with_the_same_bits(
    kind, ngrams, texts, other, sublinear, patience
):
    vocabulary = learn(kind, ngrams, texts).vocabulary
    idf = 1.0 + np.log1p(np.arange(len(vocabulary), dtype=float))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "_LARGE", 0)
        one = counter(kind, ngrams, vocabulary)
    one._patience = patience
    two = counter(kind, ngrams, vocabulary)
    assert not two.searches([])
    for text in other:
        searched = one.searches([text])
        assert searched == ("_known" not in vars(one) and len(text) <= one._patience)
        mine, its = (each.rows([text], idf, sublinear) for each in (one, two))
        assert all(a.tobytes() == b.tobytes() for a, b in zip(mine, its, strict=True))
        assert searched == ("_known" not in vars(one))


@given(st.lists(st.tuples(st.binary(max_size=3), st.sampled_from([0, 1, 254, 255, 256, 700])), max_size=4))
def test_line_breaks_are_counted(pieces):
    data = b"".join(piece + b"\n" * breaks for piece, breaks in pieces)
    assert count_lines(data) == count_lines(data, compiled=False) == data.count(b"\n")


@only_compiled
@given(st.lists(tricky_text.filter(lambda text: "\n" not in text), max_size=9), st.booleans())
def test_lines_are_found_where_they_ascend(grams, in_order):
    from trainer.engine._ngrams import Lines

    listed = sorted(set(grams)) if in_order else grams
    lines = Lines("".join(f"{gram}\n" for gram in listed).encode("utf-8", "surrogatepass"))
    assert lines.ascending == (listed == sorted(set(listed)))
    if lines.ascending:
        asked = [*listed, *(f"{gram}x" for gram in listed), ""]
        assert lines.find(asked) == [listed.index(gram) for gram in asked if gram in listed]
    with pytest.raises(ValueError, match="no line break"):
        Lines(b"tea")


@only_compiled
def test_a_vocabulary_that_does_not_ascend_is_put_into_a_table(monkeypatch):
    monkeypatch.setattr(counting, "_LARGE", 0)
    one = counter("word", (1, 1), Vocabulary.of(["tea", "cup"]))
    assert not one.searches([""])
    assert one.rows(["cup tea"], np.ones(2), False)[1].tolist() == [0, 1]


@given(st.integers(0, 9), st.integers(0, 40), st.sampled_from([np.float32, np.float16]))
def test_rows_that_lie_side_by_side_hold_what_they_held(width, k, kept):
    idf, weights = np.arange(width, dtype=float), np.arange(width * k).reshape(width, k).astype(kept)
    near_idf, near = side_by_side(idf, weights)
    assert np.array_equal(near_idf, idf)
    assert np.array_equal(near, weights)
    assert near.dtype == kept
    if width and 8 + k * near.itemsize <= 64:
        step = near_idf.strides[0]
        assert near.strides[0] == step
        assert 64 % step == 0
        assert near_idf.__array_interface__["data"][0] % step == 0
    else:
        assert near is weights


@only_compiled
@pytest.mark.parametrize("n", [63_488, 5, 3])
def test_every_number_of_half_precision_is_read_as_it_is(n):
    every = np.arange(2**16, dtype=np.uint16).view(np.float16)
    weights = every[np.isfinite(every)][None, -n:]
    out = np.zeros(weights.shape)
    counter("word", (1, 1), Vocabulary.of(["tea"])).add_scores(
        prepared(["tea"]), np.ones(1), False, weights, out
    )
    assert np.array_equal(out, weights.astype(float))


@both
@given(
    st.sampled_from(SHAPES),
    st.lists(tricky_text.filter(lambda text: "\n" not in text) | st.sampled_from(ALMOST), max_size=9),
    texts_lists,
)
@settings(max_examples=60, deadline=None)
def test_a_vocabulary_may_hold_anything(compiled, shape, vocabulary, texts):
    idf = np.ones(len(vocabulary))
    mine = counter(*shape, Vocabulary.of(vocabulary), compiled=compiled).rows(texts, idf, False)
    plain = PythonCounter(*shape, Vocabulary.of(vocabulary)).rows(texts, idf, False)
    if len(set(vocabulary)) == len(vocabulary):
        assert all(a.tobytes() == b.tobytes() for a, b in zip(mine, plain, strict=True))


@only_compiled
def test_what_has_another_shape_is_refused_before_a_byte_is_read():
    one = counter("word", (1, 1), Vocabulary.of(["tea"]))
    with pytest.raises(ValueError, match="1 n-grams, not 2"):
        one.rows(["tea"], np.ones(2), False)
    for weights, out in (((2, 1), (1, 1)), ((1, 2), (1, 1)), ((1, 1), (2, 1))):
        with pytest.raises(ValueError, match="another shape"):
            one.add_scores(prepared(["tea"]), np.ones(1), False, np.zeros(weights, np.float32), np.zeros(out))
    for kind, ngrams in (("word", (0, 1)), ("word", (2, 1)), ("char", (1, 65)), ("line", (1, 1))):
        with pytest.raises(ValueError, match="no n-grams"):
            counter(kind, ngrams, Vocabulary())
    for texts in ([None], [b"tea"], [1]):
        with pytest.raises(TypeError, match="text 0 is"):
            one.rows(texts, np.ones(1), False)


@both
@pytest.mark.parametrize("before", range(60, 70))
def test_a_run_goes_on_where_its_end_stands_for_nothing_by_itself(compiled, before):
    # Words are read some at a time. Here no shorter run that ends in "gin" is known.
    text = "none " * before + "tea rum gin " + "none " * 100
    lengths, _, _ = counter("word", (3, 3), Vocabulary.of(["tea rum gin"]), compiled=compiled).rows(
        [text], np.ones(1), True
    )
    assert lengths.tolist() == [1]


@both
def test_a_text_of_a_million_distinct_words_is_counted(compiled):
    text = " ".join(f"w{i}" for i in range(100_000 if not compiled else 1_000_000))
    found = learn("word", (1, 1), [text], compiled=compiled)
    lengths, columns, _ = counter("word", (1, 1), found.vocabulary, compiled=compiled).rows(
        [text], np.ones(len(found.vocabulary)), True
    )
    assert lengths.tolist() == [len(found.vocabulary)]
    assert np.array_equal(columns, np.arange(len(columns)))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"analyzer": "char_wb", "ngram_range": (2, 4)},
        {"norm": None},
        {"use_idf": False},
        {"smooth_idf": False},
        {"sublinear_tf": True, "min_df": 2},
        {"max_df": 0.5},
        {"max_df": 2},
        {"dtype": np.float32},
    ],
)
def test_the_vectorizer_takes_the_parameters_of_scikit_learn(settings):
    texts = ["the tea is hot", "the gin is cold and the tea is not", "no tea, no gin", "İş ΣΑΣ tea"]
    mine, his = NgramTfidfVectorizer(**settings), TfidfVectorizer(**settings)
    one, two = mine.fit_transform(texts), his.fit_transform(texts)
    assert list(mine.get_feature_names_out()) == list(his.get_feature_names_out())
    assert mine.vocabulary_ == his.vocabulary_
    assert one.dtype == two.dtype
    np.testing.assert_allclose(one.toarray(), two.toarray(), rtol=1e-6)
    new = [*texts, "", "gin tea gin unheard"]
    np.testing.assert_allclose(mine.transform(new).toarray(), his.transform(new).toarray(), rtol=1e-6)


FULL = {(parent, symbol): (parent + symbol) % 41 for parent in range(41) for symbol in range(0, 41, 2)}


@only_compiled
@given(
    children=st.dictionaries(
        st.tuples(st.integers(0, 40), st.integers(0, 40)), st.integers(0, 40), max_size=60
    ),
    scale=st.sampled_from([1, 50_000_000]),
    flat=st.booleans(),
)
@example(FULL, 1, False)  # some lines of its table are full, and children stand in the next one
@example(FULL, 50_000_000, False)
def test_a_frozen_trie_finds_its_children_and_no_other(children, scale, flat):
    """In one word each or, where parents, symbols and numbers are large, in two."""
    from trainer.engine._ngrams import Frozen

    most, root = 40 * scale, 7 * scale
    given = {(p * scale, s * scale): n * scale for (p, s), n in children.items()}
    trie = Frozen(len(given), most, most, root, most + 1 if flat and scale == 1 else 0)
    assert trie.narrow == (scale == 1)
    keys = np.array(sorted(given), np.int64).reshape(-1, 2)
    numbers = np.array([given[parent, symbol] for parent, symbol in keys.tolist()], np.int64)
    trie.put_all(keys[:, 0].copy(), keys[:, 1].copy(), numbers)
    for parent in range(0, most + scale, scale):
        for symbol in (*range(0, most + scale, scale), most + 1, 2**32 - 1):
            assert trie.look(parent, symbol) == given.get((parent, symbol))
    assert trie.look(2**32 - 1, 0) is None
    symbols = np.array([most + 1, 2**32 - 1, *range(0, most + scale, scale)], np.uint32)
    for parent in (*range(0, most + scale, scale), 2**32 - 1):
        expected = [given.get((parent, symbol)) for symbol in symbols.tolist()]
        if parent == root and flat and scale == 1:
            expected = [None] * len(symbols)  # these are found by their symbols alone
        assert trie.look_all(np.full(len(symbols), parent, np.uint32), symbols) == expected


@only_compiled
def test_a_frozen_trie_refuses_more_than_was_said():
    from trainer.engine._ngrams import Frozen

    one, two = np.array([1], np.int64), np.array([1, 2], np.int64)
    trie = Frozen(1, 5, 5, 0)
    for parents, symbols, numbers in (
        (two, two, two),
        (one, two, one),
        (one, 8 * one, one),
        (8 * one, one, one),
    ):
        with pytest.raises(ValueError, match=r"than was said|not as many"):
            trie.put_all(parents, symbols, numbers)
    with pytest.raises(OverflowError):
        Frozen(1, 2**32 - 1, 5, 0)


@only_compiled
def test_lines_of_a_vocabulary_must_end():
    with pytest.raises(ValueError, match="no line break"):
        counting._Known("word", 1, 2, True, "tea")
    assert counting._Known("word", 1, 2).width == 0
