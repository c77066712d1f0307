"""What is learned is the same compiled or not, at once or in parts, whole or without what is rare."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import ALMOST, ODD, SHAPES, texts_lists, tricky_text

from trainer.engine import counting, learning
from trainer.engine.counting import COMPILED, counter
from trainer.engine.learning import learn

only_compiled = pytest.mark.skipif(not COMPILED, reason="not compiled")
both = pytest.mark.parametrize(
    "compiled", [pytest.param(True, marks=pytest.mark.skipif(not COMPILED, reason="not compiled")), False]
)


@only_compiled
@given(st.data(), st.integers(0, 40))
def test_nodes_are_met_in_the_order_of_their_strings(data, n):
    from trainer.engine._ngrams import ascending

    paths = [()]
    for _ in range(n):
        paths.append((*data.draw(st.sampled_from(paths)), data.draw(st.integers(0, 5))))
    paths = list(dict.fromkeys(paths))
    parent = np.array([paths.index(path[:-1]) for path in paths[1:]], np.int32)
    symbol = np.array([path[-1] for path in paths[1:]], np.int32)
    kept = np.array([data.draw(st.booleans()) for _ in parent], np.uint8)
    nodes, used = ascending(parent, symbol, kept)
    wanted = sorted(path for path, keep in zip(paths[1:], kept, strict=True) if keep)
    assert [paths[node] for node in nodes] == wanted
    assert used.tolist() == [any(kept_path[: len(path)] == path for kept_path in wanted) for path in paths]


@only_compiled
@pytest.mark.parametrize(
    ("parent", "symbol", "reason"),
    [
        ([1], [0], "before its parent"),
        ([-1], [0], "before its parent"),
        ([0], [-1], "no symbol"),
        ([0], [0x110000], "no symbol"),
        (range(66), [0] * 66, "more than 64"),
        ([0, 0], [0], "not as many"),
    ],
)
def test_what_is_no_trie_is_refused(parent, symbol, reason):
    from trainer.engine._ngrams import ascending

    with pytest.raises(ValueError, match=reason):
        ascending(*(np.array(each, np.int32) for each in (parent, symbol)), np.ones(len(parent), np.uint8))


@both
@pytest.mark.parametrize(("kind", "ngrams"), SHAPES)
@given(texts=texts_lists, new=texts_lists, min_df=st.sampled_from([1, 2]), norm=st.booleans())
@settings(max_examples=30, deadline=None)
def test_what_learned_ngrams_finds_them_as_a_new_counter(compiled, kind, ngrams, texts, new, min_df, norm):
    found = learn(kind, ngrams, texts, min_df, norm=norm, compiled=compiled)
    fresh = counter(kind, ngrams, found.vocabulary, norm, compiled=compiled)
    idf = np.linspace(1, 2, len(found.vocabulary))
    mine, theirs = (one.rows(texts + new, idf, True) for one in (found.counter, fresh))
    assert all(a.tobytes() == b.tobytes() for a, b in zip(mine, theirs, strict=True))
    again = fresh.rows(texts + new, idf, True)  # by what it remembers
    assert all(a.tobytes() == b.tobytes() for a, b in zip(again, theirs, strict=True))


@given(texts_lists)
@settings(max_examples=20, deadline=None)
def test_the_number_of_texts_read_at_once_changes_nothing(texts):
    whole = learn("word", (1, 2), texts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "BATCH", 1)
        assert learn("word", (1, 2), iter(texts)).vocabulary == whole.vocabulary


class InParts:
    """Texts that are no sequence."""

    def __init__(self, texts):
        self.texts = texts

    def __len__(self):
        return len(self.texts)

    def __iter__(self):
        return iter(self.texts)

    def parts(self, n):
        return [InParts(self.texts[i * len(self) // n : (i + 1) * len(self) // n]) for i in range(n)]


@only_compiled
@pytest.mark.parametrize(("kind", "ngrams"), SHAPES)
@given(
    texts=texts_lists,
    new=texts_lists,
    parts=st.integers(2, 4),
    min_df=st.sampled_from([1, 2, 0.3]),
    made=st.sampled_from([list, InParts]),
)
@settings(max_examples=40, deadline=None)
def test_what_is_learned_in_parts_is_what_is_learned_at_once(kind, ngrams, texts, new, parts, min_df, made):
    whole = learn(kind, ngrams, iter(texts), min_df, remember=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learning, "_PART", 1)
        patch.setattr(learning, "cores", lambda: parts)
        found = learn(kind, ngrams, made(texts), min_df, remember=True)
    assert found.vocabulary == whole.vocabulary
    assert (found.df.tolist(), found.n) == (whole.df.tolist(), whole.n)
    idf, number = np.ones(len(found.df)), np.arange(len(found.df), dtype=np.int32)
    for act in (
        lambda learned: learned.counter.rows(texts + new, idf, True),
        lambda learned: learned.counter.pack(texts, idf, True, number, 0),  # by what is remembered
    ):
        for mine, his in zip(act(found), act(whole), strict=True):
            assert mine.tobytes() == his.tobytes()


@only_compiled
def test_only_what_was_learned_in_the_same_way_is_joined():
    def learned(*settings, **more):
        learner = learning._Learner(*settings, **more)
        learner.learn(learning._Texts(["tea is warm"]))
        return learner

    first = learned("word", 1, 2, remember=True)
    taken = learned("word", 1, 2)
    taken.known(np.zeros(0, np.int32), np.ones(6, np.uint8), True)
    for other in (learned("word", 1, 1), learned("char", 1, 2), first, taken):
        with pytest.raises(ValueError, match=r"cannot be joined|nothing to learn"):
            first.join(other)
    with pytest.raises(ValueError, match="nothing to learn"):
        taken.join(first)
    first.join(learned("word", 1, 2))  # of which nothing is remembered
    parent, symbol, df = first.nodes()
    assert df.tolist() == [2] * 5
    known = first.known(*learning._ascending(parent, symbol, np.ones(5, np.uint8)), True)
    assert not known.remembers


@only_compiled
def test_a_learner_writes_words_that_were_put_in_order_and_learns_until_its_vocabulary_is_taken():
    texts = learning._Texts(["tea is warm"])
    learner = learning._Learner("word", 1, 2)
    with pytest.raises(ValueError, match="not in UTF-8"):
        learner.lines_of(np.zeros(0, np.int32))
    learner.learn(texts)
    learner.nodes()
    learner.learn(learning._Texts(["gin is cold"]))
    with pytest.raises(ValueError, match="not in UTF-8"):
        learner.lines_of(np.array([6], np.int32))
    none, root = np.zeros(0, np.int32), np.ones(1, np.uint8)
    with pytest.raises(ValueError, match="not the nodes"):
        learner.known(none, root, True)
    learner.nodes()
    learner.known(none, np.ones(10, np.uint8), True)
    assert learner.lines_of(np.array([1], np.int32)) == b"tea\n"
    for act in (
        lambda: learner.learn(texts),
        lambda: learner.meet(texts, np.zeros(8, np.uint8)),
        lambda: learner.nodes(),
        lambda: learner.known(none, root, True),
    ):
        with pytest.raises(ValueError, match="nothing to learn"):
            act()


@only_compiled
@pytest.mark.parametrize("ngrams", [(1, 1), (1, 3), (2, 2)])
@given(
    texts=st.lists(st.one_of(tricky_text, st.sampled_from([*ALMOST, *ODD])), max_size=12),
    least=st.sampled_from([1, 2, 3, 0.3, 300]),
    counts=st.sampled_from([2, 64, 2**12]),
)
@settings(max_examples=60, deadline=None)
def test_passing_over_what_is_rare_changes_nothing_that_is_learned(ngrams, texts, least, counts):
    plain = learn("word", ngrams, texts, least)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(learning, "_MANY", 0)
        patched.setattr(learning, "_COUNTS", counts)
        found = learn("word", ngrams, texts, least)
    assert found.vocabulary == plain.vocabulary
    assert found.df.tolist() == plain.df.tolist()
    idf = np.ones(len(found.df))
    for mine, his in zip(
        found.counter.rows(texts, idf, True), plain.counter.rows(texts, idf, True), strict=True
    ):
        assert mine.tobytes() == his.tobytes()


@only_compiled
def test_no_node_is_made_for_what_is_met_too_seldom():
    texts = ["tea is warm", "tea is cold", *["gin is cold"] * 300]
    learner = learning._Learner("word", 1, 2)
    learner.meet(learning._Texts(texts), np.zeros(2**16, np.uint8))
    learner.pass_over(2)
    learner.learn(learning._Texts(texts))
    assert sorted(learner.nodes()[2].tolist()) == [2, 2, 300, 300, 301, 301, 302]
    assert set(learner.lines_of(np.arange(1, 8, dtype=np.int32)).split()) == {b"cold", b"gin", b"is", b"tea"}
    with pytest.raises(ValueError, match="power of 2"):
        learner.meet(learning._Texts(texts), np.zeros(6, np.uint8))
