"""How long work tells whoever called how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int | None], None]
"""Called with the stage, what is done and what there is to do (None: not known)."""


def silent(stage: str, done: int, total: int | None) -> None:
    """Tell nobody."""
