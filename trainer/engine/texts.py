"""What is asked of texts before anything reads them."""

from __future__ import annotations

from collections.abc import Iterable

try:
    from trainer.engine._ngrams import all_strings as _compiled_all_strings
except ImportError:  # installed without a compiler
    _compiled_all_strings = None


def listed(texts: Iterable[str], first: int = 0) -> list[str]:
    """Return texts as a list.

    Parameters
    ----------
    first : int
        What the first of them is called in an error.

    Raises
    ------
    TypeError
        When one is no string.
    """
    found = list(texts)
    if not (_compiled_all_strings or all_strings)(found):
        for i, text in enumerate(found, first):
            if not isinstance(text, str):
                raise TypeError(f"texts must be strings; text {i} is {type(text).__name__}")
    return found


def all_strings(texts: list[str]) -> bool:
    """Whether all are of type str itself: one of a subclass is looked at apart."""
    return set(map(type, texts)) <= {str}
