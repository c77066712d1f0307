"""Blocks of features, learned from texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trainer.engine.counting import Kind
from trainer.engine.learning import learn
from trainer.engine.threads import in_threads
from trainer.model.features import Block


def learn_block(
    kind: Kind,
    ngrams: tuple[int, int],
    texts: Iterable[str],
    min_df: float,
    sublinear_tf: bool,
    max_df: float = 1.0,
    *,
    remember: bool = False,
) -> Block:
    """Learn vocabulary and weights from `texts`.

    Parameters
    ----------
    min_df, max_df : int or float
        N-grams that stand in fewer, or in more, texts are left out; a float is a share of the texts.
    """
    found = learn(kind, ngrams, texts, min_df, max_df, remember=remember)
    block = Block(kind, ngrams, sublinear_tf, found.vocabulary, found.df, found.n)
    return block.counted_by(found.counter)


def learn_blocks(
    wanted: Sequence[tuple[Kind, tuple[int, int], Iterable[str]]],
    min_df: float,
    sublinear_tf: bool,
    max_df: float = 1.0,
    *,
    remember: bool = False,
) -> tuple[Block, ...]:
    """Learn a block of each kind of n-gram from the texts that stand beside it: on threads."""
    return tuple(
        in_threads(lambda one: learn_block(*one, min_df, sublinear_tf, max_df, remember=remember), wanted)
    )
