"""The verbs: what each command does, as one function with a typed result.

Heavy rooms are imported inside the verb that needs them, so that `load` stays light.
"""

from trainer.api.building import (
    build,
    check_corpus,
    corpora,
    corpus_stats,
    diff_corpora,
    find_sentences,
    open_corpus,
    write_diff,
)
from trainer.api.deciding import Fixed, SheetTaken, fix, take_sheet
from trainer.api.diffing import diff_models, drift
from trainer.api.evaluating import compare, evaluate
from trainer.api.evidence import write_evidence
from trainer.api.exporting import export, export_corpus
from trainer.api.labelling import SUFFIXES as SHEETS
from trainer.api.labelling import write_sheet
from trainer.api.loading import find, gc, history, load, model_in_use, models, promote, prune, rollback
from trainer.api.natural import draw_natural, evaluate_natural
from trainer.api.reproducing import Reproduction, reproduce
from trainer.api.rerunning import Rerun, rerun
from trainer.api.settings import DEFAULT_NAME
from trainer.api.summarizing import summarize, write_summary
from trainer.api.tagging import TagsWritten, refuse_nothing, warn_of_rejections, write_tags
from trainer.api.training import FitResult, fit
from trainer.model.inputs import tag_inputs

__all__ = [
    "DEFAULT_NAME",
    "SHEETS",
    "FitResult",
    "Fixed",
    "Reproduction",
    "Rerun",
    "SheetTaken",
    "TagsWritten",
    "build",
    "check_corpus",
    "compare",
    "corpora",
    "corpus_stats",
    "diff_corpora",
    "diff_models",
    "draw_natural",
    "drift",
    "evaluate",
    "evaluate_natural",
    "export",
    "export_corpus",
    "find",
    "find_sentences",
    "fit",
    "fix",
    "gc",
    "history",
    "load",
    "model_in_use",
    "models",
    "open_corpus",
    "promote",
    "prune",
    "refuse_nothing",
    "reproduce",
    "rerun",
    "rollback",
    "summarize",
    "tag_inputs",
    "take_sheet",
    "warn_of_rejections",
    "write_diff",
    "write_evidence",
    "write_sheet",
    "write_summary",
    "write_tags",
]
