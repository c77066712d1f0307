"""The training matrix of a model's features, packed for the solver."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trainer.engine.counting import CompiledCounter
from trainer.engine.packed import ColumnPacker, NgramPacker, PackedRows, Packer, give_back, packed_rows
from trainer.model.features import Block, Features, LexiconBlock


def packed(features: Features, batches: Iterable[Sequence[str]]) -> PackedRows:
    """Return the rows of the texts that features were learned from, read a batch at a time; only compiled.

    Raises
    ------
    ValueError
        When the n-grams were learned from other texts.
    """
    found = packed_rows([_packer(block) for block in features.blocks], batches)
    for block in features.blocks:
        if isinstance(block, Block) and isinstance(block.counter, CompiledCounter):
            block.counter.forget()
    give_back()
    return found


def _packer(block: Block | LexiconBlock) -> Packer:
    if isinstance(block, LexiconBlock):
        return ColumnPacker(block.finder, len(block.vocabulary), block.weight)
    return NgramPacker(block.counter, block.idf, block.df, block.sublinear_tf)
