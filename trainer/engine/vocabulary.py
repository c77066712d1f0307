"""The n-grams of a model: lines of UTF-8, of which strings are made only when somebody asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import overload

try:
    from trainer.engine._ngrams import count_lines as _compiled_count
except ImportError:  # installed without a compiler
    _compiled_count = None


class Vocabulary(Sequence[str]):
    r"""Distinct n-grams, the place of each being its column.

    Hundreds of thousands of strings take more room, and time, than all else that a model holds, and
    counting needs none of them.

    Parameters
    ----------
    lines : bytes
        Each n-gram with a ``\n`` after it: no n-gram holds one, for white space parts them. Half of a
        surrogate pair is encoded as any other code point.
    """

    def __init__(self, lines: bytes = b"") -> None:
        if lines and not lines.endswith(b"\n"):
            raise ValueError("the last n-gram of a vocabulary has no end of line")
        self.lines = lines
        self._length = count_lines(lines)

    @classmethod
    def of(cls, grams: Iterable[str]) -> Vocabulary:
        """Return the vocabulary of some n-grams.

        Raises
        ------
        ValueError
            When one holds a line break.
        """
        listed = list(grams)
        found = cls("".join(f"{gram}\n" for gram in listed).encode("utf-8", "surrogatepass"))
        if len(found) != len(listed):
            raise ValueError("an n-gram holds a line break")
        return found

    @property
    def text(self) -> str:
        """The lines as a string."""
        return self.lines.decode("utf-8", "surrogatepass")

    @cached_property
    def grams(self) -> tuple[str, ...]:
        """The n-grams as strings."""
        return tuple(self.text.split("\n")[:-1])

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[str, ...]: ...
    def __getitem__(self, place: int | slice) -> str | tuple[str, ...]:
        return self.grams[place]

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[str]:
        return iter(self.grams)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Vocabulary):
            return self.lines == other.lines
        return self.grams == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.grams)

    def __repr__(self) -> str:
        return f"Vocabulary of {len(self):,} n-grams"

    def __getstate__(self) -> dict[str, object]:
        return {"lines": self.lines, "_length": self._length}


def count_lines(data: bytes, *, compiled: bool = True) -> int:
    """Return how many line breaks there are.

    Parameters
    ----------
    compiled : bool
        False asks for Python even where the compiled loop, which is faster, is there.
    """
    return _compiled_count(data) if compiled and _compiled_count else data.count(b"\n")
