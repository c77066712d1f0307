"""Packed rows come back to the bit, however they were cut, and the solver makes the same of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.engine import learning, solver
from trainer.engine import packed as packing
from trainer.engine.costs import Problem
from trainer.engine.packed import COMPILED, ColumnPacker, packed_rows
from trainer.engine.solver import solve
from trainer.lexicons import LexiconMatcher
from trainer.model.features import Features, LexiconBlock
from trainer.model.learning import learn_block, learn_blocks
from trainer.model.packing import packed
from trainer.spool import Spool

pytestmark = pytest.mark.skipif(not COMPILED, reason="not compiled")
WORDS = ["tea", "gin", "rum", "Äpfel", "лед", "a", "teapot", "gingin" * 4]
texts_ = st.lists(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join), min_size=1, max_size=12)


def features_of(texts, min_df=1, sublinear=True):
    blocks = [learn_block(kind, (1, 3), texts, min_df, sublinear) for kind in ("word", "char")]
    lexicons = LexiconMatcher({"cold": ("gin", "rum"), "warm": ("tea",), "none": ("milk",)})
    return Features((*blocks, LexiconBlock(lexicons, 1.7)))


def unpacked(rows):
    """Return (row, column) -> value of all that was packed, and of what was left out."""
    indptr, numbers, values = rows.rows().entries()
    row = np.repeat(np.arange(len(rows)), np.diff(indptr))
    found = dict(zip(zip(row.tolist(), rows.shared[numbers].tolist(), strict=True), values, strict=True))
    alone = zip(rows.lone_rows.tolist(), rows.lone_columns.tolist(), strict=True)
    left_out = dict(zip(alone, rows.lone_values, strict=True))
    assert not found.keys() & left_out.keys()
    return found, left_out


def bits(rows):
    entries = rows.rows().entries()
    left_out = (rows.lone_rows, rows.lone_columns, rows.lone_values)
    return [array.tobytes() for array in (*entries, rows.alone, rows.norms, *left_out, rows.shared)]


@given(
    texts=texts_,
    min_df=st.integers(1, 3),
    ngrams=st.sampled_from([(1, 1), (1, 3), (2, 2)]),
    cut=st.integers(1, 5),
)
@settings(max_examples=60, deadline=None)
def test_what_is_remembered_of_texts_is_what_stands_in_them(texts, min_df, ngrams, cut):
    wanted = [("word", ngrams, texts), ("char", ngrams, texts)]
    batches = [texts[start : start + cut] for start in range(0, len(texts), cut)]
    mine, plain = (learn_blocks(wanted, min_df, True, remember=remember) for remember in (True, False))
    assert [block.counter._known.remembers for block in (*mine, *plain)] == [True, False, False, False]
    expected = bits(packed(Features(plain), batches))
    assert bits(packed(Features(mine), batches)) == expected
    assert not mine[0].counter._known.remembers
    assert bits(packed(Features(mine), batches)) == expected


def test_other_texts_than_those_that_are_remembered_are_refused():
    def learned():
        return Features(learn_blocks([("word", (1, 1), ["tea", "gin tea"])], 1, True, remember=True))

    for batch, reason in ((["tea", "gin"], "than text 1"), (["tea", "gin tea", ""], "fewer texts")):
        with pytest.raises(ValueError, match=reason):
            packed(learned(), [batch])
    assert len(packed(learned(), [["tea", "gin tea"]])) == 2


@pytest.mark.parametrize("part", [8_192, 1])
def test_more_than_there_is_room_for_is_not_remembered(monkeypatch, part):
    monkeypatch.setattr(learning, "_PART", part)
    monkeypatch.setattr(learning, "cores", lambda: 2)
    texts = [" ".join(["tea"] * 500_000)] * 33
    block = learn_blocks([("word", (1, 1), texts)], 1, True, remember=True)[0]
    assert not block.counter._known.remembers
    assert len(packed(Features((block,)), [texts])) == 33


@given(texts=texts_, min_df=st.integers(1, 3), sublinear=st.booleans())
@settings(max_examples=60, deadline=None)
def test_rows_come_back_to_the_bit(texts, min_df, sublinear):
    features = features_of(texts, min_df, sublinear)
    X, rows = features.transform(texts), packed(features, [texts])
    assert (len(rows), rows.width) == (len(X), X.width)
    keys = zip(X.row_numbers.tolist(), X.indices.tolist(), strict=True)
    found, left_out = unpacked(rows)
    assert found | left_out == dict(zip(keys, X.values.astype(np.float32), strict=True))
    squares = {row: [] for row in range(len(X))}
    for (row, _), value in (found | left_out).items():
        squares[row].append(float(value) ** 2)
    np.testing.assert_allclose(rows.norms, [sum(each) for each in squares.values()], rtol=1e-6)
    alone = np.bincount(rows.lone_rows, rows.lone_values.astype(float) ** 2, len(X))
    np.testing.assert_allclose(rows.alone, alone, rtol=1e-6)


@given(texts=texts_)
@settings(max_examples=30, deadline=None)
def test_what_is_left_out_stands_in_one_row_and_the_rest_in_more(texts):
    features = features_of(texts)
    rows = packed(features, [texts])
    X = features.transform(texts)
    df = np.bincount(X.indices, minlength=X.width)
    lexicons = np.arange(X.width) >= X.width - 3  # three columns cost nothing: they stay
    assert sorted(rows.lone_columns) == np.flatnonzero((df == 1) & ~lexicons).tolist()
    assert sorted([*rows.shared, *rows.lone_columns]) == list(range(X.width))


@given(texts=texts_, size=st.integers(1, 5), chunk=st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_how_texts_are_cut_changes_no_bit(texts, size, chunk):
    features = features_of(texts)
    whole = packed(features, [texts])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(packing, "_CHUNK", chunk)
        patched.setattr(Spool, "LARGEST", 8)  # the rest waits on the disk
        patched.setattr(packing, "_UNPACKED", 0)
        parts = packed(features, [texts[i : i + size] for i in range(0, len(texts), size)])
    assert bits(whole) == bits(parts)


@pytest.mark.parametrize("loss", ["squared_hinge", "log_loss"])
@pytest.mark.parametrize("min_df", [1, 2])
def test_the_solver_makes_the_same_of_rows_that_are_stored_and_packed(loss, min_df, monkeypatch):
    draw = np.random.default_rng(3)
    texts = [" ".join(draw.choice([*WORDS, f"own{i}"], draw.integers(0, 12))) for i in range(90)]
    features = features_of(texts, min_df)
    few, X = packed(features, [texts]), features.transform(texts)
    monkeypatch.setattr(packing, "_UNPACKED", 0)
    rows = packed(features, [texts])
    assert few.stored is not None
    assert rows.stored is None
    Y = draw.choice(np.array([-1, 0, 1], np.int8), (90, 12))
    task = (Y, draw.choice([0.0, 0.3, 1.0], Y.shape), [Problem(k, (2.0, 1.0)) for k in range(12)], loss)
    from_packed = solve(rows, *task)
    from_stored = solve(few, *task)
    plain = solve(X, *task, tol=1e-7)
    assert from_packed.coef.tobytes() == from_stored.coef.tobytes()
    assert from_packed.intercept.tobytes() == from_stored.intercept.tobytes()
    assert from_packed.alpha.tobytes() == from_stored.alpha.tobytes()
    # Another order of the sums is another solution within the same gap, and so are other groups of problems.
    monkeypatch.setattr(solver, "_ROOMY", 0)
    for found in (from_packed, solve(rows, *task)):
        away = np.linalg.norm(found.coef - plain.coef, axis=0)
        assert (away <= np.sqrt(2 * found.gap) + np.sqrt(2 * plain.gap) + 1e-4).all()


def test_counts_and_steps_of_every_size_come_back():
    texts = ["tea " * 1_000 + "gin " * 3, "gin " * 300, "tea", ""]
    X, rows = features_of(texts).transform(texts), packed(features_of(texts), [texts])
    found, left_out = unpacked(rows)
    assert sorted((found | left_out).values()) == sorted(X.values.astype(np.float32).tolist())

    class Wide:
        def rows(self, texts):
            columns = [0, 126, 127, 128, 254, 2**14 + 253, 2**21 + 2**15, 2**24 - 1]
            return np.array([len(columns), 0, 1]), np.array([*columns, 5], np.int32)

    wide = packed_rows([ColumnPacker(Wide(), 2**24, 0.5)], [["", "", ""]])
    indptr, numbers, values = wide.rows().entries()
    assert numbers.tolist() == [*Wide().rows(())[1]]
    assert indptr.tolist() == [0, 8, 8, 9]
    assert set(values.tolist()) == {0.5}


def test_rows_of_other_texts_than_were_learned_from_are_refused():
    features = features_of(["tea gin", "tea rum"])
    with pytest.raises(ValueError, match="not those of the texts"):
        packed(features, [["tea gin", "gin rum"]])


def test_no_text_makes_no_row():
    rows = packed(features_of(["tea", "tea"], 2), [])
    assert len(rows) == 0
    assert bits(rows) == bits(packed(features_of(["tea", "tea"], 2), [[]]))
