from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.corpus.splits.balance import Balance


@st.composite
def balances(draw):
    """Assignments of a few groups, some fixed, over two to four sides."""
    groups, things = draw(st.integers(2, 8)), draw(st.integers(1, 4))
    held = draw(
        st.lists(
            st.lists(st.integers(0, 3), min_size=things, max_size=things), min_size=groups, max_size=groups
        )
    )
    holds = np.column_stack([np.ones(groups), np.array(held, dtype=float)])
    share = np.array(draw(st.sampled_from([(0.8, 0.2), (0.8, 0.0, 0.2), (0.25,) * 4])))
    fixed = np.array(draw(st.lists(st.sampled_from([-1, -1, 0, 1]), min_size=groups, max_size=groups)))
    balance = Balance(holds / np.maximum(holds.sum(axis=0), 1), share, fixed)
    for group in balance.free.tolist():
        balance.place(group)
    return balance


def recounted(balance):
    """The imbalance and what is lacking, from nothing but where the groups stand."""
    cost = lacking = 0.0
    for side, share in enumerate(balance.share.tolist()):
        held = balance.burden[balance.side == side]
        if share:
            cost += ((share - held.sum(axis=0)) ** 2).sum() / share
            lacking += share * (~(held > 0).any(axis=0)).sum()
    return lacking, cost


@given(balances())
def test_what_is_kept_up_to_date_is_what_a_recount_gives(balance):
    assert (balance.lacking(), balance.imbalance()) == pytest.approx(recounted(balance), abs=1e-9)


@given(balances(), st.data())
def test_a_step_is_worth_what_it_was_weighed_at(balance, data):
    group = data.draw(st.integers(0, len(balance.side) - 1))
    side = data.draw(st.sampled_from([s for s in balance.open.tolist() if s != balance.side[group]]))
    back = data.draw(st.sampled_from([-1, *np.flatnonzero(balance.side == side).tolist()]))
    if balance.share[balance.side[group]] == 0:
        return  # a group fixed on a closed side never moves
    before = recounted(balance)
    lacking, change = balance.step(group, side, back)
    if back < 0:
        assert balance.changes(np.array([group]))[0, side] == pytest.approx(change, abs=1e-9)
    balance.take(group, side, back)
    after = recounted(balance)
    assert (lacking, change) == pytest.approx((after[0] - before[0], after[1] - before[1]), abs=1e-9)
    assert (balance.lacking(), balance.imbalance()) == pytest.approx(after, abs=1e-9)


@given(balances())
def test_no_move_leads_to_a_closed_side_or_to_where_a_group_is(balance):
    change = balance.changes(np.arange(len(balance.side)))
    assert np.isinf(change[:, balance.share == 0]).all()
    assert np.isinf(change[np.arange(len(change)), balance.side]).all()
