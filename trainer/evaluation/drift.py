"""Whether text of now is like the text that a model was made for.

Two samples of documents are compared: one that the model knows, and one of now. Sentences of a document are
alike, so documents are what is exchanged in the test: a difference counts when few ways of dealing the
documents out to the two sides make as large a one (a permutation test of clustered data, Gail, Mark, Carroll,
Green and Pee, Statistics in Medicine 1996, 15:1069).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.engine.ngrams import word_grams
from trainer.evaluation.bootstrap import by_document
from trainer.intervals import clustered, holm
from trainer.model.features import Block
from trainer.model.tagger import Tagger

PERMUTATIONS = 2000
SEED = 13
TERMS = 12
FEWEST = 5
"""Times that a term stands in the text of now before it can surprise."""
_BATCH = 100
_CHUNK = 512

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TopicDrift:
    """How often a topic is tagged, then and now.

    Attributes
    ----------
    then, now : float or None
        Tags in 1,000 sentences.
    then_interval, now_interval : (float, float) or None
        95 %, with documents as the unit.
    p_value : float
        Of the difference of the two, corrected for how many topics are looked at (Holm).
    shift : float
        Mean probability now less that of then.
    shift_p_value : float
        Likewise.
    distance : float
        Between the two distributions of probabilities: the largest difference of their distribution
        functions (Kolmogorov and Smirnov), 0 to 1.
    """

    then: float | None
    now: float | None
    then_interval: tuple[float, float] | None
    now_interval: tuple[float, float] | None
    p_value: float
    shift: float
    shift_p_value: float
    distance: float


@dataclass(frozen=True, slots=True)
class Term:
    """A word that stands in the text of now more often than then.

    Attributes
    ----------
    surprise : float
        Dunning's log-likelihood ratio G² (Computational Linguistics 19:61, 1993).
    known : bool
        Whether the model knows it.
    """

    word: str
    then: int
    now: int
    surprise: float
    known: bool


@dataclass(frozen=True, slots=True)
class Drift:
    """A comparison of two samples of text.

    Attributes
    ----------
    reference : str
        What the text of now is held against.
    sentences, documents : (int, int)
        Then and now.
    unknown_words : (float, float)
        Share of words that the model does not know, then and now.
    other_language : int
        Sentences of now in a language that the model does not read.
    topics : mapping of str to TopicDrift
    terms : tuple of Term
        The most surprising first.
    """

    reference: str
    sentences: tuple[int, int]
    documents: tuple[int, int]
    unknown_words: tuple[float, float]
    other_language: int
    topics: Mapping[str, TopicDrift]
    terms: tuple[Term, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return what ``trainer drift --json`` prints."""
        return asdict(self)


class Side:
    """What is counted of one sample: constant memory for its words, one row of numbers a sentence."""

    def __init__(self, tagger: Tagger) -> None:
        self._tagger = tagger
        self.words: Counter[str] = Counter()
        self.other_language = 0
        self._groups: list[str] = []
        self._scores: list[Floats] = []

    def add(self, sentences: Iterable[tuple[str, str]]) -> Side:
        """Take in sentences, each with the document that it is of."""
        waiting: list[tuple[str, str]] = []
        for one in sentences:
            waiting.append(one)
            if len(waiting) == _CHUNK:
                self._take(waiting)
                waiting = []
        if waiting:
            self._take(waiting)
        return self

    def _take(self, sentences: Sequence[tuple[str, str]]) -> None:
        read = [one for one in sentences if self._tagger.other_language(one[1]) is None]
        self.other_language += len(sentences) - len(read)
        if not read:
            return
        self._groups += [group for group, _ in read]
        self._scores.append(self._tagger.predict_proba([text for _, text in read]))
        for _, text in read:
            self.words.update(word_grams(text.lower(), 1, 1))

    def __len__(self) -> int:
        return len(self._groups)

    @property
    def groups(self) -> list[str]:
        """The document of each sentence."""
        return self._groups

    @property
    def scores(self) -> Floats:
        """The (n, k) probabilities."""
        return np.concatenate(self._scores) if self._scores else np.empty((0, len(self._tagger.topics)))


def drift_of(tagger: Tagger, then: Side, now: Side, reference: str) -> Drift:
    """Compare text of now with text that the model knows.

    Parameters
    ----------
    then, now : Side
        Each with a sentence or more.
    """
    known = _known(tagger)
    groups = [f"then {g}" for g in then.groups] + [f"now {g}" for g in now.groups]
    scores = np.concatenate([then.scores, now.scores])
    tagged = tagger.decide(scores)[0].astype(float)
    side = np.repeat([False, True], [len(then), len(now)])
    names, rows = np.unique(np.array(groups), return_inverse=True)
    totals = by_document(np.concatenate([tagged, scores, np.ones((len(side), 1))], axis=1), rows, len(names))
    of_now = np.zeros(len(names), dtype=bool)
    of_now[rows[side]] = True
    p_values = permuted(totals, of_now)
    k = len(tagger.topics)
    corrected, shifted = holm(p_values[:k].tolist()), holm(p_values[k : 2 * k].tolist())
    told = (then.scores, now.scores)
    topics = {}
    for i, topic in enumerate(tagger.topics):
        rates = [_rate(totals[chosen, i], totals[chosen, -1]) for chosen in (~of_now, of_now)]
        topics[topic] = TopicDrift(
            then=rates[0][0],
            now=rates[1][0],
            then_interval=rates[0][1],
            now_interval=rates[1][1],
            p_value=corrected[i] or 0.0,
            shift=float(told[1][:, i].mean() - told[0][:, i].mean()),
            shift_p_value=shifted[i] or 0.0,
            distance=kolmogorov_smirnov(told[0][:, i], told[1][:, i]),
        )
    return Drift(
        reference=reference,
        sentences=(len(then), len(now)),
        documents=(int((~of_now).sum()), int(of_now.sum())),
        unknown_words=(_unknown(then.words, known), _unknown(now.words, known)),
        other_language=now.other_language,
        topics=topics,
        terms=surprising(then.words, now.words, known),
    )


def permuted(totals: Floats, of_now: NDArray[np.bool_], permutations: int = PERMUTATIONS) -> Floats:
    """Return the two-sided p-value of the difference of means between two sets of documents.

    Parameters
    ----------
    totals : (m, q + 1) array
        Sums over the sentences of each document; the last column is how many these are.
    of_now : (m,) array of bool

    Returns
    -------
    (q,) array
        The observed deal counts among those drawn (Phipson and Smyth 2010).
    """
    whole = totals.sum(axis=0)

    def apart(inside: Floats) -> Floats:
        return np.asarray(np.abs(_means(inside) - _means(whole - inside)))

    observed = apart(totals[of_now].sum(axis=0))
    rng, n = np.random.default_rng(SEED), int(of_now.sum())
    as_far = np.ones(totals.shape[1] - 1)
    for start in range(0, permutations, _BATCH):
        deal = np.argsort(rng.random((min(_BATCH, permutations - start), len(totals))), axis=1) < n
        as_far += (apart(deal.astype(float) @ totals) >= observed - 1e-12).sum(axis=0)
    return np.asarray(as_far / (permutations + 1))


def _means(sums: Floats) -> Floats:
    """Return (…, q) sums by the last column, how many they are of; 0 of none."""
    n = sums[..., -1:]
    return np.asarray(sums[..., :-1] / np.where(n > 0, n, 1.0))


def kolmogorov_smirnov(x: Floats, y: Floats) -> float:
    """Return the largest difference of two empirical distribution functions."""
    places = np.concatenate([x, y])
    below = [np.searchsorted(np.sort(one), places, side="right") / len(one) for one in (x, y)]
    return float(np.abs(below[0] - below[1]).max())


def surprising(
    then: Mapping[str, int], now: Mapping[str, int], known: Callable[[str], bool], most: int = TERMS
) -> tuple[Term, ...]:
    """Return the words that stand in the text of now more often than chance explains, the oddest first."""
    all_then, all_now = sum(then.values()), sum(now.values())
    found = []
    for word, b in now.items():
        a = then.get(word, 0)
        if b < FEWEST or not all_now or b / all_now <= a / max(all_then, 1):
            continue
        both = (a + b) / (all_then + all_now)
        expected = (both * all_then, both * all_now)
        g2 = 2 * sum(n * math.log(n / e) for n, e in zip((a, b), expected, strict=True) if n)
        found.append(Term(word, a, b, g2, known(word)))
    return tuple(sorted(found, key=lambda term: (-term.surprise, term.word))[:most])


def _known(tagger: Tagger) -> Callable[[str], bool]:
    blocks = [block for block in tagger.features.blocks if isinstance(block, Block) and block.kind == "word"]
    return lambda word: any(word in block.column for block in blocks)


def _unknown(words: Mapping[str, int], known: Callable[[str], bool]) -> float:
    return sum(n for word, n in words.items() if not known(word)) / max(sum(words.values()), 1)


def _rate(tags: Floats, sentences: Floats) -> tuple[float | None, tuple[float, float] | None]:
    """Return tags in 1,000 sentences, with the interval, of sums by document."""
    share, low, high = clustered(tags.astype(np.int64), sentences.astype(np.int64))
    interval = None if low is None or high is None else (1000 * low, 1000 * high)
    return None if share is None else 1000 * share, interval
