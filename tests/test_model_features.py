"""TF-IDF is scikit-learn's, feature by feature, and every feature can be pointed at in the text."""

from __future__ import annotations

import random
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from strategies import tricky_text

from trainer.engine import counting, learning
from trainer.engine.liblinear import to_scipy
from trainer.engine.ngrams import word_grams
from trainer.lexicons import LexiconMatcher
from trainer.model import features
from trainer.model.features import Block, Features, LexiconBlock
from trainer.model.learning import learn_block

SHAPES = [
    ("word", (1, 1)), ("word", (1, 2)), ("word", (2, 3)), ("word", (3, 3)),
    ("char", (1, 1)), ("char", (2, 5)), ("char", (1, 4)), ("char", (3, 3)),
]  # fmt: skip
TRAPS = (
    "İstanbul'da İİ",  # lower() makes two code points of one
    "ΟΔΥΣΣΕΥΣ ΣΑΣ Σ ΑΣ'Σ",  # sigma at the end of a word has a lower case of its own
    "\u00e9 e\u0301 na\u00efve nai\u0308ve \u0308loose",  # combining marks, composed or not
    "a b x",  # no word of two letters
    "",
    " \t\n\u2003",
    "it's e-mail _under_score 3.5 ٣٤ 中文字 tea\u2028tea\u00a0tea",
    "tea tea Tea TEA tea",
)
corpora = st.lists(tricky_text, max_size=8)


def same_block(one: Block, other: Block) -> bool:
    return one.vocabulary == other.vocabulary and np.array_equal(one.idf, other.idf)


def same_rows(one, other) -> bool:
    return all(
        np.array_equal(getattr(one, key), getattr(other, key)) for key in ("indptr", "indices", "values")
    )


def peer(kind, ngrams, min_df, sublinear) -> TfidfVectorizer:
    analyzer = {"word": "word", "char": "char_wb"}[kind]
    return TfidfVectorizer(analyzer=analyzer, ngram_range=ngrams, min_df=min_df, sublinear_tf=sublinear)


def learned_by(vectorizer: TfidfVectorizer, texts: list[str]) -> tuple[str, ...]:
    """Fit scikit-learn's vectoriser; it raises where nothing is left."""
    try:
        return tuple(sorted(vectorizer.fit(texts).vocabulary_))
    except ValueError as error:
        if re.match(
            "empty vocabulary|After pruning, no terms remain|max_df corresponds to < doc", str(error)
        ):
            return ()
        raise


@pytest.mark.parametrize(("kind", "ngrams"), SHAPES)
@given(texts=corpora, new=corpora, min_df=st.integers(1, 3), sublinear=st.booleans())
@example(texts=list(TRAPS), new=list(TRAPS), min_df=1, sublinear=True)
@example(texts=list(TRAPS) * 2, new=["TEA ΟΔΟΣ İ naïve", *TRAPS], min_df=2, sublinear=False)
@example(texts=[""], new=[" "], min_df=1, sublinear=True)
@settings(max_examples=40, deadline=None)
def test_features_are_those_of_scikit_learn(kind, ngrams, texts, new, min_df, sublinear):
    block = learn_block(kind, ngrams, texts, min_df, sublinear)
    vectorizer = peer(kind, ngrams, min_df, sublinear)
    assert block.vocabulary == learned_by(vectorizer, texts)
    if not block.vocabulary:
        assert not len(block.transform(new).indices)
        return
    expected = vectorizer.transform(texts + new)
    expected.sort_indices()
    found = to_scipy(block.transform(texts + new))
    assert np.array_equal(found.indptr, expected.indptr)
    assert np.array_equal(found.indices, expected.indices)
    # Logarithms are math.log's and not numpy's, and norms are rounded elsewhere: units in the last place.
    np.testing.assert_allclose(found.data, expected.data, rtol=0, atol=1e-12)


@given(texts=corpora, kind=st.sampled_from(["word", "char"]), sublinear=st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_row_has_length_one_or_is_empty(texts, kind, sublinear):
    rows = learn_block(kind, (1, 3), texts, 1, sublinear).transform(texts)
    norms = np.bincount(rows.row_numbers, rows.values**2, len(texts))
    filled = np.diff(rows.indptr) > 0
    # One division and at most some hundred squares, each rounded once.
    np.testing.assert_allclose(norms[filled], 1, atol=1e-12)
    assert (norms[~filled] == 0).all()


@given(texts=corpora, new=corpora, kind=st.sampled_from(["word", "char"]))
@settings(max_examples=60, deadline=None)
def test_neither_batches_nor_the_memo_change_a_bit(texts, new, kind):
    block, rows = _learned(texts, new, kind)
    for module, constant, value in (
        (features, "_BATCH", 1), (features, "_BATCH", 3), (counting, "BATCH", 1), (counting, "BATCH", 3),
        (counting, "MEMO", 0), (counting, "MEMO", 2), (learning, "MEMO", 0), (learning, "MEMO", 2),
    ):  # fmt: skip
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, constant, value)
            again, rows_again = _learned(iter(texts), new, kind)
        assert same_block(block, again)
        assert same_rows(rows, rows_again)


def _learned(texts, new, kind):
    block = learn_block(kind, (1, 3), texts, 2, True)
    return block, block.transform(new)


@given(texts=corpora, seed=st.integers(), kind=st.sampled_from(["word", "char"]))
@settings(max_examples=60, deadline=None)
def test_the_order_of_the_texts_does_not_matter_to_what_is_learned(texts, seed, kind):
    shuffled = list(texts)
    random.Random(seed).shuffle(shuffled)
    assert same_block(learn_block(kind, (1, 3), texts, 1, True), learn_block(kind, (1, 3), shuffled, 1, True))


@given(texts=st.lists(tricky_text, min_size=1, max_size=8), kind=st.sampled_from(["word", "char"]))
@settings(max_examples=60, deadline=None)
def test_a_text_has_the_same_row_alone_and_in_any_company(texts, kind):
    block = learn_block(kind, (1, 3), texts, 1, True)
    together = block.transform(texts)
    for i, text in enumerate(texts):
        alone, part = block.transform([text]), slice(*together.indptr[i : i + 2])
        assert np.array_equal(alone.indices, together.indices[part])
        assert np.array_equal(alone.values, together.values[part])


def test_no_text_gives_no_row():
    for kind in ("word", "char"):
        rows = learn_block(kind, (1, 2), ["some words here"], 1, True).transform([])
        assert (len(rows), rows.width) == (
            0,
            len(learn_block(kind, (1, 2), ["some words here"], 1, True).vocabulary),
        )


def test_a_small_example_in_full():
    block = learn_block("word", (1, 2), ["Green tea", "green Tea!", "black tea"], 2, False)
    assert block.vocabulary == ("green", "green tea", "tea")
    np.testing.assert_allclose(block.idf, 1 + np.log([4 / 3, 4 / 3, 1]), rtol=1e-15)
    assert block.transform(["TEA, tea"]).values.tolist() == [1.0]
    assert learn_block("char", (2, 3), ["ab"], 1, False).vocabulary == (" a", " ab", "ab", "ab ", "b ")


@given(text=tricky_text, shape=st.sampled_from(SHAPES))
@example(text="AİB aİ İİ x", shape=("word", (1, 2)))
@example(text="AİB aİ İİ x", shape=("char", (1, 4)))
@example(text="ΑΣ ΣΑΣ", shape=("char", (1, 4)))
@settings(max_examples=200, deadline=None)
def test_every_feature_is_located_as_often_as_it_counts(text, shape):
    block = learn_block(*shape, [text], 1, False)
    places = block.locate(text)
    assert set(places) == set(block.vocabulary)
    # With one text every idf is 1, so that the values are the counts over their norm.
    counts = np.array([len(places[gram]) for gram in block.vocabulary], dtype=float)
    np.testing.assert_allclose(block.transform([text]).values, counts / np.linalg.norm(counts), atol=1e-12)


@given(text=tricky_text, shape=st.sampled_from(SHAPES))
@example(text="AİB aİ İİ x", shape=("word", (1, 2)))
@example(text="AİB aİ İİ x", shape=("char", (1, 4)))
@example(text="ΑΣ ΣΑΣ", shape=("char", (1, 4)))
@settings(max_examples=200, deadline=None)
def test_the_lower_cased_text_at_a_span_is_the_feature(text, shape):
    kind, _ = shape
    for gram, spans in learn_block(*shape, [text], 1, False).locate(text).items():
        for start, end in spans:
            piece = _lowered_at(text, start, end)
            if kind == "word":
                found, wanted = " ".join(word_grams(piece, 1, 1)), gram
            else:  # the padding of a piece stands nowhere
                found, wanted = piece, gram.strip(" ")
            if "İ" in text[start:end]:  # half of a letter that grew is shown as the whole letter
                assert wanted in found
                assert len(found) <= len(wanted) + 2
            else:
                assert found == wanted


def _lowered_at(text: str, start: int, end: int) -> str:
    """Return what a span of `text` becomes when the whole text is lower-cased."""
    return text.lower()[len(text[:start].lower()) : len(text[:end].lower())]


def test_spans_of_plain_text():
    text = "The TEA house: tea."
    assert learn_block("word", (1, 2), [text], 1, True).locate(text) == {
        "the": [(0, 3)], "tea": [(4, 7), (15, 18)], "house": [(8, 13)],
        "the tea": [(0, 7)], "tea house": [(4, 13)], "house tea": [(8, 18)],
    }  # fmt: skip
    assert learn_block("char", (3, 3), ["tea"], 1, True).locate("TEA at sea") == {
        " te": [(0, 2)], "tea": [(0, 3)], "ea ": [(1, 3), (8, 10)],
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["word", "char"])
def test_a_letter_that_grows_is_inside_the_span_of_what_it_became(kind):
    block = learn_block(kind, (1, 2), ["aİ tea"], 1, True)
    places = block.locate("aİ tea")
    assert places["ai"] == [(0, 2)]
    assert all(start < end for gram, spans in places.items() if gram != " " for start, end in spans)
    assert places["tea" if kind == "word" else "te"][0][0] == 3


def test_blocks_stand_side_by_side_and_are_named():
    text = "A teapot of tea"
    blocks = tuple(learn_block(kind, (1, 2), [text], 1, True) for kind in ("word", "char"))
    both = Features(blocks)
    names = both.names_of(range(len(both)))
    assert names == [f"{b.kind}:{gram}" for b in blocks for gram in b.vocabulary]
    assert set(both.locate(text)) == set(names)
    assert both.locate(text)["word:tea"] == [(12, 15)]
    assert both.locate(text)["char:te"] == [(2, 4), (12, 14)]
    dense = np.hstack([to_scipy(block.transform([text, "tea"])).toarray() for block in blocks])
    assert np.array_equal(to_scipy(both.transform([text, "tea"])).toarray(), dense)


@given(text=tricky_text)
@settings(max_examples=100, deadline=None)
def test_a_feature_of_a_text_has_a_name_and_a_place(text):
    both = Features(tuple(learn_block(kind, (1, 3), [text], 1, True) for kind in ("word", "char")))
    names = both.names_of(both.transform([text]).indices)
    assert Counter(names) == Counter(both.locate(text).keys())


LEXICONS = {
    "drinks": ["tea", "green tea", "coff*"],
    "capitals": ["TEA"],
    "pairs": ["cup ~ spoon"],
    "none": ["gin"],
}


def test_a_lexicon_is_one_feature_neither_counted_nor_normalised():
    block = LexiconBlock(LexiconMatcher(LEXICONS), 1.5)
    assert block.vocabulary == ("capitals", "drinks", "none", "pairs")
    text = "TEA, then tea from a cup with a spoon; no coffee"
    dense = to_scipy(block.transform(["", text, "gin"])).toarray()
    assert dense.tolist() == [[0, 0, 0, 0], [1.5, 1.5, 0, 1.5], [0, 0, 1.5, 0]]
    places = {name: [text[start:end] for start, end in spans] for name, spans in block.locate(text).items()}
    assert places == {"drinks": ["TEA", "tea", "coffee"], "capitals": ["TEA"], "pairs": ["cup with a spoon"]}
    assert block.transform([]).indptr.tolist() == [0]


@given(texts=corpora, weight=st.floats(0.1, 5))
@settings(max_examples=60, deadline=None)
def test_lexicon_features_are_those_that_are_located(texts, weight):
    lexicons = LexiconBlock(LexiconMatcher({"drinks": ["tea"], "places": ["i*", "οδος"]}), weight)
    both = Features((learn_block("word", (1, 2), texts, 1, True), lexicons))
    rows = both.transform(texts)
    for i, text in enumerate(texts):
        part = slice(*rows.indptr[i : i + 2])
        names = both.names_of(rows.indices[part])
        assert sorted(names) == sorted(both.locate(text))
        values = dict(zip(names, rows.values[part], strict=True))
        assert {value for name, value in values.items() if name.startswith("lexicon:")} <= {weight}
        for name in ("drinks", "places"):
            assert (f"lexicon:{name}" in values) == any(
                f.lexicon == name for f in lexicons.matcher.find(text)
            )
