"""The verb that tags documents into a table, with its record."""

from __future__ import annotations

import shlex
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from trainer.api.settings import config_of, labels_of
from trainer.errors import ArtifactError, DataError, NotFoundError, TrainerWarning, UsageError
from trainer.model.tagger import Tagger
from trainer.progress import Progress, silent
from trainer.records import Document, Rejection, listing
from trainer.registry.versions import ModelVersion
from trainer.storage import artifacts_root

if TYPE_CHECKING:
    from trainer.config import Config
    from trainer.corpus.decisions import Decisions
    from trainer.corpus.readers.reading import Reading
    from trainer.tags.earlier import Earlier
    from trainer.tags.make import Made

VERB = "write_tags"


@dataclass(frozen=True, slots=True)
class TagsWritten:
    """A table of tagged sentences that was written.

    Attributes
    ----------
    path, record : Path
        The table, and the record of how it was made.
    counts : mapping
        What is in it: documents, sentences, tags by topic.
    taken_over, kept : int
        Documents of an earlier table that had not changed, and that were not in the input.
    rejected : tuple of Rejection
        Inputs that were not used.
    model : ModelVersion
    rate_warning : str or None
        Says that topics are far rarer, or more frequent, than where probabilities were calibrated.
    """

    path: Path
    record: Path
    counts: Mapping[str, Any]
    taken_over: int
    kept: int
    rejected: tuple[Rejection, ...]
    model: ModelVersion
    rate_warning: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what ``trainer predict --out FILE --json`` prints."""
        return {
            "table": str(self.path),
            "record": str(self.record),
            "model": f"{self.model.name}@{self.model.version}",
            **self.counts,
            "taken_over": self.taken_over,
            "kept": self.kept,
            "rejected": dict(Counter(rejection.reason for rejection in self.rejected)),
        }


def write_tags(
    inputs: Sequence[str | Path] | str | Path,
    out: str | Path,
    *,
    model: str | Path | None = None,
    config: Config | str | Path | None = None,
    labels: str | Path | None = None,
    documents: bool = True,
    only_tagged: bool = False,
    text: bool = True,
    update: bool = False,
    retag_all: bool = False,
    overwrite: bool = False,
    command: str | None = None,
    reading: Reading | None = None,
    rates: Mapping[str, float] | None = None,
    until: Mapping[str, int] | None = None,
    note: bool = True,
    root: str | Path | None = None,
    progress: Progress = silent,
) -> TagsWritten:
    """Tag documents and write a table, one row a sentence; see `trainer.model.table.tag_schema`.

    Beside the table lies its record, ``FILE.run.json``, from which `rerun` makes the same bytes again.

    Parameters
    ----------
    inputs : path or sequence of paths
        Files, folders, globs, ``-`` for standard input.
    out : path
        Ends in .csv, .xlsx, .parquet or .jsonl, which says how it is written.
    model : str or path, optional
        See `load`; else that of the config's name. Where there is none, one is trained first.
    labels : path, optional
        The folder of what people decided, which stands above the model; else ``labels`` beside the config.
    documents : bool
        Cut each document into sentences; otherwise each is one, as is each line of a text file.
    only_tagged : bool
        Leave out sentences in which no topic is tagged or in review.
    text : bool
        False leaves out all words of the documents: the table then says where, and not what.
    update : bool
        Take over from the table at `out` what has not changed; keep what is not in the input.
    retag_all : bool
        With `update`: tag everything again, by the model of now.
    overwrite : bool
        Replace a file at `out` even when it is not as a run wrote it; with `update` all of it is tagged
        again.
    command : str, optional
        What was typed, for the record.
    reading : Reading, optional
        Names of columns, metadata, articles in one file, dates.
    rates : mapping of str to float, optional
        Share of sentences on a topic in this text; see `Tagger.at_rates`.
    until : mapping of str to int, optional
        See `trainer.corpus.decisions.read_decisions`.
    note : bool
        Note where the table lies, so that `fix` finds a sentence of it.

    Raises
    ------
    DataError
        When nothing usable was read, or the table to update is another model's.
    UsageError
        When `out` has another suffix, or somebody changed the file that is there.
    """
    from trainer.api.loading import model_in_use
    from trainer.corpus.decisions import read_decisions
    from trainer.model.prior import rate_warning
    from trainer.publishing import replacing
    from trainer.tags.record import make_record, place_of, record_of, refuse_changed, write_record
    from trainer.tags.shelf import remember
    from trainer.tags.write import suffix_of, write_table

    paths = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    suffix, target = suffix_of(Path(out)), place_of(Path(out))
    settings = config_of(config)
    tagger, found = model_in_use(model, settings, root=root, progress=progress)
    tagger = tagger.at_rates(rates or {})
    shape = {"documents": documents, "only_tagged": only_tagged, "text": text}
    asked = {**shape, "rates": dict(rates or {})}
    earlier = _earlier(target, tagger, asked, retag_all or overwrite) if update else None
    if not overwrite:
        refuse_changed(target)
    folder = labels_of(config) if labels is None else Path(labels)
    decisions = read_decisions(folder, tagger.topics, until)
    rejected = list(decisions.rejected)
    arguments: dict[str, Any] = {"inputs": [str(path) for path in paths]}
    arguments |= {"out": str(out), "labels": str(folder)}
    arguments |= {"rates": dict(rates)} if rates else {}
    arguments |= {**shape, "reading": None if reading is None else told(reading)}
    entries = _input_entries(paths, reading, arguments, target, update=earlier is not None)
    with replacing(target) as scratch:
        read = _read(paths, documents, rejected, progress, reading, tagger.topics)
        made = _table(tagger, decisions, read, scratch, arguments, earlier)
        write_table(made.batches, made.schema, scratch / target.name, suffix)
        (scratch / "spool").unlink()
        if not made.counts.sentences:
            refuse_nothing(rejected)
        warn_of_rejections(rejected)  # before anything is published: --strict makes it an error
        counts = made.counts.to_dict()
        record = make_record(
            VERB,
            arguments,
            command=command or _command(arguments),
            inputs=entries,
            labels=_label_entries(decisions),
            counts=counts,
            model={"name": found.name, "version": found.version, "digest": found.digest},
            rejected=rejected,
        )
        beside = record_of(target)
        (scratch / beside.name).write_bytes(write_record(record, scratch / target.name, target))
    assumed = {topic: rate for topic, rate in tagger.assumed_rates.items() if topic not in tagger.rates}
    far = rate_warning(counts["tagged"], counts["sentences"], assumed)
    if note:
        remember(target, artifacts_root(root))
    return TagsWritten(
        target, beside, counts, made.counts.taken_over, made.counts.kept, tuple(rejected), found, far
    )


def _table(
    tagger: Tagger,
    decisions: Decisions,
    documents: Iterator[Document],
    scratch: Path,
    arguments: Mapping[str, Any],
    earlier: Earlier | None,
) -> Made:
    from trainer.model.table import TagRows
    from trainer.tags.make import make_table

    build = tagger.info.get("config", {}).get("build", {})
    rows = TagRows(tagger, decisions.answers, whole=not arguments["documents"])
    return make_table(
        rows,
        documents,
        scratch / "spool",
        alike=build.get("near_duplicate", 0.8),
        only_tagged=arguments["only_tagged"],
        text=arguments["text"],
        earlier=earlier,
    )


def _read(
    paths: Sequence[str | Path],
    documents: bool,
    rejected: list[Rejection],
    progress: Progress,
    reading: Reading | None,
    topics: Sequence[str],
) -> Iterator[Document]:
    """Yield each document once; a second one of the same name is rejected."""
    from trainer.model.inputs import usable_documents

    seen: dict[str, str] = {}
    for document in usable_documents(paths, documents, rejected, progress, reading, topics):
        if document.id in seen:
            detail = f"document '{document.id}' was read before, at {seen[document.id]}"
            rejected.append(Rejection(document.at, "repeated_document", detail))
            continue
        seen[document.id] = document.at
        yield document


def refuse_nothing(rejected: Sequence[Rejection]) -> NoReturn:
    """Raise the DataError that says why there was nothing to tag."""
    why = f" ({_reasons(rejected)}):{listing(rejected)}" if rejected else ""
    raise DataError(f"no usable text in the input{why}")


def warn_of_rejections(rejected: Sequence[Rejection]) -> None:
    """Say how much of the input was not used, and show the first of it."""
    if rejected:
        told = f"{len(rejected):,} rejected ({_reasons(rejected)}):{listing(rejected)}"
        warnings.warn(told, TrainerWarning, stacklevel=2)


def _reasons(rejected: Sequence[Rejection]) -> str:
    return ", ".join(f"{reason} {n:,}" for reason, n in Counter(r.reason for r in rejected).items())


def _earlier(target: Path, tagger: Tagger, shape: Mapping[str, Any], retag_all: bool) -> Earlier | None:
    from trainer.tags.earlier import Earlier, refuse_other_model, refuse_other_shape
    from trainer.tags.read import read_tags

    if not target.exists():
        return None
    refuse_other_shape(target, shape)
    table = read_tags(target)
    if not retag_all:
        refuse_other_model(table, str(tagger.info.get("digest")), target)
        return Earlier(table)
    earlier = Earlier(table, again=True)
    if not earlier.has_text:
        raise UsageError(
            f"'{target}' holds no text: what is not in the input cannot be tagged again",
            hint="Tag all documents anew, without --update.",
        )
    return earlier


def _input_entries(
    paths: Sequence[str | Path],
    reading: Reading | None,
    arguments: dict[str, Any],
    target: Path,
    *,
    update: bool,
) -> list[dict[str, Any]]:
    """Return what was read, and before, for an updated table, what the earlier one was made of."""
    from trainer.tags.record import inputs_of, read_record

    more = [] if reading is None or reading.metadata is None else [reading.metadata]
    entries = inputs_of([*paths, *more])
    if not update:
        return entries
    try:
        before = read_record(target)
    except (NotFoundError, ArtifactError):
        return [
            {"name": "an earlier table without a record", "path": None, "bytes": None, "sha256": None},
            *entries,
        ]
    older = [item for item in before["arguments"].get("inputs", []) if item not in arguments["inputs"]]
    arguments["inputs"] = [*older, *arguments["inputs"]]
    known = {entry["path"] for entry in entries}
    return [*(entry for entry in before["inputs"] if entry["path"] not in known), *entries]


def _label_entries(decisions: Decisions) -> list[dict[str, Any]]:
    from trainer.tags.record import file_entry

    return [file_entry(file, file.name) for file in decisions.files]


def told(reading: Reading) -> dict[str, Any]:
    """Return what a user says of his inputs, as JSON."""
    metadata = None if reading.metadata is None else str(reading.metadata)
    return {**asdict(reading), "columns": dict(reading.columns), "metadata": metadata}


def _command(arguments: Mapping[str, Any]) -> str:
    """Return what would be typed for a run from Python."""
    words = ["trainer", "predict", *arguments["inputs"], "--out", arguments["out"]]
    words += ["--documents"] if arguments["documents"] else []
    words += ["--only-tagged"] if arguments["only_tagged"] else []
    return shlex.join([*words, *([] if arguments["text"] else ["--no-text"])])
