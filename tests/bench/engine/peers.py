"""Who is measured, and the virtual environments, one a family, that the peers are installed into."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

OURS = "ours"
_LEARNING = ("scikit-learn==1.9.1", "scipy==1.17.1", "joblib==1.6.0", "numpy==2.4.6")
# Each the newest that installs and runs under Python 3.11; the first list that installs is taken.
# fastText 0.9.3 compiles itself, is no faster, meets NaN without bigrams, and needs numpy 1 as well.
REQUIREMENTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "sklearn": (_LEARNING,),
    "libmultilabel": (("libmultilabel==0.10.0", "liblinear-multicore==2.50.0", *_LEARNING),),
    "fasttext": (("fasttext-wheel==0.9.2", "numpy==1.26.4"),),
    "vw": (("vowpalwabbit==9.11.9", "numpy==2.4.6"),),
}


class Contender(NamedTuple):
    """A row of the table: its name, family, variant, what it is, and which of ours has the same task."""

    name: str
    family: str
    variant: str
    about: str
    rival: str

    @property
    def module(self) -> str:
        """The module that knows how to drive it."""
        return OURS if self.family == OURS else f"with_{self.family}"

    @property
    def blas_threads(self) -> int:
        """How many threads its numerical libraries have while fitting: what is best for it."""
        one = self.family == "sklearn" and not self.variant.endswith("blas")
        return 1 if one else os.cpu_count() or 1


CONTENDERS = tuple(
    Contender(*row)
    for row in (
        ("ours-svm", OURS, "svm", "ours, word 1-2, squared hinge", "ours-svm"),
        ("ours-lr", OURS, "lr", "ours, word 1-2, logistic", "ours-lr"),
        ("ours-chars", OURS, "chars", "ours, word 1-2 + char_wb 2-5, squared hinge", "ours-chars"),
        ("sklearn-svm", "sklearn", "svm", "scikit-learn, word 1-2, LinearSVC", "ours-svm"),
        ("sklearn-svm-processes", "sklearn", "svm-processes", "the same, labels in processes", "ours-svm"),
        ("sklearn-lr", "sklearn", "lr", "scikit-learn, word 1-2, LogisticRegression (liblinear)", "ours-lr"),
        ("sklearn-lr-blas", "sklearn", "lr-blas", "the same, a BLAS thread a core", "ours-lr"),
        (
            "sklearn-chars",
            "sklearn",
            "chars",
            "scikit-learn, word 1-2 + char_wb 2-5, SVC",
            "ours-chars",
        ),
        ("fasttext", "fasttext", "bigrams", "fastText, dim 16, word 1-2", "ours-svm"),
        ("fasttext-unigrams", "fasttext", "unigrams", "fastText, dim 16, words alone", "ours-svm"),
        ("libmultilabel-svm", "libmultilabel", "svm", "LibMultiLabel, 1vsrest, SVM", "ours-svm"),
        ("libmultilabel-lr", "libmultilabel", "lr", "LibMultiLabel, 1vsrest, LR", "ours-lr"),
        ("vw", "vw", "passes10", "Vowpal Wabbit, multilabel_oaa, 10 passes", "ours-lr"),
        ("vw-3", "vw", "passes3", "Vowpal Wabbit, the same, 3 passes", "ours-lr"),
    )
)


class NotInstalledError(Exception):
    """A peer cannot be installed here; the text says why."""


def interpreter(family: str, folder: Path) -> Path:
    """Return the interpreter of a family, after installing it where that has not been done."""
    if family == OURS:
        return Path(sys.executable)
    home = folder / f"{family}-{sys.version_info.major}.{sys.version_info.minor}"
    python, done = home / "bin" / "python", home / "installed.txt"
    wanted = REQUIREMENTS[family]
    if done.is_file() and tuple(done.read_text(encoding="utf-8").split()) in wanted:
        return python
    sys.stderr.write(f"installing {family} into {home}\n")
    run([sys.executable, "-m", "venv", "--clear", str(home)])
    for at, packages in enumerate(wanted):
        try:
            run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages])
        except NotInstalledError:
            if at + 1 == len(wanted):
                raise
        else:
            done.write_text("\n".join(packages), encoding="utf-8")
            break
    return python


def installed(family: str, folder: Path) -> str:
    """Return what an environment was made of, for the note under the table."""
    home = folder / f"{family}-{sys.version_info.major}.{sys.version_info.minor}"
    return ", ".join((home / "installed.txt").read_text(encoding="utf-8").split())


def run(command: list[str]) -> None:
    """Run a command, or raise with the last line that it complained in."""
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if ended.returncode:
        raise NotInstalledError(last_line(ended.stderr) or f"ended with {ended.returncode}")


def last_line(said: str) -> str:
    """Return the last line with something in it, an error before a mere hint."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or [""])[-1]
