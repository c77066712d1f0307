"""Kills at random moments, of processes that have just announced a version, or have not yet."""

from __future__ import annotations

import os
import random
import select
import signal
import time
from pathlib import Path

from registering import saved, sound

from trainer.publishing import gc
from trainer.registry.versions import models_folder
from trainer.storage import versions

NAME = "pots"
LEAST, MOST = 0.3, 0.7
"""Share of the kills that shall come after the announcement: earlier and later ones are both wanted."""
_SWEEP = 100


def kills(folder: Path, *, kills: int = 10_000) -> str:
    """Visible means complete, and what was announced is there, whenever the process is killed."""
    chance = random.Random(7)
    root = folder / "artifacts"
    parent = models_folder(root, NAME)
    saved(root, NAME, -1)
    announced: dict[str, str] = {}
    acknowledged, torn, delay = 0, 0, 0.01
    for number in range(kills):
        said = _killed(root, number, chance.uniform(0, delay))
        if said:
            version, digest = said.split()
            assert version not in announced, f"version {version} was given twice"
            announced[version] = digest
            acknowledged += 1
        # Longer where too few come to announce, shorter where too many do.
        delay *= 1.02 if not said else 0.98
        if number % _SWEEP == _SWEEP - 1 or number == kills - 1:
            torn += len(list(parent.glob(".staging-*")))
            _check(parent, announced)
            announced = _clear(parent, announced)
    share = acknowledged / kills
    assert LEAST <= share <= MOST or kills < 200, f"{share:.0%} of the kills came after the announcement"
    return f"{kills:,} kills, {share:.0%} of them after the announcement, {torn:,} in the midst of writing"


def _killed(root: Path, mark: int, delay: float) -> str:
    """Publish in a process of its own, killed after so many seconds; return what it announced."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(read)
            os.write(write, " ".join(saved(root, NAME, mark)).encode())
            time.sleep(60)  # until it is killed: how it would end by itself is no matter
        finally:
            os._exit(1)
    os.close(write)
    ready = select.select([read], [], [], delay)[0]
    if ready:  # a little later, so that some are killed just after it too
        time.sleep(delay / 50)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    said = os.read(read, 1000).decode()
    os.close(read)
    return said


def _check(parent: Path, announced: dict[str, str]) -> None:
    there = versions(parent)
    for version in there:
        assert sound(parent / version, announced.get(version)), f"version {version} is not whole"
    lost = set(announced) - set(there)
    assert not lost, f"announced, and not there: {sorted(lost)}"


def _clear(parent: Path, announced: dict[str, str]) -> dict[str, str]:
    """Remove all but the newest, from which numbers go on; return what was announced of that."""
    *old, newest = versions(parent)
    for version in old:
        (parent / version).rename(parent / f".staging-old-{version}")
    gc(parent, older_than=-60)
    return {version: digest for version, digest in announced.items() if version == newest}
