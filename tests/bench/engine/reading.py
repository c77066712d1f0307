"""The labelled texts that everything is measured on, read afresh in every process."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

SETS = {"goemotions": "GoEmotions", "reuters90": "Reuters-90", "20ng": "20 Newsgroups"}


class Part(NamedTuple):
    """Texts, and the (n, k) array of 0 and 1 that says which labels each has."""

    texts: list[str]
    Y: np.ndarray


class Split(NamedTuple):
    """What a model is fitted on, what its thresholds are tuned on, and what it is tested on."""

    train: Part
    dev: Part
    test: Part


def missing(data: str | None, name: str = "goemotions") -> str | None:
    """Return why nothing can be measured on a data set of the folder, or None."""
    if not data:
        return "no data to measure on: name a folder that has bench/ with --data or $TRAINER_DATA"
    wanted = Path(data) / "bench" / f"{name}.train.jsonl.gz"
    return None if wanted.is_file() else f"no data to measure on: there is no file '{wanted}'"


def read_split(data: str, name: str, share: float = 1.0) -> Split:
    """Return a data set, or the first `share` of each part; without a dev part, of five documents one is."""
    rows = {part: read_rows(data, name, part, share) for part in ("train", "dev", "test")}
    if not rows["dev"]:
        rows["dev"] = rows["train"][::5]
        rows["train"] = [row for at, row in enumerate(rows["train"]) if at % 5]
    labels = sorted({label for row in rows["train"] for label in row["labels"]})
    return Split(*(as_part(rows[part], labels) for part in ("train", "dev", "test")))


def read_rows(data: str, name: str, part: str, share: float) -> list[dict]:
    """Return the first `share` of the lines of a file; none where there is no such file."""
    file = Path(data) / "bench" / f"{name}.{part}.jsonl.gz"
    if not file.is_file():
        return []
    with gzip.open(file, "rt", encoding="utf-8", newline="\n") as lines:
        rows = [json.loads(line) for line in lines]
    return rows[: max(int(len(rows) * share), 1)]


def as_part(rows: list[dict], labels: list[str]) -> Part:
    """Return texts and labels as an array; labels never seen in training count for nothing."""
    at = {label: k for k, label in enumerate(labels)}
    Y = np.zeros((len(rows), len(labels)), dtype=np.int8)
    for n, row in enumerate(rows):
        Y[n, [at[label] for label in row["labels"] if label in at]] = 1
    return Part([row["text"] for row in rows], Y)
