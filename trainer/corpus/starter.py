"""The gold sentences that ship with the package."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any

from trainer.records import LabelledText

SOURCE = "starter/"
"""Their `source` is this, followed by the register."""


def starter_sentences(topics: Sequence[str]) -> Iterator[LabelledText]:
    """Yield the shipped sentences, labelled for those of `topics` that they were judged for."""
    rows = list(_rows())
    judged = {topic for row in rows for topic in row["labels"]}
    for row in rows:
        yield LabelledText(
            id=row["id"],
            text=row["text"],
            labels={topic: "yes" if topic in row["labels"] else "no" for topic in topics if topic in judged},
            author=row["annotator"],
            source=SOURCE + row["register"],
            at=f"starter:{row['id']}",
        )


def _rows() -> Iterator[dict[str, Any]]:
    folder = files("trainer.data.starter")
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".jsonl"):
            for line in file.read_text(encoding="utf-8").split("\n"):
                if line:
                    yield json.loads(line)
