"""What is in a corpus, counted."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from trainer.corpus.store import Corpus

_WORD = re.compile(r"\w+")


def corpus_stats(corpus: Corpus) -> dict[str, Any]:
    """Count the sentences of a corpus by topic, pair of topics, split, source, length and vocabulary."""
    rows = corpus.rows(columns=("text", "origin", "labels", "source")).to_pydict()
    pairs: Counter[str] = Counter()
    for labels in rows["labels"]:
        pairs.update(f"{corpus.topics[a]}+{corpus.topics[b]}" for a, b in combinations(labels, 2))
    words = np.array([len(text.split()) for text in rows["text"]])
    return {
        "corpus": str(corpus.path),
        "version": corpus.version,
        "fingerprint": corpus.fingerprint,
        "sentences": len(words),
        "documents": corpus.manifest["documents"],
        "groups": corpus.manifest["groups"],
        "gold": rows["origin"].count("gold"),
        "none": sum(not labels for labels in rows["labels"]),
        "labels": corpus.manifest["labels"],
        "splits": corpus.manifest["splits"],
        "pairs": dict(pairs.most_common()),
        "sources": dict(Counter(source or "(not known)" for source in rows["source"]).most_common()),
        "words": {
            "least": int(words.min()),
            "quartiles": [int(value) for value in np.percentile(words, [25, 50, 75], method="lower")],
            "most": int(words.max()),
        },
        "near_duplicates": corpus.manifest["near_duplicates"],
        "vocabulary": _vocabulary(rows["text"], rows["labels"], corpus.topics),
    }


def _vocabulary(
    texts: list[str], labels: list[list[int]], topics: tuple[str, ...]
) -> dict[str, dict[str, int]]:
    """Return for each topic its distinct words, and how many of them stand in no sentence without it."""
    inside: list[set[str]] = [set() for _ in topics]
    outside: list[set[str]] = [set() for _ in topics]
    for text, carried in zip(texts, labels, strict=True):
        words = set(_WORD.findall(text.lower()))
        for i in range(len(topics)):
            (inside if i in carried else outside)[i].update(words)
    return {
        topic: {"words": len(inside[i]), "its_own": len(inside[i] - outside[i])}
        for i, topic in enumerate(topics)
    }
