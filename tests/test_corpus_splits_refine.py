from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainer.corpus.splits.balance import Balance
from trainer.corpus.splits.refine import refine


def badly_placed(seed, groups=30, things=4, sides=3, fixed=0.2):
    """An assignment by lot, some of it fixed."""
    rng = np.random.default_rng(seed)
    holds = np.column_stack([rng.integers(1, 6, groups), rng.poisson(0.3, (groups, things))]).astype(float)
    lots = rng.integers(sides, size=groups)
    stays = np.where(rng.random(groups) < fixed, lots, -1)
    balance = Balance(holds / np.maximum(holds.sum(axis=0), 1), np.full(sides, 1 / sides), stays)
    for group in balance.free.tolist():
        balance._put(group, int(lots[group]))
    return balance


@given(st.integers(0, 2**32 - 1))
def test_it_never_makes_anything_worse_and_moves_nothing_that_is_fixed(seed):
    balance = badly_placed(seed)
    before = (balance.lacking(), balance.imbalance())
    fixed = np.setdiff1d(np.arange(30), balance.free)
    stood = balance.side[fixed].copy()
    refine(balance)
    assert balance.lacking() <= before[0] + 1e-9
    if balance.lacking() > before[0] - 1e-9:
        assert balance.imbalance() <= before[1] + 1e-9
    assert balance.side[fixed].tolist() == stood.tolist()


@given(st.integers(0, 2**32 - 1))
def test_at_the_end_no_move_and_no_exchange_helps(seed):
    balance = badly_placed(seed)
    refine(balance)
    for group in balance.free.tolist():
        here = balance.side[group]
        for side in (s for s in balance.open.tolist() if s != here):
            lacking, change = balance.step(group, side)
            assert lacking > 0 or change >= -1e-9
            partners = [g for g in balance.free.tolist() if balance.side[g] == side]
            # Exchanges are tried each with its best partner; one that would empty a side hides the next best.
            weighed = [balance.step(group, side, back) for back in partners]
            if weighed and not any(lacking > 0 for lacking, _ in weighed):
                assert min(change for _, change in weighed) >= -1e-9


def test_it_is_much_better_than_lots():
    gains = []
    for seed in range(20):
        balance = badly_placed(seed, groups=60, fixed=0)
        before = balance.imbalance()
        refine(balance)
        gains.append(balance.imbalance() / before)
    assert np.median(gains) < 0.1


def test_a_bound_on_the_work_is_kept_and_harms_nothing():
    balance = badly_placed(1, groups=200)
    before = balance.imbalance()
    refine(balance, work=0)
    assert balance.imbalance() < before
