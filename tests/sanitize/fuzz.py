"""Random texts, vocabularies and shapes: the compiled counter must agree with the plain one, to the bit."""

from __future__ import annotations

import random
import sys
import time

import numpy as np

from trainer.engine.counting import counter, learn, prepared
from trainer.engine.vocabulary import Vocabulary

ALPHABETS = (
    "ab ",
    "abcdefgh  _-.",
    "aİΣσς'\u0307 ",
    "\ud800\udfff\U0001f600\u2028\x85\x1c 𐐀",
    "".join(map(chr, range(700))),
    "éàü ßẞ",
)
LENGTHS = (0, 1, 3, 20, 200, 3_000)
KINDS = ("word", "char")


def main(seed: int, seconds: float) -> None:
    """Fuzz until the time is over; an error names the round."""
    rng, end, rounds = random.Random(seed), time.monotonic() + seconds, 0
    while time.monotonic() < end:
        try:
            one_round(rng)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, round {rounds}") from error
        rounds += 1
    sys.stdout.write(f"{rounds} rounds\n")


def one_round(rng: random.Random) -> None:
    """Learn from some texts and count in others, both ways."""
    kind, shortest = rng.choice(KINDS), rng.randint(1, 4)
    shape = (shortest, shortest + rng.choice([0, 0, 1, 3, 60]))
    texts = [text(rng) for _ in range(rng.randint(0, 12))]
    one, two = (learn(kind, shape, texts, compiled=compiled) for compiled in (True, False))
    assert one.vocabulary == two.vocabulary
    assert one.df.tolist() == two.df.tolist()
    vocabulary = rng.sample(list(one.vocabulary), rng.randint(0, len(one.vocabulary)))
    if rng.random() < 0.3:
        vocabulary += ["x  y", "", " "]
    new, k = [text(rng) for _ in range(rng.randint(0, 6))] + texts, rng.randint(0, 9)
    idf = np.full(len(vocabulary), 1.5)
    known = Vocabulary.of(vocabulary)
    counters = [counter(kind, shape, known, compiled=compiled) for compiled in (True, False)]
    for mine, plain in zip(*(one.rows(new, idf, True) for one in counters), strict=True):
        assert mine.tobytes() == plain.tobytes()
    out = np.zeros((len(new), k))
    counters[0].add_scores(prepared(new), idf, True, np.ones((len(vocabulary), k), np.float32), out)


def text(rng: random.Random) -> str:
    """Return a text of one alphabet."""
    alphabet = rng.choice(ALPHABETS)
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(0, rng.choice(LENGTHS))))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
