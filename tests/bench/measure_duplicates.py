"""Near-duplicates planted among real sentences: how many are found, and what is joined that should not be.

    python tests/bench/measure_duplicates.py DOCUMENTS.jsonl.gz

Takes the distinct sentences of a file of documents that have eight words or more, plants changed copies of
some (words dropped, added, exchanged, until the similarity of word triples lies between the bound and 1), and
clusters all. A pair of unrelated sentences is joined falsely when it lies below the bound and no chain leads
from one to the other.
"""

from __future__ import annotations

import random
import re
import resource
import sys
import time
from pathlib import Path

import numpy as np
from given import given_file

from trainer.corpus.duplicates import near_duplicate_clusters
from trainer.corpus.sentences import sentence_spans
from trainer.corpus.sources import read_inputs
from trainer.records import Document

BOUND, PLANTED, UNRELATED = 0.8, 2_000, 10_000
_WORD = re.compile(r"\w+")


def main() -> None:
    """Measure and print."""
    file = given_file(__doc__, "documents")
    draw = random.Random(13)
    sentences = distinct_sentences(file)
    planted = [plant(sentences, draw) for _ in range(PLANTED)]
    rows = [*sentences, *(copy for _, copy in planted)]
    numbers: dict[str, int] = {}
    words = np.array([numbers.setdefault(w, len(numbers)) for row in rows for w in row], dtype=np.uint32)
    offsets = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    started = time.perf_counter()
    cluster = near_duplicate_clusters(words, offsets, np.arange(len(rows)), BOUND)
    seconds = time.perf_counter() - started
    found = sum(cluster[original] == cluster[len(sentences) + i] for i, (original, _) in enumerate(planted))
    pairs = [draw.sample(range(len(sentences)), 2) for _ in range(UNRELATED)]
    unrelated = [(a, b) for a, b in pairs if similarity(sentences[a], sentences[b]) < BOUND]
    joined = sum(cluster[a] == cluster[b] for a, b in unrelated)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(
        f"{len(rows):,} sentences, {seconds:.1f} s, {len(rows) / seconds:,.0f} a second, {peak:,.0f} MB\n"
        f"planted at {BOUND} or more: {found:,} of {PLANTED:,} found, recall {found / PLANTED:.4f}\n"
        f"unrelated pairs: {joined:,} of {len(unrelated):,} joined\n"
    )


def distinct_sentences(file: Path) -> list[list[str]]:
    """Return the words of every distinct sentence that is long enough to count."""
    found: dict[str, list[str]] = {}
    for document in read_inputs([file], None):
        if isinstance(document, Document):
            for start, end in sentence_spans(document.text):
                words = _WORD.findall(document.text[start:end].lower())
                if len(words) >= 8:
                    found.setdefault(" ".join(words), words)
    return list(found.values())


def plant(sentences: list[list[str]], draw: random.Random) -> tuple[int, list[str]]:
    """Return the number of a sentence and a changed copy of it that is alike, and not the same."""
    while True:
        number = draw.randrange(len(sentences))
        copy = list(sentences[number])
        for _ in range(draw.randint(1, 3)):
            place = draw.randrange(len(copy))
            other = draw.choice(sentences[draw.randrange(len(sentences))])
            copy[place : place + draw.randint(0, 1)] = draw.choice([[], [other]])
        if BOUND <= similarity(sentences[number], copy) < 1:
            return number, copy


def similarity(one: list[str], other: list[str]) -> float:
    """Return the Jaccard similarity of word triples."""
    a, b = ({tuple(words[i : i + 3]) for i in range(len(words) - 2)} for words in (one, other))
    return len(a & b) / len(a | b) if a | b else 0.0


if __name__ == "__main__":
    main()
