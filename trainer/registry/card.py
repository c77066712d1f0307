"""The model card: Markdown with the YAML that model hubs read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainer.config import Config


def model_card(
    config: Config, corpus: Mapping[str, Any], metrics: Mapping[str, Any], rates: Mapping[str, float]
) -> str:
    """Return the card as text; it holds no text of the corpus.

    Parameters
    ----------
    rates : mapping of str to float
        Share of sentences on each topic among those that people judged.
    """
    meanings = "\n".join(
        f"- **{_plain(topic.title)}** (`{topic.name}`): {_plain(topic.definition)}" for topic in config.topics
    )
    return f"""---
library_name: topic-trainer
pipeline_tag: text-classification
tags:
- multi-label-classification
- tf-idf
- linear-model
---

# Topic tagger `{config.name}`

A linear model over TF-IDF n-grams that tags a sentence with any number of topics, or none.
Trained on corpus `{corpus["name"]}`, fingerprint `{corpus["fingerprint"]}`.

## Topics

{meanings}

## Scores on sentences judged by people

Out of fold on the training split (no sentence was scored by a model that had seen its document):

{_table(metrics["out_of_fold"])}

On the test split:

{_table(metrics["test"])}

How each topic is decided, found out of fold too:

{_decisions(metrics.get("decisions"))}

Thresholds and probabilities assume topics as frequent as among the sentences that people judged. Of 1,000
there: {_rates(rates)}. In ordinary text they are rarer, and more of
the tags will be false. Measure on text of your own: `trainer eval --natural FILES` draws a sample to judge.

## Use

```python
import trainer

tagger = trainer.load("{config.name}")
tagger.predict("…").labels
```
"""


def _rates(rates: Mapping[str, float]) -> str:
    return ", ".join(f"`{topic}` {1000 * rate:.0f}" for topic, rate in rates.items()) or "none was judged"


def _table(scores: Mapping[str, Any] | None) -> str:
    if scores is None:
        return "No sentence there was judged by people."
    rows = [*scores["topics"].items(), ("macro", scores["macro"]), ("micro", scores["micro"])]
    lines = [
        f"| {name} | "
        + " | ".join(_figure(row[key]) for key in ("precision", "recall", "f1"))
        + f" | {row.get('support', '')} |"
        for name, row in rows
    ]
    return "\n".join(["| topic | precision | recall | F1 | positives |", "|---|---|---|---|---|", *lines])


def _decisions(decisions: Mapping[str, Any] | None) -> str:
    """Return how each topic is decided, and why a threshold is not what it should be."""
    names = (
        "topic",
        "probability",
        "threshold for",
        "threshold",
        "without a fold",
        "left to review",
        "decided",
    )
    lines, notes = [f"| {' | '.join(names)} |", "|" + "---|" * len(names)], []
    for topic, one in (decisions or {}).items():
        goal = one["objective"] + ("" if one["value"] is None else f" {one['value']:g}")
        without, band, coverage = "n/a", "", ""
        if spread := one["spread"]:
            without = f"{spread['min']:.2f} to {spread['max']:.2f}"
        if review := one["review"]:
            band, coverage = f"{review['lower']:.2f} to {review['upper']:.2f}", _figure(review["coverage"])
        cells = (
            topic,
            one["calibration"]["method"],
            goal,
            f"{one['threshold']:.2f}",
            without,
            band,
            coverage,
        )
        lines.append(f"| {' | '.join(cells)} |")
        if one["why_fixed"]:
            notes.append(f"- `{topic}` has the fixed threshold: {one['why_fixed']}.")
    return "\n".join([*lines, *([""] if notes else []), *notes])


def _figure(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"


def _plain(text: str) -> str:
    return " ".join(text.split())
