"""Work on threads gives what work in turn gives, and what fails is raised where all are waited for."""

from __future__ import annotations

import signal
import threading
from concurrent.futures import CancelledError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.engine.threads import Shares, begun, even_spans, in_threads, spans


@given(st.lists(st.integers(), max_size=30), st.integers(1, 5))
def test_results_come_in_the_order_of_the_items(items, n_jobs):
    assert in_threads(lambda item: item * 2, items, n_jobs) == [item * 2 for item in items]


def test_all_threads_work_at_the_same_time():
    together = threading.Barrier(3, timeout=60)
    in_threads(lambda _: together.wait(), range(3), 3)


@given(st.integers(2, 12), st.integers(1, 4), st.data())
def test_what_fails_is_raised_and_stops_the_rest(n, n_jobs, data):
    bad = data.draw(st.integers(0, n - 1))
    stopped = []

    def work(item):
        if item == bad:
            raise KeyboardInterrupt(item)
        return item

    with pytest.raises(KeyboardInterrupt, match=str(bad)):
        in_threads(work, range(n), n_jobs, lambda: stopped.append(True))
    assert stopped == ([True] if min(n, n_jobs) > 1 else [])


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals are not sent to threads here")
def test_an_interruption_stops_the_works_that_are_waited_for():
    together, stopped = threading.Barrier(2, timeout=60), threading.Event()

    def work(_):
        together.wait()
        if threading.current_thread() is threading.main_thread():
            return True
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        return stopped.wait(60)

    with pytest.raises(KeyboardInterrupt):
        in_threads(work, range(2), 2, stopped.set)
    assert stopped.is_set()


def test_a_work_that_is_stopped_ends_when_it_tells():
    told = []
    shares = Shares(2, told.append)
    shares.tell(0, 0.5)
    shares.tell(0, 0.25)  # it never goes back
    shares.tell(1, 1.0)
    assert told == [0.5, 0.5, 1.5]
    shares.stop()
    with pytest.raises(CancelledError):
        shares.tell(0, 1.0)


@given(st.integers(0, 50), st.integers(1, 9))
def test_spans_cover_each_place_once(n, size):
    for cut in (spans(n, size), even_spans(n, size)):
        assert [place for start, end in cut for place in range(start, end)] == list(range(n))
    lengths = [end - start for start, end in even_spans(n, size)]
    assert max(lengths) - min(lengths) <= 1


def test_what_was_begun_goes_on_meanwhile_and_gives_or_raises_what_it_did():
    together = threading.Barrier(2, timeout=60)
    end = begun(lambda: together.wait() >= 0)
    together.wait()
    assert end() is True
    assert end() is True
    fails = begun(lambda: 1 // 0)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            fails()
