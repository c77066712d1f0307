"""The verbs on corpora: build, open, audit, compare, take elsewhere."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.api.settings import DEFAULT_NAME, config_of, labels_of
from trainer.corpus.versions import corpora as corpora
from trainer.errors import DataError, TrainerWarning
from trainer.progress import Progress, silent
from trainer.storage import artifacts_root

if TYPE_CHECKING:
    from trainer.config import Config
    from trainer.corpus.check import Finding
    from trainer.corpus.compare.diff import CorpusDiff
    from trainer.corpus.readers.reading import Reading
    from trainer.corpus.store import Corpus
    from trainer.corpus.votes import Sentence


def build(
    inputs: Sequence[str | Path] | str | Path = (),
    config: Config | str | Path | None = None,
    *,
    labels: Sequence[str | Path] = (),
    root: str | Path | None = None,
    progress: Progress = silent,
    allow_network: bool = False,
    keep_splits: Corpus | str | Path | int | None = None,
    decisions: str | Path | None = None,
    reading: Reading | None = None,
) -> Corpus:
    """Build a corpus from documents and labelled sentences.

    Parameters
    ----------
    inputs : path or sequence of paths
        Files, folders, globs, ``-`` for standard input. The starter sentences join unless
        ``build.starter`` is false.
    config : Config or path, optional
        Else ``./configs/topics.toml`` where there is one, else the config that ships.
    labels : sequence of path
        Files of labelled sentences.
    allow_network : bool
        Whether ``hf:NAME`` may be read from the hub when it is no folder here.
    keep_splits : Corpus or path or version number, optional
        An earlier version whose documents keep their split.
    decisions : path, optional
        The folder of what people decided, see `fix`; else ``labels`` beside the config.
    reading : Reading, optional
        Names of columns, metadata, articles in one file, dates.

    Returns
    -------
    Corpus
        With ``created`` false when nothing changed since an earlier version.
    """
    from trainer.corpus.build import build_corpus
    from trainer.corpus.decisions import read_decisions
    from trainer.corpus.store import Corpus

    paths = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    settings, folder = config_of(config), artifacts_root(root)
    if keep_splits is not None and not isinstance(keep_splits, Corpus):
        keep_splits = open_corpus(keep_splits, name=settings.name, root=folder)
    said = labels_of(config) if decisions is None else Path(decisions)
    kept = read_decisions(said, settings.topic_names, open_topics=settings.open_topics)
    return build_corpus(paths, settings, folder, labels, progress, allow_network, keep_splits, kept, reading)


def open_corpus(
    where: str | Path | int | None = None, *, name: str = DEFAULT_NAME, root: str | Path | None = None
) -> Corpus:
    """Open a corpus by folder or version number; None is the newest of `name`."""
    from trainer.corpus import store

    return store.open_corpus(where, artifacts_root(root), name)


def check_corpus(
    corpus: Corpus | str | Path | int | None = None,
    config: Config | str | Path | None = None,
    *,
    slips: bool = True,
    root: str | Path | None = None,
    progress: Progress = silent,
) -> list[Finding]:
    """Audit a corpus; an empty list is a good one.

    Parameters
    ----------
    corpus : Corpus or path or version number, optional
        Else the newest.
    slips : bool
        Also look for labels that a model which had not seen them would give otherwise; needs the extra
        ``audit`` (cleanlab), trains a model, and is left out with a warning where the extra is missing.

    Raises
    ------
    ArtifactError
        When the rows are not those that the corpus was published with.
    """
    from trainer.corpus.audit import audit
    from trainer.corpus.examples import corpus_examples
    from trainer.corpus.store import Corpus
    from trainer.evaluation.slips import INSTALL, can_find_slips, label_slips, slips_finding
    from trainer.model.fit import fit_tagger

    settings = config_of(config)
    used = corpus if isinstance(corpus, Corpus) else open_corpus(corpus, name=settings.name, root=root)
    found = audit(used)
    if slips and not can_find_slips():
        warnings.warn(f"label slips are not looked for: {INSTALL}", TrainerWarning, stacklevel=2)
    elif slips and used.topics == settings.topic_names:
        examples = corpus_examples(used)
        if examples.gold.any():
            try:
                found += slips_finding(label_slips(fit_tagger(examples, settings, progress)))
            except DataError as error:
                told = f"label slips are not looked for: no model can be trained: {error.message}"
                warnings.warn(told, TrainerWarning, stacklevel=2)
    return found


def corpus_stats(corpus: Corpus) -> dict[str, Any]:
    """Return counts of topics, pairs of topics, sources, lengths and vocabulary."""
    from trainer.corpus import stats

    return stats.corpus_stats(corpus)


def find_sentences(corpus: Corpus, wanted: str) -> list[Sentence]:
    """Return the sentence with an id, or those that hold some text, and the votes on them."""
    from trainer.corpus import votes

    return votes.find_sentences(corpus, wanted)


def diff_corpora(a: Corpus, b: Corpus) -> CorpusDiff:
    """Return what changes from one corpus to another, and why."""
    from trainer.corpus.compare import diff

    return diff.diff_corpora(a, b)


def write_diff(diff: CorpusDiff, target: str | Path, most: int = 1_000) -> None:
    """Write a comparison as a page for people, with the first `most` changes of each kind."""
    from trainer.corpus.compare.report import write_page

    write_page(diff, Path(target), most)
