"""One corpus and one config in many surroundings: the same bytes."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

from conftest import SMALL_CONFIG, small_rows

import trainer

_WORK = """
import json, locale, os, sys
wanted = json.loads(sys.argv[1])
os.umask(int(wanted["umask"], 8))
locale.setlocale(locale.LC_ALL, "")  # as a program does that embeds Python; it fails where there is none
if wanted["one_processor"]:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
import joblib
import trainer
from trainer.config import load_config
config, root = load_config("topics.toml"), wanted["artifacts"]
with joblib.parallel_config(backend=wanted["backend"], n_jobs=wanted["jobs"]):
    corpus = trainer.build(sys.argv[2:], config, root=root)
    found = trainer.fit(corpus, config, root=root)
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
    one_processor: bool = False
    artifacts: str = "artifacts"
    language: str = ""
    """A locale, which is made for the purpose."""


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
    Surroundings("no processes for workers", {"JOBLIB_MULTIPROCESSING": "0"}),
    Surroundings("few processors, joblib is told", {"LOKY_MAX_CPU_COUNT": "1"}),
    Surroundings("many processors, joblib is told", {"LOKY_MAX_CPU_COUNT": "16"}, jobs=-1),
    Surroundings("one processor", one_processor=True, jobs=-1),
    Surroundings("another folder", folder="deep/er/Ünicode и пробел"),
    Surroundings("artifacts elsewhere", artifacts="../elsewhere/of artifacts"),
    Surroundings("locale C", {"LC_ALL": "C", "LANG": "C"}),
    Surroundings("POSIX", {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    Surroundings("UTF-8 mode", {"PYTHONUTF8": "1", "LC_ALL": "C.UTF-8"}),
    Surroundings("Turkish", language="tr_TR"),
    Surroundings("German", language="de_DE"),
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
        ("HOME",), ("-O",), "027", "threading", 3, "another/place", 3, True, "../there",
    ),
)  # fmt: skip


def environments(folder: Path, *, environments: int = len(ALL), shipped: int = 4) -> str:
    """The same inputs give the same bytes, whatever else is otherwise."""
    # The last one first: a short run sees a little of everything.
    several = [ALL[0], ALL[-1], *ALL[1:-1]]
    left_out = [one for one in several[:environments] if one.language and not _made(folder, one.language)]
    usable = [one for one in several[:environments] if one not in left_out]
    small = {one.name: _digest(folder / f"small-{i}", one, SMALL_CONFIG) for i, one in enumerate(usable)}
    assert len(set(small.values())) == 1, json.dumps(small, indent=1, ensure_ascii=False)
    chosen = enumerate(usable[:shipped])
    large = {one.name: _digest(folder / f"shipped-{i}", one, None) for i, one in chosen}
    assert len(set(large.values())) <= 1, json.dumps(large, indent=1, ensure_ascii=False)
    told = f", and of the shipped corpus in {len(large)}" if large else ""
    lacking = "".join(f"; no locale {one.language} could be made" for one in left_out)
    return f"{len(small)} environments, one digest{told}{lacking}"


def _made(folder: Path, language: str) -> bool:
    """Make a locale, and say whether that could be done."""
    if not shutil.which("localedef"):
        return False
    (folder / "locales").mkdir(exist_ok=True)
    command = ["localedef", "-i", language, "-f", "UTF-8", str(folder / "locales" / f"{language}.UTF-8")]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603


def _digest(folder: Path, one: Surroundings, config: str | None) -> str:
    """Build and fit in a process of its own; return fingerprint and digest."""
    here = folder / one.folder
    here.mkdir(parents=True)
    inputs = _inputs(here, one.order) if config else []
    (here / "topics.toml").write_text(config or _shipped_config(), encoding="utf-8")
    env = {key: value for key, value in os.environ.items() if key not in one.without} | one.variables
    env["PYTHONPATH"] = str(Path(str(trainer.__file__)).parents[1])  # the package that is tested here
    if one.language:
        env |= {"LC_ALL": f"{one.language}.UTF-8", "LOCPATH": str(folder.parent / "locales")}
    wanted = json.dumps(asdict(one))
    command = [sys.executable, *one.options, "-c", _WORK, wanted, *inputs]
    done = subprocess.run(command, cwd=here, env=env, capture_output=True, check=False)  # noqa: S603
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
    # Rows without an id, on which people differ: of documents and of none, with a date or a title.
    for i in range(24):
        row = {
            "text": rows[3 * i % 7]["text"],
            "annotator": "abc"[i % 3],
            "labels": [["volcanoes"], []][i % 2],
        }
        about = [{}, {"doc_id": f"d{i % 4}"}, {"date": f"200{i % 9}-01-02"}, {"title": f"T{i}"}]
        rows.append({**row, **about[i % 4]})
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
