"""The verbs: what each command does, as one function with a typed result.

Importing this package loads none of them: each is fetched when it is first used, so that `load` stays light.
"""

from typing import TYPE_CHECKING

from trainer.lazy import fetching

if TYPE_CHECKING:
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
    from trainer.api.labelling import SHEETS, write_sheet
    from trainer.api.loading import find, gc, history, load, model_in_use, models, promote, prune, rollback
    from trainer.api.natural import draw_natural, evaluate_natural
    from trainer.api.reproducing import Reproduction, reproduce
    from trainer.api.rerunning import Rerun, rerun
    from trainer.api.settings import DEFAULT_NAME
    from trainer.api.summarizing import summarize, write_summary
    from trainer.api.tagging import TagsWritten, refuse_nothing, warn_of_rejections, write_tags
    from trainer.api.training import FitResult, fit
    from trainer.model.inputs import tag_inputs

_HOME = {
    "DEFAULT_NAME": "trainer.api.settings",
    "FitResult": "trainer.api.training",
    "Fixed": "trainer.api.deciding",
    "Reproduction": "trainer.api.reproducing",
    "Rerun": "trainer.api.rerunning",
    "SHEETS": "trainer.api.labelling",
    "SheetTaken": "trainer.api.deciding",
    "TagsWritten": "trainer.api.tagging",
    "build": "trainer.api.building",
    "check_corpus": "trainer.api.building",
    "compare": "trainer.api.evaluating",
    "corpora": "trainer.api.building",
    "corpus_stats": "trainer.api.building",
    "diff_corpora": "trainer.api.building",
    "diff_models": "trainer.api.diffing",
    "draw_natural": "trainer.api.natural",
    "drift": "trainer.api.diffing",
    "evaluate": "trainer.api.evaluating",
    "evaluate_natural": "trainer.api.natural",
    "export": "trainer.api.exporting",
    "export_corpus": "trainer.api.exporting",
    "find": "trainer.api.loading",
    "find_sentences": "trainer.api.building",
    "fit": "trainer.api.training",
    "fix": "trainer.api.deciding",
    "gc": "trainer.api.loading",
    "history": "trainer.api.loading",
    "load": "trainer.api.loading",
    "model_in_use": "trainer.api.loading",
    "models": "trainer.api.loading",
    "open_corpus": "trainer.api.building",
    "promote": "trainer.api.loading",
    "prune": "trainer.api.loading",
    "refuse_nothing": "trainer.api.tagging",
    "reproduce": "trainer.api.reproducing",
    "rerun": "trainer.api.rerunning",
    "rollback": "trainer.api.loading",
    "summarize": "trainer.api.summarizing",
    "tag_inputs": "trainer.model.inputs",
    "take_sheet": "trainer.api.deciding",
    "warn_of_rejections": "trainer.api.tagging",
    "write_diff": "trainer.api.building",
    "write_evidence": "trainer.api.evidence",
    "write_sheet": "trainer.api.labelling",
    "write_summary": "trainer.api.summarizing",
    "write_tags": "trainer.api.tagging",
}

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

__getattr__, __dir__ = fetching(__name__, _HOME)
