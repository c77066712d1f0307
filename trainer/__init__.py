"""Turn a pile of documents into a topic tagger for sentences, and keep every step accountable.

>>> import trainer
>>> tagger = trainer.load("topics@production")
>>> tagger.predict("The ministry froze the assets of two shipping firms.").labels
('sanctions',)

Importing this package loads nothing else: each name below is fetched when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainer.lazy import fetching

if TYPE_CHECKING:
    from trainer.api import (
        FitResult,
        build,
        compare,
        diff_corpora,
        diff_models,
        draw_natural,
        drift,
        evaluate,
        evaluate_natural,
        export,
        export_corpus,
        fit,
        fix,
        load,
        models,
        open_corpus,
        promote,
        prune,
        reproduce,
        rerun,
        rollback,
        summarize,
        write_diff,
        write_evidence,
        write_sheet,
        write_summary,
        write_tags,
    )
    from trainer.api.deciding import Fixed
    from trainer.api.rerunning import Rerun
    from trainer.api.tagging import TagsWritten
    from trainer.config import Config, load_config
    from trainer.corpus.compare.diff import CorpusDiff
    from trainer.corpus.readers.reading import Reading
    from trainer.corpus.splits.splitters import MultilabelStratifiedGroupKFold
    from trainer.corpus.store import Corpus
    from trainer.corpus.versions import CorpusVersion, corpora
    from trainer.errors import TrainerError, TrainerWarning
    from trainer.evaluation.compare import Comparison
    from trainer.evaluation.evaluate import Evaluation
    from trainer.model.explanations import Explanation
    from trainer.model.predictions import Prediction, TaggedSentence
    from trainer.model.tagger import Tagger
    from trainer.records import Document
    from trainer.registry.exports.exported import Exported
    from trainer.tags.summarize import Summary

__version__ = "0.1.0"

_HOME = {
    "Config": "trainer.config",
    "Corpus": "trainer.corpus.store",
    "CorpusDiff": "trainer.corpus.compare.diff",
    "CorpusVersion": "trainer.corpus.versions",
    "Document": "trainer.records",
    "Comparison": "trainer.evaluation.compare",
    "Evaluation": "trainer.evaluation.evaluate",
    "Explanation": "trainer.model.explanations",
    "Exported": "trainer.registry.exports.exported",
    "FitResult": "trainer.api.training",
    "Fixed": "trainer.api.deciding",
    "MultilabelStratifiedGroupKFold": "trainer.corpus.splits.splitters",
    "Prediction": "trainer.model.predictions",
    "Reading": "trainer.corpus.readers.reading",
    "Rerun": "trainer.api.rerunning",
    "Summary": "trainer.tags.summarize",
    "TaggedSentence": "trainer.model.predictions",
    "Tagger": "trainer.model.tagger",
    "TagsWritten": "trainer.api.tagging",
    "TrainerError": "trainer.errors",
    "TrainerWarning": "trainer.errors",
    "build": "trainer.api.building",
    "corpora": "trainer.corpus.versions",
    "diff_corpora": "trainer.api.building",
    "diff_models": "trainer.api.diffing",
    "draw_natural": "trainer.api.natural",
    "drift": "trainer.api.diffing",
    "compare": "trainer.api.evaluating",
    "evaluate": "trainer.api.evaluating",
    "evaluate_natural": "trainer.api.natural",
    "export": "trainer.api.exporting",
    "export_corpus": "trainer.api.exporting",
    "fit": "trainer.api.training",
    "fix": "trainer.api.deciding",
    "load": "trainer.api.loading",
    "load_config": "trainer.config",
    "models": "trainer.api.loading",
    "open_corpus": "trainer.api.building",
    "promote": "trainer.api.loading",
    "prune": "trainer.api.loading",
    "reproduce": "trainer.api.reproducing",
    "rerun": "trainer.api.rerunning",
    "rollback": "trainer.api.loading",
    "summarize": "trainer.api.summarizing",
    "write_diff": "trainer.api.building",
    "write_evidence": "trainer.api.evidence",
    "write_sheet": "trainer.api.labelling",
    "write_summary": "trainer.api.summarizing",
    "write_tags": "trainer.api.tagging",
}

__all__ = [
    "Comparison",
    "Config",
    "Corpus",
    "CorpusDiff",
    "CorpusVersion",
    "Document",
    "Evaluation",
    "Explanation",
    "Exported",
    "FitResult",
    "Fixed",
    "MultilabelStratifiedGroupKFold",
    "Prediction",
    "Reading",
    "Rerun",
    "Summary",
    "TaggedSentence",
    "Tagger",
    "TagsWritten",
    "TrainerError",
    "TrainerWarning",
    "build",
    "compare",
    "corpora",
    "diff_corpora",
    "diff_models",
    "draw_natural",
    "drift",
    "evaluate",
    "evaluate_natural",
    "export",
    "export_corpus",
    "fit",
    "fix",
    "load",
    "load_config",
    "models",
    "open_corpus",
    "promote",
    "prune",
    "reproduce",
    "rerun",
    "rollback",
    "summarize",
    "write_diff",
    "write_evidence",
    "write_sheet",
    "write_summary",
    "write_tags",
]


__getattr__, __dir__ = fetching(__name__, _HOME)
