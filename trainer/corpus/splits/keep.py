"""Documents that have a side already, from the version before or by the input's own word, and keep it.

What counts is which documents are alike: they hold one text, or texts that are near-duplicates. Alike
documents never stand on two sides, and where that asks for a sacrifice it is the training that gives: a
duplicate that is lost there costs little, one that leaks into the test makes its scores worthless.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A document, or some of its rows, that can stand on no side.

    Attributes
    ----------
    reason : {"joins_sides", "alike_on_later_side", "rows_disagree"}
        A document without a side is alike to others on two; a document is alike to one on a later side;
        some rows of a document ask for an earlier side than the others.
    rows : int
        How many rows that are.
    """

    document: str
    reason: str
    detail: str
    rows: int


@dataclass(frozen=True, slots=True)
class KeptSides:
    """What `keep_sides` finds.

    Attributes
    ----------
    kept : (n,) array of bool
        The rows that stay.
    groups : tuple of str, length n
        Group of each row. A group whose documents stand on several sides is cut into one a side, each called
        after the first of its documents in alphabetical order.
    fixed : dict of str to int
        Side of every group that has one.
    left_out : tuple of LeftOut
        By document.
    """

    kept: NDArray[np.bool_]
    groups: tuple[str, ...]
    fixed: dict[str, int]
    left_out: tuple[LeftOut, ...]


def keep_sides(
    documents: Sequence[str],
    texts: Sequence[int],
    groups: Sequence[str],
    asked: Sequence[int],
    pairs: Iterable[Sequence[int]] = (),
    sides: Sequence[str] = ("train", "validation", "test"),
) -> KeptSides:
    """Find the side of each group from the sides that its documents have.

    Parameters
    ----------
    documents, texts, groups : length n
        Document, number of the text, and group of each row. A group holds whole documents, all that are alike
        among them, and is called after one of them.
    asked : sequence of int, length n
        The side that each row has or asks for; -1 for none.
    pairs : iterable of (int, int)
        Texts that are near-duplicates.
    sides : sequence of str
        Names for the messages; a later side is kept clean at the cost of an earlier one.

    Notes
    -----
    Building a corpus calls this after the groups are named, with the rows that stay::

        before = [previous.get(document, -1) for document in documents]
        asked = np.where(given >= 0, given, before)  # what the input says comes first
        found = keep_sides(documents, texts, groups, asked, pairs)

    lists `left_out` among the rejections, goes on with the rows in `kept` only, and ends with
    ``assign_groups(found.groups, Y, shares, seed, fixed=found.fixed)`` over these. `pairs` are the verified
    ones between texts that link. Clusters given as `texts`, without pairs, are safe as well but leave out
    more: a chain of near-duplicates then counts as one text.
    """
    names, document_of = _numbered(documents)
    wish = np.asarray(asked, dtype=np.int64)
    side = np.full(len(names), -1, dtype=np.int64)
    np.maximum.at(side, document_of, wish)
    kept = (wish < 0) | (wish == side[document_of])
    group_of = _numbered(groups)[1]
    torn, row_side = _group_sides(group_of, side[document_of])
    rows = np.flatnonzero(torn & kept)
    alike = _Alike(document_of[rows].tolist(), np.asarray(texts)[rows].tolist(), pairs)
    placed, reasons = _settle(alike, names, side.tolist(), sides)
    left_out = _listed(names, document_of, kept, reasons)
    kept &= ~np.isin(document_of, list(reasons))
    rows = np.flatnonzero(torn & kept)
    row_side[rows] = [placed.get(document, -1) for document in document_of[rows].tolist()]
    parts = list(groups)
    first: dict[tuple[int, int], str] = {}
    for row in rows.tolist():
        part = (int(group_of[row]), int(row_side[row]))
        first[part] = min(first.get(part, documents[row]), documents[row])
    for row in rows.tolist():
        parts[row] = first[int(group_of[row]), int(row_side[row])]
    fixed = {parts[row]: int(row_side[row]) for row in np.flatnonzero(kept & (row_side >= 0)).tolist()}
    return KeptSides(kept, tuple(parts), fixed, left_out)


class _Alike:
    """Which documents hold a text in common, or texts that are near-duplicates."""

    def __init__(self, documents: list[int], texts: list[int], pairs: Iterable[Sequence[int]]) -> None:
        self.texts: dict[int, set[int]] = defaultdict(set)
        self.holders: dict[int, set[int]] = defaultdict(set)
        for document, text in zip(documents, texts, strict=True):
            self.texts[document].add(text)
            self.holders[text].add(document)
        self.near: dict[int, set[int]] = defaultdict(set)
        for one, other in pairs:
            if one in self.holders and other in self.holders:
                self.near[one].add(other)
                self.near[other].add(one)

    def to(self, document: int) -> set[int]:
        """Return the documents that are alike to one, without itself."""
        found: set[int] = set()
        for text in self.texts[document]:
            found |= self.holders[text]
            for other in self.near[text]:
                found |= self.holders[other]
        return found - {document}


def _settle(
    alike: _Alike, names: list[str], side: list[int], sides: Sequence[str]
) -> tuple[dict[int, int], dict[int, tuple[str, str]]]:
    """Return the side of each document that has or gets one, and the reason of each that is left out."""
    placed: dict[int, int] = {}
    reasons: dict[int, tuple[str, str]] = {}
    have = [document for document in sorted(alike.texts, key=names.__getitem__) if side[document] >= 0]
    for document in sorted(have, key=lambda document: -side[document]):
        later = [other for other in alike.to(document) if placed.get(other, -1) > side[document]]
        if later:
            reasons[document] = ("alike_on_later_side", f"is alike to {_said(later, placed, names, sides)}")
        else:
            placed[document] = side[document]
    # From the documents that have a side outwards: whoever is nearer to one takes it.
    queue = [(1, names[other], other) for document in have for other in alike.to(document)]
    heapq.heapify(queue)
    while queue:
        steps, _, document = heapq.heappop(queue)
        if document in placed or document in reasons:
            continue
        others = alike.to(document)
        known = [other for other in others if other in placed]
        if len({placed[other] for other in known}) > 1:
            reasons[document] = ("joins_sides", f"is alike to {_said(known, placed, names, sides)}")
        elif known:
            placed[document] = placed[known[0]]
            for other in others:
                heapq.heappush(queue, (steps + 1, names[other], other))
    return placed, reasons


def _said(documents: list[int], placed: dict[int, int], names: list[str], sides: Sequence[str]) -> str:
    """Name the first document of each side."""
    first: dict[int, str] = {}
    for document in documents:
        first[placed[document]] = min(first.get(placed[document], names[document]), names[document])
    return " and ".join(f"{first[side]!r} ({sides[side]})" for side in sorted(first))


def _group_sides(group_of: _Ints, side: _Ints) -> tuple[NDArray[np.bool_], _Ints]:
    """Return for each row whether its group has documents on two sides, and else the side of its group."""
    size = int(group_of.max(initial=-1)) + 1
    least = np.full(size, np.iinfo(np.int64).max)
    most = np.full(size, -1, dtype=np.int64)
    np.minimum.at(least, group_of[side >= 0], side[side >= 0])
    np.maximum.at(most, group_of, side)
    return (least < most)[group_of], most[group_of]


def _listed(
    names: list[str], document_of: _Ints, kept: NDArray[np.bool_], reasons: dict[int, tuple[str, str]]
) -> tuple[LeftOut, ...]:
    rows = np.bincount(document_of[kept], minlength=len(names))
    refused = np.bincount(document_of[~kept], minlength=len(names))
    found = [LeftOut(names[document], *why, int(rows[document])) for document, why in reasons.items()]
    detail = "asks for an earlier side than other rows of its document"
    for document in np.flatnonzero(refused).tolist():
        found.append(LeftOut(names[document], "rows_disagree", detail, int(refused[document])))
    return tuple(sorted(found, key=lambda left: (left.document, left.reason)))


def _numbered(values: Sequence[str]) -> tuple[list[str], _Ints]:
    number = {value: i for i, value in enumerate(dict.fromkeys(values))}
    return list(number), np.fromiter((number[value] for value in values), dtype=np.int64, count=len(values))
