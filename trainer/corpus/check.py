"""Checks of a corpus before anything is learned from it."""

from __future__ import annotations

from trainer.corpus.store import Corpus
from trainer.errors import LeakageError


def refuse_leakage(corpus: Corpus) -> None:
    """Raise `LeakageError` when a group or a text stands in more than one split."""
    rows = corpus.rows(columns=("group", "split", "text")).to_pydict()
    for what in ("group", "text"):
        side: dict[str, str] = {}
        for key, split in zip(rows[what], rows["split"], strict=True):
            if side.setdefault(key, split) != split:
                raise LeakageError(
                    f"a {what} of corpus {corpus.path} stands in {side[key]} and in {split}",
                    hint="Build the corpus again: `trainer build` keeps groups on one side.",
                )
