"""Whether one tagger beats another on the same sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainer.errors import DataError, UsageError
from trainer.evaluation.bootstrap import SEED, Resamples, percentile_interval
from trainer.evaluation.evaluate import Cases
from trainer.evaluation.figures import COUNTED, cells_of, quotients
from trainer.model.tagger import Tagger

if TYPE_CHECKING:
    from trainer.evaluation.evaluate import Evaluation

PERMUTATIONS = 2000
_BATCH = 100
REASONS = 6
"""Features named for each sentence that flipped."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class McNemar:
    """What two taggers say of the judged sentences of one topic.

    Attributes
    ----------
    both, only_this, only_other, neither : int
        Sentences that both get right, one alone, and none.
    p_value : float
        Exact and two-sided (McNemar 1947; binomial): it takes sentences for independent, so with several of a
        document it is too small; the permutation test is not.
    """

    both: int
    only_this: int
    only_other: int
    neither: int
    p_value: float


@dataclass(frozen=True, slots=True)
class Flip:
    """A sentence on which two taggers disagree.

    Attributes
    ----------
    label : str
        "yes" or "no", as people judged; "unknown" where they did not.
    now, then : bool
        Whether this tagger, and the other one, tags it.
    probability, probability_then : float or None
        None for the keyword rules, which have none.
    why : tuple of (str, float, float)
        Features whose contribution changed most: name, its contribution in this tagger and in the other one.
    """

    id: str
    text: str
    topic: str
    label: str
    now: bool
    then: bool
    probability: float
    probability_then: float | None
    why: tuple[tuple[str, float, float], ...] = ()

    @property
    def better(self) -> bool | None:
        """Whether this tagger is right and the other one wrong; None where people did not judge."""
        return None if self.label == "unknown" else self.now == (self.label == "yes")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One tagger against another one, on the same judged sentences.

    Attributes
    ----------
    against : str
        What the other one is called.
    topics : mapping
        Of each topic: ``f1_difference`` (this one less the other), ``precision_difference`` and
        ``recall_difference``, each with its ``…_interval``, and ``p_value`` of F1.
    macro, micro : mapping
        The same.
    mcnemar : mapping
        Of each topic.
    flips : tuple of Flip
        In the order of the sentences.
    evaluation : Evaluation or None
        Of this one, with which it is shown.
    """

    against: str
    n: int
    documents: int
    topics: Mapping[str, Mapping[str, Any]]
    macro: Mapping[str, Any]
    micro: Mapping[str, Any]
    mcnemar: Mapping[str, McNemar]
    flips: tuple[Flip, ...] = field(repr=False)
    evaluation: Evaluation | None = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        """What the other one is called in a sentence."""
        return f"version {self.against}" if self.against.isdecimal() else self.against

    @property
    def verdict(self) -> str:
        """Return in words whether it is better, all topics taken alike."""
        interval = self.macro["f1_difference_interval"]
        if interval is None:
            return "too little was judged to tell"
        low, high = interval
        if low > 0:
            return f"better than {self.name}"
        return f"worse than {self.name}" if high < 0 else f"no difference from {self.name} can be shown"

    def to_html(self) -> str:
        """Return the page of this one's evaluation, which shows the comparison.

        Raises
        ------
        UsageError
            When it was made without one.
        """
        if self.evaluation is None:
            raise UsageError("this comparison was made without an evaluation", hint="Use `trainer.compare`.")
        return self.evaluation.to_html()

    def _repr_html_(self) -> str:
        """Show it in a notebook, apart from the notebook's own page."""
        from trainer.evaluation.report.page import framed

        return framed(self.to_html())

    def to_dict(self) -> dict[str, Any]:
        """Return what ``trainer eval --against --json`` prints under ``comparison``."""
        return {
            "against": self.against,
            "verdict": self.verdict,
            "macro": dict(self.macro),
            "micro": dict(self.micro),
            "topics": {topic: dict(row) for topic, row in self.topics.items()},
            "mcnemar": {topic: asdict(row) for topic, row in self.mcnemar.items()},
            "flipped": len(self.flips),
            "flips": [asdict(flip) for flip in self.flips],
        }


def compare_decisions(
    Y: NDArray[np.int8],
    this: NDArray[np.bool_],
    other: NDArray[np.bool_],
    topics: Sequence[str],
    drawn: Resamples,
    permutations: int = PERMUTATIONS,
) -> dict[str, dict[str, Any]]:
    """Return the differences of two taggers' figures, by topic, ``macro`` and ``micro``.

    Both are scored on the same samples of the documents, so that what both find hard does not count as
    chance between them (paired bootstrap). The p-value of F1 is that of a randomisation test (Noreen 1989;
    Yeh 2000): were the two alike, the decisions of either on a document might as well be the other's.

    Parameters
    ----------
    Y : (n, k) array of int8
        1, 0 or -1 (not judged).
    this, other : (n, k) array of bool
    drawn : Resamples
        Of the documents of the n rows.
    """
    cells = cells_of(Y, this), cells_of(Y, other)
    sampled = [quotients(drawn.sums(one)) for one in cells]
    totals = [drawn.totals(one) for one in cells]
    points = [quotients(one.sum(axis=0)) for one in totals]
    p_values = _randomised(totals[0], totals[1], permutations)
    rows = {}
    for column, name in enumerate((*topics, "macro", "micro")):
        row: dict[str, Any] = {}
        for key in reversed(COUNTED):
            here = float(points[0][key][column] - points[1][key][column])
            samples = sampled[0][key][:, column] - sampled[1][key][:, column]
            defined = not math.isnan(here)
            interval = percentile_interval(samples) if defined else None
            row[f"{key}_difference"] = here if defined else None
            row[f"{key}_difference_interval"] = None if interval is None else list(interval)
            if key == "f1":
                row["p_value"] = float(p_values[column]) if defined else None
        rows[name] = row
    return rows


def compare_cases(
    this: Cases,
    other: NDArray[np.bool_],
    against: str,
    drawn: Resamples,
    taggers: tuple[Tagger, Tagger] | None = None,
    other_scores: Floats | None = None,
) -> Comparison:
    """Compare what a model says of sentences with what another one says of the same.

    Parameters
    ----------
    other : (n, k) array of bool
        The other one's tags.
    taggers : (Tagger, Tagger), optional
        This one and the other one, to say why sentences flipped.

    Raises
    ------
    DataError
        When the two tell of other sentences.
    """
    examples = this.examples
    if other.shape != this.tagged.shape:
        raise DataError("the two models tag other topics or sentences, so they cannot be compared")
    rows = compare_decisions(examples.Y, this.tagged, other, examples.topics, drawn)
    return Comparison(
        against=against,
        n=len(examples),
        documents=drawn.documents,
        macro=rows.pop("macro"),
        micro=rows.pop("micro"),
        topics=rows,
        mcnemar={
            topic: mcnemar(examples.Y[:, i], this.tagged[:, i], other[:, i])
            for i, topic in enumerate(examples.topics)
        },
        flips=tuple(_flips(this, other, taggers, other_scores)),
    )


def mcnemar(y: NDArray[np.int8], this: NDArray[np.bool_], other: NDArray[np.bool_]) -> McNemar:
    """Return McNemar's table of two taggers on one topic.

    Parameters
    ----------
    y : (n,) array of int8
        1, 0 or -1 (not judged, and left out).
    """
    judged = y >= 0
    right, right_then = (this == (y == 1))[judged], (other == (y == 1))[judged]
    only_this, only_other = int((right & ~right_then).sum()), int((~right & right_then).sum())
    return McNemar(
        both=int((right & right_then).sum()),
        only_this=only_this,
        only_other=only_other,
        neither=int((~right & ~right_then).sum()),
        p_value=_binomial_p(only_this, only_this + only_other),
    )


def _binomial_p(k: int, n: int) -> float:
    """Return the two-sided p-value of `k` heads of a fair coin in `n` throws; exact."""
    fewer = min(k, n - k)
    logs = [math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) for i in range(fewer + 1)]
    return min(1.0, 2 * sum(math.exp(one - n * math.log(2)) for one in logs))


def _randomised(this: Floats, other: Floats, permutations: int) -> Floats:
    """Return the p-value of F1 of each topic, macro and micro, of (documents, k, 3) counts.

    The documents whose decisions are exchanged are drawn with a seed; the counts that come of an exchange are
    one matrix product. The observed one counts among the exchanges (Phipson and Smyth 2010).
    """
    apart = (this - other).reshape(len(this), -1)
    sums, shape = (this.sum(axis=0), other.sum(axis=0)), this.shape[1:]
    observed = np.abs(quotients(sums[0])["f1"] - quotients(sums[1])["f1"])
    changed = np.flatnonzero(apart.any(axis=1))  # the others exchange nothing
    rng = np.random.default_rng(SEED)
    as_far = np.ones(len(observed))
    for start in range(0, permutations, _BATCH):
        exchanged = rng.random((_BATCH, len(changed)))[: permutations - start] < 0.5
        moved = (exchanged.astype(float) @ apart[changed]).reshape(-1, *shape)
        f1 = quotients(sums[0] - moved)["f1"] - quotients(sums[1] + moved)["f1"]
        # Sums of the same counts in another order: the last bits are no difference.
        as_far += (np.abs(f1) >= observed - 1e-12).sum(axis=0)
    return np.asarray(as_far / (permutations + 1))


def _flips(
    this: Cases, other: NDArray[np.bool_], taggers: tuple[Tagger, Tagger] | None, scores: Floats | None
) -> list[Flip]:
    examples, found = this.examples, []
    labels = {1: "yes", 0: "no", -1: "unknown"}
    for row, column in np.argwhere(this.tagged != other).tolist():
        text, topic = examples.texts[row], examples.topics[column]
        found.append(
            Flip(
                id=examples.ids[row],
                text=text,
                topic=topic,
                label=labels[int(examples.Y[row, column])],
                now=bool(this.tagged[row, column]),
                then=bool(other[row, column]),
                probability=float(this.scores[row, column]),
                probability_then=None if scores is None else float(scores[row, column]),
                why=() if taggers is None else changed_features(*taggers, text, topic),
            )
        )
    return found


def changed_features(
    this: Tagger, other: Tagger, text: str, topic: str, most: int = REASONS
) -> tuple[tuple[str, float, float], ...]:
    """Return the features whose contribution to the margin changed most, with both contributions."""
    now, then = (
        {one.feature: one.value for one in tagger.explain(text, topic).contributions}
        for tagger in (this, other)
    )
    names = sorted({*now, *then}, key=lambda name: (-abs(now.get(name, 0.0) - then.get(name, 0.0)), name))
    return tuple((name, now.get(name, 0.0), then.get(name, 0.0)) for name in names[:most])
