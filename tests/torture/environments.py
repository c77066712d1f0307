"""One corpus and one config in many surroundings: the same bytes."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from conftest import SMALL_CONFIG, small_rows

_WORK = """
import os, sys
os.umask(int(sys.argv[3], 8))
import joblib
import trainer
from trainer.config import load_config
config = load_config(sys.argv[1])
backend = sys.argv[4]
with joblib.parallel_config(backend=backend, n_jobs=int(sys.argv[5])):
    corpus = trainer.build(sys.argv[6:], config, root=sys.argv[2])
    found = trainer.fit(corpus, config, root=sys.argv[2])
sys.stdout.write(f"{corpus.fingerprint} {found.digest}")
"""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a fit should not depend on."""

    name: str
    variables: dict[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    umask: str = "022"
    backend: str = "loky"
    jobs: int = 2
    folder: str = "here"
    order: int = 0
    """0 is as they were written; others shuffle rows and files."""
    before: tuple[str, ...] = ()
    """A command that runs the interpreter."""


_ONE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
_MANY = dict.fromkeys(_ONE, "8")
ALL = (
    Surroundings("as it is"),
    Surroundings("hash seed 0", {"PYTHONHASHSEED": "0"}),
    Surroundings("hash seed 1", {"PYTHONHASHSEED": "1"}),
    Surroundings("hash seed 4294967295", {"PYTHONHASHSEED": "4294967295"}),
    Surroundings("one thread", _ONE, jobs=1),
    Surroundings("eight threads", _MANY, jobs=8),
    Surroundings("threads for workers", backend="threading", jobs=4),
    Surroundings("processes for workers", backend="multiprocessing"),
    Surroundings("one worker after the other", backend="sequential", jobs=1),
    Surroundings("one processor", before=("taskset", "1")),
    Surroundings("another folder", folder="deep/er/Ünicode и пробел"),
    Surroundings("locale C", {"LC_ALL": "C", "LANG": "C"}),
    Surroundings("POSIX", {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    Surroundings("Turkish", {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"}),
    Surroundings("in Kathmandu", {"TZ": "Asia/Kathmandu"}),
    Surroundings("in Newfoundland", {"TZ": "America/St_Johns"}),
    Surroundings("rows and files in another order", order=1),
    Surroundings("and in yet another", order=2),
    Surroundings("a strict umask", umask="077"),
    Surroundings("no umask", umask="000"),
    Surroundings("no home", without=("HOME", "USER", "LOGNAME")),
    Surroundings("optimised", options=("-OO",)),
    Surroundings("in development", options=("-X", "dev", "-W", "ignore")),
    Surroundings(
        "all at once", {**_MANY, "PYTHONHASHSEED": "7", "TZ": "Pacific/Apia", "LC_ALL": "C"},
        ("HOME",), ("-O",), "027", "threading", 3, "another/place", 3,
    ),
)  # fmt: skip


def environments(folder: Path, *, environments: int = len(ALL), shipped: int = 4) -> str:
    """The same inputs give the same bytes, whatever else is otherwise."""
    several = enumerate(ALL[:environments])
    small = {one.name: _digest(folder / f"small-{i}", one, SMALL_CONFIG) for i, one in several}
    assert len(set(small.values())) == 1, json.dumps(small, indent=1, ensure_ascii=False)
    chosen = [ALL[0], ALL[-1], *ALL[1:-1]][:shipped]
    large = {one.name: _digest(folder / f"shipped-{i}", one, None) for i, one in enumerate(chosen)}
    assert len(set(large.values())) <= 1, json.dumps(large, indent=1, ensure_ascii=False)
    told = f", and of the shipped corpus in {len(large)}" if large else ""
    return f"{len(small)} environments, one digest{told}"


def _digest(folder: Path, one: Surroundings, config: str | None) -> str:
    """Build and fit in a process of its own; return fingerprint and digest."""
    here = folder / one.folder
    here.mkdir(parents=True)
    inputs = _inputs(here, one.order) if config else []
    (here / "topics.toml").write_text(config or _shipped_config(), encoding="utf-8")
    variables = {key: value for key, value in os.environ.items() if key not in one.without}
    before = one.before if one.before and shutil.which(one.before[0]) else ()
    command = [
        *before, sys.executable, *one.options, "-c", _WORK, "topics.toml", "artifacts", one.umask,
        one.backend, str(one.jobs), *inputs,
    ]  # fmt: skip
    done = subprocess.run(  # noqa: S603  (our own interpreter)
        command, cwd=here, env={**variables, **one.variables}, capture_output=True, check=False
    )
    assert done.returncode == 0, f"{one.name}: {done.stderr.decode(errors='replace')[-2000:]}"
    shutil.rmtree(folder)
    return done.stdout.decode()


def _shipped_config() -> str:
    from trainer.config.load import shipped_folder

    return (Path(str(shipped_folder())) / "topics.toml").read_text(encoding="utf-8")


def _inputs(folder: Path, order: int) -> list[str]:
    """Write labelled rows and documents, in the order of a seed."""
    rows, chance = small_rows(), random.Random(order)
    # The same sentence by two people, and one that is labelled twice over: votes add up in any order.
    rows += [
        {**rows[0], "id": "again", "annotator": "b"},
        {**rows[5], "id": "more", "annotator": "c", "labels": []},
    ]
    halves = [rows[::2], rows[1::2]]
    if order:
        for half in halves:
            chance.shuffle(half)
    names = []
    for number, half in enumerate(halves):
        names.append(f"rows-{number}.jsonl")
        (folder / names[-1]).write_text("".join(json.dumps(row) + "\n" for row in half), encoding="utf-8")
    for number in range(4):
        names.append(f"note-{number}.txt")
        text = f"Lighthouse number {number} leans over the bay. The mayor of port {number} likes soup. Lava!"
        (folder / names[-1]).write_text(text, encoding="utf-8")
    if order:
        chance.shuffle(names)
    return names
