"""The verbs that hold a model against another one, and text of now against the text it was made for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.api.loading import find
from trainer.errors import DataError, TrainerError
from trainer.progress import Progress, silent
from trainer.registry.format import read_model
from trainer.storage import artifacts_root

if TYPE_CHECKING:
    from trainer.corpus.readers.reading import Reading
    from trainer.evaluation.drift import Drift
    from trainer.evaluation.model_diff import ModelDiff
    from trainer.model.tagger import Tagger
    from trainer.records import Rejection

Inputs = Sequence[str | Path]


def diff_models(a: str | Path, b: str | Path, *, root: str | Path | None = None) -> ModelDiff:
    """Say what differs between an earlier saved model and a later one.

    Parameters
    ----------
    a, b : reference
        See `load`.
    """
    from trainer.evaluation.model_diff import diff_taggers

    then, now = find(a, root=root), find(b, root=root)
    names = (f"{then.name}@{then.version}", f"{now.name}@{now.version}")
    metrics = (then.metrics, now.metrics)
    return diff_taggers(read_model(then.path), read_model(now.path), names, metrics)


def drift(
    model: str | Path,
    inputs: Inputs | str | Path,
    *,
    against: Inputs | str | Path = (),
    documents: bool = True,
    rejected: list[Rejection] | None = None,
    reading: Reading | None = None,
    root: str | Path | None = None,
    progress: Progress = silent,
) -> Drift:
    """Say how far text of now is from text that a model knows.

    Parameters
    ----------
    model : reference
        See `load`.
    inputs : path or sequence of paths
        The text of now: files, folders, globs.
    against : path or sequence of paths
        Text to hold it against; else the sentences of the model's corpus, which hold more topics than text.
    documents : bool
        Cut each document into sentences; otherwise each is one, as is each line of a text file.
    rejected : list, optional
        Takes what could not be read.

    Raises
    ------
    DataError
        When there is nothing usable on either side.
    """
    from trainer.evaluation.drift import Side, drift_of

    version = find(model, root=root)
    tagger = read_model(version.path)
    kept: list[Rejection] = [] if rejected is None else rejected
    earlier = [against] if isinstance(against, str | Path) else list(against)
    later = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    then, now = Side(tagger), Side(tagger)
    now.add(_sentences(later, documents, kept, reading, tagger, progress))
    if earlier:
        name = ", ".join(map(str, earlier))
        then.add(_sentences(earlier, documents, kept, reading, tagger, progress))
    else:
        name = f"the corpus of {version.name}@{version.version}"
        then.add(_corpus(tagger, artifacts_root(root)))
    for side, told in ((now, ", ".join(map(str, later))), (then, name)):
        if not len(side):
            raise DataError(f"no usable sentence in {told}")
    return drift_of(tagger, then, now, name)


def _sentences(
    inputs: Sequence[str | Path],
    documents: bool,
    rejected: list[Rejection],
    reading: Reading | None,
    tagger: Tagger,
    progress: Progress,
) -> Iterator[tuple[str, str]]:
    from trainer.model.inputs import usable_documents
    from trainer.model.table import BOILERPLATE, boilerplate_for, pieces_of

    marked = boilerplate_for(tagger)
    for document in usable_documents(inputs, documents, rejected, progress, reading, tagger.topics):
        if not documents:
            yield document.id, document.text
            continue
        for piece in pieces_of(document, marked):
            if piece.part != BOILERPLATE:
                yield document.id, piece.text


def _corpus(tagger: Tagger, root: Path) -> Iterator[tuple[str, str]]:
    from trainer.corpus.examples import corpus_examples
    from trainer.corpus.store import corpus_with

    about = tagger.info["corpus"]
    try:
        examples = corpus_examples(corpus_with(about["fingerprint"], root, about["name"]))
    except TrainerError as error:
        raise DataError(
            f"the corpus of the model cannot be read: {error.message}",
            hint="Name text to hold it against: --against FILE.",
        ) from error
    yield from zip(examples.groups, examples.texts, strict=True)
