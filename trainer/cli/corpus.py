"""``trainer corpus list|stats|show|rules|check|export|diff``."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from trainer import api
from trainer.cli.differences import print_diff
from trainer.cli.options import Artifacts, AsJson, ConfigFile, ModelRef, Overrides, Strict, reference, typed
from trainer.cli.render import console, print_json, progress_bar, safe, say, table
from trainer.config import load_config
from trainer.corpus.store import Corpus
from trainer.corpus.votes import RULE
from trainer.errors import LeakageError, TrainerWarning

app = typer.Typer(
    help="Look at corpora, compare them, take them elsewhere.", no_args_is_help=True, rich_markup_mode=None
)
CorpusRef = Annotated[
    str | None, typer.Argument(metavar="CORPUS", help="Folder or version; else the newest.")
]
_SUFFIXES = {"jsonl": ".jsonl", "csv": ".csv", "parquet": ".parquet"}


@app.command("list")
def list_(
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """List the corpora that were built."""
    found = [corpus.to_dict() for corpus in api.corpora(root=artifacts)]
    if as_json:
        print_json(found)
        return
    if not found:
        say("no corpus yet: `trainer build` makes one")
        return
    rows = [
        [
            f"{c['name']} {c['version']}",
            *("" if c[key] is None else f"{c[key]:,}" for key in ("sentences", "documents")),
            ", ".join(f"{split} {n:,}" for split, n in (c["splits"] or {}).items() if n),
            (c["fingerprint"] or "damaged")[:12],
            c["path"],
        ]
        for c in found
    ]
    columns = ["corpus", "sentences", "documents", "splits", "fingerprint", "path"]
    console().print(table("", columns, rows))


@app.command()
def stats(
    corpus: CorpusRef = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Count topics, pairs of topics, splits, sources and lengths."""
    found = _opened(corpus, config, set_, artifacts)
    counts = api.corpus_stats(found)
    if as_json:
        print_json(counts)
        return
    typer.echo(f"corpus {found.name} version {found.version} in {found.path}")
    typer.echo(
        f"  {counts['sentences']:,} sentences, {counts['gold']:,} judged by people; "
        f"{counts['none']:,} carry no topic"
    )
    words, (low, _, high) = counts["words"], counts["words"]["quartiles"]
    typer.echo(f"  words a sentence: {words['least']} to {words['most']}, half of them {low} to {high}")
    near = counts["near_duplicates"]
    typer.echo(f"  near-duplicates: {near:,} ({near / counts['sentences']:.2%} of the sentences)")
    print_labels(found.manifest)
    out = console()
    pairs = [[" + ".join(key.split("+")), n] for key, n in counts["pairs"].items()]
    out.print(table("pairs of topics", ["pair", "sentences"], pairs))
    words_of = [[topic, f"{n['words']:,}", f"{n['its_own']:,}"] for topic, n in counts["vocabulary"].items()]
    out.print(table("vocabulary", ["topic", "distinct words", "found in no sentence without it"], words_of))
    out.print(table("sources", ["source", "sentences"], list(counts["sources"].items())))


@app.command()
def show(
    sentence: Annotated[
        str, typer.Argument(metavar="SENTENCE", help="Id of a sentence, or some of its text.")
    ],
    corpus: CorpusRef = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Tell why the labels of a sentence are what they are: who voted, on what grounds, with what weight."""
    found = _opened(corpus, config, set_, artifacts)
    told = api.find_sentences(found, sentence)
    if as_json:
        print_json([one.to_dict() for one in told])
        return
    for one in told:
        typer.echo(safe(f"{one.row['id']} [{one.row['doc_id']}] {one.row['split']}, {one.row['origin']}"))
        typer.echo(f"  {safe(one.row['text'])}")
        for topic, label in one.labels.items():
            typer.echo(f"  {topic}: {label}")
            for vote in one.votes:
                if vote.topic == topic:
                    words = (
                        one.row["text"][vote.start : vote.end] if vote.author.startswith(RULE) else vote.at
                    )
                    typer.echo(safe(f"    {vote.answer} {vote.author} {vote.weight:.2f} {words}".rstrip()))


@app.command()
def rules(
    corpus: CorpusRef = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Tell how often each rule fires, beside and against others of its topic, and how often it is right.

    Every text counts once. Accuracy is estimated where people judged, from a prior; what a vote weighs
    follows from it.
    """
    found = _opened(corpus, config, set_, artifacts)
    reports = found.manifest["rules"]
    if as_json:
        print_json(reports)
        return
    columns = ["rule", "fires", "overlap", "against", "right", "accuracy", "95 %", "weight"]
    for topic in found.topics:
        rows = [_rule_row(report) for report in reports if report["topic"] == topic]
        if rows:
            console().print(table(topic, columns, rows))


@app.command()
def check(
    corpus: CorpusRef = None,
    slips: Annotated[
        bool,
        typer.Option(
            "--slips/--no-slips",
            help="Train a model to find labels that may be slips (needs cleanlab), or not.",
        ),
    ] = True,
    config: ConfigFile = None,
    set_: Overrides = None,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Audit a corpus: leaks, altered rows, contradictions, idle rules, deceiving characters, strays, slips.

    Ends with 5 when the same text stands on two sides of a split, with 7 when rows were altered.
    """
    settings = load_config(config, set_ or ())
    with progress_bar() as progress:
        found = api.check_corpus(corpus, settings, slips=slips, root=artifacts, progress=progress)
    if as_json:
        print_json([finding.to_dict() for finding in found])
    elif not found:
        typer.echo("nothing to report")
    for finding in found if not as_json else ():
        typer.echo(f"{finding.level}: {safe(finding.detail)} ({finding.count:,})")
        for example in finding.examples:
            typer.echo(f"  {safe(example)}")
    if any(finding.kind == "leak" for finding in found):
        raise typer.Exit(LeakageError.exit_code)
    if found:
        warnings.warn(f"{len(found)} things to look at", TrainerWarning, stacklevel=2)


@app.command()
def export(
    corpus: CorpusRef = None,
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="hf-disk|parquet|csv|jsonl|label-studio|argilla",
            help="The first, and the last two, are folders.",
        ),
    ] = "jsonl",
    out: Annotated[str, typer.Option("--out", metavar="PATH", help="Where to write it.")] = "",
    split: Annotated[
        list[str] | None, typer.Option("--split", metavar="SPLIT", help="Only this split. Repeatable.")
    ] = None,
    to_label: Annotated[
        int | None,
        typer.Option("--to-label", metavar="N", min=1, help="A sheet (.xlsx, .csv) of N sentences to label."),
    ] = None,
    topic: Annotated[
        list[str] | None,
        typer.Option("--topic", "-t", help="With --to-label: only this topic. Repeatable."),
    ] = None,
    model: ModelRef = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a sheet even if somebody filled it in.")
    ] = False,
    config: ConfigFile = None,
    set_: Overrides = None,
    artifacts: Artifacts = None,
    strict: Strict = False,
) -> None:
    """Take a corpus elsewhere; `trainer build` reads jsonl, csv and parquet again.

    With --to-label, write a sheet of sentences worth a person's time: half near the model's threshold, a
    quarter where keyword rules and model disagree, the rest at random. `build --labels` takes it back.
    """
    if to_label is not None:
        if not out and corpus and corpus.lower().endswith(api.SHEETS):
            out, corpus = corpus, None  # as in: export --to-label 200 sheet.xlsx
        settings = load_config(config, set_ or ())
        sheet = out or "to-label.xlsx"
        wanted = None if model is None else reference(model, settings.name)
        command = typed()
        n = api.write_sheet(
            api.open_corpus(corpus, name=settings.name, root=artifacts),
            sheet,
            to_label,
            topics=topic or (),
            model=wanted,
            overwrite=overwrite,
            command=command,
            root=artifacts,
        )
        typer.echo(f"wrote {safe(sheet)}: {n:,} sentences to label")
        say(f"next: fill in 1 or 0, then `trainer build … --labels {sheet}`; `trainer fix --sheet` keeps it")
        return
    found = _opened(corpus, config, set_, artifacts)
    target = out or f"{found.name}-{found.version}{_SUFFIXES.get(format_, '-' + format_)}"
    api.export_corpus(found, Path(target), format_, split or (), command=typed())
    typer.echo(f"wrote {safe(target)} and {safe(target)}.run.json")


@app.command()
def diff(
    a: Annotated[str, typer.Argument(metavar="A", help="The earlier corpus: folder or version.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The later one.")],
    show: Annotated[int, typer.Option("--show", metavar="N", min=0, help="How many of each kind.")] = 5,
    html: Annotated[
        str | None, typer.Option("--html", metavar="FILE", help="Also write a page for people.")
    ] = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Tell what changed between two corpora, and why: sentences, labels, splits, settings."""
    before, after = (_opened(which, config, set_, artifacts) for which in (a, b))
    found = api.diff_corpora(before, after)
    if html is not None:
        api.write_diff(found, html)
        say(f"wrote {html}")
    if as_json:
        for piece in found.json():
            typer.echo(piece, nl=False)
        return
    print_diff(found, show)


def _rule_row(report: Mapping[str, Any]) -> list[str]:
    def share(value: float | None) -> str:
        return "" if value is None else f"{value:.0%}"

    rule = report["author"].removeprefix(f"rule:{report['topic']}/").partition("@")[0]
    judged = report["judged"]
    known = [f"{report['accuracy']:.2f}", f"{report['low']:.2f}–{report['high']:.2f}"] if judged else ["", ""]
    return [
        rule if report["answer"] == "yes" else f"{rule}:no",
        f"{report['fired']:,}",
        share(report["overlap"]),
        share(report["conflict"]),
        f"{report['right']:,}/{judged:,}",
        *known,
        f"{report['weight']:.2f}",
    ]


def _opened(corpus: str | None, config: str | None, set_: list[str] | None, artifacts: str | None) -> Corpus:
    """Return the corpus that a command's arguments stand for."""
    return api.open_corpus(corpus, name=load_config(config, set_ or ()).name, root=artifacts)


def print_labels(manifest: Mapping[str, Any]) -> None:
    """Print how many sentences of each topic are yes, no and not judged."""
    labels, gold = manifest["labels"], manifest["gold"]
    rows = [
        [topic, f"{n['yes']:,}", f"{gold[topic]:,}", f"{n['no']:,}", f"{n['unknown']:,}"]
        for topic, n in ((topic, labels[topic]) for topic in manifest["topics"])
    ]
    console().print(table("", ["topic", "yes", "by people", "no", "not judged"], rows))
