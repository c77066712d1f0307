"""One corpus and one config as other processors would compute with them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from conftest import SMALL_CONFIG, small_rows
from numpy.typing import NDArray

TOLERANCE = 1e-6
_PLAIN_LIBRARY = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-FMA4,-AVX,-AVX2,-AVX512F,-AVX512DQ,-AVX512VL"}
"""The C library has exp and log of its own for processors with FMA: their last bits differ."""
KINDS: dict[str, dict[str, str]] = {
    "as it is": {},
    "without vectors": {"OPENBLAS_CORETYPE": "Prescott", "NPY_DISABLE_CPU_FEATURES": "", **_PLAIN_LIBRARY},
    "Haswell": {"OPENBLAS_CORETYPE": "Haswell", "NPY_DISABLE_CPU_FEATURES": "512"},
    "Skylake": {"OPENBLAS_CORETYPE": "SkylakeX"},
    "Nehalem": {"OPENBLAS_CORETYPE": "Nehalem", "NPY_DISABLE_CPU_FEATURES": ""},
    "Prescott": {"OPENBLAS_CORETYPE": "Prescott"},
    "Zen": {"OPENBLAS_CORETYPE": "Zen"},
    "another C library": _PLAIN_LIBRARY,
}
"""Variables; that of numpy says which of its features are to be off, see `_switched_off`."""
_WORK = """
import json, sys
import numpy as np
import trainer
from trainer.config import load_config
config = load_config("topics.toml" if sys.argv[1:] else None)
corpus = trainer.build(sys.argv[1:], config, root="artifacts")
model = trainer.fit(corpus, config, root="artifacts").model
texts = corpus.rows(columns=["text"]).column("text").to_pylist()
np.save("probabilities.npy", model.predict_proba(texts))
np.save("thresholds.npy", model.thresholds)
from threadpoolctl import threadpool_info
from torture.processors import numpy_features
json.dump({
    "digest": model.info["digest"],
    "vocabulary": model.info["files"]["vocabulary.txt"]["sha256"],
    "features": numpy_features(),
    "blas": sorted({one["architecture"] for one in threadpool_info() if one["user_api"] == "blas"}),
}, sys.stdout)
"""


@dataclass(frozen=True, slots=True)
class Fit:
    """What came out on a kind of processor."""

    digest: str
    vocabulary: str
    blas: str
    numbers: dict[str, NDArray[np.float64]]


def numpy_features() -> list[str]:
    """Return the sets of instructions that numpy has code of its own for, and uses here."""
    core = getattr(np, "_core", None) or np.core
    there = core._multiarray_umath
    return [name for name in there.__cpu_dispatch__ if there.__cpu_features__.get(name)]


def processors(folder: Path, *, kinds: int = len(KINDS), whole_corpus: int = 1) -> str:
    """Another processor gives the same vocabulary, and probabilities within 1e-6."""
    found = {}
    for number, (name, variables) in enumerate([*KINDS.items()][:kinds]):
        here = folder / str(number)
        here.mkdir()
        found[name] = _fitted(here, variables, bool(whole_corpus))
    first = next(iter(found.values()))
    assert all(one.vocabulary == first.vocabulary for one in found.values()), "another vocabulary"
    off = {name: [_off(one, first, what) for what in first.numbers] for name, one in found.items()}
    largest = [max(several) for several in zip(*off.values(), strict=True)]
    assert max(largest) <= TOLERANCE, off
    same = sum(one.digest == first.digest for one in found.values())
    pairs = zip(first.numbers, largest, strict=True)
    told = ", ".join(f"{what} off by {most:.0e} at most" for what, most in pairs)
    blas = len({one.blas for one in found.values()})
    return f"{len(found)} kinds of processor ({blas} of BLAS), {same} with the same bytes, {told}"


def _off(one: Fit, first: Fit, what: str) -> float:
    return float(np.abs(one.numbers[what] - first.numbers[what]).max())


def _switched_off(wanted: str) -> list[str]:
    """Return the features of numpy that are to be off: all, or (512) those of the widest vectors.

    They go by other names in other versions, and numpy only warns of one that it does not know.
    """
    return [name for name in numpy_features() if wanted != "512" or "512" in name or name == "X86_V4"]


def _fitted(here: Path, variables: dict[str, str], shipped: bool) -> Fit:
    inputs = []
    if not shipped:
        (here / "topics.toml").write_text(SMALL_CONFIG, encoding="utf-8")
        rows = "".join(f"{json.dumps(row)}\n" for row in small_rows())
        (here / "rows.jsonl").write_text(rows, encoding="utf-8")
        inputs = ["rows.jsonl"]
    plain = {key: value for key, value in os.environ.items() if not key.startswith(("OPENBLAS", "NPY"))}
    env = {**plain, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)), **variables}
    off = []
    if "NPY_DISABLE_CPU_FEATURES" in variables:
        off = _switched_off(variables["NPY_DISABLE_CPU_FEATURES"])
        env["NPY_DISABLE_CPU_FEATURES"] = " ".join(off)
    done = subprocess.run(  # noqa: S603  (our own interpreter)
        [sys.executable, "-W", "ignore", "-c", _WORK, *inputs],
        cwd=here, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout)
    assert not set(off) & set(said["features"]), f"numpy still uses {said['features']}"
    numbers = {what: np.load(here / f"{what}.npy") for what in ("probabilities", "thresholds")}
    return Fit(said["digest"], said["vocabulary"], " ".join(said["blas"]), numbers)
