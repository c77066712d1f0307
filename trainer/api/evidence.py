"""The verb that writes a pack of evidence."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.api.loading import with_digest
from trainer.api.settings import labels_of
from trainer.errors import ArtifactError, NotFoundError
from trainer.progress import Progress, silent
from trainer.registry.format import read_model
from trainer.storage import artifacts_root

if TYPE_CHECKING:
    from trainer.tags.evidence import Evidence

VERB = "write_evidence"


def write_evidence(
    topic: str,
    out: str | Path,
    *,
    tags: str | Path | None = None,
    labels: str | Path | None = None,
    most: int | None = None,
    command: str | None = None,
    until: Mapping[str, int] | None = None,
    root: str | Path | None = None,
    progress: Progress = silent,
) -> Evidence:
    """Write a folder with all that speaks for a topic: a page, a workbook, the record.

    Parameters
    ----------
    topic : str
    out : path
        A folder that is not there yet.
    tags : path, optional
        A table that `write_tags` wrote; else the one written last.
    labels : path, optional
        The folder of what people decided; else ``labels`` beside the config.
    most : int, optional
        Sentences on the page; the workbook has all.
    until : mapping of str to int, optional
        See `trainer.corpus.decisions.read_decisions`.

    Raises
    ------
    NotFoundError
        When there is no table, or no saved model has its digest.
    DataError, UsageError
        When the table is of several models, or has no text, or no such topic.
    """
    from trainer.corpus.decisions import read_decisions
    from trainer.publishing import appearing
    from trainer.tags.evidence import MOST, gather, refuse_mixed, write_pack
    from trainer.tags.read import read_tags
    from trainer.tags.record import NAME, file_entry, inputs_of, make_record, read_record, write_record

    path = Path(tags) if tags is not None else _latest(root)
    table = read_tags(path)
    version = with_digest(refuse_mixed(table), root=root)
    tagger = read_model(version.path)
    folder = labels_of(None) if labels is None else Path(labels)
    decisions = read_decisions(folder, tagger.topics, until)
    found = gather(table, topic, tagger, version.metrics, decisions.of, progress)
    try:
        made = read_record(path)
    except (NotFoundError, ArtifactError):
        made = {}
    arguments: dict[str, Any] = {"topic": topic, "out": str(out), "tags": str(path), "labels": str(folder)}
    arguments["most"] = MOST if most is None else most
    record = make_record(
        VERB,
        arguments,
        command=command or shlex.join(["trainer", "evidence", topic, str(path), "--out", str(out)]),
        inputs=inputs_of([path]),
        labels=[file_entry(file, file.name) for file in decisions.files],
        counts=found.about["sections"],
        model={"name": version.name, "version": version.version, "digest": version.digest},
    )
    with appearing(Path(out)) as fresh:
        fresh.mkdir()
        write_pack(found, made, fresh, arguments["most"])
        (fresh / NAME).write_bytes(write_record(record, fresh, Path(out)))
    return found


def _latest(root: str | Path | None) -> Path:
    from trainer.tags.shelf import remembered

    tables = remembered(artifacts_root(root))
    if not tables:
        raise NotFoundError(
            "no table of tags is known", hint="Name one, or write one: `trainer predict … --out tags.csv`."
        )
    return tables[0]
