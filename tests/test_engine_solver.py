"""The solver reaches LIBLINEAR's minimum, says how near it is, and gives the same bits on any threads."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.special import xlogy
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from trainer.engine.costs import Judged, Problem
from trainer.engine.solver import COMPILED, solve
from trainer.model.learners.inputs import from_scipy

pytestmark = pytest.mark.skipif(not COMPILED, reason="not compiled")
LOSSES = ["squared_hinge", "log_loss"]


def task(seed: int, n: int = 60, width: int = 40, k: int = 3):
    """Return a random matrix with features of one row only, labels with gaps and weights with zeros."""
    rng = np.random.default_rng(seed)
    X = sparse.random(n, width, density=0.1, format="csr", random_state=seed)
    lone = sparse.csr_matrix((np.full(3, 0.5), ([0, 5, 9], [0, 1, 2])), shape=(n, 3))
    X = sparse.hstack([X, lone], format="csr")
    Y = rng.choice(np.array([-1, 0, 1], np.int8), (n, k), p=[0.2, 0.5, 0.3])
    weights = rng.choice([0.0, 0.25, 1.0, 3.0], (n, k))
    Y[:2], weights[:2] = np.array([[0], [1]]), 1.0
    return X, Y, weights


def objective(X, y, cost, w, b, loss):
    z = np.where(y == 1, 1, -1) * (X @ w + b)
    each = np.maximum(1 - z, 0) ** 2 if loss == "squared_hinge" else np.logaddexp(0, -z)
    return 0.5 * (w @ w + b * b) + (cost * each).sum()


def reference(X, y, cost, loss):
    if loss == "squared_hinge":
        plain = LinearSVC(tol=1e-8, max_iter=1_000_000, random_state=0)
    else:
        plain = LogisticRegression(solver="liblinear", tol=1e-8, max_iter=10_000)
    used = cost > 0
    plain.fit(X[used], y[used], sample_weight=cost[used])
    return objective(X, y, cost, plain.coef_[0], plain.intercept_[0], loss)


@pytest.mark.parametrize("loss", LOSSES)
@given(seed=st.integers(0, 2**32 - 1), C=st.sampled_from([0.1, 1.0, 8.0, 32.0]))
@settings(max_examples=25, deadline=None)
def test_the_objective_is_that_of_liblinear_and_the_gap_bounds_it(loss, seed, C):
    X, Y, weights = task(seed)
    found = solve(from_scipy(X), Y, weights, [Problem(k, (C, 2 * C)) for k in range(3)], loss)
    assert found.converged
    assert (found.gap <= 1e-4 * found.objective).all()
    for k in range(3):
        cost = np.where(Y[:, k] == 1, 2 * C, C) * weights[:, k] * (Y[:, k] >= 0)
        reached = objective(X, Y[:, k], cost, found.coef[:, k], found.intercept[k], loss)
        assert reached == pytest.approx(found.objective[k], rel=1e-5)  # it works in float32
        best = reference(X, Y[:, k], cost, loss)
        assert reached <= best * (1 + 1e-4) + 1e-9
        assert best >= (reached - found.gap[k]) * (1 - 1e-5) - 1e-9


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 16, 17, 40])
def test_threads_change_no_bit(loss, k):
    X, Y, weights = task(3, k=k)
    problems = [Problem(topic, (1.0, 1.0)) for topic in range(k)]
    one, two, many = (solve(from_scipy(X), Y, weights, problems, loss, n_jobs=n) for n in (1, 2, 8))
    assert one.coef.tobytes() == two.coef.tobytes() == many.coef.tobytes()
    assert one.intercept.tobytes() == two.intercept.tobytes() == many.intercept.tobytes()


@pytest.mark.parametrize("loss", LOSSES)
def test_rows_outside_a_problem_have_no_part_in_it(loss):
    X, Y, weights = task(4)
    chosen = np.arange(60) % 3 > 0
    masked = solve(from_scipy(X), Y, weights, [Problem(0, (1.0, 1.0), chosen)], loss, tol=1e-6)
    alone = solve(from_scipy(X[chosen]), Y[chosen], weights[chosen], [Problem(0, (1.0, 1.0))], loss, tol=1e-6)
    # Half the square of the distance of each from the minimiser is at most its gap.
    distance = np.linalg.norm(masked.coef - alone.coef)
    assert distance <= np.sqrt(2 * masked.gap[0]) + np.sqrt(2 * alone.gap[0]) + 1e-6
    other = X.toarray()
    other[~chosen] = np.random.default_rng(0).random(((~chosen).sum(), X.shape[1]))
    changed = solve(from_scipy(other), Y, weights, [Problem(0, (1.0, 1.0), chosen)], loss, tol=1e-6)
    assert (
        np.linalg.norm(masked.coef - changed.coef)
        <= np.sqrt(2 * masked.gap[0]) + np.sqrt(2 * changed.gap[0]) + 1e-6
    )


@pytest.mark.parametrize("loss", LOSSES)
def test_a_warm_start_needs_fewer_passes(loss):
    X, Y, weights = task(5, n=400, width=300)
    problems = [Problem(k, (4.0, 4.0)) for k in range(3)]
    cold = solve(from_scipy(X), Y, weights, problems, loss)
    warm = solve(from_scipy(X), Y, weights, problems, loss, alpha=cold.alpha)
    assert warm.converged
    assert warm.passes.max() < cold.passes.max()


@pytest.mark.parametrize("loss", LOSSES)
def test_too_few_passes_are_said(loss):
    X, Y, weights = task(6)
    found = solve(from_scipy(X), Y, weights, [Problem(0, (32.0, 32.0))], loss, tol=1e-6, max_passes=1)
    assert not found.converged
    assert found.gap[0] > 1e-6 * found.objective[0]


@pytest.mark.parametrize("loss", LOSSES)
def test_nothing_to_learn_from_gives_no_weights(loss):
    empty = from_scipy(sparse.csr_matrix((0, 4)))
    found = solve(empty, np.zeros((0, 2), np.int8), np.ones((0, 1)), [Problem(0, (1.0, 1.0))], loss)
    assert not found.coef.any()
    blank = from_scipy(sparse.csr_matrix((6, 4)))
    Y = np.array([[1], [0], [1], [0], [-1], [1]], np.int8)
    found = solve(blank, Y, np.ones((6, 1)), [Problem(0, (1.0, 1.0))], loss)
    assert found.converged
    assert not found.coef.any()
    unknown = solve(blank, np.full((6, 1), -1, np.int8), np.ones((6, 1)), [Problem(0, (1.0, 1.0))], loss)
    assert unknown.intercept.tolist() == [0.0]
    assert solve(blank, Y, np.ones((6, 1)), [], loss).coef.shape == (4, 0)


@pytest.mark.parametrize("loss", LOSSES)
def test_what_float32_cannot_hold_is_refused(loss):
    X, Y, weights = task(7)
    for value in (np.nan, np.inf, 1e30):
        spoiled = X.copy()
        spoiled.data[0] = value
        with pytest.raises(ValueError, match="scale the features"):
            solve(from_scipy(spoiled), Y, weights, [Problem(0, (1.0, 1.0))], loss)
    for cost, weight in ((1e39, 1.0), (1.0, np.nan), (1.0, np.inf)):
        with pytest.raises(ValueError, match="beyond float32"):
            solve(from_scipy(X), Y, np.full(Y.shape, weight), [Problem(0, (cost, cost))], loss)


def texts_and_labels():
    """Return rows of length 1, as texts have, and labels that have nothing to do with them."""
    rng = np.random.default_rng(3)
    dense = rng.random((2_000, 300)) * (rng.random((2_000, 300)) < 0.1)
    dense /= np.maximum(np.linalg.norm(dense, axis=1), 1e-9)[:, None]
    return from_scipy(dense), (rng.random((2_000, 5)) < 0.2).astype(np.int8)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("C", [0.1, 1.0, 8.0])
def test_it_stops_soon_after_the_gap_is_small_enough(loss, C):
    X, Y = texts_and_labels()
    only = X, Y, np.ones((2_000, 1)), [Problem(0, (C, C))], loss
    (passes,) = solve(*only).passes
    enough = next(n for n in range(1, passes + 1) if solve(*only, max_passes=n).converged)
    # What it goes by is off by a factor of 2 at times; three passes make up for that.
    assert passes <= enough + 3


@pytest.mark.parametrize("C", [1.0, 8.0, 32.0])
def test_the_logistic_loss_is_solved_to_a_tiny_gap(C):
    # In float32 steps become too small to be taken: none of them may be taken for a large one.
    X, Y = texts_and_labels()
    found = solve(X, Y, np.ones((2_000, 1)), [Problem(k, (C, C)) for k in range(5)], "log_loss", tol=1e-8)
    assert found.converged
    assert found.passes.max() < 400


@pytest.mark.parametrize("side", [0, 1])
def test_a_row_far_on_its_own_side_has_the_tiny_dual_variable_that_it_should(side):
    # After the first pass a step goes down by many powers of ten: the terms of it must not cancel out.
    rng = np.random.default_rng(4)
    X, y = np.zeros((3_000, 40)), np.full((3_000, 1), 1 - side, np.int8)
    X[:, 1:] = 0.2 * (rng.random((3_000, 39)) < 0.2)
    X[:1_000, 0], y[:1_000] = 0.1, side
    X[:2, 0] = 1.0
    found = solve(from_scipy(X), y, np.ones((3_000, 1)), [Problem(0, (1.0, 1.0))], "log_loss")
    margin = abs(X[0] @ found.coef[:, 0] + found.intercept[0])
    assert margin > 20
    assert found.converged
    # The rest of the last pass moves the margin a little.
    assert found.alpha[0, 0] == pytest.approx(np.exp(-margin), rel=0.2, abs=0)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("C", [0.1, 4.0, 500.0])
@pytest.mark.parametrize("passes", [1, 4])
def test_objective_and_gap_are_those_of_the_dual_variables(loss, C, passes):
    X, Y, weights = task(7)
    problems = [Problem(k, (C, 2 * C)) for k in range(3)]
    found = solve(from_scipy(X), Y, weights, problems, loss, tol=1e-9, max_passes=passes)

    judged = Judged.of(Y, weights)
    for k, problem in enumerate(problems):
        cost = judged.numbers(problem)
        used = cost != 0
        y, c, a = np.sign(cost[used]), np.abs(cost[used]), found.alpha[used, k].astype(float)
        w, b = X[used].T @ (y * a), (y * a).sum()
        z = y * (X[used] @ w + b)
        half = 0.5 * (w @ w + b * b)
        if loss == "squared_hinge":
            primal, dual = half + c @ np.maximum(1 - z, 0) ** 2, a.sum() - half - (a * a / (4 * c)).sum()
        else:
            primal = half + c @ np.logaddexp(0, -z)
            dual = -half - (xlogy(a, a / c) + xlogy(c - a, (c - a) / c)).sum()
        # Sums of float32 terms, each within some units in its last place.
        assert found.objective[k] == pytest.approx(primal, rel=1e-5)
        assert found.gap[k] == pytest.approx(primal - dual, rel=1e-3, abs=2e-6 * primal)


@pytest.mark.parametrize("topics", [3, 40])
def test_it_tells_how_far_it_is_and_stops_where_that_raises(topics):
    X, Y, weights = task(5)
    Y, weights = np.tile(Y, 14)[:, :topics], np.tile(weights, 14)[:, :topics]
    problems, told = [Problem(k, (32.0, 32.0)) for k in range(topics)], []

    whole = solve(from_scipy(X), Y, weights, problems, "squared_hinge", told=told.append, tol=1e-6)

    assert told[0] == 0
    assert told == sorted(told)
    assert 0.5 < told[-1] <= 1
    assert len(told) >= whole.passes.max()

    def stop(share):
        if share > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        solve(from_scipy(X), Y, weights, problems, "squared_hinge", told=stop, tol=1e-6)


@pytest.mark.skipif(not COMPILED, reason="not compiled")
def test_weights_are_written_nowhere_else():
    from trainer.engine._linear import Descent, Stored

    rows = Stored(np.arange(3), np.array([0, 0], np.int32), np.ones(2, np.float32))
    alone, norms = np.zeros(2, np.float32), np.ones(2, np.float32)
    costs, alpha, weights = (np.ones((n, 8), np.float32) for n in (2, 2, 1))
    descent = Descent(rows, alone, norms, costs, None, None, alpha, weights, 3, 0, False)
    one, here, value = np.zeros(1, np.int32), np.zeros(1, np.int64), np.ones(1, np.float32)
    coef = np.zeros((2, 4), np.float32)
    for act in (
        lambda: descent.put(coef, 2, one),
        lambda: descent.put(coef, -1, one),
        lambda: descent.put(coef, 0, one + 2),
        lambda: descent.put(coef, 0, one - 1),
        lambda: descent.put(coef, 0, np.zeros(2, np.int32)),
        lambda: descent.put_lone(coef, 2, one, here, value),
        lambda: descent.put_lone(coef, 0, one + 2, here, value),
        lambda: descent.put_lone(coef, 0, one, here + 2, value),
        lambda: descent.put_lone(coef, 0, one, here - 1, value),
        lambda: descent.put_lone(coef, 0, one, np.zeros(2, np.int64), value),
    ):
        with pytest.raises(ValueError, match=r"do not go to|beyond the|have weights|not there|not as many"):
            act()
    assert not coef.any()
    descent.put(coef, 0, one)
    descent.put_lone(coef, 1, one + 1, here, 2 * value)
    assert coef.tolist() == [[1, 1, 1, 0], [0, 2, 2, 2]]


@pytest.mark.parametrize("size", [0, 1, 100, 2**20 - 1, 2**20, 2**21 + 4])
def test_room_is_as_large_as_was_asked_for_and_zero_where_that_was(size):
    from trainer.engine._linear import Room

    found = np.frombuffer(Room(size, zeros=True), np.uint8)
    assert len(found) == size
    assert not found.any()
    found[:] = 7  # all of it can be written to, and is there as long as the array is
    gc.collect()
    assert (found == 7).all()
    assert len(np.frombuffer(Room(size), np.uint8)) == size
