"""The verb that makes an output again from its record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from trainer.api.building import open_corpus
from trainer.api.evidence import VERB as EVIDENCE
from trainer.api.evidence import write_evidence
from trainer.api.exporting import CORPUS, MODEL, export, export_corpus
from trainer.api.labelling import VERB as SHEET
from trainer.api.labelling import write_sheet
from trainer.api.loading import with_digest
from trainer.api.natural import VERB as NATURAL
from trainer.api.natural import draw_natural
from trainer.api.summarizing import VERB as SUMMARY
from trainer.api.summarizing import write_summary
from trainer.api.tagging import VERB, write_tags
from trainer.corpus.readers.reading import Reading
from trainer.errors import ArtifactError, DataError, NotFoundError
from trainer.progress import Progress, silent


@dataclass(frozen=True, slots=True)
class Rerun:
    """An output that was made again.

    Attributes
    ----------
    same : bool
        Whether its bytes are those of the record.
    sha256 : str
        Of the new output.
    path : Path or None
        Where it was put, when that was asked for.
    differing : tuple of str
        Programs of another version than then.
    """

    same: bool
    sha256: str
    path: Path | None
    differing: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return what ``trainer rerun --json`` prints."""
        path = None if self.path is None else str(self.path)
        return {"same": self.same, "sha256": self.sha256, "path": path, "differing": list(self.differing)}


def rerun(
    record: str | Path,
    *,
    out: str | Path | None = None,
    root: str | Path | None = None,
    progress: Progress = silent,
) -> Rerun:
    """Make an output again from its record, and compare the two byte for byte.

    Parameters
    ----------
    record : path
        A ``run.json``, or the output that it belongs to. Paths in it are taken from the current folder.
    out : path, optional
        Where to put the new output; else it is compared and let go.

    Raises
    ------
    DataError
        When an input is no longer what it was.
    NotFoundError
        When an input, or the model, is not there.
    """
    from trainer.tags.record import differing, output_digest, read_record

    told = read_record(Path(record))
    again = _AGAIN.get(told["verb"])
    if again is None:
        raise ArtifactError(f"this version cannot run '{told['verb']}' again", where=str(record))
    _refuse_changes([*told["inputs"], *told.get("labels", ())], told.get("labels", ()))
    with TemporaryDirectory() as scratch:
        target = Path(out) if out is not None else Path(scratch) / Path(told["output"]["name"])
        target = again(told, target, root, progress) or target  # a wheel gets its name in a folder
        digest = output_digest(target)
    same = digest == told["output"]["sha256"]
    return Rerun(same, digest, None if out is None else target, tuple(differing(told)))


def _refuse_changes(entries: list[Mapping[str, Any]], grown: list[Mapping[str, Any]]) -> None:
    """Refuse when something that was read is not what it was; files of labels may have grown."""
    from trainer.tags.record import prefix_digest

    for entry in entries:
        if entry["path"] is None or entry["sha256"] is None:
            raise DataError(
                f"'{entry['name']}' cannot be read again, so this cannot be made again",
                hint="Standard input and what could not be read leave nothing to come back to.",
            )
        path = Path(entry["path"])
        if not path.is_file():
            raise NotFoundError(
                f"'{path}' is not there; the record was made in a folder from which it could be read",
                hint="Go to that folder, or put the file back.",
            )
        if prefix_digest(path, entry["bytes"] if entry in grown else None) != entry["sha256"]:
            raise DataError(
                "is not what it was when the record was made",
                where=str(path),
                hint=f"Then its SHA-256 was {entry['sha256']}.",
            )


def _again_tags(told: Mapping[str, Any], target: Path, root: str | Path | None, progress: Progress) -> None:
    arguments = dict(told["arguments"])
    arguments.pop("out")
    reading = arguments.pop("reading", None)
    arguments["reading"] = None if reading is None else Reading(**reading)
    until = {entry["name"]: entry["bytes"] for entry in told.get("labels", ())}
    write_tags(
        out=target,
        model=with_digest(told["model"]["digest"], root=root).path,
        until=until,
        note=False,
        root=root,
        progress=progress,
        **arguments,
    )


def _again_summary(
    told: Mapping[str, Any], target: Path, root: str | Path | None, progress: Progress
) -> None:
    write_summary(**{**told["arguments"], "out": target})


def _again_evidence(
    told: Mapping[str, Any], target: Path, root: str | Path | None, progress: Progress
) -> None:
    until = {entry["name"]: entry["bytes"] for entry in told.get("labels", ())}
    write_evidence(**{**told["arguments"], "out": target}, until=until, root=root, progress=progress)


def _again_sheet(told: Mapping[str, Any], target: Path, root: str | Path | None, progress: Progress) -> None:
    model = told["model"] and with_digest(told["model"]["digest"], root=root).path
    write_sheet(**{**told["arguments"], "out": target}, model=model, root=root)


def _again_natural(
    told: Mapping[str, Any], target: Path, root: str | Path | None, progress: Progress
) -> None:
    model = with_digest(told["model"]["digest"], root=root).path
    draw_natural(model, **{**told["arguments"], "out": target}, root=root, progress=progress)


def _again_corpus(told: Mapping[str, Any], target: Path, root: str | Path | None, progress: Progress) -> None:
    arguments = dict(told["arguments"])
    export_corpus(open_corpus(arguments.pop("corpus"), root=root), **{**arguments, "target": target})


def _again_model(told: Mapping[str, Any], target: Path, root: str | Path | None, progress: Progress) -> Path:
    model = with_digest(told["model"]["digest"], root=root).path
    return export(model, target, kind=told["arguments"]["kind"], root=root).path


_AGAIN: dict[str, Callable[[Mapping[str, Any], Path, str | Path | None, Progress], Path | None]] = {
    VERB: _again_tags,
    SUMMARY: _again_summary,
    EVIDENCE: _again_evidence,
    SHEET: _again_sheet,
    CORPUS: _again_corpus,
    NATURAL: _again_natural,
    MODEL: _again_model,
}
