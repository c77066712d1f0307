"""The dataset card of a corpus version: Markdown with the YAML that dataset hubs read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from trainer.config import Config
from trainer.corpus.store import SPLITS, row_schema
from trainer.escapes import markdown

_SIZES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B")


def corpus_card(manifest: Mapping[str, Any], config: Config) -> str:
    """Return the card as text; it holds counts and definitions, never a sentence of the corpus."""
    splits = [split for split in SPLITS if manifest["splits"][split]]
    yes_no = "\n".join(
        f"| `{topic}` | {n['yes']:,} | {manifest['gold'][topic]:,} | {n['no']:,} | {n['unknown']:,} |"
        for topic, n in manifest["labels"].items()
    )
    meanings = "\n".join(
        f"- **{markdown(t.title)}** (`{t.name}`): {markdown(t.definition)}" for t in config.topics
    )
    sizes = ", ".join(f"{split} {manifest['splits'][split]:,}" for split in splits)
    rejected = ", ".join(f"{reason} {n:,}" for reason, n in manifest["rejected"].items()) or "none"
    return f"""---
{_yaml(card_data(manifest, splits))}---

# Corpus `{manifest["name"]}`

{manifest["sentences"]:,} sentences of {manifest["documents"]:,} documents,
in {manifest["groups"]:,} groups ({sizes}).
Fingerprint `{manifest["fingerprint"]}`.

| topic | yes | of these by people | no | not judged |
|---|---|---|---|---|
{yes_no}

Labels come from votes (`votes.parquet`): people's stand above those of keyword rules, and where no rule of
a topic fires a light "no" stands (`silence`). Rows with `origin` gold were judged by people, silver by rules.
A group holds documents that share a sentence or nearly so; no group stands in two splits.

Left out: repetitions {manifest["repetitions"]:,}; pieces of too few words {manifest["short"]:,}; lines of
boilerplate {manifest["boilerplate"]:,};
rejected: {rejected} (`rejected.jsonl`).

## Topics

{meanings}
"""


def card_data(manifest: Mapping[str, Any], splits: Sequence[str]) -> dict[str, Any]:
    """Return the metadata of the card as dataset hubs define them.

    What is not known is not said: whose the texts are (``license``), and, unless the manifest counts them,
    which languages they are in.

    References
    ----------
    https://huggingface.co/docs/hub/datasets-cards
    """
    languages = sorted(manifest.get("languages") or ())
    sizes = [{"name": split, "num_examples": manifest["splits"][split]} for split in splits]
    files = [{"split": split, "path": f"data/{split}.parquet"} for split in splits]
    return {
        "pretty_name": f"Corpus {manifest['name']}",
        **({"language": languages} if languages else {}),
        "task_categories": ["text-classification"],
        "task_ids": ["multi-label-classification"],
        "size_categories": [_size_category(manifest["sentences"])],
        "tags": ["topic-trainer"],
        "configs": [{"config_name": "default", "data_files": files}],
        "dataset_info": {
            "config_name": "default",
            "features": _features(manifest["topics"]),
            "splits": sizes,
        },
    }


def _features(topics: Sequence[str]) -> list[dict[str, Any]]:
    """Return the features of the rows in the short form that `datasets` writes into cards."""
    stored = json.loads(row_schema(topics).metadata[b"huggingface"])["info"]["features"]
    return [{"name": name, **_feature(feature)} for name, feature in stored.items()]


def _feature(feature: Mapping[str, Any]) -> dict[str, Any]:
    if feature["_type"] == "Value":
        return {"dtype": feature["dtype"]}
    names = {str(i): name for i, name in enumerate(feature["feature"]["names"])}
    return {"list": {"class_label": {"names": names}}}


def _size_category(sentences: int) -> str:
    return _SIZES[min(max(len(str(sentences)) - 3, 0), len(_SIZES) - 1)]


def _yaml(data: Mapping[str, Any]) -> str:
    import yaml

    return str(yaml.safe_dump(dict(data), sort_keys=False, allow_unicode=True, width=1_000_000))
