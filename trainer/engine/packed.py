"""TF-IDF rows in few bytes: what the solver reads of more sentences than a plain matrix has room for.

A value follows from how often an n-gram stands in a text, from its document frequency and from the length of
the row. So only columns are kept, each as often as its n-gram stands there: as steps between ascending
numbers, of which frequent columns have the smallest, so that nearly every step is one byte. The value is
made anew each time that the solver comes to the row, by the same operations in double precision: it is the
same to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from trainer.engine.threads import in_threads, spans
from trainer.spool import Spool

try:
    from trainer.engine._linear import PackedBlock as _PackedBlock
    from trainer.engine._linear import Stored as _Stored
    from trainer.engine._linear import Unpacked as _Unpacked
    from trainer.engine._linear import give_back as _give_back
    from trainer.engine._ngrams import pack_columns as _pack_columns
except ImportError:  # installed without a compiler: the solver, too, is another one then
    _PackedBlock = _Stored = _Unpacked = _give_back = _pack_columns = None

COMPILED = _Unpacked is not None and _pack_columns is not None
_CHUNK = 1_024
"""Texts that one thread reads at a time."""
_UNPACKED = 128_000_000
"""Bytes of packed entries, at most, that are unpacked for the solver: they take eight times as much room."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of one block.

    Attributes
    ----------
    data, ends : array of uint8, (n,) array of int64
        The steps, and where each row ends.
    norms : (n,) array of float64
        What the values of each row are divided by.
    whole, alone : (n,) arrays of float64
        Squared length of each row, and of the features in it that stand nowhere else, which are left out.
    lone_rows, lone_columns, lone_values : arrays of int64, int32 and float32
        What was left out.
    """

    data: NDArray[np.uint8]
    ends: NDArray[np.int64]
    norms: NDArray[np.float64]
    whole: NDArray[np.float64]
    alone: NDArray[np.float64]
    lone_rows: NDArray[np.int64]
    lone_columns: NDArray[np.int32]
    lone_values: NDArray[np.float32]


class Packer(Protocol):
    """Packs the rows of one block.

    Attributes
    ----------
    width : int
        Number of its columns.
    shared : (s,) array of int32
        Number -> column, of the features that stand in two rows or more.
    idf : (s,) array of float64
        By number.
    sublinear : bool
        Whether a count c stands for ``1 + log(c)``.
    """

    width: int
    shared: NDArray[np.int32]
    idf: NDArray[np.float64]
    sublinear: bool

    def pack(self, texts: Sequence[str], first: int) -> Part:
        """Return the rows of `texts`, of which the first is the text with this number."""


class NgramPacker:
    """The `Packer` of n-grams.

    Parameters
    ----------
    ngrams : compiled n-grams
        With their vocabulary.
    idf, df : (width,) arrays
        Of every column; the document frequencies are those in the rows that are packed.
    """

    def __init__(
        self, ngrams: Any, idf: NDArray[np.float64], df: NDArray[np.uint32], sublinear: bool
    ) -> None:
        self.shared = shared_columns(df)
        self.width, self.sublinear, self.idf = len(df), sublinear, idf[self.shared]
        self._number = np.full(len(df), -1, np.int32)
        self._number[self.shared] = np.arange(len(self.shared), dtype=np.int32)
        self._ngrams, self._idf = ngrams, idf

    def pack(self, texts: Sequence[str], first: int) -> Part:
        """Return the rows of `texts`: see `Packer`."""
        return Part(*self._ngrams.pack(texts, self._idf, self.sublinear, self._number, first))


def shared_columns(df: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
    """Return the columns that stand in two rows or more, the most frequent first, equal ones as they come."""
    shared = np.flatnonzero(df > 1)
    below = df.max(initial=0) - df[shared]
    # numpy sorts 16 bits by their digits, ten times as fast as it compares more of them.
    few = below.max(initial=0) < 2**16
    return shared[np.argsort(below.astype(np.uint16) if few else below, kind="stable")].astype(np.int32)


class ColumnPacker:
    """The `Packer` of columns that are there or not, all of one value.

    Parameters
    ----------
    finder : object
        Its ``rows`` tells how many columns each text has, and which, ascending.
    """

    def __init__(self, finder: Any, width: int, value: float) -> None:
        self.width, self.sublinear, self._finder = width, False, finder
        self.shared, self.idf = np.arange(width, dtype=np.int32), np.full(width, value)

    def pack(self, texts: Sequence[str], first: int) -> Part:
        """Return the rows of `texts`: see `Packer`."""
        lengths, columns = self._finder.rows(texts)
        squared = float(np.float32(self.idf[0])) ** 2 if self.width else 0.0
        data, ends = _pack_columns(lengths, columns)
        ones, zeros, none = np.ones(len(texts)), np.zeros(len(texts)), np.zeros(0, np.int64)
        return Part(
            data, ends, ones, lengths * squared, zeros, none, none.astype(np.int32), none.astype(np.float32)
        )


@dataclass(frozen=True, slots=True)
class PackedRows:
    """A matrix of blocks side by side, without the features that stand in one row only.

    Attributes
    ----------
    blocks : list of compiled blocks
        Packed; none where they are stored.
    stored : compiled rows, optional
        The same unpacked, where that takes little room.
    longest : int
        Entries of the longest row, at least.
    alone, norms : (n,) arrays of float32
        Squared length of what was left out of each row, and of the whole row.
    lone_columns, lone_rows, lone_values
        What was left out.
    shared : (s,) array of int32
        Number -> column of what stayed.
    width : int
        Number of columns.
    """

    blocks: list[Any]
    stored: Any | None
    longest: int
    alone: NDArray[np.float32]
    norms: NDArray[np.float32]
    lone_columns: NDArray[np.int32]
    lone_rows: NDArray[np.int64]
    lone_values: NDArray[np.float32]
    shared: NDArray[np.int32]
    width: int

    def __len__(self) -> int:
        return len(self.norms)

    def rows(self) -> Any:
        """Return what gives the rows, for one thread."""
        return self.stored if self.stored is not None else _Unpacked(self.blocks, self.longest)


def packed_rows(packers: Sequence[Packer], batches: Iterable[Sequence[str]]) -> PackedRows:
    """Pack the rows of texts, a batch at a time, on threads.

    Raises
    ------
    ValueError
        When the document frequencies are not those of these texts.
    """
    stacks = [_Stack(packer) for packer in packers]
    done = 0
    for texts in batches:
        for parts in in_threads(partial(_pack, packers, texts, done), spans(len(texts), _CHUNK)):
            for stack, part in zip(stacks, parts, strict=True):
                stack.add(part)
        done += len(texts)
    starts = np.cumsum([0, *(packer.width for packer in packers)])
    bases = np.cumsum([0, *(len(packer.shared) for packer in packers)]).tolist()
    lone = [stack.lone(start) for stack, start in zip(stacks, starts.tolist(), strict=False)]
    columns, rows, values = (_end_to_end(one) for one in zip(*lone, strict=True))
    shared = [packer.shared + np.int32(start) for packer, start in zip(packers, starts, strict=False)]
    blocks = [stack.block(base) for stack, base in zip(stacks, bases, strict=False)]
    longest = int(np.sum([stack.lengths for stack in stacks], axis=0).max(initial=0))
    few = sum(block.size for block in blocks) <= _UNPACKED
    stored = _Stored(*_Unpacked(blocks, longest).entries()) if few else None
    alone, whole = (np.sum([stack.joined(key) for stack in stacks], axis=0) for key in ("alone", "whole"))
    return PackedRows(
        [] if few else blocks, stored, longest, alone.astype(np.float32), whole.astype(np.float32),
        columns, rows, values, _end_to_end(shared), int(starts[-1]),
    )  # fmt: skip


def _pack(packers: Sequence[Packer], texts: Sequence[str], first: int, span: tuple[int, int]) -> list[Part]:
    start, end = span
    return [packer.pack(texts[start:end], first + start) for packer in packers]


def give_back() -> None:
    """Give memory that was freed back to the system: what is solved now asks for other rooms."""
    _give_back()


def _end_to_end(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return arrays as one: of a single one no copy is made."""
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


class _Stack:
    """The rows of one block, part after part: many wait on the disk, for each is read once in a pass only."""

    _KEPT = ("ends", "norms", "whole", "alone", "lone_rows", "lone_columns", "lone_values")

    def __init__(self, packer: Packer) -> None:
        self.packer, self.n, self.data = packer, 0, Spool()
        self._parts: dict[str, list[NDArray[Any]]] = {key: [] for key in self._KEPT}

    def add(self, part: Part) -> None:
        found = {key: getattr(part, key) for key in self._KEPT}
        found |= {"ends": part.ends + self.data.size, "lone_rows": part.lone_rows + self.n}
        for key, values in found.items():
            self._parts[key].append(values)
        self.data.write(part.data)
        self.n += len(part.ends)

    def joined(self, key: str) -> NDArray[Any]:
        return _end_to_end(self._parts[key]) if self.n else np.zeros(0)

    @property
    def start(self) -> NDArray[np.int64]:
        return np.asarray(np.r_[0, self.joined("ends")], dtype=np.int64)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Bytes of each row: its entries are no more, nor is any count."""
        return np.asarray(np.diff(self.start), dtype=np.int64)

    def lone(self, first: int) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float32]]:
        columns = self.joined("lone_columns").astype(np.int32, copy=False)
        if len(columns) != self.packer.width - len(self.packer.shared):
            raise ValueError("the document frequencies are not those of the texts whose rows are packed")
        return (
            columns + np.int32(first) if first else columns,
            self.joined("lone_rows").astype(np.int64, copy=False),
            self.joined("lone_values").astype(np.float32, copy=False),
        )

    def block(self, base: int) -> Any:
        most = int(self.lengths.max(initial=0)) + 1
        tf = np.arange(most + 1, dtype=np.float64)
        if self.packer.sublinear:
            tf[1:] = [1.0 + math.log(count) for count in range(1, most + 1)]
        data = np.frombuffer(self.data.whole(), np.uint8)
        return _PackedBlock(data, self.start, self.joined("norms"), self.packer.idf, tf, base)
