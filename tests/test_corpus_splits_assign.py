from __future__ import annotations

import tracemalloc
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.corpus.splits import assign_groups, fold_of
from trainer.corpus.splits.assign import greedy
from trainer.errors import UsageError

seeds = st.integers(0, 2**32 - 1)
shares = st.sampled_from(
    [(0.8, 0.2), (0.8, 0.0, 0.2), (0.7, 0.1, 0.2), (1.0, 0.0, 0.0), (1 / 3, 1 / 3, 1 / 3)]
)


@st.composite
def rows(draw, most=30):
    """Groups of rows and what each row holds."""
    n = draw(st.integers(1, most))
    groups = draw(st.lists(st.sampled_from("abcdefghijklmno"), min_size=n, max_size=n))
    Y = draw(st.lists(st.tuples(*[st.integers(0, 1)] * 3), min_size=n, max_size=n))
    return groups, np.array(Y, dtype=float)


def burdens(groups, Y):
    """What each group holds, as shares of all there is: of rows first, then of each thing."""
    names = sorted(set(groups))
    columns = np.column_stack([np.ones(len(groups)), Y[:, Y.any(axis=0)]])
    held = np.array([columns[[g == name for g in groups]].sum(axis=0) for name in names])
    return names, held / columns.sum(axis=0)


def imbalance(burden, sides, shares):
    """Squared distance from what each side should hold, small sides counting as much as large ones."""
    cost = 0.0
    for side, share in enumerate(shares):
        if share:
            held = burden[np.array(sides) == side].sum(axis=0)
            cost += ((share - held) ** 2).sum() / share
    return cost


@given(rows(), shares, seeds)
def test_no_group_stands_on_two_sides_and_a_share_of_nothing_gets_nothing(data, shares, seed):
    groups, Y = data
    sides = assign_groups(groups, Y, shares, seed)
    assert sides.shape == (len(groups),)
    assert len(set(zip(groups, sides.tolist(), strict=True))) == len(set(groups))
    assert {shares[side] > 0 for side in sides.tolist()} == {True}


@settings(max_examples=50)
@given(rows(), shares, seeds, st.randoms())
def test_the_order_of_the_rows_does_not_matter(data, shares, seed, random):
    groups, Y = data
    order = random.sample(range(len(groups)), len(groups))
    shuffled = assign_groups([groups[i] for i in order], Y[order], shares, seed)
    assert shuffled.tolist() == assign_groups(groups, Y, shares, seed)[order].tolist()


def of_groups(groups, sides):
    """Return the side of each group, in the order of their names."""
    return [side for _, side in sorted(dict(zip(groups, sides.tolist(), strict=True)).items())]


# The bounds below are a theorem on the greedy half: its choice is the method of conditional expectations for
# this cost, so it is never worse than the mean over all assignments, each group drawing its side with the
# odds of the shares. The other half only lowers the cost, unless a side gets a thing that it had none of.
@given(rows(most=8), st.sampled_from([(0.8, 0.2), (0.5, 0.5), (0.6, 0.4)]), seeds)
def test_the_balance_is_at_least_that_of_drawing_lots_over_all_outcomes(data, shares, seed):
    groups, Y = data
    names, burden = burdens(groups, Y)
    balance, group_of = greedy(groups, Y, shares, seed, {})
    started = of_groups(groups, balance.side[group_of])
    ended = of_groups(groups, assign_groups(groups, Y, shares, seed))
    every = list(product(range(2), repeat=len(names)))
    costs = np.array([imbalance(burden, outcome, shares) for outcome in every])
    odds = np.array([np.prod([shares[side] for side in outcome]) for outcome in every])
    # 1e-9: sums of some dozen float64 fractions below one.
    assert costs.min() - 1e-9 <= imbalance(burden, started, shares) <= odds @ costs + 1e-9
    if lacking(burden, ended, shares) == lacking(burden, started, shares):
        assert costs.min() - 1e-9 <= imbalance(burden, ended, shares)
        assert imbalance(burden, ended, shares) <= imbalance(burden, started, shares) + 1e-9


@given(rows(), st.sampled_from([(0.7, 0.1, 0.2), (0.25, 0.25, 0.25, 0.25)]), seeds)
def test_the_balance_over_several_sides_is_at_least_that_of_drawing_lots(data, shares, seed):
    groups, Y = data
    _, burden = burdens(groups, Y)
    balance, group_of = greedy(groups, Y, shares, seed, {})
    started = of_groups(groups, balance.side[group_of])
    ended = of_groups(groups, assign_groups(groups, Y, shares, seed))
    # The mean over all assignments in closed form: the sum of the variances over the shares.
    mean = (len(shares) - 1) * (burden**2).sum()
    assert imbalance(burden, started, shares) <= mean + 1e-9
    assert lacking(burden, ended, shares) <= lacking(burden, started, shares) + 1e-9
    if lacking(burden, ended, shares) == lacking(burden, started, shares):
        assert imbalance(burden, ended, shares) <= mean + 1e-9


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.7, 0.3), (0.8, 0.2)])
def test_few_groups_mostly_reach_the_best_of_all_outcomes_and_else_come_near(shares):
    rng = np.random.default_rng(4)
    excess = []
    for _ in range(30):
        groups = rng.integers(9, size=40).astype(str).tolist()
        Y = (rng.random((40, 3)) < [0.4, 0.2, 0.1]).astype(float)
        names, burden = burdens(groups, Y)
        ended = of_groups(groups, assign_groups(groups, Y, shares, 1))
        gaps = round(lacking(burden, ended, shares), 9)
        every = [np.array(sides) for sides in product(range(2), repeat=len(names))]
        best = min(
            imbalance(burden, sides, shares)
            for sides in every
            if round(lacking(burden, sides, shares), 9) <= gaps
        )
        excess.append(imbalance(burden, ended, shares) - best)
    assert min(excess) >= -1e-9
    assert np.mean(np.array(excess) < 1e-9) >= 0.8
    assert np.mean(excess) < 0.01  # a group holds about a ninth of a thing: its square


def lacking(burden, sides, shares):
    """How many things the sides hold none of, each side by its share."""
    return sum(
        share * (burden[np.array(sides) == side] > 0).any(axis=0).__invert__().sum()
        for side, share in enumerate(shares)
    )


@pytest.mark.parametrize("shares", [(0.8, 0.2), (0.8, 0.1, 0.1), (0.2,) * 5])
@pytest.mark.parametrize("seed", range(3))
def test_a_topic_held_by_as_many_groups_as_there_are_sides_is_on_each(shares, seed):
    rng = np.random.default_rng(seed)
    groups = rng.integers(300, size=2_000)
    Y = np.zeros((2_000, 4))
    Y[:, 0] = rng.random(2_000) < 0.3
    for topic in (1, 2, 3):
        Y[np.isin(groups, rng.choice(300, len(shares), replace=False)), topic] = 1
    sides = assign_groups(groups.tolist(), Y, shares, seed)
    for side in range(len(shares)):
        assert Y[sides == side].any(axis=0).all()


def test_what_is_too_rare_for_all_sides_is_in_train_and_then_in_the_test():
    groups = [f"d{n}" for n in range(100)]
    for holders, sides in ((1, {0}), (2, {0, 2})):
        Y = np.zeros((100, 1))
        Y[:holders] = 1
        found = assign_groups(groups, Y, [0.8, 0.1, 0.1], seed=0)
        assert set(found[:holders].tolist()) == sides


@settings(max_examples=50)
@given(rows(), shares, seeds, st.dictionaries(st.sampled_from("abcdefghi"), st.integers(0, 1)))
def test_what_is_fixed_stays(data, shares, seed, fixed):
    groups, Y = data
    sides = assign_groups(groups, Y, shares, seed, fixed)
    for group, side in zip(groups, sides.tolist(), strict=True):
        assert side == fixed[group] if group in fixed else shares[side] > 0


def test_new_groups_restore_the_balance_around_what_is_fixed():
    groups = [f"d{n}" for n in range(200)]
    Y = np.zeros((200, 1))
    Y[::5] = 1
    fixed = {f"d{n}": 0 for n in range(100)}  # as if the version before had had no test
    sides = assign_groups(groups, Y, [0.8, 0.2], 0, fixed)
    assert np.bincount(sides).tolist() == [160, 40]
    assert Y[sides == 1].sum() == 8


def test_fractions_add_up_in_no_order_of_the_rows():
    rng = np.random.default_rng(0)
    groups = rng.integers(40, size=400).astype(str)
    Y = rng.random((400, 3))
    order = rng.permutation(400)
    sides = assign_groups(groups.tolist(), Y, [0.8, 0.1, 0.1], 3)
    assert (
        assign_groups(groups[order].tolist(), Y[order], [0.8, 0.1, 0.1], 3).tolist() == sides[order].tolist()
    )
    held = [
        greedy(g.tolist(), y, [1.0], 3, {})[0].burden for g, y in ((groups, Y), (groups[order], Y[order]))
    ]
    assert (held[0] == held[1]).all()


@pytest.mark.parametrize(
    ("Y", "shares", "fixed", "said"),
    [
        ([[-1.0]], [1.0], {}, "0 or more in every row"),
        ([[np.nan]], [1.0], {}, "0 or more in every row"),
        ([[np.inf]], [1.0], {}, "0 or more in every row"),
        ([[1.0]] * 2, [1.0], {}, "1 groups of rows and 2 rows"),
        ([[1.0]], [0.0, 0.0], {}, "not all 0"),
        ([[1.0]], [1.5, -0.5], {}, "0 or more"),
        ([[1.0]], [0.5, 0.5], {"a": 2}, "none of the 2"),
        ([[1.0]], [0.5, 0.5], {"a": -2}, "none of the 2"),
    ],
)
def test_what_makes_no_sense_is_refused(Y, shares, fixed, said):
    with pytest.raises(UsageError, match=said):
        assign_groups(["a"], np.array(Y), shares, 0, fixed)


def test_no_rows_are_no_trouble():
    assert assign_groups([], np.zeros((0, 2)), [0.8, 0.2], 0).tolist() == []


def test_loose_sentences_are_shared_out_exactly():
    groups = [f"d{n}" for n in range(200)]
    Y = np.zeros((200, 2))
    Y[:50, 0] = 1
    Y[40:60, 1] = 1
    for seed in range(5):
        sides = assign_groups(groups, Y, [0.8, 0.0, 0.2], seed)
        assert np.bincount(sides, minlength=3).tolist() == [160, 0, 40]
        assert [int(Y[sides == 2, topic].sum()) for topic in (0, 1)] == [10, 4]


def test_uneven_groups_and_rare_topics_are_shared_out_nearly():
    rng = np.random.default_rng(5)
    groups = np.repeat([f"d{n}" for n in range(400)], rng.integers(1, 6, 400)).tolist()
    Y = (rng.random((len(groups), 3)) < [0.3, 0.05, 0.02]).astype(float)
    sides = assign_groups(groups, Y, [0.7, 0.1, 0.2], seed=1)
    for side, share in enumerate((0.7, 0.1, 0.2)):
        held = np.column_stack([np.ones(len(groups)), Y])[sides == side].sum(axis=0)
        wanted = share * np.array([len(groups), *Y.sum(axis=0)])
        # At most five rows, the largest group, away from what was wanted.
        assert np.abs(held - wanted).max() <= 5


def test_a_group_too_large_for_the_small_side_goes_to_the_large_one():
    groups = ["big"] * 50 + [f"d{n}" for n in range(50)]
    sides = assign_groups(groups, np.zeros((100, 0)), [0.8, 0.2], seed=3)
    assert set(sides[:50].tolist()) == {0}
    assert int((sides == 1).sum()) == 20


def test_the_seed_decides_among_groups_that_are_alike():
    groups = [f"d{n}" for n in range(60)]
    drawn = {tuple(assign_groups(groups, np.zeros((60, 1)), [0.5, 0.5], seed).tolist()) for seed in range(4)}
    assert len(drawn) == 4


@settings(max_examples=50)
@given(rows(), st.integers(2, 5), seeds)
def test_folds_are_sides_of_equal_share(data, folds, seed):
    groups, Y = data
    found = fold_of(groups, Y, folds, seed)
    assert found.tolist() == assign_groups(groups, Y, [1 / folds] * folds, seed).tolist()
    assert len(set(found.tolist())) == min(folds, len(set(groups)))


def test_one_long_name_does_not_cost_room_for_every_row():
    # As one array of fixed-width text, these names would take 1.6 GB.
    groups = ["x" * 200_000, *(f"d{n}" for n in range(2_000))]
    tracemalloc.start()
    try:
        assign_groups(groups, np.ones((2_001, 1)), [0.8, 0.2], seed=0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 50e6


@pytest.mark.parametrize("kind", [list, tuple, np.array])
def test_groups_may_come_as_any_sequence(kind):
    assert assign_groups(kind(["a", "b", "a"]), np.ones((3, 1)), [1.0], 0).tolist() == [0, 0, 0]
