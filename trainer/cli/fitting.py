"""``trainer fit``."""

from __future__ import annotations

from typing import Annotated

import typer

from trainer import api
from trainer.api import FitResult
from trainer.cli.options import (
    Artifacts,
    AsJson,
    ConfigFile,
    Overrides,
    Strict,
)
from trainer.cli.render import (
    console,
    figure,
    print_json,
    progress_bar,
    say,
    table,
    with_config,
)
from trainer.cli.searching import show_search
from trainer.config import Calibration, find_config, load_config

FEW = 30
"""Sentences judged by people, of either answer, below which a threshold is a guess."""


def fit(
    corpus: Annotated[
        str | None, typer.Argument(metavar="CORPUS", help="Folder or version; else the newest.")
    ] = None,
    search: Annotated[
        bool,
        typer.Option("--search", help="First try the values of [search] in the config, and take the best."),
    ] = False,
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
        result = api.fit(
            corpus,
            settings,
            search=search,
            allow_leakage=allow_leakage,
            root=artifacts,
            progress=progress,
        )
    if as_json:
        print_json(result.to_dict())
        return
    if not allow_leakage:
        say("leakage: none; no group, text or near-duplicate stands in two splits")
    if result.search is not None:
        show_search(result.search, settings, config)
    state = "saved" if result.created else "unchanged: already"
    digest = (result.digest or "")[:12]
    typer.echo(f"{state} version {result.version} in {result.path}, digest {digest}, {result.seconds:.1f} s")
    scores = result.metrics["out_of_fold"]
    rows = [
        [
            topic,
            *(f"{result.labels[topic][key]:,}" for key in ("yes", "yes_by_people", "no", "no_by_people")),
            *(figure(row[key]) for key in ("precision", "recall", "f1")),
            f"{threshold:.2f}",
        ]
        for (topic, row), threshold in zip(scores["topics"].items(), result.model.thresholds, strict=True)
    ]
    columns = ["out of fold", "yes", "judged", "no", "judged", "precision", "recall", "F1", "threshold"]
    console().print(table("", columns, rows))
    if result.plain is not None:
        typer.echo(f"on the test split, which it has not seen: {result.plain.in_words()}")
    _say_too_few(result)
    _say_unkept(result, settings.calibration)
    used, name = api.find(settings.name, root=artifacts), f"{settings.name}@{result.version}"
    if used.version != result.version:
        say(
            f"`eval` and `predict` take version {used.version} until you name this one, or "
            + with_config(f"trainer models promote {name}", config)
        )
    verbs = ("trainer eval", 'trainer predict --text "…"', 'trainer explain --text "…"')
    say("next: " + ", ".join(with_config(verb, config) for verb in verbs))


def _say_too_few(result: FitResult) -> None:
    """Say which topics people judged too little of, and what to do."""
    for topic, counts in result.labels.items():
        yes, no = counts["yes_by_people"], counts["no_by_people"]
        if min(yes, no) >= FEW:
            continue
        if not yes + no:
            told = (
                "nobody judged a sentence of it: its threshold is the default, and it has no measured score"
            )
        else:
            told = f"people judged {yes:,} sentences to be on it and {no:,} not; with fewer than {FEW} "
            told += "of either its threshold and its scores are guesses"
        say(f"{topic}: {told}")
        command = f"trainer corpus export --to-label 200 --topic {topic} --out {topic}.xlsx"
        say(f"  `{command}` picks some worth judging")


def _say_unkept(result: FitResult, asked: Calibration) -> None:
    """Say what is not as it was asked for, and of each promise what holds where it was not made."""
    for topic, one in result.metrics["decisions"].items():
        people = min(result.labels[topic][f"{answer}_by_people"] for answer in ("yes", "no"))
        if asked.method != "none" and people < asked.fewest:
            say(f"{topic}: its calibration is {one['calibration']['method']}: {one['calibration']['why']}")
        if one["why_fixed"] and any(result.labels[topic][f"{answer}_by_people"] for answer in ("yes", "no")):
            say(f"{topic}: its threshold is the fixed one, {one['threshold']:.2f}: {one['why_fixed']}")
        share = one["objective"].removesuffix("_at_least")
        if one["promised"] and not one["why_fixed"]:
            held, unseen = (figure(one[key][share]) for key in ("holds", "holds_unseen"))
            say(
                f"{topic}: {share} {held} out of fold, where {one['promised']:g} was asked for; {unseen} "
                "where the threshold was chosen without the fold"
            )
