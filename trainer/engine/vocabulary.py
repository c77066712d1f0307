"""The n-grams of a model: one text, a line each, of which strings are made only when somebody asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import overload


class Vocabulary(Sequence[str]):
    r"""Distinct n-grams, the place of each being its column.

    Hundreds of thousands of strings take more room, and time, than all else that a model holds, and
    counting needs none of them.

    Parameters
    ----------
    text : str
        Each n-gram with a ``\n`` after it: no n-gram holds one, for white space parts them.
    """

    def __init__(self, text: str = "") -> None:
        if text and text[-1] != "\n":
            raise ValueError("the last n-gram of a vocabulary has no end of line")
        self.text = text
        self._length = text.count("\n")

    @classmethod
    def of(cls, grams: Iterable[str]) -> Vocabulary:
        """Return the vocabulary of some n-grams.

        Raises
        ------
        ValueError
            When one holds a line break.
        """
        listed = list(grams)
        found = cls("".join(f"{gram}\n" for gram in listed))
        if len(found) != len(listed):
            raise ValueError("an n-gram holds a line break")
        return found

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
            return self.text == other.text
        return self.grams == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.grams)

    def __repr__(self) -> str:
        return f"Vocabulary of {len(self):,} n-grams"

    def __getstate__(self) -> dict[str, object]:
        return {"text": self.text, "_length": self._length}
