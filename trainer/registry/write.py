"""Writing a model: see `trainer.registry.format` for what stands in each file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.errors import DataError
from trainer.model.features import Block, LexiconBlock
from trainer.model.tagger import Tagger
from trainer.registry.bounds import LARGEST_JSON, MOST_TERMS
from trainer.registry.files import FORMAT, MANIFEST, OLDEST_READER, with_checksum
from trainer.registry.format import GOLDEN_TOLERANCE
from trainer.registry.tensors import encode
from trainer.storage import canonical_json, sha256


def write_model(
    folder: Path,
    tagger: Tagger,
    description: Mapping[str, Any],
    golden_texts: list[str],
    metrics: Mapping[str, Any],
    card: str,
) -> str:
    """Write a model into an empty folder, the manifest last; return its digest.

    Parameters
    ----------
    description : mapping
        What the manifest says beside files, tensors and topics: name, corpus, config, libraries. It must
        hold no clock, path or version number: the same model has the same digest wherever it was made.

    Raises
    ------
    DataError
        When it holds more than a reader takes.
    """
    tensors = _tensors(tagger)
    golden = {"texts": golden_texts, "margins": tagger.decision_function(golden_texts).tolist()}
    contents = {
        "README.md": card.encode(),
        "golden.json": canonical_json(golden),
        "lexicons.json": canonical_json(_lexicons(tagger)),
        "metrics.json": canonical_json(metrics),
        "vocabulary.txt": _ngrams(tagger),
        "weights.safetensors": encode(tensors),
    }
    manifest = {
        **description,
        "format": FORMAT,
        "oldest_reader": OLDEST_READER,
        "topics": list(tagger.topics),
        "review": tagger.review,
        "blocks": [_described(block) for block in tagger.features.blocks],
        "thresholds": dict(zip(tagger.topics, tagger.thresholds.tolist(), strict=True)),
        "golden_tolerance": GOLDEN_TOLERANCE,
        "tensors": {
            key: {"dtype": str(value.dtype), "shape": list(value.shape)} for key, value in tensors.items()
        },
        "files": {name: {"size": len(data), "sha256": sha256(data)} for name, data in contents.items()},
    }
    encoded = canonical_json(with_checksum(manifest))
    _refuse_too_much(tagger, len(encoded), len(contents["golden.json"]))
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    (folder / MANIFEST).write_bytes(encoded)
    return sha256(encoded)


def _refuse_too_much(tagger: Tagger, manifest: int, golden: int) -> None:
    """Refuse what no reader would take: they have bounds, so that nobody can fill their memory."""
    blocks = [block for block in tagger.features.blocks if isinstance(block, LexiconBlock)]
    terms = sum(len(known) for block in blocks for known in block.matcher.lexicons.values())
    if terms > MOST_TERMS:
        raise DataError(f"{terms:,} terms of lexicons are more than a model can hold: {MOST_TERMS:,}")
    if max(manifest, golden) > LARGEST_JSON:
        raise DataError(
            f"the config, or the golden texts with their margins, come to {max(manifest, golden) >> 20} MiB: "
            f"a model can hold {LARGEST_JSON >> 20}",
            hint="Give it fewer or shorter rules, definitions and terms.",
        )


def _tensors(tagger: Tagger) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {
        "weights": tagger.weights,
        "intercept": tagger.intercept,
        "calibration": tagger.calibration,
        "thresholds": tagger.thresholds,
    }
    if tagger.bands is not None:
        arrays["bands"] = tagger.bands
    arrays |= {f"curve.{tagger.topics.index(topic)}": curve for topic, curve in tagger.curves.items()}
    arrays |= {
        f"df.{i}": block.df for i, block in enumerate(tagger.features.blocks) if isinstance(block, Block)
    }
    return {key: np.ascontiguousarray(value) for key, value in sorted(arrays.items())}


def _described(block: Block | LexiconBlock) -> dict[str, Any]:
    if isinstance(block, LexiconBlock):
        return {"kind": block.kind, "weight": block.weight}
    return {
        "kind": block.kind,
        "ngrams": list(block.ngrams),
        "sublinear_tf": block.sublinear_tf,
        "texts": block.n_texts,
        "columns": len(block.vocabulary),
    }


def _ngrams(tagger: Tagger) -> bytes:
    """Return the n-grams of all blocks in column order, one a line."""
    blocks = [block for block in tagger.features.blocks if isinstance(block, Block)]
    return b"".join(block.vocabulary.lines for block in blocks)


def _lexicons(tagger: Tagger) -> list[dict[str, list[str]]]:
    """Return the terms by lexicon, of each block of lexicons."""
    blocks = [block for block in tagger.features.blocks if isinstance(block, LexiconBlock)]
    return [{name: list(terms) for name, terms in block.matcher.lexicons.items()} for block in blocks]
