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
from typing import Any

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
    return {**os.environ, **dict.fromkeys(_THREADS, str(threads)), "PYTHONHASHSEED": "0"}


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
    start = perf_counter()
    with subprocess.Popen(  # noqa: S603
        command(python, contender, task="cold", model=model),
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


def rounds(
    contenders: Sequence[Contender],
    pythons: dict[str, Path],
    data: str,
    number: int,
    share: float,
    keep: Callable[[dict], None],
) -> tuple[dict[str, list[Figures]], dict[str, str]]:
    """Return the figures of each contender, one entry a round, and why others were left out.

    What there is so far goes to `keep` after each measurement.
    """
    taken: dict[str, list[Figures]] = {contender.name: [] for contender in contenders}
    failed: dict[str, str] = {}
    for turn in range(number):
        for contender in rotated(contenders, turn):
            if contender.family not in pythons or contender.name in failed:
                continue
            sys.stderr.write(f"round {turn + 1} of {number}: {contender.name}\n")
            try:
                made = measure(pythons[contender.family], contender, data, "goemotions", share)
            except FailedError as error:
                failed[contender.name] = str(error)
            else:
                taken[contender.name].append(made)
                keep({"share": share, "rounds": taken, "left_out": failed})
    return {name: made for name, made in taken.items() if made and name not in failed}, failed


def rotated(contenders: Sequence[Contender], turn: int) -> list[Contender]:
    """Return the contenders with another one first in every round: none always follows the same state."""
    first = turn % max(len(contenders), 1)
    return [*contenders[first:], *contenders[:first]]
