"""One corpus and one config as other processors would compute with them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from conftest import SMALL_CONFIG, small_rows

TOLERANCE = 1e-6
_ALL = "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX2 FMA3 AVX F16C"
KINDS = {
    "as it is": {},
    "Haswell": {"OPENBLAS_CORETYPE": "Haswell"},
    "Skylake": {"OPENBLAS_CORETYPE": "SkylakeX"},
    "Nehalem": {"OPENBLAS_CORETYPE": "Nehalem"},
    "Prescott": {"OPENBLAS_CORETYPE": "Prescott"},
    "Zen": {"OPENBLAS_CORETYPE": "Zen"},
    "without vectors": {"OPENBLAS_CORETYPE": "Prescott", "NPY_DISABLE_CPU_FEATURES": _ALL},
}
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
sys.stdout.write(f"{model.info['digest']} {model.info['files']['vocabulary.json']['sha256']}")
"""


def processors(folder: Path, *, kinds: int = len(KINDS), whole_corpus: int = 1) -> str:
    """Another processor gives the same vocabulary, and probabilities within 1e-6."""
    found = {}
    for number, (name, variables) in enumerate([*KINDS.items()][:kinds]):
        here = folder / str(number)
        here.mkdir()
        found[name] = (*_fitted(here, variables, bool(whole_corpus)), np.load(here / "probabilities.npy"))
    digest, vocabulary, probabilities = next(iter(found.values()))
    assert all(one[1] == vocabulary for one in found.values()), "another vocabulary"
    off = {name: float(np.abs(one[2] - probabilities).max()) for name, one in found.items()}
    assert max(off.values()) <= TOLERANCE, off
    same = sum(one[0] == digest for one in found.values())
    return (
        f"{len(found)} kinds of processor, {same} with the same bytes, off by {max(off.values()):.0e} at most"
    )


def _fitted(here: Path, variables: dict[str, str], shipped: bool) -> tuple[str, str]:
    inputs = []
    if not shipped:
        (here / "topics.toml").write_text(SMALL_CONFIG, encoding="utf-8")
        rows = "".join(f"{json.dumps(row)}\n" for row in small_rows())
        (here / "rows.jsonl").write_text(rows, encoding="utf-8")
        inputs = ["rows.jsonl"]
    plain = {key: value for key, value in os.environ.items() if not key.startswith(("OPENBLAS", "NPY"))}
    done = subprocess.run(  # noqa: S603  (our own interpreter)
        [sys.executable, "-W", "ignore", "-c", _WORK, *inputs],
        cwd=here, env={**plain, **variables}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    digest, vocabulary = done.stdout.split()
    return digest, vocabulary
