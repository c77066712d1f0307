"""``trainer predict``."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from trainer import api
from trainer.cli.options import (
    Articles,
    Artifacts,
    AsJson,
    Columns,
    ConfigFile,
    DayFirst,
    Metadata,
    ModelRef,
    Overrides,
    Rates,
    Strict,
    rates_of,
    reading_of,
    reference,
    typed,
)
from trainer.cli.render import (
    cell,
    console,
    print_json,
    progress_bar,
    safe,
    say,
    table,
    to_json,
)
from trainer.config import Config, labels_folder, load_config
from trainer.errors import NotFoundError, UsageError
from trainer.records import Rejection

if TYPE_CHECKING:  # numpy is imported while the model is read
    from trainer.model.predictions import TaggedSentence
    from trainer.model.tagger import Tagger

Inputs = Annotated[
    list[str] | None,
    typer.Argument(metavar="INPUT", help="Files, folders, globs, or - for standard input."),
]
Text = Annotated[str | None, typer.Option("--text", metavar="TEXT", help="A text instead of input.")]
_FORMATS = ("jsonl", "csv")
_MORE = {"boilerplate": "lines of boilerplate", "copies": "documents that are copies of others"}


def predict(
    inputs: Inputs = None,
    text: Text = None,
    model: ModelRef = None,
    documents: Annotated[
        bool,
        typer.Option("--documents", help="Cut each file or row into sentences, with offsets in the output."),
    ] = False,
    out: Annotated[
        str | None,
        typer.Option("--out", metavar="FILE", help="Write a table: .csv, .xlsx, .parquet or .jsonl."),
    ] = None,
    update: Annotated[
        str | None,
        typer.Option("--update", metavar="FILE", help="Add to such a table; tag what is new or changed."),
    ] = None,
    retag_all: Annotated[
        bool, typer.Option("--retag-all", help="With --update: tag everything again, by the model of now.")
    ] = False,
    only_tagged: Annotated[
        bool, typer.Option("--only-tagged", help="Leave sentences without a topic out of the table.")
    ] = False,
    no_text: Annotated[
        bool, typer.Option("--no-text", help="Leave all words out of the table: it says where, not what.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace FILE even if somebody changed it since.")
    ] = False,
    format_: Annotated[
        str, typer.Option("--format", metavar="jsonl|csv", help="What standard output gets.")
    ] = "jsonl",
    rate: Rates = None,
    columns: Columns = None,
    metadata: Metadata = None,
    articles: Articles = None,
    day_first: DayFirst = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Tag texts: one a line of a text file, one a row of a .jsonl, .csv or .xlsx file.

    With --documents each file or row is a document, and its sentences are tagged. Standard output gets one
    line a text; --out writes a table with every sentence, its place and its context, and a record beside it
    from which `trainer rerun` makes the same bytes again.
    """
    if format_ not in _FORMATS:
        raise UsageError(f"--format must be one of {', '.join(_FORMATS)}, not '{format_}'")
    settings = load_config(config, set_ or ())
    reading = reading_of(columns, settings.topic_names, metadata, articles, day_first)
    if update is not None or out is not None:
        _refuse_text(text, inputs)
        _write(
            inputs or (),
            update or out or "",
            settings,
            model=model,
            labels=labels_folder(config),
            artifacts=artifacts,
            as_json=as_json,
            documents=documents,
            only_tagged=only_tagged,
            text=not no_text,
            update=update is not None,
            retag_all=retag_all,
            overwrite=overwrite,
            reading=reading,
            rates=rates_of(rate),
        )
        return
    refuse_neither(inputs, text)
    tagger = model_to_use(model, settings, artifacts).at_rates(rates_of(rate))
    rejected: list[Rejection] = []
    # Results on the same terminal would tear a progress bar apart.
    with _standard_output() as file, progress_bar(not sys.stdout.isatty()) as progress:
        write = _jsonl_writer(file) if format_ == "jsonl" else _csv_writer(file, tagger.topics, documents)
        count = 0
        for tagged in api.tag_inputs(
            tagger,
            inputs or (),
            text=text,
            documents=documents,
            rejected=rejected,
            progress=progress,
            reading=reading,
        ):
            write(tagged)
            count += 1
        report_rejections(rejected, count)


def _write(
    inputs: Sequence[str],
    out: str,
    settings: Config,
    *,
    model: str | None,
    artifacts: str | None,
    as_json: bool,
    **shape: Any,
) -> None:
    _say_model(model, settings.name, artifacts)
    with progress_bar() as progress:
        written = api.write_tags(
            inputs,
            out,
            model=None if model is None else reference(model, settings.name),
            config=settings,
            command=typed(),
            root=artifacts,
            progress=progress,
            **shape,
        )
    if as_json:
        print_json(written.to_dict())
    else:
        _print_written(written)


def _print_written(written: api.TagsWritten) -> None:
    c = written.counts
    typer.echo(f"wrote {safe(written.path)} and {safe(written.record.name)}")
    more = [f"{c[key]:,} {what}" for key, what in _MORE.items() if c[key]]
    more += [f"{written.taken_over:,} documents unchanged"] if written.taken_over else []
    more += [f"{written.kept:,} not in the input and kept"] if written.kept else []
    told = "".join(f", {part}" for part in more)
    typer.echo(f"  {c['sentences']:,} sentences of {c['documents']:,} documents{told}")
    rows = [
        [topic, f"{n:,}", *(f"{c[key][topic]:,}" for key in ("review", "human"))]
        for topic, n in c["tagged"].items()
    ]
    console().print(table("", ["topic", "tagged", "to review", "decided by people"], rows))
    if far := written.rate_warning:
        say(far)
        say("  `trainer eval --natural FILE… --sheet natural.xlsx` draws a sheet to measure precision here")


def refuse_neither(inputs: Sequence[str] | None, text: str | None) -> None:
    """Refuse before a model is trained or loaded."""
    if (text is None) == (not inputs):
        raise UsageError(
            "give inputs or a text, one of them", hint='Name files, --text "…", or - for standard input.'
        )


def _refuse_text(text: str | None, inputs: Sequence[str] | None) -> None:
    if text is not None:
        raise UsageError("a table is made of files: --text goes to standard output")
    refuse_neither(inputs, text)


def _say_model(model: str | None, name: str, artifacts: str | None) -> bool:
    """Say which model tags, before it does; True when one has to be trained first."""
    try:
        found = api.find(reference(model, name), root=artifacts)
    except NotFoundError:
        if model is not None or api.models(name, root=artifacts):
            return False  # whoever loads it says what is wrong
        say("no model yet: training one on the newest corpus, or else on the sentences that ship")
        return True
    say(f"model: {found.path} (version {found.version})")
    return False


def model_to_use(model: str | None, settings: Config, artifacts: str | None) -> Tagger:
    """Load the model that is meant, which is trained first where there is none; say which it is."""
    to_train = _say_model(model, settings.name, artifacts)
    wanted = None if model is None else reference(model, settings.name)
    with progress_bar(to_train) as progress:
        tagger, _ = api.model_in_use(wanted, settings, root=artifacts, progress=progress)
    return tagger


@contextmanager
def _standard_output() -> Iterator[IO[str]]:
    yield sys.stdout
    sys.stdout.flush()  # here, where a closed pipe or a full disk can still be told


def _jsonl_writer(file: IO[str]) -> Any:
    def write(tagged: TaggedSentence) -> None:
        file.write(to_json(tagged.to_dict()) + "\n")

    return write


def _csv_writer(file: IO[str], topics: Sequence[str], documents: bool) -> Any:
    rows = csv.writer(file, lineterminator="\n")
    place = ("doc_id", "start", "end") if documents else ()
    rows.writerow([*place, "text", "labels", "review", *topics])

    def write(tagged: TaggedSentence) -> None:
        p = tagged.prediction
        values = [*(getattr(tagged, key) for key in place), p.text, "; ".join(p.labels), "; ".join(p.review)]
        scores = [f"{score:.6f}" for score in p.scores.values()]
        rows.writerow([*(cell(value) for value in values), *scores])

    return write


def report_rejections(rejected: Sequence[Rejection], count: int) -> None:
    """Say what of the input was not used; nothing usable at all is an error."""
    if not count:
        api.refuse_nothing(rejected)
    api.warn_of_rejections(rejected)
