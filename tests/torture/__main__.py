"""Try to break what is promised of saved models: ``python tests/torture [NAME…] [--kills 10000 …]``."""

from __future__ import annotations

import argparse
import inspect
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path[0] = str(Path(__file__).parent.parent)

from torture.promises import PROMISES, Promise  # noqa: E402


def main() -> int:
    """Run promises, one line each; return 1 where one is broken."""
    chosen = parsed()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what is in use is cleared away then too
    usual = [one.name for one in PROMISES if not one.only_by_name]
    wanted = [one for one in PROMISES if one.name in (chosen.names or usual)]
    broken = 0
    for promise in wanted:
        if reason := promise.missing():
            report(promise, f"skipped: {reason}")
            continue
        if sys.stderr.isatty():
            sys.stderr.write(f"{promise.name} … {promise.check.__doc__}\n")
        started = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="torture-", dir=chosen.folder) as folder:
            try:
                said = promise.run(Path(folder), **counts_of(promise, chosen))
            except Exception:  # whatever it is, the others are tried too
                broken += 1
                said = f"BROKEN\n{traceback.format_exc()}"
        report(promise, f"{said} ({time.perf_counter() - started:.0f} s)")
    return 1 if broken else 0


def parsed() -> argparse.Namespace:
    """Read the command line: every count of every promise is an option."""
    parser = argparse.ArgumentParser(prog="python tests/torture", description=__doc__)
    names = [one.name for one in PROMISES]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"Of {', '.join(names)}; all by default.")
    parser.add_argument("--short", action="store_true", help="As much as the test suite does.")
    parser.add_argument("--folder", help="Where to work; else the folder for temporary files.")
    for promise in PROMISES:
        for key, value in defaults(promise).items():
            option = f"--{key.replace('_', '-')}"
            about = f"Of {promise.name}; {value:,} by default."
            parser.add_argument(option, type=int, metavar="N", help=about)
    found = parser.parse_args()
    if strange := set(found.names) - set(names):
        parser.error(f"no promise is called {min(strange)}: there are {', '.join(names)}")
    return found


def defaults(promise: Promise) -> dict[str, int]:
    """Return the counts of a promise."""
    parameters = inspect.signature(promise.check).parameters.values()
    return {one.name: one.default for one in parameters if one.kind is one.KEYWORD_ONLY}


def counts_of(promise: Promise, chosen: argparse.Namespace) -> dict[str, int]:
    """Return the counts that were asked for."""
    counts = {**defaults(promise), **(promise.short if chosen.short else {})}
    given = {key: getattr(chosen, key) for key in counts}
    return {**counts, **{key: value for key, value in given.items() if value is not None}}


def report(promise: Promise, said: str) -> None:
    """Print one line."""
    print(f"{promise.name}: {said}", flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
