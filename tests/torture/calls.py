"""Every system call of a publish, a move, a prune and a replaced file: killed at it, and failing at it."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from torture.acting import ACTIONS, check, prepare
from torture.tracing import Call, calls_of, traced

KILL = ("signal=SIGKILL:when={}",)
ERRORS = ("ENOSPC", "EIO", "EDQUOT", "EROFS")
ONCE = tuple(f"error={error}:when={{}}" for error in ERRORS)
FROM_THEN_ON = ("error=ENOSPC:when={}+", "error=EIO:when={}+")
"""What comes after fails too, and so does the clearing away, where it takes the same call."""


def killed(folder: Path, *, most_calls: int = 10_000) -> str:
    """Visible means complete: a process killed at any call leaves what was, or all of what is new."""
    n = _each(folder, KILL, most_calls, _check_killed)
    return f"killed at {n} system calls of {len(ACTIONS)} actions"


def failing(folder: Path, *, most_failures: int = 10_000) -> str:
    """A failed write changes nothing: ENOSPC, EIO, EDQUOT and EROFS at every call, once and for good."""
    n = _each(folder, (*ONCE, *FROM_THEN_ON), most_failures, _check_failed)
    return f"{n} failures injected into {len(ACTIONS)} actions, and each fired"


def _each(folder: Path, faults: tuple[str, ...], most: int, verify: Callable[..., None]) -> int:
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
        injected = f"inject={call.name}:{fault.format(call.when)}"
        try:
            said = traced(action, root, here / "log", "-e", injected)
            _check_hit(call, root, (here / "log").read_text(errors="replace"))
            verify(action, root, dict(digests), said, fault)
        except AssertionError as error:
            raise AssertionError(f"{action}, {injected} at {call.text[:160]}: {error}") from error
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


def _check_hit(call: Call, root: Path, log: str) -> None:
    """Assert that the kill or failure came, and at the call it was meant for."""
    lines = [line for line in log.splitlines() if not line.startswith(("+++", "---"))]
    killed = "+++ killed by SIGKILL" in log
    hit = lines[-1:] if killed else [line for line in lines if "(INJECTED)" in line][:1]
    assert hit, "nothing was injected"
    meant = hit[0].startswith(f"{call.name}(") and f"{root}" in hit[0]
    assert meant, f"it came at {hit[0][:160]}"


def _check_killed(action: str, root: Path, digests: dict[str, str], said: str, fault: str) -> None:
    assert not said, "it went on after the kill"
    check(action, root, digests, said)


def _check_failed(action: str, root: Path, digests: dict[str, str], said: str, fault: str) -> None:
    assert said, "it ended without a word"
    left = [path.name for path in root.rglob(".staging-*")]
    # To prune is to clear away: there it is this that fails.
    assert not left or action == "prune" or fault in FROM_THEN_ON, f"it left {left}"
    check(action, root, digests, said)
