"""Hypothesis strategies that several test files share."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trainer.model.features import Block, Features
from trainer.model.tagger import Tagger

names = st.from_regex(r"[a-z][a-z0-9_-]{0,9}", fullmatch=True)
"""Names of topics, rules and models."""

unicode_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
"""Any text that UTF-8 can hold."""

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | unicode_text,
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
    vocabulary = tuple(sorted(draw(st.sets(unicode_text, max_size=8))))
    idf = draw(_array(len(vocabulary)))
    return Block(kind, (shortest, shortest + draw(st.integers(0, 2))), draw(st.booleans()), vocabulary, idf)


@st.composite
def taggers(draw):
    """Models that were never trained: any vocabulary, any finite numbers."""
    kinds = draw(st.sampled_from([("word",), ("char",), ("word", "char")]))
    features = Features(tuple(draw(blocks(kind)) for kind in kinds))
    topics = tuple(draw(st.lists(names, min_size=1, max_size=3, unique=True)))
    k = len(topics)
    return Tagger(
        topics,
        features,
        draw(_array((len(features), k), np.float32)),
        draw(_array(k)),
        draw(_array((k, 2))),
        draw(_array(k)),
        draw(st.floats(0, 0.5)),
    )
