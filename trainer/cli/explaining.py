"""``trainer explain``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trainer import api
from trainer.cli.options import (
    Artifacts,
    AsJson,
    Columns,
    ConfigFile,
    ModelRef,
    Overrides,
    Strict,
    reading_of,
)
from trainer.cli.render import console, explained_line, print_json, safe, table
from trainer.cli.tagging import Inputs, Text, model_to_use, refuse_neither, report_rejections
from trainer.config import load_config
from trainer.records import Rejection

if TYPE_CHECKING:  # numpy is imported while the model is read
    from trainer.model.explanations import Reasons
    from trainer.model.predictions import Prediction
    from trainer.model.tagger import Tagger

_WORDS = 8


def explain(
    inputs: Inputs = None,
    text: Text = None,
    topic: Annotated[
        list[str] | None,
        typer.Option(
            "--topic", "-t", help="Only this topic. Repeatable; else those tagged, or the likeliest."
        ),
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Show every feature too, pieces of words and all, with offsets.")
    ] = False,
    columns: Columns = None,
    model: ModelRef = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    artifacts: Artifacts = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Show why a topic was tagged, or was not: keyword rules, lexicons and words, by what each adds.

    What is added, together with the intercept, is the margin; from it follows the probability, and from that
    and the threshold the tag. Keyword rules labelled what the model learned from, and add nothing here.
    """
    refuse_neither(inputs, text)
    tagger = model_to_use(model, load_config(config, set_ or ()), artifacts)
    rejected: list[Rejection] = []
    count = 0
    reading = reading_of(columns, ())
    for tagged in api.tag_inputs(tagger, inputs or (), text=text, rejected=rejected, reading=reading):
        count += 1
        if as_json:
            _print_json(tagger, tagged.prediction.text, topic or tagger.topics, raw=raw)
        else:
            _print_all(tagger, tagged.prediction, topic, raw=raw)
    report_rejections(rejected, count)


def _print_json(tagger: Tagger, text: str, topics: Sequence[str], *, raw: bool) -> None:
    found: dict[str, Any] = {}
    for topic in topics:
        found[topic] = tagger.reasons(text, topic).to_dict()
        if raw:
            found[topic]["contributions"] = tagger.explain(text, topic).to_dict()["contributions"]
    print_json({"text": text, "topics": found})


def _print_all(tagger: Tagger, prediction: Prediction, chosen: Sequence[str] | None, *, raw: bool) -> None:
    if not (chosen or prediction.labels):
        typer.echo("nothing is tagged; the likeliest topic is explained")
    likeliest = max(prediction.scores, key=lambda name: prediction.scores[name])
    for topic in chosen or prediction.labels or (likeliest,):
        _print_reasons(tagger.reasons(prediction.text, topic))
        explanation = tagger.explain(prediction.text, topic)
        console().print(explained_line(explanation))
        if raw:
            rows = [
                [c.feature, f"{c.value:+.3f}", " ".join(f"{a}-{b}" for a, b in c.spans)]
                for c in explanation.contributions
            ]
            console().print(table("", ["feature", "adds", "at"], rows))


def _print_reasons(found: Reasons) -> None:
    away = found.score - found.threshold
    side = f"{abs(away):.3f} {'above' if away >= 0 else 'below'} the threshold {found.threshold:.3f}"
    typer.echo(f"{found.topic}: {found.label}  (probability {found.score:.3f}, {side})")
    if found.language is not None:
        typer.echo(f"  the text is in another language ({found.language}): left to review")
    for rule in found.rules:
        typer.echo(safe(f'  keyword rule {rule.name} says {rule.answer} of "{rule.words}"'))
    if not found.rules:
        typer.echo("  no keyword rule of the topic fires")
    rows = [[f"lexicon {one.name}", f"{one.value:+.3f}", ", ".join(one.terms)] for one in found.lexicons]
    rows += [[one.word, f"{one.value:+.3f}", _times(one.spans)] for one in found.words[:_WORDS]]
    if rest := found.words[_WORDS:]:
        rows.append([f"{len(rest):,} other words", f"{sum(one.value for one in rest):+.3f}", ""])
    rows.append(["intercept", f"{found.intercept:+.3f}", ""])
    rows.append(["margin", f"{found.margin:+.3f}", ""])
    console().print(table("", ["what", "adds", ""], rows))


def _times(spans: Sequence[tuple[int, int]]) -> str:
    return f"{len(spans)} times" if len(spans) > 1 else ""
