"""``trainer fit`` and ``trainer eval``."""

from __future__ import annotations

import warnings
from typing import Annotated

import typer

from trainer import api
from trainer.cli.options import Artifacts, AsJson, ConfigFile, Overrides, Strict, reference
from trainer.cli.render import (
    console,
    figure,
    print_json,
    progress_bar,
    say,
    score_rows,
    table,
    why_undefined,
    with_config,
)
from trainer.config import find_config, load_config
from trainer.errors import TrainerWarning
from trainer.records import listing


def fit(
    corpus: Annotated[
        str | None, typer.Argument(metavar="CORPUS", help="Folder or version; else the newest.")
    ] = None,
    allow_leakage: Annotated[
        bool, typer.Option("--allow-leakage", help="Only warn when the same text stands on two sides.")
    ] = False,
    config: ConfigFile = None,
    set_: Overrides = None,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Train a tagger and save it as a version.

    Without a corpus it takes the newest; on a fresh install it builds the shipped one first.
    """
    settings = load_config(config, set_ or ())
    say(f"config: {find_config(config)}")
    with progress_bar() as progress:
        result = api.fit(corpus, settings, allow_leakage=allow_leakage, root=artifacts, progress=progress)
    if as_json:
        print_json(result.to_dict())
        return
    if not allow_leakage:
        say("leakage: none; no group, text or near-duplicate stands in two splits")
    state = "saved" if result.created else "unchanged: already"
    digest = (result.digest or "")[:12]
    typer.echo(f"{state} version {result.version} in {result.path}, digest {digest}, {result.seconds:.1f} s")
    scores = result.metrics["out_of_fold"]
    rows = [
        [
            topic,
            _positives(result.labels[topic]["yes"], row["support"]),
            *(figure(row[key], why_undefined(row)) for key in ("precision", "recall", "f1")),
            f"{threshold:.2f}",
        ]
        for (topic, row), threshold in zip(scores["topics"].items(), result.model.thresholds, strict=True)
    ]
    columns = ["out of fold", "positives", "precision", "recall", "F1", "threshold"]
    console().print(table("", columns, rows))
    used, name = api.find(settings.name, root=artifacts), f"{settings.name}@{result.version}"
    if used.version != result.version:
        say(
            f"`eval` and `predict` take version {used.version} until you name this one, or "
            + with_config(f"trainer models promote {name}", config)
        )
    verbs = ("trainer eval", 'trainer predict --text "…"', 'trainer explain --text "…"')
    say("next: " + ", ".join(with_config(verb, config) for verb in verbs))


def _positives(labelled: int, judged: int) -> str:
    """Return how many there are; of those that rules labelled no score is taken."""
    return f"{labelled:,}" if labelled == judged else f"{labelled:,} ({judged:,} judged)"


def evaluate(
    model: Annotated[
        str | None,
        typer.Argument(metavar="MODEL", help="name, name@3, name@alias, name@sha256:… or a folder."),
    ] = None,
    on: Annotated[
        str,
        typer.Option(
            "--on",
            metavar="SPLIT|FILE",
            help="A split of the model's corpus, or a file of labelled sentences.",
        ),
    ] = "test",
    config: ConfigFile = None,
    set_: Overrides = None,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Score a model beside the keyword rules it was trained with."""
    chosen = reference(model, load_config(config, set_ or ()).name)
    result = api.evaluate(chosen, on, root=artifacts)
    if result.rejected:
        count = f"{len(result.rejected):,} rows of {on} were not used:"
        warnings.warn(count + listing(result.rejected), TrainerWarning, stacklevel=1)
    if as_json:
        print_json(result.to_dict())
        return
    say(f"model: {result.model['model']} (version {result.model['version']})")
    typer.echo(f"on {result.on}: {result.n:,} sentences judged by people")
    out = console()
    keys = ["precision", "recall", "f1", "average_precision", "support"]
    names = ["precision", "recall", "F1", "avg. precision", "positives"]
    out.print(table("the model", ["topic", *names], score_rows(result.gold, keys)))
    out.print(table("the keyword rules alone", ["topic", *names[:3]], score_rows(result.rules, keys[:3])))
    if result.silver is not None:
        out.print(
            table(
                "the model against labels that only rules made (agreement with them, not correctness)",
                ["topic", *names],
                score_rows(result.silver, keys),
            )
        )
