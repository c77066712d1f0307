"""Every system call of a publish, a move, a prune and a replaced file: killed at it, and failing at it."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from torture.acting import ACTIONS, check, prepare
from torture.tracing import Call, calls_of, traced

ERRORS = ("ENOSPC", "EIO", "EDQUOT", "EROFS")


def killed(folder: Path, *, most_calls: int = 10_000) -> str:
    """Visible means complete: a process killed at any call leaves what was, or all of what is new."""
    n = _each(folder, ["signal=SIGKILL"], most_calls, _check_killed)
    return f"killed at {n} system calls of {len(ACTIONS)} actions"


def failing(folder: Path, *, most_failures: int = 10_000) -> str:
    """A failed write changes nothing: ENOSPC, EIO, EDQUOT and EROFS at every call, and each of them fired."""
    n = _each(folder, [f"error={error}" for error in ERRORS], most_failures, _check_failed)
    return f"{n} failures injected into {len(ACTIONS)} actions, and each fired"


def _each(folder: Path, faults: list[str], most: int, verify: Callable[..., None]) -> int:
    """Do each action once for each of its calls and faults, or for a sample of them."""
    template = folder / "template"
    digests = prepare(template)
    cases = [(action, call, fault) for action, call in _calls(folder, template) for fault in faults]
    chosen = cases if len(cases) <= most else random.Random(7).sample(cases, most)

    def attempt(number: int) -> None:
        action, call, fault = chosen[number]
        here = folder / f"case-{number}"
        root = here / "artifacts"
        shutil.copytree(template, root)
        said = traced(action, root, here / "log", "-e", f"inject={call.name}:{fault}:when={call.when}")
        try:
            verify(action, root, dict(digests), said, (here / "log").read_text(errors="replace"))
        except AssertionError as error:
            raise AssertionError(f"{action}, {fault} at {call.text[:160]}: {error}") from error
        shutil.rmtree(here)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(attempt, range(len(chosen))))
    return len(chosen)


def _calls(folder: Path, template: Path) -> Iterator[tuple[str, Call]]:
    for action in ACTIONS:
        root = folder / f"plain-{action}" / "artifacts"
        shutil.copytree(template, root)
        for call in calls_of(action, root, folder / "log"):
            yield action, call


def _check_killed(action: str, root: Path, digests: dict[str, str], said: str, log: str) -> None:
    assert "killed by SIGKILL" in log, "the kill did not come"
    check(action, root, digests, said)


def _check_failed(action: str, root: Path, digests: dict[str, str], said: str, log: str) -> None:
    assert "(INJECTED)" in log, "the failure did not come"
    assert said, "it ended without a word"
    check(action, root, digests, said)
