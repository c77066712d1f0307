"""Sentences worth a person's time: where the model wavers, where rules contradict it, some at random."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.corpus.store import Corpus
from trainer.corpus.votes import RULE, read_votes
from trainer.errors import DataError, UsageError, did_you_mean
from trainer.model.tagger import Tagger
from trainer.storage import sha256

NEAR, AGAINST = 0.5, 0.25
"""Shares of what is picked near the threshold, and where rules contradict the model; the rest by lot."""
_OF_A_DOCUMENT = 3
_ABOUT = ("source", "date", "doc_id", "start", "end")
COLUMNS_AFTER = ("previous", "next", *_ABOUT, "sentence_id", "probability", "why")


def to_label(
    corpus: Corpus, topics: Sequence[str], n: int, tagger: Tagger | None, seed: int
) -> list[dict[str, Any]]:
    """Pick sentences that nobody judged for a topic.

    Texts differ, and no document gives more than a few. What is picked, and its order, which tells nothing of
    why, follow from the seed and the ids.

    Parameters
    ----------
    n : int
        Sentences of each topic.
    tagger : Tagger, optional
        Without one all are picked by rules and at random.

    Returns
    -------
    list of dict
        ``text``, a blank for each topic, and what else helps to judge; ``why`` last.

    Raises
    ------
    UsageError
        When a topic is not known.
    DataError
        When people judged everything.
    """
    for topic in topics:
        if topic not in corpus.topics:
            raise UsageError(f"the corpus has no topic '{topic}'. {did_you_mean(topic, corpus.topics)}")
    rows = corpus.rows().to_pylist()
    around = _around(rows)
    picked: dict[str, dict[str, Any]] = {}
    for topic in topics:
        for row, p, why in _of_topic(corpus, rows, topic, n, tagger, seed):
            text = row["text"].casefold()
            if text in picked:
                picked[text]["why"] += f"; {why}"
                continue
            before, after = around[row["id"]]
            about = {key: row[key] for key in _ABOUT}
            blank = dict.fromkeys(topics)
            found = {"text": row["text"], **blank, "previous": before, "next": after, **about}
            picked[text] = {**found, "sentence_id": row["id"], "probability": p, "why": why}
    if not picked:
        raise DataError("people judged every sentence of the corpus for these topics")
    return sorted(picked.values(), key=lambda row: _lot(seed, row["sentence_id"], "order"))


def _of_topic(
    corpus: Corpus, rows: Sequence[Mapping[str, Any]], topic: str, n: int, tagger: Tagger | None, seed: int
) -> Iterator[tuple[Mapping[str, Any], float | None, str]]:
    number = corpus.topics.index(topic)
    open_ = [row for row in rows if row["origin"] != "gold" or number in row["unknown"]]
    order = sorted(range(len(open_)), key=lambda i: _lot(seed, open_[i]["id"], topic))
    open_ = [open_[i] for i in order]
    fired = np.array([_says(row, number) for row in open_])
    p, threshold = _probabilities(tagger, topic, [row["text"] for row in open_])
    picks = _Picks(open_)
    if p is not None:
        near = np.argsort(np.abs(_logit(p) - _logit(np.array(threshold))), kind="stable")
        for i in picks.take(near.tolist(), round(NEAR * n)):
            yield open_[i], float(p[i]), f"{topic}: probability {p[i]:.2f} near the threshold {threshold:.2f}"
        against = np.flatnonzero((fired >= 0) & ((fired == 1) != (p >= threshold)))
        against = against[np.argsort(-np.abs(p[against] - threshold), kind="stable")]
        chosen = picks.take(against.tolist(), round(AGAINST * n))
    else:
        chosen = picks.take(np.flatnonzero(fired == 1).tolist(), round((NEAR + AGAINST) * n))
    votes = read_votes(corpus, [open_[i]["id"] for i in chosen]) if chosen else {}
    for i in chosen:
        told = _rules(votes.get(open_[i]["id"], ()), topic)
        model = "" if p is None else f", the model {p[i]:.2f}"
        yield open_[i], None if p is None else float(p[i]), f"{topic}: {told}{model}"
    for i in picks.take(range(len(open_)), n - picks.count):
        yield open_[i], None if p is None else float(p[i]), f"{topic}: at random"


class _Picks:
    """Takes rows, never a text twice, nor too many of one document."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._rows = rows
        self._texts: set[str] = set()
        self._documents: Counter[str] = Counter()

    @property
    def count(self) -> int:
        return len(self._texts)

    def take(self, candidates: Sequence[int], most: int) -> list[int]:
        taken: list[int] = []
        for i in candidates:
            if len(taken) >= most:
                break
            text, document = self._rows[i]["text"].casefold(), self._rows[i]["doc_id"]
            if text not in self._texts and self._documents[document] < _OF_A_DOCUMENT:
                self._texts.add(text)
                self._documents[document] += 1
                taken.append(i)
        return taken


def _says(row: Mapping[str, Any], number: int) -> int:
    """Return what the rules come to: 1 yes, 0 no, -1 they leave it open."""
    return 1 if number in row["labels"] else -1 if number in row["unknown"] else 0


def _probabilities(
    tagger: Tagger | None, topic: str, texts: Sequence[str]
) -> tuple[NDArray[np.float64] | None, float]:
    if tagger is None or topic not in tagger.topics or not texts:
        return None, 0.5
    column = tagger.topics.index(topic)
    return tagger.predict_proba(texts)[:, column], float(tagger.thresholds[column])


def _rules(votes: Sequence[Any], topic: str) -> str:
    fired = [vote for vote in votes if vote.topic == topic and vote.author.startswith(RULE)]
    told = [f"rule {v.author.partition('/')[2].partition('@')[0]} says {v.answer}" for v in fired]
    return ", ".join(told) or "no rule fires"


def _around(rows: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str | None, str | None]]:
    """Return the neighbours of each sentence in its document."""
    found: dict[str, tuple[str | None, str | None]] = {}
    placed = sorted(rows, key=lambda row: (row["doc_id"], row["start"] is None, row["start"] or 0, row["id"]))
    for i, row in enumerate(placed):
        same = [
            placed[j]["text"]
            if 0 <= j < len(placed) and placed[j]["doc_id"] == row["doc_id"] and row["start"] is not None
            else None
            for j in (i - 1, i + 1)
        ]
        found[row["id"]] = (same[0], same[1])
    return found


def _logit(p: NDArray[np.float64]) -> NDArray[np.float64]:
    clipped = np.clip(p, 1e-9, 1 - 1e-9)
    logit: NDArray[np.float64] = np.log(clipped / (1 - clipped))
    return logit


def _lot(seed: int, identity: str, of: str) -> str:
    return sha256(f"{seed}:{of}:{identity}".encode())
