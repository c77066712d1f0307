"""One contender in one fresh process: `child.py JSON` does what the JSON says, prints one line of JSON, ends.

Tasks: "fit" fits and saves; "predict" loads and predicts; "judge" fits and keeps decisions and the
objective; "grow" fits and predicts made-up sentences. Cold starts have a script of their own, `cold.py`.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

PASSES, SINGLES = 3, 200


def main() -> None:
    """Run the task that was named."""
    task = json.loads(sys.argv[1])
    contender = importlib.import_module(task["module"]).Contender(task["variant"])
    made = TASKS[task["task"]](contender, task)
    sys.stdout.write(json.dumps(made) + "\n")


def fit(contender: Any, task: dict[str, Any]) -> dict[str, Any]:
    """Fit on the training part and save: seconds, peak memory, size."""
    from reading import read_split

    train = read_split(task["data"], task["set"], task["share"]).train
    made = timed_fit(contender, train.texts, train.Y, Path(task["work"]))
    contender.save(Path(task["model"]))
    size = sum(file.stat().st_size for file in Path(task["model"]).rglob("*") if file.is_file())
    return {**made, "artifact_bytes": size}


def timed_fit(contender: Any, texts: list[str], Y: Any, work: Path) -> dict[str, float]:
    """Return wall and CPU seconds, and the peak of resident memory, in MB, up to the end of fitting."""
    contender.prepare(texts, Y, work)
    before = memory()
    wall, cpu = perf_counter(), cpu_seconds()
    contender.fit(texts, Y)
    wall, cpu = perf_counter() - wall, cpu_seconds() - cpu
    return {"fit_wall_s": wall, "fit_cpu_s": cpu, "peak_mb": memory(), "before_fit_mb": before}


def memory() -> float:
    """Return the peak of resident memory so far, in MB, of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def cpu_seconds() -> float:
    """Return the CPU time so far, of all threads and of children that have ended."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def predict(contender: Any, task: dict[str, Any]) -> dict[str, Any]:
    """Load the saved model and predict: many texts on one core and on all, single texts, and how well."""
    from figures import judge
    from reading import read_split

    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    split = read_split(task["data"], task["set"], task["share"])
    contender.load(Path(task["model"]))
    rate = batch_rate(contender, split.test.texts, task["repeat"])
    single = sorted(single_seconds(contender, split.test.texts))
    os.sched_setaffinity(0, cores)
    rate_of_all = batch_rate(contender, split.test.texts, task["repeat"])
    scores = (contender.scores(split.dev.texts), contender.scores(split.test.texts))
    return {
        "batch_per_s": rate,
        "batch_best_per_s": max(rate, rate_of_all),
        "single_ms": 1000 * single[len(single) // 2],
        "single_p95_ms": 1000 * single[int(len(single) * 0.95)],
        **judge((split.dev.Y, scores[0]), (split.test.Y, scores[1])),
    }


def batch_rate(contender: Any, texts: list[str], repeat: int) -> float:
    """Return texts a second, the median of some passes."""
    many = texts * repeat
    contender.decide(many[:100])
    rates = []
    for _ in range(PASSES):
        start = perf_counter()
        contender.decide(many)
        rates.append(len(many) / (perf_counter() - start))
    return sorted(rates)[PASSES // 2]


def single_seconds(contender: Any, texts: list[str]) -> list[float]:
    """Return the seconds of each of some texts, given one at a time."""
    for text in texts[:10]:
        contender.decide([text])
    taken = []
    for text in texts[:SINGLES]:
        start = perf_counter()
        contender.decide([text])
        taken.append(perf_counter() - start)
    return taken


def judge_parity(contender: Any, task: dict[str, Any]) -> dict[str, Any]:
    """Fit, and return F1 and the objective that was reached; the margins go into a file."""
    import numpy as np
    from figures import judge
    from reading import read_split

    split = read_split(task["data"], task["set"], task["share"])
    made = timed_fit(contender, *split.train, Path(task["work"]))
    dev, test = contender.scores(split.dev.texts), contender.scores(split.test.texts)
    np.save(task["margins"], test)
    signed = (2.0 * split.train.Y - 1) * contender.scores(split.train.texts)
    loss = np.logaddexp(0, -signed) if task["variant"] == "lr" else np.maximum(1 - signed, 0) ** 2
    objective = contender.squared_norms() / 2 + loss.sum(axis=0)
    return {**made, **judge((split.dev.Y, dev), (split.test.Y, test)), "objective": objective.tolist()}


def grow(contender: Any, task: dict[str, Any]) -> dict[str, Any]:
    """Fit and predict as many made-up sentences and topics as the task says."""
    from sentences import made_up

    texts, Y = made_up(task["data"], task["sentences"], task["topics"])
    made = timed_fit(contender, texts, Y, Path(task["work"]))
    contender.decide(texts[:100])
    start = perf_counter()
    contender.decide(texts)
    return {**made, "predict_s": perf_counter() - start}


TASKS: dict[str, Callable[[Any, dict[str, Any]], dict[str, Any]]] = {
    "fit": fit,
    "predict": predict,
    "judge": judge_parity,
    "grow": grow,
}


if __name__ == "__main__":
    main()
