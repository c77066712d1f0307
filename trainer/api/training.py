"""The verb that trains."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.api.building import build, open_corpus
from trainer.api.settings import config_of
from trainer.errors import DataError, LeakageError, NotFoundError, TrainerWarning
from trainer.model.tagger import Tagger
from trainer.progress import Progress, silent
from trainer.registry.format import read_model
from trainer.storage import artifacts_root

if TYPE_CHECKING:
    from trainer.config import Config
    from trainer.corpus.examples import Examples
    from trainer.corpus.store import Corpus
    from trainer.evaluation.evaluate import Plain
    from trainer.model.choosing import SearchResult
    from trainer.model.precision import Precision


@dataclass(frozen=True, slots=True)
class FitResult:
    """What `fit` made.

    Attributes
    ----------
    model : Tagger
    path, version, digest : of the saved version; None when it was not saved
    created : bool
        False when this very model was saved already.
    metrics : mapping
        ``out_of_fold`` and ``test`` scores, on sentences that people judged; ``decisions``: how each topic is
        decided, see `trainer.model.decisions.Decision`; ``precision``: what rounding the weights changed,
        see `trainer.model.precision.Precision`; after a search ``search``: what was tried.
    labels : mapping
        How many sentences of each topic were yes, no and unknown in training, and how many of these people
        judged.
    plain : Plain or None
        What the scores on the test split come to in words.
    seconds : float
    search : SearchResult or None
        What a search tried, with the seconds that each candidate took.
    """

    model: Tagger
    path: Path | None
    version: str | None
    digest: str | None
    created: bool
    metrics: Mapping[str, Any]
    labels: Mapping[str, Mapping[str, int]]
    seconds: float
    plain: Plain | None = None
    search: SearchResult | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what ``trainer fit --json`` prints."""
        return {
            "model": None if self.path is None else str(self.path),
            "version": self.version,
            "digest": self.digest,
            "created": self.created,
            "thresholds": dict(zip(self.model.topics, self.model.thresholds.tolist(), strict=True)),
            "seconds": round(self.seconds, 3),
            **({} if self.search is None else {"search": self.search.timed()}),
        }


def fit(
    corpus: Corpus | str | Path | int | None = None,
    config: Config | str | Path | None = None,
    *,
    search: bool = False,
    save: bool = True,
    allow_leakage: bool = False,
    root: str | Path | None = None,
    progress: Progress = silent,
) -> FitResult:
    """Train a tagger on the training split of a corpus and save it as a version.

    Parameters
    ----------
    corpus : Corpus or path or version number, optional
        Else the newest; on a fresh install the shipped sentences are built first.
    search : bool
        First try every combination of the config's ``[search]`` out of fold, and train with the chosen one;
        see `trainer.model.search.search_settings`. The test split has no part in it.
    save : bool
        False keeps the model in memory only.
    allow_leakage : bool
        Train on a corpus with the same text on two sides of its split, and only warn of it.

    Raises
    ------
    DataError
        When a topic has no positive sentence, the corpus has other topics than the config, or a search has
        nothing that people judged to choose by.
    LeakageError
        When a group, a text or a near-duplicate stands in more than one split.
    """
    started = time.perf_counter()
    settings = config_of(config)
    used = _corpus_to_fit(corpus, settings, root, progress)
    training = _training_split(used, settings, allow_leakage, progress)
    found = None
    if search:
        from trainer.model.search import search_settings

        found = search_settings(training, settings, progress)
        settings = found.applied(settings)
    tried = None if found is None else found.to_dict()
    result = _trained(used, training, settings, tried, artifacts_root(root) if save else None, progress)
    return replace(result, search=found, seconds=time.perf_counter() - started)


def fit_again(
    corpus: Corpus, config: Config, tried: Mapping[str, Any] | None, root: Path, progress: Progress = silent
) -> FitResult:
    """Train with the settings of a saved model; what a search tried then is saved again as it was."""
    return _trained(corpus, _training_split(corpus, config, True, progress), config, tried, root, progress)


def _training_split(corpus: Corpus, config: Config, allow_leakage: bool, progress: Progress) -> Examples:
    """Return what is trained on, or refuse or warn of what makes it worth little."""
    from trainer.corpus.check import refuse_leakage
    from trainer.corpus.examples import corpus_examples

    if corpus.topics != config.topic_names:
        raise DataError(
            f"corpus {corpus.path} has the topics {', '.join(corpus.topics)}, the config "
            f"{', '.join(config.topic_names)}",
            hint="Build it again with this config: `trainer build`.",
        )
    progress("looking for leaks", 0, 1)
    try:
        refuse_leakage(corpus)
    except LeakageError as leak:
        if not allow_leakage:
            raise
        warnings.warn(f"scores will flatter: {leak.where}: {leak.message}", TrainerWarning, stacklevel=3)
    progress("looking for leaks", 1, 1)
    training = corpus_examples(corpus, [split for split in corpus.splits if split != "test"])
    if not training.gold.any():
        warnings.warn(
            "nobody judged a sentence of this corpus: the model learns the rules, and nothing can score it",
            TrainerWarning,
            stacklevel=3,
        )
    return training


def _trained(
    corpus: Corpus,
    training: Examples,
    config: Config,
    tried: Mapping[str, Any] | None,
    root: Path | None,
    progress: Progress,
) -> FitResult:
    """Train, score on the test split and, where there is a `root`, save."""
    from trainer.corpus.examples import corpus_examples
    from trainer.evaluation.evaluate import saved_scores
    from trainer.model.fit import fit_tagger
    from trainer.model.training_set import label_counts
    from trainer.registry.save import save_model

    started = time.perf_counter()
    fitted = fit_tagger(training, config, progress)
    test = corpus_examples(corpus, ["test"])
    metrics: dict[str, Any] = {
        "out_of_fold": fitted.out_of_fold,
        "decisions": fitted.decisions,
        "precision": fitted.precision.to_dict(),
        "test": None,
        **({} if tried is None else {"search": tried}),
    }
    _warn_of_precision(fitted.precision)
    plain: Plain | None = None
    if test.gold.any():
        metrics["test"], plain = saved_scores(fitted.tagger, test)
    path, version, digest, created = None, None, None, False
    tagger = fitted.tagger
    if root is not None:
        path, version, digest, created = save_model(tagger, corpus, config, metrics, training, root)
        tagger = read_model(path, digest)
    counts, seconds = label_counts(training), time.perf_counter() - started
    return FitResult(tagger, path, version, digest, created, metrics, counts, seconds, plain)


def _warn_of_precision(precision: Precision) -> None:
    if precision.kept != precision.wanted:
        warnings.warn(
            f"weights in {precision.wanted} would change {1 - precision.equal:.4%} of the decisions on the "
            f"sentences trained on: they are kept in {precision.kept}",
            TrainerWarning,
            stacklevel=4,
        )


def _corpus_to_fit(
    corpus: Corpus | str | Path | int | None, config: Config, root: str | Path | None, progress: Progress
) -> Corpus:
    from trainer.corpus.store import Corpus

    if isinstance(corpus, Corpus):
        return corpus
    if corpus is None and config.build.starter:
        try:
            return open_corpus(None, name=config.name, root=root)
        except NotFoundError:
            return build((), config, root=root, progress=progress)
    return open_corpus(corpus, name=config.name, root=root)
