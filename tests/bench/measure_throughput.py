"""How near the reading of n-grams comes to its limit: MB and n-grams a second, on one thread.

    python tests/bench/measure_throughput.py FILE.jsonl[.gz]

FILE has one {"text"} a line. The limit is what a loop in C reaches that does nothing else than find the words
of the same texts in one long buffer, and hash each word and each pair (`limit.c`, compiled when this runs):
it keeps no table, knows no letter beyond ASCII, and gets no string of Python. The engine reads strings, and
checks and looks up every word and pair: "read" with a vocabulary that has none of them, "found" with all.
All take turns; shown are medians.
"""

from __future__ import annotations

import ctypes
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
from given import given_file

from trainer.engine.counting import COMPILED, counter
from trainer.engine.learning import learn
from trainer.engine.threads import chunks
from trainer.engine.vocabulary import Vocabulary

ROUNDS = 21
SHAPE = ("word", (1, 2))
STRANGE = "qxqxqxqx"
"""A word that stands nowhere."""


def main() -> int:
    """Measure and print; 2 where there is nothing to measure with."""
    file = given_file(__doc__, "texts")
    compiler = shutil.which("cc")
    if compiler is None or not COMPILED:
        sys.stderr.write("this measures the compiled engine against a loop in C: both need a compiler\n")
        return 2
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    texts = texts_of(file)
    size = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) / 1e6
    with tempfile.TemporaryDirectory() as folder:
        limit, found = bare_loop(compiler, Path(folder), texts)
        works = {"limit": limit, "read": reading(texts, Vocabulary.of([STRANGE])), "found": reading(texts)}
        taken = take_turns(works)
    lines = [
        f"{len(texts):,} texts, {size:.1f} MB, {found:,} words and pairs; one thread, {ROUNDS} rounds\n",
        "|  | MB a second | million n-grams a second | share of the limit |",
        "|---|---|---|---|",
    ]
    for name, seconds in taken.items():
        share, middle = np.median(taken["limit"] / seconds), float(np.median(seconds))
        lines.append(f"| {name} | {size / middle:,.0f} | {found / middle / 1e6:.0f} | {share:.2f} |")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def texts_of(file: Path) -> list[str]:
    """Return the texts of a file of JSON lines."""
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def bare_loop(compiler: str, folder: Path, texts: list[str]) -> tuple[Callable[[], object], int]:
    """Return what runs the loop in C over the texts, and how many words and pairs it finds."""
    source, library = Path(__file__).parent / "limit.c", folder / "limit.so"
    subprocess.run([compiler, "-O3", "-shared", "-fPIC", "-o", library, source], check=True)  # noqa: S603
    run = ctypes.CDLL(str(library)).words_and_pairs
    run.restype = ctypes.c_size_t
    run.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_void_p]
    data = "".join(text.replace("\n", " ") + "\n" for text in texts).encode("utf-8", "surrogatepass")
    small = bytes(ord(chr(c).lower()) if c < 128 and (chr(c).isalnum() or c == 95) else 0 for c in range(256))
    total = ctypes.c_uint64()

    def work() -> int:
        return int(run(data, len(data), small, ctypes.byref(total)))

    return work, work()


def reading(texts: list[str], vocabulary: Vocabulary | None = None) -> Callable[[], object]:
    """Return what finds the n-grams of a vocabulary, or all that there are, in the texts."""
    known = learn(*SHAPE, texts).vocabulary if vocabulary is None else vocabulary
    finds, idf = counter(*SHAPE, known), np.ones(len(known))
    parts = chunks(texts, 1_024)
    finds.prepare()
    return lambda: [finds.rows(part, idf, False) for part in parts] and None


def take_turns(works: dict[str, Callable[[], object]]) -> dict[str, np.ndarray]:
    """Return the seconds of each round of each work."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            start = perf_counter()
            work()
            taken[name].append(perf_counter() - start)
    return {name: np.array(seconds) for name, seconds in taken.items()}


if __name__ == "__main__":
    sys.exit(main())
