"""Parts of the sentences are scored as parts, and chance among many of them is not taken for a finding."""

from __future__ import annotations

import numpy as np
import pytest

from trainer.corpus.examples import Examples
from trainer.evaluation.bootstrap import Resamples
from trainer.evaluation.slices import REST, parts_of, slices_of
from trainer.metrics import score_table


def examples(sources, Y, dates=None, texts=None):
    n = len(sources)
    ids = tuple(f"e{i:04}" for i in range(n))
    texts = texts or tuple(f"Sentence number {i} of the harbour." for i in range(n))
    gold = np.ones(n, dtype=bool)
    return Examples(
        ("lighthouses", "volcanoes"), ids, texts, Y, gold, ids, tuple(sources), "made up", (),
        tuple(dates or [""] * n),
    )  # fmt: skip


@pytest.fixture
def many():
    rng = np.random.default_rng(0)
    Y = (rng.random((400, 2)) < 0.4).astype(np.int8)
    tagged = np.where(rng.random((400, 2)) < 0.9, Y == 1, Y == 0)
    return Y, tagged, ["gazette" if i % 2 else "radio" for i in range(400)]


def test_a_part_is_scored_as_if_it_were_all(small, many):
    Y, tagged, sources = many
    given_ = examples(sources, Y)
    drawn = Resamples(given_.groups, n=200)
    found = slices_of(given_, tagged, parts_of(given_, small.fit.model, drawn), drawn)
    radio = next(one for one in found if (one.by, one.value) == ("source", "radio"))
    rows = np.array(sources) == "radio"
    expected = score_table(Y[rows], tagged[rows], None, given_.topics)["micro"]
    assert (radio.n, radio.documents, radio.positives) == (200, 200, int((Y[rows] == 1).sum()))
    for key in ("precision", "recall", "f1"):
        assert getattr(radio, key) == pytest.approx(expected[key], abs=1e-12)
    other = score_table(Y[~rows], tagged[~rows], None, given_.topics)["micro"]
    assert radio.difference == pytest.approx(expected["f1"] - other["f1"], abs=1e-12)
    assert radio.f1_interval[0] < radio.f1 < radio.f1_interval[1]
    ordinary = rows & (Y == 0).all(axis=1)
    assert radio.false_tags == pytest.approx(1000 * tagged[ordinary].sum() / ordinary.sum())


def test_a_part_that_is_worse_stands_out_and_others_do_not(small, many):
    Y, tagged, sources = many
    assert all(one.p_value is None or one.p_value > 0.05 for one in _found(small, Y, tagged, sources))
    worse = tagged.copy()
    rows = np.flatnonzero(np.array(sources) == "radio")[:80]
    worse[rows] = ~worse[rows]
    found = {(one.by, one.value): one for one in _found(small, Y, worse, sources)}
    radio = found["source", "radio"]
    assert radio.p_value < 0.001
    assert radio.difference < -0.1


def _found(small, Y, tagged, sources):
    given_ = examples(sources, Y)
    drawn = Resamples(given_.groups, n=200)
    return slices_of(given_, tagged, parts_of(given_, small.fit.model, drawn), drawn)


def test_small_parts_are_put_together_and_one_part_is_none(small):
    Y = np.zeros((60, 2), dtype=np.int8)
    Y[:30] = 1
    sources = ["wide"] * 20 + [f"narrow{i % 8}" for i in range(20)] + ["wide"] * 20
    given_ = examples(sources, Y)
    parts = parts_of(given_, small.fit.model, Resamples(given_.groups, n=10))
    assert set(parts["source"].tolist()) == {"wide", REST}
    assert "year" not in parts
    assert set(parts["topics"].tolist()) == {"none", "two and more"}


def test_by_the_number_of_topics_nothing_is_compared(small, many):
    Y, tagged, sources = many
    found = [one for one in _found(small, Y, tagged, sources) if one.by == "topics"]
    assert found
    assert all(one.difference is None and one.p_value is None for one in found)
    none = next(one for one in found if one.value == "none")
    assert (none.f1, none.f1_interval) == (None, None)
    assert none.false_tags is not None


def test_years_are_those_of_the_dates(small):
    Y = np.ones((60, 2), dtype=np.int8)
    dates = ["2024-05-01"] * 30 + ["2025"] * 29 + ["last May"]
    given_ = examples(["x"] * 60, Y, dates)
    parts = parts_of(given_, small.fit.model, Resamples(given_.groups, n=10))
    assert parts["year"].tolist() == ["2024"] * 30 + ["2025"] * 29 + ["unknown"]
