"""``trainer predict`` and ``trainer explain``."""

from __future__ import annotations

import csv
import secrets
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from trainer import api
from trainer.cli.options import Artifacts, AsJson, ConfigFile, ModelRef, Overrides, Strict, reference
from trainer.cli.render import cell, console, explained_line, print_json, progress_bar, say, table, to_json
from trainer.config import load_config
from trainer.errors import DataError, NotFoundError, TrainerError, TrainerWarning, UsageError
from trainer.model.tagger import Tagger
from trainer.records import Rejection, TaggedSentence, listing

Inputs = Annotated[
    list[str] | None,
    typer.Argument(metavar="INPUT", help="Files, folders, globs, or - for standard input."),
]
Text = Annotated[str | None, typer.Option("--text", metavar="TEXT", help="A text instead of input.")]
_FORMATS = ("jsonl", "csv")


def predict(
    inputs: Inputs = None,
    text: Text = None,
    model: ModelRef = None,
    documents: Annotated[
        bool,
        typer.Option("--documents", help="Cut each file or row into sentences, with offsets in the output."),
    ] = False,
    format_: Annotated[str, typer.Option("--format", metavar="jsonl|csv", help="What to write.")] = "jsonl",
    out: Annotated[
        str | None, typer.Option("--out", metavar="FILE", help="Where to; else standard output.")
    ] = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    artifacts: Artifacts = None,
    strict: Strict = False,
) -> None:
    """Tag texts: one a line of a text file, one a row of a .jsonl or .csv file.

    With --documents each file or row is a document, and its sentences are tagged.
    """
    if format_ not in _FORMATS:
        raise UsageError(f"--format must be one of {', '.join(_FORMATS)}, not '{format_}'")
    _refuse_neither(inputs, text)
    tagger = _tagger(model, config, set_, artifacts)
    rejected: list[Rejection] = []
    bar = out is not None or not sys.stdout.isatty()  # results on the same terminal would tear it apart
    with _destination(out) as file, progress_bar(bar) as progress:
        write = _jsonl_writer(file) if format_ == "jsonl" else _csv_writer(file, tagger.topics, documents)
        count = 0
        for tagged in api.tag_inputs(
            tagger, inputs or (), text=text, documents=documents, rejected=rejected, progress=progress
        ):
            write(tagged)
            count += 1
        _report(rejected, count)  # inside: what is refused leaves no file


def explain(
    inputs: Inputs = None,
    text: Text = None,
    topic: Annotated[
        list[str] | None,
        typer.Option(
            "--topic", "-t", help="Only this topic. Repeatable; else those tagged, or the likeliest."
        ),
    ] = None,
    model: ModelRef = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Show which words and pieces of words spoke for and against a topic."""
    _refuse_neither(inputs, text)
    tagger = _tagger(model, config, set_, artifacts)
    rejected: list[Rejection] = []
    count = 0
    for tagged in api.tag_inputs(tagger, inputs or (), text=text, rejected=rejected):
        count += 1
        if as_json:
            line = tagged.prediction.text
            found = {name: tagger.explain(line, name).to_dict() for name in topic or tagger.topics}
            print_json({"text": line, "topics": found})
        else:
            _print_explanation(tagger, tagged, topic)
    _report(rejected, count)


def _refuse_neither(inputs: Sequence[str] | None, text: str | None) -> None:
    """Refuse before a model is trained or loaded."""
    if (text is None) == (not inputs):
        raise UsageError(
            "give inputs or a text, one of them", hint='Name files, --text "…", or - for standard input.'
        )


def _tagger(model: str | None, config: str | None, set_: list[str] | None, artifacts: str | None) -> Tagger:
    settings = load_config(config, set_ or ())
    try:
        found = api.find(reference(model, settings.name), root=artifacts)
    except NotFoundError:
        if model is not None or api.models(settings.name, root=artifacts):
            raise
        say("no model yet: training one on the newest corpus, or else on the sentences that ship")
        with progress_bar() as progress:
            api.fit(None, settings, root=artifacts, progress=progress)
        found = api.find(settings.name, root=artifacts)
    say(f"model: {found.path} (version {found.version})")
    return api.load(found.path)


@contextmanager
def _destination(out: str | None) -> Iterator[IO[str]]:
    """Give standard output, or a file that appears whole or not at all."""
    if out is None:
        yield sys.stdout
        sys.stdout.flush()  # here, where a closed pipe or a full disk can still be told
        return
    target = Path(out)
    if target.is_dir():
        raise UsageError(f"--out must name a file, not the folder '{out}'")
    try:
        # A pipe or /dev/null is written into: it is not ours to replace.
        device = target.exists() and not target.is_file()
        with target.open("w", encoding="utf-8") if device else _replacing(target) as file:
            yield file
    except OSError as error:
        missing = isinstance(error, FileNotFoundError | NotADirectoryError)
        kind = NotFoundError if missing else TrainerError
        raise kind(f"cannot write '{out}': {error.strerror}") from error


@contextmanager
def _replacing(target: Path) -> Iterator[IO[str]]:
    target = target.resolve()  # a link stays a link
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        with fresh.open("w", encoding="utf-8", newline="") as file:
            yield file
        fresh.replace(target)
    finally:
        with suppress(OSError):
            fresh.unlink()


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


def _report(rejected: Sequence[Rejection], count: int) -> None:
    if not rejected and count:
        return
    reasons = ", ".join(f"{reason} {n:,}" for reason, n in Counter(r.reason for r in rejected).items())
    if not count:
        why = f" ({reasons}):{listing(rejected)}" if rejected else ""
        raise DataError(f"no usable text in the input{why}")
    warnings.warn(f"{len(rejected):,} rejected ({reasons}):{listing(rejected)}", TrainerWarning, stacklevel=1)


def _print_explanation(tagger: Tagger, tagged: TaggedSentence, chosen: Sequence[str] | None) -> None:
    prediction = tagged.prediction
    out = console()
    likeliest = max(prediction.scores, key=lambda name: prediction.scores[name])
    for topic in chosen or prediction.labels or (likeliest,):
        found = tagger.explain(prediction.text, topic)
        typer.echo(
            f"{topic}: {found.label}  (probability {found.score:.3f}, threshold {found.threshold:.3f}, "
            f"margin {found.margin:+.3f} = intercept {found.intercept:+.3f} "
            f"{found.margin - found.intercept:+.3f} from features)"
        )
        out.print(explained_line(found))
        top = [
            [c.feature, f"{c.value:+.3f}", " ".join(f"{a}-{b}" for a, b in c.spans[:3])]
            for c in found.contributions[:12]
        ]
        out.print(table("", ["feature", "adds", "at"], top))
