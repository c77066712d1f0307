"""The verbs: what each command does, as one function with a typed result.

Heavy rooms are imported inside the verb that needs them, so that `load` stays light.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.corpus.versions import corpora as corpora
from trainer.errors import DataError, LeakageError, NotFoundError, TrainerWarning, UsageError, did_you_mean
from trainer.model.inputs import tag_inputs as tag_inputs
from trainer.model.tagger import Tagger
from trainer.progress import Progress, silent
from trainer.registry import versions as versions_room
from trainer.registry.format import read_model
from trainer.registry.versions import ModelVersion, find_model, list_models
from trainer.storage import artifacts_root

if TYPE_CHECKING:
    from trainer.config import Config
    from trainer.corpus.check import Finding
    from trainer.corpus.store import Corpus
    from trainer.evaluation.evaluate import Evaluation

DEFAULT_NAME = "topics"


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
        ``out_of_fold`` and ``test`` scores, on sentences that people judged.
    labels : mapping
        How many sentences of each topic were yes, no and unknown in training.
    seconds : float
    """

    model: Tagger
    path: Path | None
    version: str | None
    digest: str | None
    created: bool
    metrics: Mapping[str, Any]
    labels: Mapping[str, Mapping[str, int]]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return what ``trainer fit --json`` prints."""
        return {
            "model": None if self.path is None else str(self.path),
            "version": self.version,
            "digest": self.digest,
            "created": self.created,
            "thresholds": dict(zip(self.model.topics, self.model.thresholds.tolist(), strict=True)),
            "seconds": round(self.seconds, 3),
        }


def load(
    reference: str | Path = DEFAULT_NAME, *, digest: str | None = None, root: str | Path | None = None
) -> Tagger:
    """Load a saved model, checking every byte of it first.

    Parameters
    ----------
    reference : str or path
        ``name`` (its ``production``, else its newest), ``name@3``, ``name@alias``, ``name@sha256:…``, or the
        folder of a version.
    digest : str, optional
        Refuse any other model than the one with this digest: 8 characters of it or more.
    root : path, optional
        Folder of the artifacts; else ``$TRAINER_ARTIFACTS``, else ``./artifacts``.

    Raises
    ------
    NotFoundError
        When there is no such model.
    ArtifactError
        When it is damaged, altered, or another than `digest` says.
    """
    found = find_model(reference, artifacts_root(root))
    pinned = None if digest is None else digest.removeprefix("sha256:")
    return read_model(found.path, pinned)


def build(
    inputs: Sequence[str | Path] | str | Path = (),
    config: Config | str | Path | None = None,
    *,
    labels: Sequence[str | Path] = (),
    root: str | Path | None = None,
    progress: Progress = silent,
    allow_network: bool = False,
    keep_splits: Corpus | str | Path | None = None,
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

    Returns
    -------
    Corpus
        With ``created`` false when nothing changed since an earlier version.
    """
    from trainer.corpus.build import build_corpus
    from trainer.corpus.store import Corpus

    paths = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    settings, folder = _config(config), artifacts_root(root)
    if keep_splits is not None and not isinstance(keep_splits, Corpus):
        keep_splits = open_corpus(keep_splits, name=settings.name, root=folder)
    return build_corpus(paths, settings, folder, labels, progress, allow_network, keep_splits)


def open_corpus(
    where: str | Path | None = None, *, name: str = DEFAULT_NAME, root: str | Path | None = None
) -> Corpus:
    """Open a corpus by folder or version number; None is the newest of `name`."""
    from trainer.corpus import store

    return store.open_corpus(where, artifacts_root(root), name)


def check_corpus(
    corpus: Corpus | str | Path | None = None,
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

    settings = _config(config)
    used = corpus if isinstance(corpus, Corpus) else open_corpus(corpus, name=settings.name, root=root)
    found = audit(used)
    if slips and not can_find_slips():
        warnings.warn(f"label slips are not looked for: {INSTALL}", TrainerWarning, stacklevel=2)
    elif slips and used.topics == settings.topic_names:
        examples = corpus_examples(used)
        if examples.gold.any():
            found += slips_finding(label_slips(fit_tagger(examples, settings, progress)))
    return found


def fit(
    corpus: Corpus | str | Path | None = None,
    config: Config | str | Path | None = None,
    *,
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
    save : bool
        False keeps the model in memory only.
    allow_leakage : bool
        Train on a corpus with the same text on two sides of its split, and only warn of it.

    Raises
    ------
    DataError
        When a topic has no positive sentence, or the corpus has other topics than the config.
    LeakageError
        When a group, a text or a near-duplicate stands in more than one split.
    """
    from trainer.corpus.check import refuse_leakage
    from trainer.corpus.examples import corpus_examples
    from trainer.evaluation.evaluate import evaluate_tagger
    from trainer.model.fit import fit_tagger, label_counts
    from trainer.registry.save import save_model

    started = time.perf_counter()
    settings = _config(config)
    used = _corpus_to_fit(corpus, settings, root, progress)
    if used.topics != settings.topic_names:
        raise DataError(
            f"corpus {used.path} has the topics {', '.join(used.topics)}, the config "
            f"{', '.join(settings.topic_names)}",
            hint="Build it again with this config: `trainer build`.",
        )
    try:
        refuse_leakage(used)
    except LeakageError as leak:
        if not allow_leakage:
            raise
        warnings.warn(f"scores will flatter: {leak.where}: {leak.message}", TrainerWarning, stacklevel=2)
    training = corpus_examples(used, [split for split in used.splits if split != "test"])
    if not training.gold.any():
        warnings.warn(
            "nobody judged a sentence of this corpus: the model learns the rules, and nothing can score it",
            TrainerWarning,
            stacklevel=2,
        )
    fitted = fit_tagger(training, settings, progress)
    test = corpus_examples(used, ["test"])
    metrics: dict[str, Any] = {"out_of_fold": fitted.out_of_fold, "test": None}
    if test.gold.any():
        metrics["test"] = dict(evaluate_tagger(fitted.tagger, test.only(test.gold), settings).gold)
    path, version, digest, created = None, None, None, False
    tagger = fitted.tagger
    if save:
        path, version, digest, created = save_model(
            tagger, used, settings, metrics, training, artifacts_root(root)
        )
        tagger = read_model(path, digest)
    counts = label_counts(training)
    return FitResult(tagger, path, version, digest, created, metrics, counts, time.perf_counter() - started)


def evaluate(
    model: Tagger | str | Path = DEFAULT_NAME,
    on: Corpus | str | Path = "test",
    *,
    root: str | Path | None = None,
) -> Evaluation:
    """Score a model beside the keyword rules that it was trained with.

    Parameters
    ----------
    model : Tagger or reference
        See `load`.
    on : str or path or Corpus
        A split of the corpus that the model was trained on, a file of labelled sentences, or a corpus
        (its test split).
    """
    from trainer.config import config_from_dict
    from trainer.evaluation.evaluate import evaluate_tagger, examples_to_score

    tagger = model
    about: dict[str, str | None] = {"path": None, "version": None}
    if not isinstance(model, Tagger):
        found = find_model(model, artifacts_root(root))
        tagger = read_model(found.path)
        about = {"path": str(found.path), "version": found.version}
    assert isinstance(tagger, Tagger)  # noqa: S101  (for the type checker)
    if not tagger.info:
        raise DataError(
            "a model that was not saved carries no rules to stand beside it", hint="Save it first."
        )
    examples = examples_to_score(tagger, on, artifacts_root(root))
    result = evaluate_tagger(tagger, examples, config_from_dict(tagger.info["config"]))
    return replace(
        result, model={"model": about["path"], "version": about["version"], "digest": tagger.info["digest"]}
    )


def models(name: str | None = None, *, root: str | Path | None = None) -> list[ModelVersion]:
    """Return the saved models, by name and version."""
    return list(list_models(artifacts_root(root), name))


def find(reference: str | Path = DEFAULT_NAME, *, root: str | Path | None = None) -> ModelVersion:
    """Find a saved model without loading it; see `load`."""
    return find_model(reference, artifacts_root(root))


def promote(
    reference: str | Path, *, alias: str = "production", root: str | Path | None = None
) -> ModelVersion:
    """Let an alias stand for a version that is saved under `root`."""
    found, folder = find(reference, root=root), artifacts_root(root)
    if found.path.resolve().parent != (folder / "models" / found.name).resolve():
        raise UsageError(f"'{found.path}' is not a saved version in '{folder}'")
    versions_room.promote(folder, found.name, found.version, alias)
    return found


def rollback(name: str = DEFAULT_NAME, *, alias: str = "production", root: str | Path | None = None) -> str:
    """Let an alias stand for what it stood for before; return that version."""
    return versions_room.rollback(artifacts_root(root), name, alias)


def export(
    reference: str | Path,
    target: str | Path,
    *,
    kind: str = "dir",
    root: str | Path | None = None,
) -> None:
    """Write a model to `target` as a folder (``dir``) or a scikit-learn pipeline (``joblib``)."""
    from trainer.registry.exports import EXPORTS

    if kind not in EXPORTS:
        raise UsageError(f"unknown export format '{kind}'. {did_you_mean(kind, EXPORTS)}")
    EXPORTS[kind](find(reference, root=root).path, Path(target))


def _config(config: Config | str | Path | None) -> Config:
    from trainer.config import Config, load_config

    return config if isinstance(config, Config) else load_config(config)


def _corpus_to_fit(
    corpus: Corpus | str | Path | None, config: Config, root: str | Path | None, progress: Progress
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
