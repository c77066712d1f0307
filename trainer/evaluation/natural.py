"""How good a tagger is at the rate of the world: on a random sample of somebody's own text.

Files of labelled sentences hold far more of each topic than text does, and so flatter: precision falls with
the rate. Here sentences are drawn with known chances, a part at random and a part among those that were
tagged, since tags are rare; every figure then weighs a sentence by the inverse of its chance (Horvitz and
Thompson, JASA 47:663, 1952; as a ratio, Hájek 1971).
"""

from __future__ import annotations

import heapq
import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation.bootstrap import Resamples, divided, percentile_interval
from trainer.model.prior import estimate_rate
from trainer.storage import sha256

RANDOM = "random"
"""The name of the part that is drawn from all sentences."""
_WORTH = 0.01
"""F1 that a correction must win to be worth naming."""

Floats = NDArray[np.float64]
Row = Mapping[str, Any]


class Draw:
    """Draws sentences as they come by: at random, and among those tagged with each topic.

    The lot of a sentence is a hash of its id, so the draw does not depend on the order; only what is drawn
    so far is held.

    Parameters
    ----------
    random, tagged : int
        How many of all sentences, and of those tagged with each topic.
    """

    def __init__(self, topics: Sequence[str], random: int, tagged: int, seed: int) -> None:
        self.topics = tuple(topics)
        self._most = {RANDOM: random, **dict.fromkeys(topics, tagged)}
        self._seed = seed
        self._kept: dict[str, list[tuple[float, str, Row]]] = {part: [] for part in self._most}
        self.counts = dict.fromkeys(self._most, 0)
        self._scores: dict[str, array[float]] = {topic: array("d") for topic in topics}

    def add(self, rows: Iterable[Row]) -> None:
        """Take in sentences: ``sentence_id``, and yes, no or review by topic, with ``…_probability``."""
        for row in rows:
            for topic in self.topics:
                self._scores[topic].append(row[f"{topic}_probability"])
            for part in (RANDOM, *(topic for topic in self.topics if row[topic] == "yes")):
                self.counts[part] += 1
                lot = int(sha256(f"{self._seed}:{part}:{row['sentence_id']}".encode())[:13], 16)
                kept, entry = self._kept[part], (-float(lot), str(row["sentence_id"]), row)
                if len(kept) < self._most[part]:
                    heapq.heappush(kept, entry)
                elif kept and entry > kept[0]:
                    heapq.heapreplace(kept, entry)

    def estimated_rates(self, assumed: Mapping[str, float]) -> dict[str, float]:
        """Return the share of sentences on each topic as far as probabilities alone tell; no measurement."""
        return {
            topic: estimate_rate(np.array(self._scores[topic]), assumed[topic])
            for topic in self.topics
            if 0 < assumed.get(topic, 0) < 1
        }

    def chances(self) -> dict[str, float]:
        """Return the share of each part that is drawn."""
        return {
            part: min(1.0, self._most[part] / self.counts[part]) if self.counts[part] else 0.0
            for part in self._most
        }

    def drawn(self) -> list[dict[str, Any]]:
        """Return the sentences that were drawn, each once, in an order that tells nothing.

        ``inclusion`` is the chance that it had: the parts are drawn apart from each other.
        """
        chances, found = self.chances(), {}
        for kept in self._kept.values():
            for _, identity, row in kept:
                found[identity] = row
        made = []
        for identity in sorted(found, key=lambda one: sha256(f"{self._seed}:order:{one}".encode())):
            row = found[identity]
            tagged = [topic for topic in self.topics if row[topic] == "yes"]
            missed = math.prod(1 - chances[part] for part in (RANDOM, *tagged))
            made.append({**row, "inclusion": round(1 - missed, 9)})
        return made


@dataclass(frozen=True, slots=True)
class NaturalTopic:
    """Figures of one topic at the rate that it has in the text; intervals are of 95 %, by document.

    Attributes
    ----------
    rate, tags, false_tags : float or None
        Of 1,000 sentences: on the topic, tagged, and tagged though not on it.
    precision, recall : float or None
    judged, found : int
        Sentences that people judged, and those on the topic among them.
    """

    rate: float | None
    rate_interval: tuple[float, float] | None
    tags: float | None
    tags_interval: tuple[float, float] | None
    false_tags: float | None
    false_tags_interval: tuple[float, float] | None
    precision: float | None
    precision_interval: tuple[float, float] | None
    recall: float | None
    recall_interval: tuple[float, float] | None
    judged: int
    found: int

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall; None where either is undefined."""
        if self.precision is None or self.recall is None:
            return None
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True, slots=True)
class Natural:
    """What a tagger does on a random sample of text.

    Attributes
    ----------
    topics : mapping of str to NaturalTopic
    overall : NaturalTopic
        All topics pooled: tags in 1,000 sentences.
    judged, blank, documents : int
        Sentences that were judged for some topic, that were not, and documents they come from.
    assumed : mapping of str to float
        Sentences on the topic in 1,000 of those that the model was calibrated on.
    corrected : mapping of str to NaturalTopic
        The figures that tags would have if probabilities were corrected for the rate that was found, where
        some was.
    """

    topics: Mapping[str, NaturalTopic]
    overall: NaturalTopic
    judged: int
    blank: int
    documents: int
    assumed: Mapping[str, float]
    corrected: Mapping[str, NaturalTopic] = field(default_factory=dict)

    def better_corrected(self) -> dict[str, float]:
        """Return the rates for which correcting probabilities gives a better F1, by topic."""
        found = {}
        for topic, row in self.corrected.items():
            now, then = row.f1, self.topics[topic].f1
            if now is not None and then is not None and now > then + _WORTH:
                found[topic] = (self.topics[topic].rate or 0.0) / 1000
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return what ``trainer eval --judged --json`` prints."""
        return asdict(self)


def natural_figures(
    Y: NDArray[np.int8],
    tagged: NDArray[np.bool_],
    inclusion: Floats,
    topics: Sequence[str],
    drawn: Resamples,
    blank: int = 0,
    assumed: Mapping[str, float] | None = None,
) -> Natural:
    """Estimate the figures of the whole text from judged sentences that were drawn with known chances.

    Intervals are percentiles of samples of the documents, each sentence with its weight. Where no false tag,
    or no missed sentence, was found among n documents, there may be some: the end of the interval is then
    where the chance of finding none is 5 % (the rule of three, Hanley and Lippman-Hand, JAMA 249:1743, 1983).

    Parameters
    ----------
    Y : (n, k) array of int8
        1, 0 or -1 (not judged, and counted nowhere).
    tagged : (n, k) array of bool
    inclusion : (n,) array
        The chance that each sentence had to be drawn, above 0.
    drawn : Resamples
        Of the documents of the n rows.
    """
    weight = (1 / inclusion)[:, None] * (Y >= 0)
    parts = np.stack(
        [weight * (Y == 1) * tagged, weight * (Y == 0) * tagged, weight * (Y == 1) * ~tagged, weight], axis=-1
    )
    sums, totals = drawn.sums(parts), parts.sum(axis=0)
    judged, found = (Y >= 0).sum(axis=0), (Y == 1).sum(axis=0)
    bounds = np.array([_unseen(Y[:, i], tagged[:, i], weight[:, i], drawn) for i in range(len(topics))])
    rows = {
        topic: _topic(totals[i], sums[:, i], bounds[i], int(judged[i]), int(found[i]))
        for i, topic in enumerate(topics)
    }
    # Of all topics pooled: tags in 1,000 sentences, of which each stands once in the denominator.
    k = max(len(topics), 1)
    pooled, pooled_sums = totals.sum(axis=0), sums.sum(axis=1)
    pooled[3], pooled_sums[:, 3] = pooled[3] / k, pooled_sums[:, 3] / k
    whole = _topic(pooled, pooled_sums, bounds.sum(axis=0), int((Y >= 0).any(axis=1).sum()), int(found.sum()))
    return Natural(rows, whole, int((Y >= 0).any(axis=1).sum()), blank, drawn.documents, dict(assumed or {}))


def _unseen(y: NDArray[np.int8], tagged: NDArray[np.bool_], weight: Floats, drawn: Resamples) -> list[float]:
    """Return how many false tags, and missed sentences, there may be though none was found; else 0."""
    found = []
    for rows, bad in ((tagged & (y >= 0), y == 0), (~tagged & (y >= 0), y == 1)):
        n = len(np.unique(drawn.rows[rows]))
        none = n > 0 and not (rows & bad).any()
        found.append(float(weight[rows].sum()) * (1 - 0.05 ** (1 / n)) if none else 0.0)
    return found


def _topic(totals: Floats, sums: Floats, unseen: Floats, judged: int, found: int) -> NaturalTopic:
    """Return figures of right tags, false tags, missed sentences and all sentences, in weights."""
    right, false, missed, every = (float(one) for one in totals)
    r, f, m, n = (sums[:, i] for i in range(4))
    more_false, more_missed = float(unseen[0]), float(unseen[1])

    def interval(above: Floats, below: Floats, times: float = 1.0) -> tuple[float, float] | None:
        return percentile_interval(divided(times * above, below))

    def share(above: float, below: float, times: float = 1.0) -> float | None:
        return times * above / below if below > 0 else None

    rate = _widened(interval(r + m, n, 1000), high=share(right + missed + more_missed, every, 1000))
    false_tags = _widened(interval(f, n, 1000), high=share(false + more_false, every, 1000))
    precision = _widened(interval(r, r + f), low=share(right, right + false + more_false))
    recall = _widened(interval(r, r + m), low=share(right, right + missed + more_missed))
    return NaturalTopic(
        rate=share(right + missed, every, 1000),
        rate_interval=rate if every else None,
        tags=share(right + false, every, 1000),
        tags_interval=interval(r + f, n, 1000),
        false_tags=share(false, every, 1000),
        false_tags_interval=false_tags if every else None,
        precision=share(right, right + false),
        precision_interval=precision if right + false else None,
        recall=share(right, right + missed),
        recall_interval=recall if right + missed else None,
        judged=judged,
        found=found,
    )


def _widened(
    interval: tuple[float, float] | None, *, low: float | None = None, high: float | None = None
) -> tuple[float, float] | None:
    """Return an interval that also holds what may be there though it was not seen."""
    if interval is None:
        return None
    return (
        interval[0] if low is None else min(interval[0], low),
        interval[1] if high is None else max(interval[1], high),
    )
