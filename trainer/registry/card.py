"""The model card: Markdown with the YAML that model hubs read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trainer.config import Config
from trainer.escapes import code_span, markdown, to_json

_SCORES = ("f1", "precision", "recall")


def model_card(
    config: Config, corpus: Mapping[str, Any], metrics: Mapping[str, Any], rates: Mapping[str, float]
) -> str:
    """Return the card as text; it holds no text of the corpus.

    The YAML at its head is that of ``huggingface_hub.ModelCard``; it says nothing of a licence, which is for
    whoever trained the model to choose.

    Parameters
    ----------
    rates : mapping of str to float
        Share of sentences on each topic among those that people judged.
    """
    meanings = "\n".join(
        f"- **{markdown(t.title)}** (`{t.name}`): {markdown(t.definition)}" for t in config.topics
    )
    head = "\n".join(_front_matter(config, corpus, metrics))
    return f"""---
{head}
---

# Topic tagger `{config.name}`

A linear model over TF-IDF n-grams that tags a sentence with any number of topics, or none.
Trained on corpus {code_span(corpus["name"])}, fingerprint {code_span(corpus["fingerprint"])}.

## Topics

{meanings}

## Use

```python
import trainer

tagger = trainer.load("{config.name}", digest="sha256:…")
tagger.predict("…").labels
```

The digest pins the model: no other one is loaded. It is the SHA-256 of `manifest.json`, which holds that of
every other file; `trainer models show {config.name}` prints it. A copy of this folder is loaded by its path,
`trainer.load("./folder")`.

It is for finding and counting sentences, with people who look at what matters. It is not for decisions about
persons, and what it leaves untagged may still be on a topic. {_language(config)}

## Scores on sentences judged by people

Out of fold on the training split (no sentence was scored by a model that had seen its document):

{_table(metrics["out_of_fold"])}
{_searched(metrics)}
On the test split:

{_table(metrics["test"])}

How each topic is decided, found out of fold too:

{_decisions(metrics.get("decisions"))}

Thresholds and probabilities assume topics as frequent as among the sentences that people judged. Of 1,000
there: {_rates(rates)}. In ordinary text they are rarer, and more of
the tags will be false. Measure on text of your own: `trainer eval --natural FILES` draws a sample to judge.

## What is in it

{_vocabulary(config)};
the config with its rules; golden texts from the sentences that ship with topic-trainer and from the config.
No other text. {_made(config, metrics.get("precision"))}
"""


def _front_matter(config: Config, corpus: Mapping[str, Any], metrics: Mapping[str, Any]) -> Iterator[str]:
    """Yield lines of YAML; each value is JSON, which is YAML too, so that a name such as `no` is a name."""
    if config.language:
        yield f"language: {to_json(config.language)}"
    yield f"library_name: {to_json('topic-trainer')}"
    yield f"pipeline_tag: {to_json('text-classification')}"
    yield f"tags: {to_json(['multi-label-classification', 'tf-idf', 'linear-model'])}"
    found = list(_measured(metrics["test"] or metrics["out_of_fold"]))
    if not found:
        return
    measured = "test" if metrics["test"] else "out of fold"
    dataset = {
        "type": corpus["name"],
        "name": f"{corpus['name']}, {measured}",
        "split": "test" if metrics["test"] else "train",
        "revision": corpus["fingerprint"],
    }
    yield "model-index:"
    yield f"- name: {to_json(config.name)}"
    yield "  results:"
    yield f"  - task: {to_json({'type': 'text-classification', 'name': 'Tagging sentences with topics'})}"
    yield f"    dataset: {to_json(dataset)}"
    yield "    metrics:"
    yield from (f"    - {to_json(metric)}" for metric in found)


def _measured(scores: Mapping[str, Any] | None) -> Iterator[dict[str, Any]]:
    if scores is None:
        return
    rows = [("macro", scores["macro"]), ("micro", scores["micro"]), *scores["topics"].items()]
    for name, row in rows:
        for key in _SCORES:
            if row.get(key) is not None:
                yield {"type": key, "name": f"{name} {key}", "value": round(row[key], 4)}


def _searched(metrics: Mapping[str, Any]) -> str:
    if "search" not in metrics:
        return ""
    return """
N-grams, C and class weights were chosen by a search on the same folds (`metrics.json`), which flatters these
scores a little. The test split had no part in it.
"""


def _language(config: Config) -> str:
    if not config.language:
        return "It reads text in any language as it comes."
    return f"Text in another language than `{config.language}` is left to review."


def _vocabulary(config: Config) -> str:
    features = config.features
    kinds = {"words": features.word_ngrams, "characters": features.char_ngrams}
    runs = [f"{kind[0]} to {kind[1]} {name}" for name, kind in kinds.items() if kind is not None]
    if not runs:
        return "No runs of words or characters, only the lexicons"
    least = features.min_df
    return f"Runs of {', '.join(runs)}, that stand in {least} or more of the sentences that it learned from"


def _made(config: Config, precision: Mapping[str, Any] | None) -> str:
    loss, kept = config.classifier, f", weights in {precision['kept']}" if precision else ""
    return f"Made with a {loss.kind} loss, C = {loss.C:g}, seed {config.seed}{kept}."


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
            notes.append(f"- `{topic}` has the fixed threshold: {markdown(one['why_fixed'])}.")
    return "\n".join([*lines, *([""] if notes else []), *notes])


def _figure(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"
