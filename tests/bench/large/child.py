"""Fits in one fresh process under a limit: `child.py FOLDER GB` prints one line of JSON."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from threading import Event, Thread
from time import perf_counter
from typing import Any

import trainer
from trainer.config import load_config

_BETWEEN = 0.02
"""Seconds between two looks at the memory."""


class Watch:
    """Seconds and peak of resident memory by stage, as progress tells the stages."""

    def __init__(self) -> None:
        self.stages: dict[str, dict[str, Any]] = {}
        self._stage, self._over = "opening", Event()
        self._thread = Thread(target=self._look, daemon=True)
        self._thread.start()

    def progress(self, stage: str, done: int, total: int | None) -> None:
        """Take what a verb tells; what comes after the last step of a stage is another stage."""
        self._stage = stage if done != total else f"after {stage}"

    def end(self) -> list[dict[str, Any]]:
        """Stop, and return the stages in their order."""
        self._over.set()
        self._thread.join()
        return [{"stage": stage, **found} for stage, found in self.stages.items()]

    def _look(self) -> None:
        before = perf_counter()
        while not self._over.wait(_BETWEEN):
            found = self.stages.setdefault(self._stage, {"seconds": 0.0, "peak_mb": 0.0})
            now = perf_counter()
            found["seconds"] += now - before
            found["peak_mb"] = max(found["peak_mb"], resident())
            before = now


def resident() -> float:
    """Return the resident memory of this process, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def main() -> None:
    """Fit and print."""
    folder, memory = Path(sys.argv[1]), float(sys.argv[2])
    if memory:
        most = int(memory * 2**30)
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    config = load_config(None, ["classifier.most_silent=1000000000"])
    watch, started = Watch(), perf_counter()
    result = trainer.fit(folder / "corpus", config, root=folder / "artifacts", progress=watch.progress)
    seconds = perf_counter() - started
    stages = watch.end()
    found = {
        "seconds": seconds,
        "peak_mb": max(stage["peak_mb"] for stage in stages),
        "features": len(result.model.features),
        "digest": result.digest,
        "stages": stages,
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
