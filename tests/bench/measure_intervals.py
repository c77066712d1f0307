"""Print how often intervals hold the truth, and how often equal models and texts are told apart.

    .venv/bin/python tests/bench/measure_intervals.py [CORPORA]

1,000 simulated corpora of each kind by default: some minutes.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import test_evaluation_bootstrap as bootstrap
import test_evaluation_compare as compare
import test_evaluation_natural as natural

from trainer.evaluation.bootstrap import SAMPLES


def say(line: str) -> None:
    """Write a line at once: the whole takes minutes."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Run every simulation and print a line for each."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    say(f"{runs:,} simulated corpora of each kind; 95 % intervals of F1, sentences of a document alike")
    for documents in (30, 60, 100, 200, 400):
        by_document = bootstrap.coverage(True, runs, documents, documents, SAMPLES)
        by_sentence = bootstrap.coverage(False, runs, documents, documents, SAMPLES)
        told = f"{documents:>5} documents: {by_document:6.1%} hold it by documents"
        say(f"{told}, {by_sentence:6.1%} by sentences")
    say(f"two equally good models told apart at 5 %: {compare.equal_models(runs):.1%}")
    held = ", ".join(f"{key} {share:.1%}" for key, share in natural.coverage(runs).items())
    say(f"a sample of 1,000 and 100 tagged of 20,000 sentences: {held}")


if __name__ == "__main__":
    main()
