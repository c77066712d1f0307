"""Hypothesis strategies that several test files share."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trainer.engine.vocabulary import Vocabulary
from trainer.lexicons import LexiconMatcher
from trainer.model.features import Block, Features, LexiconBlock
from trainer.model.learning import learn_block
from trainer.model.tagger import Tagger

names = st.from_regex(r"[a-z][a-z0-9_-]{0,9}", fullmatch=True)
"""Names of topics, rules and models."""

unicode_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
"""Any text that UTF-8 can hold."""

tricky_text = st.one_of(
    st.text(
        "aAbBiI\u0130\u0131\u03a3\u03c3\u03c2\u00df\u00e9e\u0301\u0307"
        "_-'0\u06637\u4e2d. \t\n\u00a0\u2028\u3000\ud800",
        max_size=30,
    ),
    st.lists(
        st.sampled_from(["Tea", "tea", "TEA", "İstanbul", "ΟΔΟΣ", "Οδος", "x", "naïve", "naïve", "it's"]),
        max_size=8,
    ).map(" ".join),
    st.text(max_size=20),
)
"""Text made to go wrong: letters that grow or change by their place, loose marks, odd blanks."""

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | unicode_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(unicode_text, inner, max_size=4),
    max_leaves=12,
)
"""Whatever JSON can say."""


def _array(shape, dtype=np.float64):
    # Wide enough for subnormals and both zeros; narrow enough for sums to stay finite.
    width = 32 if dtype is np.float32 else 64
    return hnp.arrays(dtype, shape, elements=st.floats(-(2.0**60), 2.0**60, width=width))


@st.composite
def blocks(draw, kind):
    """One kind of n-gram with any sorted vocabulary."""
    shortest = draw(st.integers(1, 3))
    grams = unicode_text.filter(lambda gram: "\n" not in gram)
    vocabulary = Vocabulary.of(sorted(draw(st.sets(grams, max_size=8))))
    df = draw(hnp.arrays(np.uint32, len(vocabulary), elements=st.integers(1, 2**32 - 1)))
    ngrams = (shortest, shortest + draw(st.integers(0, 2)))
    n_texts = int(df.max(initial=0)) + draw(st.integers(0, 9))
    return Block(kind, ngrams, draw(st.booleans()), vocabulary, df, n_texts)


terms = st.from_regex(r"[a-zé]{1,6}\*?( [a-z]{1,4}){0,2}( ~ [a-z]{1,4})?|[A-Z]{2,4}", fullmatch=True)
"""Terms of lexicons, of every kind."""


@st.composite
def curves(draw):
    """Calibrations that are no line: the numbers of a beta map, or the knots of an isotonic one."""
    if draw(st.booleans()):
        slope = st.floats(0, 4)
        return np.array([draw(slope), draw(slope), draw(st.floats(-4, 4))])
    margins = draw(st.lists(st.integers(-30, 30), min_size=1, max_size=6, unique=True))
    levels = draw(st.lists(st.floats(0, 1), min_size=len(margins), max_size=len(margins)))
    return np.array([sorted(m / 4 for m in margins), sorted(levels)])


def bands(thresholds):
    """Nothing, or a lower and an upper end around each of some thresholds."""
    width = st.floats(0, 0.4)
    pairs = st.lists(st.tuples(width, width), min_size=len(thresholds), max_size=len(thresholds))
    around = [-1.0, 1.0]
    return st.none() | pairs.map(lambda found: thresholds[:, None] + np.array(found) * around)


@st.composite
def taggers(draw):
    """Models that were never trained: any vocabulary, any finite numbers."""
    kinds = draw(st.sampled_from([("word",), ("char",), ("word", "char")]))
    several = [draw(blocks(kind)) for kind in kinds]
    if draw(st.booleans()):
        lexicons = st.dictionaries(names, st.lists(terms, min_size=1, max_size=3), min_size=1, max_size=3)
        several.append(LexiconBlock(LexiconMatcher(draw(lexicons)), draw(st.floats(0.125, 100))))
    features = Features(tuple(several))
    topics = tuple(draw(st.lists(names, min_size=1, max_size=3, unique=True)))
    k = len(topics)
    thresholds = draw(_array(k))
    return Tagger(
        topics,
        features,
        draw(_array((len(features), k), np.float32)),
        draw(_array(k)),
        draw(_array((k, 2))),
        thresholds,
        draw(st.floats(0, 0.5)),
        curves=draw(st.dictionaries(st.sampled_from(topics), curves(), max_size=k)),
        bands=draw(bands(thresholds)),
    )


hostile_text = st.lists(
    st.sampled_from(
        [
            "\x1b[31m", "\x1b]0;title\x07", "\x9b2J", "\x08\x08", "\u202e", "\u2066", "\u200f", "\u061c",
            "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\ufeff", "\r", "\n", "\t", "[bold]", "[/]",
            "[link=x]", ":smile:", "=1+1", "+1", "-1", "@SUM(A1)", "＝1", '"', "'", ",", ";", "\\", "\\u202e",
            "<b>", "lighthouse", "\U0001f600", "e\u0301", " ",
        ]
    )
    | unicode_text,
    max_size=6,
).map("".join)  # fmt: skip
"""Text that tries to act on a terminal, a spreadsheet, rich or a reader of lines."""

marked_text = st.lists(
    st.sampled_from(
        [
            "`", "``", "|", "*", "**", "_", "~~", "#", "---", "\n---\n", "\n\n", "- ", "> ", "1. ", "    ",
            "<b>", "<script>", "<!--", "&lt;", "&", "[a](b)", "![", "](", "\\", "a: [b", "- {", "%", "'", '"',
            "\uffff", "\ud800", "a",
        ]
    )
    | hostile_text,
    max_size=8,
).map("".join)  # fmt: skip
"""Text that tries to be Markdown, HTML or YAML."""


@st.composite
def learned_taggers(draw, lines_only=False):
    """Models with the vocabulary of some texts, and numbers as training gives them; and those texts."""
    texts = draw(st.lists(tricky_text, min_size=1, max_size=6))
    sublinear = draw(st.booleans())
    shapes = draw(
        st.sampled_from([[("word", (1, 2))], [("char", (2, 4))], [("word", (1, 1)), ("char", (1, 3))]])
    )
    learned = [learn_block(kind, ngrams, texts, 1, sublinear) for kind, ngrams in shapes]
    lexicons = LexiconBlock(LexiconMatcher({"drinks": ["tea", "TEA"], "places": ["i*", "οδος ~ tea"]}), 2.0)
    features = Features((*learned, lexicons) if draw(st.booleans()) else tuple(learned))
    k = draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    topics, thresholds = tuple(f"topic{i}" for i in range(k)), rng.uniform(0.3, 0.7, k)
    bent = {} if lines_only else draw(st.dictionaries(st.sampled_from(topics), curves(), max_size=k))
    tagger = Tagger(
        topics,
        features,
        rng.normal(0, 3, (len(features), k)).astype(np.float32),
        rng.normal(-1, 1, k),
        np.column_stack([rng.uniform(0.2, 3, k), rng.normal(0, 1, k)]),
        thresholds,
        draw(st.sampled_from([0.0, 0.0, 0.2])),
        curves=bent,
        bands=draw(bands(thresholds)),
    )
    return tagger, texts


def word_columns(texts):
    """Return the words of texts, numbered, one after the other, and where those of each text start."""
    numbers = {}
    rows = [[numbers.setdefault(w, len(numbers)) for w in re.findall(r"\w+", text.lower())] for text in texts]
    offsets = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    return np.array([word for row in rows for word in row], dtype=np.uint32), offsets


@st.composite
def alike_sentences(draw):
    """Sentences most of which are others with a word or two changed: alike ones are rare by chance."""
    rows = [draw(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=14))]
    for _ in range(draw(st.integers(0, 9))):
        row = list(draw(st.sampled_from(rows)))
        for _ in range(draw(st.integers(0, 2))):
            place = draw(st.integers(0, len(row)))
            row[place : place + draw(st.integers(0, 1))] = draw(st.sampled_from([[], ["x"], ["a", "b"]]))
        rows.append(row)
    return [" ".join(row) for row in rows]


@st.composite
def some_documents(draw, most=4):
    """Documents with ids of their own, of sentences that a small model knows, repeats and hostile text."""
    from trainer.records import Document

    known = ["Red lava poured down.", "The lighthouse lost its lamp.", "The mayor likes soup."]
    parts = st.sampled_from([*known, "=1+1 said Ann.", "'Tis so."])
    texts = st.lists(parts | unicode_text, max_size=4).map(" ".join)
    several = draw(st.lists(texts, max_size=most))
    titles = st.none() | st.sampled_from(["Lava at dawn", "+Soup"])
    return [Document(f"d{i}", text, draw(titles), date="2024-01-02") for i, text in enumerate(several)]


SHAPES = [
    ("word", (1, 1)),
    ("word", (1, 3)),
    ("word", (2, 2)),
    ("char", (2, 5)),
    ("char", (1, 1)),
    ("char", (4, 7)),
]
"""Kinds of n-grams, and their lengths."""
ALMOST = ["", " ", "a", "a ", "a  b", "a b", "a b c", "ab", "abc", "ab cd", "ab c", "ab cde"]
"""N-grams that begin as others do, and what is none."""
ODD = [
    "İstanbul İ",
    "ΟΔΟΣ ΟΔΟΣ.",
    "a\u2028b\x85c\x1cd",
    "\ud800 \udfff",
    "x\u0307 \u0301",
    "ﬁ ǅ ŉ",
    "१२ ೩",
    "a_b __",
    "\0 \0a",
]
"""Letters that grow, end words in another way, are no letters of a word, are no characters at all."""
texts_lists = st.lists(st.one_of(tricky_text, st.text(), st.sampled_from(ODD)), max_size=8)
