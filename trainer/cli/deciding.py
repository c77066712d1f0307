"""``trainer fix`` and ``trainer rerun``."""

from __future__ import annotations

import warnings
from typing import Annotated

import typer

from trainer import api
from trainer.cli.options import Artifacts, AsJson, ConfigFile, Overrides, Strict
from trainer.cli.render import print_json, progress_bar, safe, say
from trainer.config import labels_folder, load_config
from trainer.errors import DataError, TrainerWarning, UsageError


def fix(
    sentence: Annotated[
        str | None, typer.Argument(metavar="SENTENCE_ID", help="From column sentence_id of a table.")
    ] = None,
    answers: Annotated[
        list[str] | None, typer.Argument(metavar="TOPIC=yes|no|unknown", help="What is right. Repeatable.")
    ] = None,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who says so.")] = "",
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="On what grounds.")] = "",
    tags: Annotated[
        str | None,
        typer.Option(
            "--tags", metavar="FILE", help="The table it stands in; else those written last, or the corpus."
        ),
    ] = None,
    sheet: Annotated[
        str | None,
        typer.Option("--sheet", metavar="FILE", help="Keep all that was filled into a sheet, instead."),
    ] = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Correct a tag: kept for good in labels/ beside the config, one file a person, never rewritten.

    The next `predict` shows it, the next `build` learns from it. `unknown` takes a word of yours back.
    """
    settings = load_config(config, set_ or ())
    folder = labels_folder(config)
    if sheet is not None:
        if sentence is not None:
            raise UsageError("give a sentence or --sheet, one of them")
        taken = api.take_sheet(sheet, by=by, config=settings, folder=folder)
        if as_json:
            print_json(taken.to_dict())
        else:
            typer.echo(
                f"kept {taken.answers:,} answers on {taken.sentences:,} sentences in {safe(taken.file)}"
            )
        api.warn_of_rejections(taken.rejected)
        return
    if sentence is None or not answers:
        raise UsageError(
            "which sentence, and what is right?",
            hint='As in `trainer fix s-0123456789abcdef sanctions=no --by anna --why "sports"`.',
        )
    fixed = api.fix(
        sentence, _answers(answers), by=by, why=why, tags=tags, config=settings, folder=folder, root=artifacts
    )
    if as_json:
        print_json(fixed.to_dict())
        return
    typer.echo(safe(fixed.text))
    for topic, answer in fixed.labels.items():
        typer.echo(f"  {topic}: {safe(fixed.before[topic])} -> {answer} (human:{safe(by)})")
    typer.echo(f"kept in {safe(fixed.file)}")
    if fixed.others:
        warnings.warn(
            "people disagree, so the tag is left to review: " + "; ".join(fixed.others),
            TrainerWarning,
            stacklevel=1,
        )
    say("next: `trainer predict … --update FILE` shows it, `trainer build` and `trainer fit` learn from it")


def _answers(given: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in given:
        topic, equals, answer = item.partition("=")
        if not equals or topic.strip() in found:
            raise UsageError(f"'{item}' should be TOPIC=yes, TOPIC=no or TOPIC=unknown, each topic once")
        found[topic.strip()] = answer.strip().lower()
    return found


def rerun(
    record: Annotated[str, typer.Argument(metavar="RECORD", help="A run.json, or the output it belongs to.")],
    out: Annotated[
        str | None, typer.Option("--out", metavar="PATH", help="Where to put it; else only compared.")
    ] = None,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Make an output again from its record and compare the two, byte for byte.

    Ends with 4 when they differ, or when an input is not what it was.
    """
    with progress_bar() as progress:
        found = api.rerun(record, out=out, root=artifacts, progress=progress)
    if as_json:
        print_json(found.to_dict())
    elif found.same:
        typer.echo(f"the same bytes: sha256 {found.sha256}")
    if not found.same:
        versions = "".join(f"\n  {line}" for line in found.differing)
        raise DataError(
            f"the output is another one: sha256 {found.sha256}",
            where=record,
            hint=f"Versions that differ:{versions}" if versions else "All versions are as they were.",
        )
