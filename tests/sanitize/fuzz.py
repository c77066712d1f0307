"""Random texts, vocabularies, shapes, lexicons: what is compiled must agree with plain Python, to the bit."""

from __future__ import annotations

import random
import re
import string
import sys
import time

import numpy as np

from trainer.engine import counting, learning
from trainer.engine.costs import Problem
from trainer.engine.counting import counter, prepared
from trainer.engine.finding import finder
from trainer.engine.learning import learn
from trainer.engine.solver import solve
from trainer.engine.sparse import side_by_side
from trainer.engine.vocabulary import Vocabulary
from trainer.lexicons import LexiconMatcher
from trainer.model.features import Features
from trainer.model.learning import learn_blocks
from trainer.model.packing import packed

ALPHABETS = (
    "ab ",
    "abcdefgh  _-.",
    "aİΣσς'\u0307 ",
    "\ud800\udfff\U0001f600\u2028\x85\x1c 𐐀",
    "".join(map(chr, range(700))),
    "éàü ßẞ",
    string.printable,
    string.ascii_letters + "_09" + " " * 12,
    "a b",  # more words than are read together
)
LENGTHS = (0, 1, 3, 20, 200, 2_100, 3_000)
KINDS = ("word", "char")


def main(seed: int, seconds: float) -> None:
    """Fuzz until the time is over; an error names the round."""
    learning.cores = lambda: 3
    rng, end, rounds = random.Random(seed), time.monotonic() + seconds, 0
    while time.monotonic() < end:
        counting._LARGE = rng.choice([0, 50_000])  # whether n-grams are looked up among lines at first
        learning._PART = rng.choice([1, 8_192])  # whether they are learned in parts
        try:
            count(rng)
            find(rng)
            fit(rng)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, round {rounds}") from error
        rounds += 1
    sys.stdout.write(f"{rounds} rounds\n")


def count(rng: random.Random) -> None:
    """Learn from some texts and count in others, both ways."""
    kind, shortest = rng.choice(KINDS), rng.randint(1, 4)
    shape = (shortest, shortest + rng.choice([0, 0, 1, 3, 60]))
    texts = [text(rng) for _ in range(rng.randint(0, 12))]
    one, two = (learn(kind, shape, texts, compiled=compiled) for compiled in (True, False))
    assert one.vocabulary == two.vocabulary
    assert one.df.tolist() == two.df.tolist()
    vocabulary = rng.sample(list(one.vocabulary), rng.randint(0, len(one.vocabulary)))
    if rng.random() < 0.3:
        vocabulary += [gram for gram in ("x  y", "", " ", "x\x01y", "x y", "x") if gram not in vocabulary]
    if rng.random() < 0.5:
        vocabulary.sort()
    new, k = [text(rng) for _ in range(rng.randint(0, 6))] + texts, rng.randint(0, 9)
    idf = np.full(len(vocabulary), 1.5)
    known = Vocabulary.of(vocabulary)
    counters = [counter(kind, shape, known, compiled=compiled) for compiled in (True, False)]
    for mine, plain in zip(*(one.rows(new, idf, True) for one in counters), strict=True):
        assert mine.tobytes() == plain.tobytes()
    draws = np.random.default_rng(rng.randint(0, 2**32))
    weights = draws.normal(size=(len(vocabulary), k)).astype(rng.choice([np.float16, np.float32]))
    out, expected = np.zeros((2, len(new), k))
    near = rng.choice([side_by_side(idf, weights), (idf, weights)])
    counters[0].add_scores(prepared(new), near[0], True, near[1], out)
    lengths, columns, values = counters[1].rows(new, idf, True)
    for row, column, value in zip(np.repeat(np.arange(len(new)), lengths), columns, values, strict=True):
        expected[row] += value * weights[column].astype(float)
    assert out.tobytes() == expected.tobytes()


def fit(rng: random.Random) -> None:
    """Solve on some texts, packed and as they are: both are minima, within their gaps."""
    texts = [text(rng)[:300] for _ in range(rng.randint(1, 30))]
    wanted = [(kind, (1, rng.randint(1, 3)), texts) for kind in KINDS]
    features = Features(learn_blocks(wanted, rng.randint(1, 2), True, remember=rng.random() < 0.5))
    if len(features) == 0:
        return
    draws, k = np.random.default_rng(rng.randint(0, 2**32)), rng.randint(1, 20)
    Y = draws.choice(np.array([-1, 0, 1], np.int8), (len(texts), k))
    weights = draws.random(Y.shape) if rng.random() < 0.3 else draws.choice([0.0, 0.3, 1.0], Y.shape)
    problems = [Problem(i, (1.0, rng.choice([0.1, 1.0, 8.0]))) for i in range(k)]
    loss = rng.choice(["squared_hinge", "log_loss"])
    one = solve(packed(features, [texts]), Y, weights, problems, loss)
    two = solve(features.transform(texts), Y, weights, problems, loss)
    away = np.linalg.norm(one.coef - two.coef, axis=0)
    assert (away <= np.sqrt(2 * one.gap) + np.sqrt(2 * two.gap) + 1e-3).all()


def find(rng: random.Random) -> None:
    """Find lexicons of words of some texts in these, both ways."""
    texts = [text(rng) for _ in range(rng.randint(0, 6))]
    words = [word for word in " ".join(texts).split() if re.search(r"\w", word.lower())]
    lexicons = {
        str(i): [term(rng, words) for _ in range(rng.randint(0, 20))] for i in range(rng.randint(0, 40))
    }
    matcher = LexiconMatcher(lexicons if words else {})
    finders = [finder(matcher, compiled=compiled) for compiled in (True, False)]
    for mine, plain in zip(*(one.rows(texts) for one in finders), strict=True):
        assert mine.tobytes() == plain.tobytes()
    weights = np.ones((len(matcher.lexicons), rng.randint(0, 9)), np.float32)
    finders[0].add_scores(texts, 0.5, weights, np.zeros((len(texts), weights.shape[1])))


def term(rng: random.Random, words: list[str]) -> str:
    """Return a term of some words, or of stems of them; one half are capitals."""
    chosen = [
        rng.choice(words).replace("~", "") if words else "x" for _ in range(rng.choice([1, 1, 2, 3, 9]))
    ]
    joined = "".join(word + rng.choice(["*", "", ""]) + rng.choice([" ", " ", " ~ "]) for word in chosen)
    return rng.choice([str, str.upper])(joined.rstrip("~ "))


def text(rng: random.Random) -> str:
    """Return a text of one alphabet."""
    alphabet = rng.choice(ALPHABETS)
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(0, rng.choice(LENGTHS))))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
