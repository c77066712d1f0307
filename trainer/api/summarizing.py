"""The verbs that roll up a table of tags, and write what came of it with its record."""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.errors import ArtifactError, NotFoundError, TrainerWarning, UsageError

if TYPE_CHECKING:
    from trainer.tags.summarize import Summary

VERB = "write_summary"


def summarize(
    tags: str | Path,
    by: str = "month",
    *,
    topics: Sequence[str] = (),
    copies_once: bool = False,
    mixed_models: bool = False,
) -> Summary:
    """Roll up a table of tagged sentences.

    Parameters
    ----------
    tags : path
        As `write_tags` writes it.
    by : {"day", "week", "month", "year", "source", "document", "topic-pair"}
    topics : sequence of str
        Only these; all by default.
    copies_once : bool
        Of documents that are nearly the same, count only the first.
    mixed_models : bool
        Count tags of several models together.
    """
    from trainer.tags.read import read_tags
    from trainer.tags.summarize import summarize_table

    table = read_tags(Path(tags))
    _warn_of_tagged_only(Path(tags))
    return summarize_table(table, by, topics=topics, copies_once=copies_once, mixed_models=mixed_models)


def _warn_of_tagged_only(tags: Path) -> None:
    """Say, where the record of a table tells, that it lacks the sentences that shares would be of."""
    from trainer.tags.record import read_record

    try:
        only_tagged = read_record(tags)["arguments"].get("only_tagged")
    except (NotFoundError, ArtifactError):
        return
    if only_tagged:
        warnings.warn(
            f"{tags} was made with --only-tagged: shares are of tagged sentences, not of all that was read",
            TrainerWarning,
            stacklevel=3,
        )


def write_summary(
    tags: str | Path,
    out: str | Path,
    by: str = "month",
    *,
    topics: Sequence[str] = (),
    copies_once: bool = False,
    mixed_models: bool = False,
    share: str = "documents",
    overwrite: bool = False,
    command: str | None = None,
) -> Summary:
    """Write a summary as a table or a chart, and its record beside it; see `summarize`.

    Parameters
    ----------
    out : path
        A table (.csv, .xlsx, .parquet, .jsonl) or a chart (.svg, .png).
    share : {"documents", "sentences"}
        What a chart shows shares of.
    overwrite : bool
        Replace a file at `out` even when it is not as a run wrote it.
    """
    from trainer.tags.chart import SUFFIXES as CHARTS
    from trainer.tags.write import suffix_of, write_table

    arguments: dict[str, Any] = {"tags": str(tags), "out": str(out), "by": by, "topics": list(topics)}
    arguments |= {"copies_once": copies_once, "mixed_models": mixed_models, "share": share}
    is_chart = Path(out).suffix.lower() in CHARTS
    suffix = "" if is_chart else suffix_of(Path(out))
    summary = summarize(tags, by, topics=topics, copies_once=copies_once, mixed_models=mixed_models)

    def make(fresh: Path) -> None:
        if is_chart:
            summary.chart(fresh, share=share)
        else:
            rows = summary.to_arrow()
            write_table(rows.to_batches(), rows.schema, fresh, suffix)

    counts = {key: summary.about[key] for key in ("documents", "sentences", "copies", "boilerplate")}
    typed = command or shlex.join(["trainer", "summarize", str(tags), "--by", by, "--out", str(out)])
    write_recorded(VERB, arguments, make, [tags], counts, typed, overwrite=overwrite)
    return summary


def write_recorded(
    verb: str,
    arguments: Mapping[str, Any],
    make: Callable[[Path], None],
    inputs: Sequence[str | Path],
    counts: Mapping[str, Any],
    command: str,
    *,
    model: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> None:
    """Let `make` write a file that appears whole, with the record that makes it again.

    Raises
    ------
    UsageError
        When somebody changed the file that is there.
    """
    from trainer.publishing import replacing
    from trainer.tags.record import inputs_of, make_record, place_of, record_of, refuse_changed, write_record

    target = place_of(Path(arguments["out"]))
    if target in [Path(item) for item in inputs]:
        raise UsageError(f"'{target}' is what is read: name another file to write")
    if not overwrite:
        refuse_changed(target)
    record = make_record(
        verb, arguments, command=command, inputs=inputs_of(inputs), counts=counts, model=model
    )
    with replacing(target) as scratch:
        make(scratch / target.name)
        (scratch / record_of(target).name).write_bytes(write_record(record, scratch / target.name, target))
