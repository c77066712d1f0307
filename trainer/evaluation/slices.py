"""Scores on parts of the sentences: by source, year, length, number of topics, words that the model knows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.corpus.examples import Examples
from trainer.engine.ngrams import word_grams
from trainer.evaluation.bootstrap import Resamples, percentile_interval
from trainer.evaluation.figures import cells_of, quotients
from trainer.intervals import Z, clustered, holm
from trainer.metrics import ordinary_rows
from trainer.model.features import Block
from trainer.model.tagger import Tagger

FEWEST_POSITIVES = 20
FEWEST_DOCUMENTS = 10
"""A part with less than this is merged with the other small ones of its kind."""
REST = "the small ones together"
_TOPICS = "topics"
_MOST = 40
"""Characters of a source's name."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Scores on the sentences that have something in common, all topics pooled.

    Attributes
    ----------
    by, value : str
        As "source" and "whitehouse".
    n, documents, positives : int
        Sentences, documents they come from, labels that people gave them.
    precision, recall, f1 : float or None
    f1_interval : (float, float) or None
    false_tags : float or None
        In 1,000 sentences that people said are on no topic.
    difference : float or None
        Of F1 from that of all other sentences.
    p_value : float or None
        Of that difference, after Holm's correction over all slices: many are looked at, so one that stands
        out does so by chance. None where either side has too little.
    """

    by: str
    value: str
    n: int
    documents: int
    positives: int
    precision: float | None
    recall: float | None
    f1: float | None
    f1_interval: tuple[float, float] | None
    false_tags: float | None
    difference: float | None
    p_value: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)


Parts = dict[str, NDArray[np.object_]]


def parts_of(examples: Examples, tagger: Tagger, drawn: Resamples) -> Parts:
    """Return the part that each of n sentences is in, by kind of part; small parts are put together.

    Kinds with one part alone say nothing and are left out.
    """
    found = {by: _merged(values, examples.Y, drawn) for by, values in _kinds(examples, tagger).items()}
    return {by: values for by, values in found.items() if len(set(values.tolist())) > 1}


def slices_of(
    examples: Examples, tagged: NDArray[np.bool_], parts: Parts, drawn: Resamples
) -> tuple[Slice, ...]:
    """Score parts of the sentences, beside the rest of them in the same samples of documents."""
    cells = cells_of(examples.Y, tagged).sum(axis=1)
    sums = drawn.sums(cells)
    found, p_values = [], []
    for by, values in parts.items():
        for name in sorted(set(values.tolist()), key=_rank):
            rows = values == name
            inside = drawn.sums(np.where(rows[:, None], cells, 0.0))
            one = _slice(by, name, rows, examples.Y, tagged, cells, drawn, inside)
            if by == _TOPICS:  # a part by the answer itself: the others could not score alike
                one = replace(one, difference=None)
            found.append(one)
            p_values.append(_p_value(one, _f1(sums - inside)))
    return tuple(replace(one, p_value=p) for one, p in zip(found, holm(p_values), strict=True))


def _kinds(examples: Examples, tagger: Tagger) -> dict[str, NDArray[np.object_]]:
    """Return the part of each sentence, by kind of part."""
    on = (examples.Y == 1).sum(axis=1)
    lengths = [len(text.split()) for text in examples.texts]
    kinds: dict[str, Sequence[str]] = {
        "source": [source[:_MOST] or "unknown" for source in examples.sources],
        "year": [date[:4] if date[:4].isdigit() else "unknown" for date in examples.dates],
        "words": ["1 to 12" if n <= 12 else "13 to 25" if n <= 25 else "26 and more" for n in lengths],
        _TOPICS: ["none" if n == 0 else "one" if n == 1 else "two and more" for n in on.tolist()],
        "words unknown to the model": _unknown(examples, tagger),
    }
    return {by: np.array(values, dtype=object) for by, values in kinds.items() if values}


def _unknown(examples: Examples, tagger: Tagger) -> list[str]:
    """Tell how many words of the document of each sentence the model has never seen."""
    blocks = [block for block in tagger.features.blocks if isinstance(block, Block)]
    known = next((block.column for block in blocks if block.kind == "word" and block.ngrams[0] == 1), None)
    if known is None:
        return []
    new: dict[str, list[int]] = {}
    for group, text in zip(examples.groups, examples.texts, strict=True):
        words = word_grams(text.lower(), 1, 1)
        counts = new.setdefault(group, [0, 0])
        counts[0] += sum(word not in known for word in words)
        counts[1] += len(words)
    share = {group: gone / max(all_, 1) for group, (gone, all_) in new.items()}
    low, high = np.quantile(list(share.values()), [1 / 3, 2 / 3])
    names = (f"fewest (to {low:.0%})", f"middle (to {high:.0%})", "most")
    return [names[int(share[group] > low) + int(share[group] > high)] for group in examples.groups]


def _merged(values: NDArray[np.object_], Y: NDArray[np.int8], drawn: Resamples) -> NDArray[np.object_]:
    """Put parts with too few documents, or too few positives where there are some, together."""
    found, small = values.copy(), []
    for name in sorted(set(values.tolist())):
        rows = values == name
        positives = int((Y[rows] == 1).sum())
        if len(np.unique(drawn.rows[rows])) < FEWEST_DOCUMENTS or 0 < positives < FEWEST_POSITIVES:
            small.append(name)
    if len(small) > 1:
        found[np.isin(values.astype(str), small)] = REST
    return found


def _slice(
    by: str,
    value: str,
    rows: NDArray[np.bool_],
    Y: NDArray[np.int8],
    tagged: NDArray[np.bool_],
    cells: NDArray[np.float64],
    drawn: Resamples,
    inside: NDArray[np.float64],
) -> Slice:
    ordinary = rows & ordinary_rows(Y)
    false = int((tagged & (Y == 0))[ordinary].sum())
    point = {key: _number(all_[0]) for key, all_ in quotients(cells[rows].sum(axis=0)[None, :]).items()}
    other = _number(_f1(cells[~rows].sum(axis=0)[None, :])[0])
    f1 = point["f1"]
    return Slice(
        by=by,
        value=value,
        n=int(rows.sum()),
        documents=len(np.unique(drawn.rows[rows])),
        positives=int((Y[rows] == 1).sum()),
        **point,
        f1_interval=_interval(f1, cells[rows], drawn.rows[rows], _f1(inside)),
        false_tags=1000 * false / int(ordinary.sum()) if ordinary.any() else None,
        difference=None if f1 is None or other is None else f1 - other,
        p_value=None,
    )


def _f1(cells: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(quotients(cells[..., None, :])["f1"][..., 0])


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _interval(
    f1: float | None, cells: NDArray[np.float64], documents: NDArray[np.intp], samples: NDArray[np.float64]
) -> tuple[float, float] | None:
    """Return the interval of F1; where it is 0 or 1 in every sample, Wilson's."""
    if f1 is None or 0 < f1 < 1:
        return None if f1 is None else percentile_interval(samples)
    tp, fp, fn = (np.bincount(documents, weights=cells[:, i]).astype(np.int64) for i in range(3))
    _, low, high = clustered(2 * tp, 2 * tp + fp + fn)
    return None if low is None or high is None else (low, high)


def _p_value(one: Slice, others: NDArray[np.float64]) -> float | None:
    """Return the two-sided p-value of a difference, taken for normal with the spread of both sides."""
    if one.difference is None or one.f1_interval is None or percentile_interval(others) is None:
        return None
    low, high = one.f1_interval
    spread = math.hypot((high - low) / (2 * Z), float(np.nanstd(others)))
    return math.erfc(abs(one.difference) / spread / math.sqrt(2)) if spread > 0 else 1.0


def _rank(name: str) -> tuple[bool, str]:
    return name == REST, name
