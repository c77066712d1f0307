"""Fresh processes: what is measured in one, and all contenders in turn, round after round."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, TypeVar

from peers import Contender, NotInstalledError, interpreter, last_line

COLD_STARTS = 3
_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
)

Figures = dict[str, float]


class FailedError(Exception):
    """A contender did not get through; the text says why."""


def environment(threads: int) -> dict[str, str]:
    """Return the environment of a child: its numerical libraries have so many threads."""
    given = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**given, **dict.fromkeys(_THREADS, str(threads)), "PYTHONHASHSEED": "0"}


def child(python: Path, contender: Contender, threads: int, **task: Any) -> dict[str, Any]:
    """Return what a child says about a task."""
    ended = subprocess.run(  # noqa: S603
        command(python, contender, **task),
        capture_output=True,
        text=True,
        check=False,
        env=environment(threads),
    )
    if ended.returncode:
        raise FailedError(last_line(ended.stderr) or f"ended with {ended.returncode}")
    return json.loads(ended.stdout.rstrip("\n").split("\n")[-1])


def command(python: Path, contender: Contender, **task: Any) -> list[str]:
    """Return the command line of a child."""
    told = {**task, "module": contender.module, "variant": contender.variant}
    return [str(python), str(Path(__file__).with_name("child.py")), json.dumps(told)]


def cold_start(python: Path, contender: Contender, model: str) -> float:
    """Return milliseconds from the start of a process to its first prediction."""
    here = Path(__file__).with_name("cold.py")
    start = perf_counter()
    with subprocess.Popen(  # noqa: S603
        [str(python), str(here), contender.module, contender.variant, model],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(1),
    ) as process:
        said = process.stdout.readline() if process.stdout else b""
        taken = perf_counter() - start
    if b"ready" not in said:
        raise FailedError("no prediction after a cold start")
    return 1000 * taken


def measure(python: Path, contender: Contender, data: str, name: str, share: float) -> Figures:
    """Return all figures of one contender, once."""
    with tempfile.TemporaryDirectory() as folder:
        work, model = Path(folder) / "work", Path(folder) / "model"
        work.mkdir()
        model.mkdir()
        asked = {"data": data, "set": name, "share": share, "work": str(work), "model": str(model)}
        made = child(python, contender, contender.blas_threads, task="fit", **asked)
        made |= child(python, contender, 1, task="predict", repeat=8, **asked)
        made["cold_ms"] = median(cold_start(python, contender, str(model)) for _ in range(COLD_STARTS))
    return made


def interpreters(contenders: Sequence[Contender], folder: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """Return the interpreter of each family, and of each family that cannot be installed the reason."""
    found, failed = {}, {}
    for family in dict.fromkeys(contender.family for contender in contenders):
        try:
            found[family] = interpreter(family, folder)
        except NotInstalledError as error:
            failed[family] = f"cannot be installed: {error}"
    return found, failed


class Rounds:
    """Measures contenders in turn, round after round.

    The speed of a shared machine moves within a round, so that ours is measured anew before and after each
    peer that it is compared with.

    Attributes
    ----------
    taken : dict of lists of Figures
        All that was measured of each contender.
    pairs : dict of lists of (Figures, Figures)
        Ours, as the mean of before and after, and the peer between, by peer and round.
    failed : dict of str
        Why contenders were left out.
    """

    def __init__(
        self, pythons: dict[str, Path], data: str, share: float, keep: Callable[[dict], None]
    ) -> None:
        self.taken: dict[str, list[Figures]] = {}
        self.pairs: dict[str, list[tuple[Figures, Figures]]] = {}
        self.failed: dict[str, str] = {}
        self._pythons, self._data, self._share, self._keep = pythons, data, share, keep

    def run(self, contenders: Sequence[Contender], number: int) -> None:
        """Measure so many rounds; what there is so far is kept after each measurement."""
        for turn in range(number):
            for rival in rotated(list(dict.fromkeys(one.rival for one in contenders)), turn):
                ours = next((one for one in contenders if one.name == rival), None)
                peers = [one for one in contenders if one.rival == rival != one.name]
                sys.stderr.write(f"round {turn + 1} of {number}: against {rival}\n")
                before = self._measured(ours)
                for peer in rotated(peers, turn):
                    made, after = self._measured(peer), self._measured(ours)
                    if before and made and after:
                        self.pairs.setdefault(peer.name, []).append((mean(before, after), made))
                    before = after

    def _measured(self, contender: Contender | None) -> Figures | None:
        """Measure a contender, unless it is none, cannot be had, or has failed."""
        if contender is None or contender.family not in self._pythons or contender.name in self.failed:
            return None
        sys.stderr.write(f"  {contender.name}\n")
        python = self._pythons[contender.family]
        try:
            made = measure(python, contender, self._data, "goemotions", self._share)
        except FailedError as error:
            self.failed[contender.name] = str(error)
            self.taken.pop(contender.name, None)
            return None
        self.taken.setdefault(contender.name, []).append(made)
        self._keep(self.figures())
        return made

    def figures(self) -> dict:
        """Return all that there is, for a file."""
        found = {"taken": self.taken, "pairs": self.pairs, "left_out": self.failed}
        return {"share": self._share, **found}


def mean(one: Figures, other: Figures) -> Figures:
    """Return the mean of two measurements."""
    return {key: (one[key] + other[key]) / 2 for key in one}


T = TypeVar("T")


def rotated(items: Sequence[T], turn: int) -> list[T]:
    """Return items with another one first in every round: none always follows the same state."""
    first = turn % max(len(items), 1)
    return [*items[first:], *items[:first]]
