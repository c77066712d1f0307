"""The verbs that take a corpus or a model elsewhere, with a record of where it came from."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.api.loading import find
from trainer.errors import NotDurableError, UsageError, did_you_mean

if TYPE_CHECKING:
    from trainer.corpus.store import Corpus
    from trainer.registry.exports.exported import Exported

CORPUS = "export_corpus"
MODEL = "export"


def export_corpus(
    corpus: Corpus,
    target: str | Path,
    kind: str = "jsonl",
    splits: Sequence[str] = (),
    *,
    command: str | None = None,
) -> None:
    """Write a corpus as another program reads it; see `trainer.corpus.exports`.

    Parameters
    ----------
    kind : {"jsonl", "csv", "parquet", "hf-disk", "label-studio", "argilla"}
    splits : sequence of str
        Only these; all by default.
    command : str, optional
        What was typed, for the record.
    """
    from trainer.corpus import exports
    from trainer.corpus.store import MANIFEST

    exports.export_corpus(corpus, Path(target), kind, splits)
    arguments = {"corpus": str(corpus.path), "target": str(target), "kind": kind, "splits": list(splits)}
    chosen = splits or corpus.splits
    typed = ["trainer", "corpus", "export", str(corpus.path), "--format", kind, "--out", str(target)]
    counts = {"sentences": sum(corpus.manifest["splits"][split] for split in set(chosen))}
    _record(CORPUS, arguments, command or shlex.join(typed), corpus.path / MANIFEST, counts)


def export(
    reference: str | Path,
    target: str | Path,
    *,
    kind: str = "dir",
    command: str | None = None,
    root: str | Path | None = None,
) -> Exported:
    """Write a model as a folder (``dir``), a scikit-learn pipeline (``joblib``) or a package (``wheel``).

    Each is checked against the artifact before it appears. A wheel is installed by pip, needs numpy,
    and is imported: ``import topics_model; topics_model.load()``.

    Parameters
    ----------
    target : path
        What to write, which must not be there; a wheel gets its name in a folder that is.
    command : str, optional
        What was typed, for the record.

    Raises
    ------
    UsageError
        When `target` is there, or is no name for a wheel.
    ArtifactError
        When the model is damaged, or what was made of it does not decide as it does.
    NotPublishedError
        When the export or its record cannot be written; neither is there then.
    """
    from trainer.registry.exports.exported import folders_above
    from trainer.registry.exports.kinds import EXPORTS
    from trainer.registry.files import MANIFEST

    if kind not in EXPORTS:
        raise UsageError(f"unknown export format '{kind}'. {did_you_mean(kind, EXPORTS)}")
    version = find(reference, root=root)
    typed = ["trainer", "models", "export", str(reference), "--format", kind, "--out", str(target)]
    about = {"name": version.name, "version": version.version, "digest": version.digest}
    with folders_above(Path(target)):
        written = EXPORTS[kind](version.path, Path(target))
        arguments = {"reference": str(version.path), "target": str(written.path), "kind": kind}
        _record(MODEL, arguments, command or shlex.join(typed), version.path / MANIFEST, {}, about)
    return written


def _record(
    verb: str,
    arguments: Mapping[str, Any],
    command: str,
    read: Path,
    counts: Mapping[str, Any],
    model: Mapping[str, Any] | None = None,
) -> None:
    """Write the record beside the export: a folder that other programs read takes no file of ours."""
    from trainer.publishing import write_atomically
    from trainer.tags.record import beside, inputs_of, make_record, write_record

    target = Path(arguments["target"])
    with _gone_on_failure(target):
        record = make_record(
            verb, arguments, command=command, inputs=inputs_of([read]), counts=counts, model=model
        )
        write_atomically(beside(target), write_record(record, target, target))


@contextmanager
def _gone_on_failure(target: Path) -> Iterator[None]:
    """Remove what was just exported when its record cannot be written: nobody is told that it is there."""
    try:
        yield
    except NotDurableError:  # the record is there
        raise
    except BaseException:
        with suppress(OSError):
            shutil.rmtree(target) if target.is_dir() else target.unlink()
        raise
