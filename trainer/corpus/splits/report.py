"""What was wanted of a split and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Achieved:
    """How much of one thing each side has.

    Attributes
    ----------
    counts : tuple of int
        By side.
    shares : tuple of float
        The counts as parts of their sum; all 0 where there is none.
    """

    counts: tuple[int, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class TopicReport:
    """How the positives of one topic are shared out, by who said so."""

    gold: Achieved
    silver: Achieved


@dataclass(frozen=True, slots=True)
class SplitReport:
    """Wanted and achieved ratios of a split.

    Attributes
    ----------
    sides : tuple of str
    wanted : tuple of float
        Wanted share of each side.
    rows, groups, gold_rows : Achieved
    topics : dict of str to TopicReport
    missing : tuple of (str, str)
        Side and topic, where a side that should have rows has no positive of a topic that others have.
    """

    sides: tuple[str, ...]
    wanted: tuple[float, ...]
    rows: Achieved
    groups: Achieved
    gold_rows: Achieved
    topics: dict[str, TopicReport]
    missing: tuple[tuple[str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON can hold it."""
        return asdict(self)


def split_report(
    side: NDArray[np.int64],
    groups: Sequence[object],
    Y: NDArray[np.int8],
    gold: NDArray[np.bool_],
    topics: Sequence[str],
    sides: Sequence[str],
    wanted: Sequence[float],
) -> SplitReport:
    """Count what each side has.

    Parameters
    ----------
    side : (n,) array of int64
        Side of each row; -1 where it was left out.
    groups : length n
        Group of each row.
    Y : (n, k) array
        1 yes, 0 no, -1 not judged.
    gold : (n,) array of bool
        Whether people labelled the row.
    topics : length k
    sides : length s
    wanted : length s
        Wanted share of each side.
    """

    def achieved(rows: NDArray[np.bool_]) -> Achieved:
        counts = np.bincount(side[rows & (side >= 0)], minlength=len(sides))
        return Achieved(tuple(counts.tolist()), tuple((counts / max(counts.sum(), 1)).tolist()))

    yes = np.asarray(Y) == 1
    first = np.zeros(len(side), dtype=bool)
    first[list({group: row for row, group in enumerate(groups) if side[row] >= 0}.values())] = True
    by_topic = {
        topic: TopicReport(achieved(yes[:, i] & gold), achieved(yes[:, i] & ~gold))
        for i, topic in enumerate(topics)
    }
    missing = tuple(
        (sides[s], topic)
        for topic, found in by_topic.items()
        if sum(found.gold.counts) + sum(found.silver.counts)
        for s in range(len(sides))
        if wanted[s] > 0 and found.gold.counts[s] + found.silver.counts[s] == 0
    )
    whole = np.ones(len(side), dtype=bool)
    return SplitReport(
        tuple(sides),
        tuple(map(float, wanted)),
        achieved(whole),
        achieved(first),
        achieved(gold),
        by_topic,
        missing,
    )
