"""The dataset card of a corpus version: Markdown with the YAML that dataset hubs read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainer.config import Config
from trainer.corpus.store import SPLITS


def corpus_card(manifest: Mapping[str, Any], config: Config) -> str:
    """Return the card as text; it holds counts and definitions, never a sentence of the corpus."""
    splits = [split for split in SPLITS if manifest["splits"][split]]
    files = "".join(f"  - split: {split}\n    path: data/{split}.parquet\n" for split in splits)
    yes_no = "\n".join(
        f"| `{topic}` | {n['yes']:,} | {manifest['gold'][topic]:,} | {n['no']:,} | {n['unknown']:,} |"
        for topic, n in manifest["labels"].items()
    )
    meanings = "\n".join(
        f"- **{_plain(t.title)}** (`{t.name}`): {_plain(t.definition)}" for t in config.topics
    )
    sizes = ", ".join(f"{split} {manifest['splits'][split]:,}" for split in splits)
    rejected = ", ".join(f"{reason} {n:,}" for reason, n in manifest["rejected"].items()) or "none"
    return f"""---
task_categories:
- text-classification
task_ids:
- multi-label-classification
configs:
- config_name: default
  data_files:
{files}---

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

Left out: repetitions {manifest["repetitions"]:,}; rejected: {rejected} (`rejected.jsonl`).

## Topics

{meanings}
"""


def _plain(text: str) -> str:
    return " ".join(text.split())
