"""The search for settings: every candidate fitted and scored out of fold."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from trainer.config import Config
from trainer.corpus.examples import Examples
from trainer.engine.counting import Kind
from trainer.engine.solver import COMPILED
from trainer.engine.sparse import SparseRows, beside
from trainer.engine.threads import cores
from trainer.errors import DataError
from trainer.metrics import average_precision
from trainer.model.choosing import ClassWeight, Ngrams, SearchResult, Trial, choose
from trainer.model.features import in_parts
from trainer.model.fit import lexicon_blocks, refuse_no_features
from trainer.model.learning import learn_block
from trainer.model.linear import fit_path
from trainer.model.training_set import TrainingSet
from trainer.progress import Progress, silent

_Question = tuple[int, NDArray[np.intp], NDArray[np.bool_]]
"""A topic, the gold rows of a fold that people judged for it, and which of them are on it."""
_WHAT_TO_DO = (
    "Label sentences of several documents: `trainer corpus export --to-label 200 --out FILE` picks some, "
    "`trainer build … --labels FILE` takes them. Or fit without the search."
)


def search_settings(
    examples: Examples,
    config: Config,
    progress: Progress = silent,
    *,
    n_jobs: int | None = None,
    compiled: bool = True,
) -> SearchResult:
    """Try every combination of ``[search]`` on the folds of `fit_tagger`, and choose one: see `choose`.

    The score is the macro average precision, out of fold, on the sentences that people judged: the mean over
    topics in each fold, then over folds. (Margins of several models are not ranked together: they need not
    be on one scale.)

    Vocabulary and document frequencies of each kind and range of n-grams are learned once, from all
    sentences: no label enters them. All folds and topics of a candidate are problems over one matrix, and
    each C begins where the one below it ended. Ranges and weights of classes are tried side by side.

    Parameters
    ----------
    n_jobs : int, optional
        Threads at most; else as many as processors. The result does not depend on it.
    compiled : bool
        False asks for LIBLINEAR even where the compiled solver is there.

    Raises
    ------
    DataError
        When people judged nothing to be on a topic, or in one fold only; else as `fit_tagger`.
    """
    # Imported here: joblib fails at that where the system does not say how many processors there are.
    from joblib import Parallel, delayed

    data = TrainingSet.of(examples, config)
    questions = _questions(data)
    counted = _counted(data.examples, config, progress)
    wanted = config.search
    paths = list(product(wanted.word_ngrams, wanted.char_ngrams, wanted.class_weight))
    search = _Search(data, config, questions, counted, compiled and COMPILED)
    done = _Done(progress, len(paths) * len(wanted.C))

    def try_path(words: Ngrams, chars: Ngrams, class_weight: ClassWeight) -> list[Trial]:
        return [done.counting(trial) for trial in search.path(words, chars, class_weight)]

    # LIBLINEAR in turns: it draws from one random generator of the whole process.
    workers = (n_jobs or cores()) if search.compiled else 1
    found = Parallel(n_jobs=workers, prefer="threads")(delayed(try_path)(*path) for path in paths)
    asked = {topic for fold in questions for topic, _, _ in fold}
    left_out = tuple(name for i, name in enumerate(data.examples.topics) if i not in asked)
    return SearchResult(choose([trial for path in found for trial in path]), left_out)


@dataclass(frozen=True, slots=True)
class _Search:
    """What all candidates share."""

    data: TrainingSet
    config: Config
    questions: list[list[_Question]]
    counted: dict[tuple[str, Ngrams], SparseRows]
    compiled: bool

    def path(self, words: Ngrams, chars: Ngrams, class_weight: ClassWeight) -> Iterator[Trial]:
        """Try each C, ascending, with these n-grams and weights of classes."""
        data, config = self.data, self.config
        started = time.perf_counter()
        keys = [("word", words), ("char", chars), ("lexicon", None)]
        X = beside([self.counted[key] for key in keys if key in self.counted])
        refuse_no_features(X.width, config.features.min_df)
        path = sorted(config.search.C)
        models = fit_path(
            X, data.examples.Y, data.weights, data.selections,
            config.classifier.model_copy(update={"class_weight": class_weight}), path, config.seed,
            n_jobs=1 if self.compiled else None,  # the other threads try other candidates
            compiled=self.compiled,
        )  # fmt: skip
        for C, held_out in zip(path, models, strict=True):
            scores = self.scores(data.out_of_fold(lambda rows, coef: X.dot(coef)[rows], iter(held_out)))
            ended = time.perf_counter()
            yield Trial(words, chars, class_weight, C, X.width, scores, ended - started)
            started = time.perf_counter()

    def scores(self, margins: NDArray[np.float64]) -> tuple[float, ...]:
        """Return the macro average precision of each fold."""
        return tuple(
            float(np.mean([average_precision(y, margins[rows, topic]) for topic, rows, y in asked]))
            for asked in self.questions
        )


@dataclass(slots=True)
class _Done:
    """How many candidates are done, whichever thread did them."""

    progress: Progress
    total: int
    done: int = 0
    lock: Lock = field(default_factory=Lock)

    def counting(self, trial: Trial) -> Trial:
        with self.lock:
            self.done += 1
            self.progress("searching", self.done, self.total)
        return trial


def _questions(data: TrainingSet) -> list[list[_Question]]:
    """Return what each fold is scored on: the topics that people judged a sentence of it to be on.

    A fold without any is left out, and so is a topic where a fold has no positive.
    """
    Y, folds, found = data.examples.Y[data.examples.gold], data.gold_folds, []
    for fold in range(data.n_folds):
        judged = [np.flatnonzero((folds == fold) & (Y[:, topic] >= 0)) for topic in range(Y.shape[1])]
        asked = [(topic, rows, Y[rows, topic] == 1) for topic, rows in enumerate(judged)]
        found.append([question for question in asked if question[2].any()])
    scored = [asked for asked in found if asked]
    if len(scored) < 2:
        told = f"sentences that people judged to be on a topic stand in {len(scored)} of {data.n_folds} folds"
        if not data.examples.gold.any():
            told = "nobody judged a sentence of this corpus"
        raise DataError(f"{told}: a search needs two that have some to choose by", hint=_WHAT_TO_DO)
    return scored


def _counted(examples: Examples, config: Config, progress: Progress) -> dict[tuple[str, Ngrams], SparseRows]:
    """Return the rows of each kind and range of n-grams, and of the lexicons."""
    words: list[tuple[Kind, Ngrams]] = [("word", ngrams) for ngrams in config.search.word_ngrams]
    chars: list[tuple[Kind, Ngrams]] = [("char", ngrams) for ngrams in config.search.char_ngrams]
    wanted, features = [*words, *chars], config.features
    counted: dict[tuple[str, Ngrams], SparseRows] = {}
    for done, (kind, ngrams) in enumerate(wanted, 1):
        if ngrams is not None:
            block = learn_block(kind, ngrams, examples.texts, features.min_df, features.sublinear_tf)
            counted[kind, ngrams] = in_parts(block.transform, examples.texts)
        progress("counting", done, len(wanted))
    for lexicons in lexicon_blocks(config):
        counted["lexicon", None] = in_parts(lexicons.transform, examples.texts)
    return counted
