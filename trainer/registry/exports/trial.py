"""Loads an unpacked wheel in an interpreter of its own, where nothing but numpy is installed.

It is run by its path, ``python -I -S trial.py MODULE FOLDER LIBRARY``, so it imports nothing of this
package. What it found goes to standard output, as JSON, and why there is nothing to standard error.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from time import perf_counter
from types import ModuleType
from typing import Any

NEEDED = "numpy"


class Installed:
    """Finds what the wheel needs, and nothing of what else is installed beside it.

    Parameters
    ----------
    folder : str
        Where numpy is installed.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a module is, or None for all that the wheel does not need."""
        return PathFinder.find_spec(name, [self._folder]) if name == NEEDED else None


def tried(module: str) -> dict[str, Any]:
    """Return what a wheel says of its golden texts, and what importing, loading and one text took."""
    started = perf_counter()
    package = import_module(module)
    tagger = package.load()
    tagger.predict("One text, and not a long one.")
    seconds = perf_counter() - started
    import json

    texts = json.loads((package.path / "golden.json").read_bytes())["texts"] or [""]
    return {
        "seconds": seconds,
        "margins": tagger.decision_function(texts).tolist(),
        "predictions": [said(found) for found in tagger.predict(texts)],
    }


def said(found: Any) -> list[Any]:
    """Return a prediction as JSON has it."""
    return [list(found.labels), dict(found.scores), list(found.review), found.language]


if __name__ == "__main__":
    wheel, folder, library = sys.argv[1:]
    sys.path.insert(0, folder)
    sys.meta_path.insert(0, Installed(library))
    try:
        answer = tried(wheel)
    except BaseException as error:  # whatever it is, in one line
        sys.exit(f"{type(error).__name__}: {getattr(error, 'message', error)}")
    import json

    sys.stdout.write(json.dumps(answer))
