"""Work in chunks on threads: the compiled loops leave the interpreter lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


def cores() -> int:
    """Return how many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


def in_threads(
    work: Callable[[T], R],
    items: Sequence[T],
    n_jobs: int | None = None,
    stop: Callable[[], object] | None = None,
) -> list[R]:
    """Return what `work` makes of each item, in their order; one thread where there is little.

    Parameters
    ----------
    n_jobs : int, optional
        Threads at most; else as many as processors. Results never depend on it.
    stop : callable, optional
        Called when one item has failed, or somebody interrupts: the others need not be finished.
    """
    workers = 1 if len(items) <= 1 else min(len(items), n_jobs or cores())
    if workers <= 1:
        return [work(item) for item in items]
    from threading import Lock, Thread

    works = _Works(work, items, stop, Lock())
    others = [Thread(target=works.run) for _ in range(workers - 1)]
    for thread in others:
        thread.start()
    try:
        works.run()
        for thread in others:
            thread.join()
    except BaseException as error:  # somebody interrupts between two works, or while the last are waited for
        works.fail(error)
        for thread in others:
            thread.join()
    if works.failed:
        raise works.failed[0]
    return [works.found[place] for place in range(len(items))]


class _Works(Generic[T, R]):
    """Items that several threads take one after another."""

    def __init__(
        self,
        work: Callable[[T], R],
        items: Sequence[T],
        stop: Callable[[], object] | None,
        lock: Any,
    ) -> None:
        self.found: dict[int, R] = {}
        self.failed: list[BaseException] = []
        self._work, self._items, self._stop, self._lock = work, items, stop, lock
        self._left = iter(range(len(items)))

    def run(self) -> None:
        """Work until nothing is left, or one has failed."""
        while not self.failed:
            with self._lock:
                place = next(self._left, None)
            if place is None:
                return
            try:
                self.found[place] = self._work(self._items[place])
            except BaseException as error:  # raised by the thread that waits for all
                self.fail(error)

    def fail(self, error: BaseException) -> None:
        """Take no more items, and end the works that look whether they are to end."""
        self.failed.append(error)
        if self._stop is not None:
            self._stop()


def begun(work: Callable[[], R]) -> Callable[[], R]:
    """Begin a work on a thread of its own.

    Returns
    -------
    callable
        Waits for the end of the work, and returns or raises what it did.
    """
    from threading import Thread

    found: list[R] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:  # raised where the work is waited for
            failed.append(error)

    def end() -> R:
        thread.join()
        if failed:
            raise failed[0]
        return found[0]

    thread = Thread(target=run)
    thread.start()
    return end


class Shares:
    """How far each of several works is, and whether they are to end.

    Parameters
    ----------
    parts : int
        Number of works.
    told : callable, optional
        Called with how many works' worth is done, by the thread of the work that tells.
    """

    def __init__(self, parts: int, told: Callable[[float], None] | None) -> None:
        self._shares, self._told, self._stopped = [0.0] * parts, told, False

    def tell(self, part: int, share: float) -> None:
        """Take how far a work is, from 0 to 1.

        Raises
        ------
        CancelledError
            When the works are to end.
        """
        if self._stopped:
            from concurrent.futures import CancelledError  # not where texts are only tagged

            raise CancelledError
        self._shares[part] = max(self._shares[part], share)
        if self._told is not None:
            self._told(sum(self._shares))

    def stop(self) -> None:
        """End each work when it tells how far it is."""
        self._stopped = True


def spans(n: int, size: int) -> list[tuple[int, int]]:
    """Cut n places into runs of `size`, the last one shorter: where each begins and ends."""
    return list(pairwise([*range(0, n, size), n]))


def even_spans(n: int, parts: int) -> list[tuple[int, int]]:
    """Cut n places into so many runs, as even as they can be: where each begins and ends."""
    return list(pairwise([round(part * n / parts) for part in range(parts + 1)])) if parts else []


def chunks(texts: Sequence[str], size: int) -> list[Sequence[str]]:
    """Cut texts into runs of `size`, the last one shorter; no more than that are one run as they are."""
    if 0 < len(texts) <= size:
        return [texts]
    return [texts[start:end] for start, end in spans(len(texts), size)]
