"""Features and losses that might come in, each against what ships, on labelled sentences of one's own.

    python tests/bench/measure_features.py FILE.jsonl

Trained on all shipped sentences with scikit-learn, so that a feature can be tried before it is built; every
row decides at 0.5. The difference to the first row is in macro-F1, with the 95 % interval of 2,000 paired
resamples of documents: what does not lie above 0 with its whole interval has no claim to come in.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from given import given_file
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

import trainer
from trainer.config import load_config, shipped_folder
from trainer.corpus.examples import corpus_examples, file_examples
from trainer.model.estimators import LexiconVectorizer

RESAMPLES = 2_000
_SHAPES = (
    (re.compile(r"[^\W\d_]*[A-ZÀ-Þ][^\W\d_]*[A-ZÀ-Þ][^\W\d_]*"), "XX"),
    (re.compile(r"\b[A-ZÀ-Þ]\w*"), "Xx"),
    (re.compile(r"\d+"), "9"),
    (re.compile(r"\b[a-zß-ÿ]\w*"), "x"),
)
_PIECE, _WORD = r"\S+", r"(?u)\b\w+\b"

Parts = list[Any]


def shape(text: str) -> str:
    """Return the text with every word as its shape: XX, Xx, 9 or x."""
    for pattern, sign in _SHAPES:
        text = pattern.sub(sign, text)
    return text


def no_digits(text: str) -> str:
    """Return the lower-cased text with every digit as 0."""
    return re.sub(r"\d", "0", text.lower())


def words(**changed: Any) -> TfidfVectorizer:
    """Return the shipped word n-grams, some settings changed."""
    return TfidfVectorizer(**{"ngram_range": (1, 2), "min_df": 2, "sublinear_tf": True, **changed})


def chars(**changed: Any) -> TfidfVectorizer:
    """Return the shipped character n-grams, some settings changed."""
    settings = {"analyzer": "char_wb", "ngram_range": (2, 5), "min_df": 2, "sublinear_tf": True}
    return TfidfVectorizer(**{**settings, **changed})


def shapes() -> TfidfVectorizer:
    """Return runs of one to three word shapes."""
    return words(preprocessor=shape, lowercase=False, ngram_range=(1, 3), **{"token_pattern": _PIECE})


def logistic(**changed: Any) -> LogisticRegression:
    """Return the shipped loss, some settings changed."""
    settings = {"C": 2.0, "solver": "liblinear", "max_iter": 1_000, "random_state": 13}
    return LogisticRegression(**{**settings, **changed})


VARIANTS: dict[str, tuple[Callable[[], Parts], Callable[[], Any]]] = {
    "as shipped": (lambda: [words(), chars()], logistic),
    "words keep their case": (lambda: [words(lowercase=False), chars()], logistic),
    "words keep their case, besides": (lambda: [words(), words(lowercase=False), chars()], logistic),
    "characters keep their case": (lambda: [words(), chars(lowercase=False)], logistic),
    "digits as 0": (
        lambda: [words(preprocessor=no_digits), chars(preprocessor=no_digits)], logistic),
    "word shapes, besides": (lambda: [words(), chars(), shapes()], logistic),
    "one-letter words": (lambda: [words(**{"token_pattern": _WORD}), chars()], logistic),
    "three words in a row": (lambda: [words(ngram_range=(1, 3)), chars()], logistic),
    "characters 3 to 4": (lambda: [words(), chars(ngram_range=(3, 4))], logistic),
    "characters 2 to 6": (lambda: [words(), chars(ngram_range=(2, 6))], logistic),
    "in one sentence or more": (lambda: [words(min_df=1), chars(min_df=1)], logistic),
    "in three sentences or more": (lambda: [words(min_df=3), chars(min_df=3)], logistic),
    "plain counts": (lambda: [words(sublinear_tf=False), chars(sublinear_tf=False)], logistic),
    "L1, C = 2": (lambda: [words(), chars()], lambda: logistic(l1_ratio=1.0)),
    "L1, C = 8": (lambda: [words(), chars()], lambda: logistic(l1_ratio=1.0, C=8.0)),
    "L2, C = 0.5": (lambda: [words(), chars()], lambda: logistic(C=0.5)),
    "L2, C = 8": (lambda: [words(), chars()], lambda: logistic(C=8.0)),
}  # fmt: skip


def main() -> None:
    """Measure and print."""
    file = given_file(__doc__, "labelled sentences")
    config = load_config(shipped_folder() / "topics.toml")
    real = file_examples(file, config.topic_names)
    with tempfile.TemporaryDirectory() as folder:
        training = corpus_examples(trainer.build((), config, root=folder))
    lexicons = LexiconVectorizer(
        {lexicon.name: lexicon.terms for lexicon in config.lexicons}, config.features.lexicon_weight
    )
    fixed = (lexicons.transform(training.texts), lexicons.transform(real.texts))
    draws = resamples(real.groups)
    first: np.ndarray | None = None
    for name, (features, loss) in VARIANTS.items():
        tagged = decide(features(), loss, training.texts, training.Y, real.texts, fixed)
        f1 = f1_by_topic(real.Y, tagged, draws)
        first = f1 if first is None else first
        gain = np.nanmean(f1 - first, axis=1)
        low, high = np.percentile(gain[1:], [2.5, 97.5])
        topics = " | ".join(f"{value:.3f}" for value in f1[0])
        sys.stdout.write(
            f"| {name} | {f1[0].mean():.3f} | {gain[0]:+.3f} [{low:+.3f}, {high:+.3f}] | {topics} |\n"
        )
        sys.stdout.flush()


def decide(
    parts: Parts,
    loss: Callable[[], Any],
    texts: Sequence[str],
    Y: np.ndarray,
    real: Sequence[str],
    fixed: tuple[csr_matrix, csr_matrix],
) -> np.ndarray:
    """Return the (n, k) decisions on `real` of one linear model a topic."""
    X = hstack([*(part.fit_transform(texts) for part in parts), fixed[0]]).tocsr()
    X_real = hstack([*(part.transform(real) for part in parts), fixed[1]]).tocsr()
    return np.stack([loss().fit(X, y).predict(X_real) == 1 for y in Y.T], axis=1)


def resamples(groups: Sequence[str]) -> np.ndarray:
    """Return how often each sentence counts: once in the first row, then as its document is drawn."""
    _, document = np.unique(np.asarray(groups, dtype=object), return_inverse=True)
    n = document.max() + 1
    drawn = np.random.default_rng(13).multinomial(n, np.full(n, 1 / n), RESAMPLES)
    return np.vstack([np.ones(n), drawn])[:, document]


def f1_by_topic(Y: np.ndarray, tagged: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Return the (resamples, k) F1."""
    right, wrong = draws @ ((Y == 1) & tagged), draws @ (((Y == 1) != tagged) & (Y >= 0))
    with np.errstate(invalid="ignore"):
        return 2 * right / (2 * right + wrong)


if __name__ == "__main__":
    main()
