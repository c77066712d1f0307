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
_PEAKS = {"peak_mb": "VmRSS", "own_mb": "RssAnon", "data_mb": "VmData"}
"""What is resident; without pages of files, which the system may take back; what the limit is on."""


class Watch:
    """Seconds and peaks of memory by stage, as progress tells the stages."""

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
            found = self.stages.setdefault(self._stage, dict.fromkeys(("seconds", *_PEAKS), 0.0))
            now = perf_counter()
            found["seconds"] += now - before
            before = now
            for peak, size in memory().items():
                found[peak] = max(found[peak], size)


def memory() -> dict[str, float]:
    """Return the memory of this process, in MB: see `_PEAKS`."""
    lines = Path("/proc/self/status").read_text().splitlines()
    found = dict(line.split(":", 1) for line in lines)
    return {peak: int(found[name].split()[0]) / 2**10 for peak, name in _PEAKS.items()}


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
        **{peak: max(stage[peak] for stage in stages) for peak in _PEAKS},
        "features": len(result.model.features),
        "digest": result.digest,
        "stages": stages,
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
