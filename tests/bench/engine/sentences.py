"""Sentences and topics made up from real ones, as many as are wanted, for measuring growth."""

from __future__ import annotations

from zlib import crc32

import numpy as np
from reading import read_split

RARE, MARKING, NOISE = 6, 64, 0.1
_RARE_WORDS, _SKEW = 10_000_000, 3


def made_up(data: str, sentences: int, topics: int) -> tuple[list[str], np.ndarray]:
    """Return so many sentences of GoEmotions, drawn with replacement, and an (n, k) array of topics.

    One word in six is replaced by one drawn from ten millions, so that the vocabulary goes on growing. One
    distinct word in 64 stands for a topic, by its hash; a tenth of the sentences has another topic at random.
    """
    rng = np.random.default_rng(13)
    known = [text.split() for text in read_split(data, "goemotions").train.texts]
    texts, Y = [], np.zeros((sentences, topics), dtype=np.int8)
    for row, drawn in enumerate(rng.integers(len(known), size=sentences)):
        words = with_rare_words(known[drawn], rng)
        texts.append(" ".join(words))
        Y[row, [topic for topic in (topic_of(word, topics) for word in words) if topic is not None]] = 1
    strays = np.flatnonzero(rng.random(sentences) < NOISE)
    Y[strays, rng.integers(topics, size=len(strays))] = 1
    return texts, Y


def with_rare_words(words: list[str], rng: np.random.Generator) -> list[str]:
    """Return the words, about one in six replaced by a rare one; low numbers are drawn more often."""
    draws = rng.random(len(words))
    return [
        f"q{int(_RARE_WORDS * (draw * RARE) ** _SKEW)}" if draw * RARE < 1 else word
        for word, draw in zip(words, draws.tolist(), strict=True)
    ]


def topic_of(word: str, topics: int) -> int | None:
    """Return the topic that a word stands for, or None."""
    code = crc32(word.lower().encode("utf-8", "surrogatepass"))
    return code // MARKING % topics if code % MARKING == 0 else None
