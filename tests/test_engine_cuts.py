from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import curves

from trainer.engine.cuts import Cuts, compared, sure_margins
from trainer.model.features import Features
from trainer.model.maps import sigmoid
from trainer.model.tagger import Tagger

TOPICS = ("tea", "gin")


@st.composite
def calibrated(draw):
    """Models with numbers as calibration finds them, and some that it does not."""
    some = st.floats(-4, 4) | st.sampled_from([0.0, 1.0, -1e5, 1e5])
    line = st.tuples(st.floats(0, 4) | some, some)
    thresholds = np.array(draw(st.tuples(*[st.floats(0, 1) | st.sampled_from([0.0, 1.0, 0.5, 2.0])] * 2)))
    bands = None
    if draw(st.booleans()):
        bands = np.sort([draw(st.tuples(st.floats(0, 1), st.floats(0, 1))) for _ in TOPICS], axis=1)
    model = Tagger(
        TOPICS,
        Features(()),
        np.zeros((0, 2), np.float32),
        np.array([draw(some) for _ in TOPICS]),
        np.array([draw(line) for _ in TOPICS]),
        thresholds,
        draw(st.sampled_from([0.0, 0.1]) | st.floats(0, 0.5)),
        info={"assumed_rates": dict.fromkeys(TOPICS, 0.3)},
        curves=draw(st.dictionaries(st.sampled_from(TOPICS), curves(), max_size=2)),
        bands=bands,
    )
    return model.at_rates({"tea": 0.1}) if draw(st.booleans()) else model


def by_cuts(model, cuts, sums):
    """Return the decisions of sums of weights."""
    return cuts(
        sums, lambda some: model.scores(some + model.intercept), lambda scores: model.decide(scores)[0]
    )


def sure_of(model):
    """Find what is sure of the sums of a model at once."""
    model._cuts._patience = 0
    by_cuts(model, model._cuts, np.zeros((1, 2)))
    return model._cuts._sure


@given(model=calibrated(), given_margins=st.lists(st.floats(-60, 60), max_size=20))
def test_decisions_by_sums_are_those_by_probabilities(model, given_margins):
    ends = [end for side in sure_of(model) for end in side if not np.isnan(end)]
    close = [end * (1 + by) + by for end in ends for by in (0, 1e-16, -1e-16, 1e-9, -1e-9, 1e-6, -1e-6)]
    knots = [knot for curve in model.curves.values() if curve.ndim == 2 for knot in curve[0]]
    knots = [knot - offset for knot in knots for offset in model.intercept]
    column = np.array([*given_margins, *close, *knots, 1e300, -1e300])
    sums = np.stack([column, column[::-1]], axis=1)
    by_probabilities = model.decide(model.scores(sums + model.intercept))[0]
    patient = Cuts(model._cuts._wanted, [])
    for cuts in (model._cuts, *[patient] * (2 + 512 // len(sums))):
        assert np.array_equal(by_cuts(model, cuts, sums), by_probabilities)
    assert patient._sure is not None


def test_all_but_a_little_is_decided_by_margins():
    model = Tagger(
        TOPICS,
        Features(()),
        np.zeros((0, 2), np.float32),
        np.zeros(2),
        np.array([[1.0, 0.0], [2.0, -1.0]]),
        np.array([0.5, 0.7]),
    )
    low, high = sure_of(model)
    at = np.array([0.0, (np.log(0.7 / 0.3) + 1) / 2])
    assert (low < at).all()
    assert (at < high).all()
    assert (high - low < 1e-7).all()
    never = sure_of(replace(model, thresholds=np.array([1.5, 0.5])))
    assert np.isnan(never[1][0])
    assert never[0][0] == pytest.approx(1e6)


def test_where_nothing_is_reached_nothing_is_sure():
    low, high = sure_margins(lambda margins: sigmoid(margins), np.array([2.0, -1.0, np.nan]))
    assert np.isnan(high).tolist() == [True, False, True]
    assert np.isnan(low).tolist() == [False, True, True]


@given(
    rows=st.integers(0, 9).flatmap(
        lambda k: st.lists(
            st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0, np.nan, np.inf]), min_size=k, max_size=k)
        )
    ),
    data=st.data(),
)
def test_rows_are_compared_as_numpy_does(rows, data):
    k = len(rows[0]) if rows else 3
    some = st.sampled_from([-1.0, 0.0, 0.5, np.nan, -np.inf, np.inf])
    low, high = (np.array(data.draw(st.lists(some, min_size=k, max_size=k)), float) for _ in range(2))
    margins = np.array(rows, float).reshape(len(rows), k)
    reached, unsure = compared(margins, low, high)
    assert np.array_equal(reached, margins >= high)
    assert unsure.tolist() == [
        i
        for i, row in enumerate(rows)
        if any(not x >= top and not x <= bottom for x, bottom, top in zip(row, low, high, strict=True))
    ]
    in_numpy = compared(margins, low, high, compiled=False)
    assert np.array_equal(reached, in_numpy[0])
    assert np.array_equal(unsure, in_numpy[1])


def test_the_compiled_comparison_refuses_other_shapes():
    module = pytest.importorskip("trainer.engine._linear")
    rows, two, room = np.zeros((3, 2)), np.zeros(2), np.zeros(3, np.int64)
    reached = np.zeros((3, 2), np.uint8)
    for wrong in (
        (rows, np.zeros(3), two, reached, room),
        (rows, two, np.zeros(1), reached, room),
        (rows, two, two, np.zeros((2, 2), np.uint8), room),
        (rows, two, two, np.zeros((3, 1), np.uint8), room),
        (rows, two, two, reached, np.zeros(2, np.int64)),
    ):
        with pytest.raises(ValueError, match=r"another shape|no room"):
            module.compare_rows(*wrong)
