"""The compiled engine under AddressSanitizer and UBSan: its tests, then random texts against plain Python.

    python tests/sanitize [--seconds 60] [--seed 1]

Needs gcc with its sanitizers, and Cython beside the test dependencies. The engine is built into a temporary
folder; what is installed stays as it is. Ends with 1 where a test fails or a sanitizer reports.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = (
    "test_engine_counting",
    "test_engine_learning",
    "test_engine_costs",
    "test_engine_finding",
    "test_engine_packed",
    "test_engine_solver",
    "test_model_sparse",
    "test_model_features",
)
FLAGS = (
    "-shared",
    "-fPIC",
    "-O1",
    "-g",
    "-fsanitize=address,undefined",
    "-fno-omit-frame-pointer",
    "-DNO_CLONES",
)


def main() -> int:
    """Build, test, fuzz."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(ROOT / "trainer", copy / "trainer", ignore=shutil.ignore_patterns("*.so"))
        for part in ("tests", "configs"):
            shutil.copytree(ROOT / part, copy / part)
        for module in ("_ngrams", "_lexicons", "_linear"):
            build(copy / "trainer" / "engine", module)
        tests = [f"tests/{name}.py" for name in TESTS]
        fuzz = [str(Path(__file__).with_name("fuzz.py")), str(chosen.seed), str(chosen.seconds)]
        return run(copy, ["-m", "pytest", "-q", *tests]) or run(copy, fuzz)


def build(engine: Path, module: str) -> None:
    """Compile a module with the sanitizers."""
    source = engine / f"{module}.c"
    subprocess.run([sys.executable, "-m", "cython", "-3", f"{engine / module}.pyx", "-o", source], check=True)  # noqa: S603
    built = engine / f"{module}{sysconfig.get_config_var('EXT_SUFFIX')}"
    include = f"-I{sysconfig.get_paths()['include']}"
    subprocess.run(["gcc", *FLAGS, f"-I{engine}", include, source, "-o", built, "-lm"], check=True)  # noqa: S603, S607


def run(folder: Path, arguments: list[str]) -> int:
    """Run Python on the sanitized engine; return 1 where it fails or a sanitizer reports."""
    libraries = [
        subprocess.run(["gcc", f"-print-file-name={name}"], check=True, capture_output=True, text=True)  # noqa: S603, S607
        for name in ("libasan.so", "libubsan.so")
    ]
    environment = {
        **os.environ,
        "LD_PRELOAD": " ".join(found.stdout.strip() for found in libraries),
        "ASAN_OPTIONS": "detect_leaks=0",  # the interpreter itself leaves memory behind
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
        "PYTHONMALLOC": "malloc",
        "PYTHONPATH": str(folder),
    }
    return int(subprocess.run([sys.executable, *arguments], cwd=folder, env=environment).returncode != 0)  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
