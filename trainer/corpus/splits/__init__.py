"""Splits of a corpus without leakage: whole groups, balanced over all topics at once."""

from trainer.corpus.splits.assign import assign_groups, fold_of
from trainer.corpus.splits.dates import DatedSides, by_date
from trainer.corpus.splits.keep import KeptSides, LeftOut, keep_sides
from trainer.corpus.splits.report import SplitReport, split_report
from trainer.corpus.splits.splitters import (
    MultilabelStratifiedGroupKFold,
    MultilabelStratifiedGroupShuffleSplit,
    train_validation_test_split,
)

__all__ = [
    "DatedSides",
    "KeptSides",
    "LeftOut",
    "MultilabelStratifiedGroupKFold",
    "MultilabelStratifiedGroupShuffleSplit",
    "SplitReport",
    "assign_groups",
    "by_date",
    "fold_of",
    "keep_sides",
    "split_report",
    "train_validation_test_split",
]
