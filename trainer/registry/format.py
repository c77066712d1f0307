"""A model on disk: JSON and plain arrays, no code, checked before it is believed.

::

    <version>/
      manifest.json         what everything is, itself included; its SHA-256 is the digest of the model
      vocabulary.json       the n-grams of each block, in column order; the terms of each lexicon
      weights.safetensors   weights, intercept, calibration, thresholds, document-frequency weights; where
                            there are any, curves of topics whose log-odds are no line, and review bands
      golden.json           texts with the margins that this model gave them when it was saved
      metrics.json          scores measured at `fit`, and how each topic is decided
      README.md             model card

`FORMAT.md` beside this file says it in full, and when its number goes up. Curves and bands came later and did
not raise it: a model without them is what it was, and one with them is refused by a version that does not
know them, for tensors that it did not expect.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from trainer.errors import ArtifactError
from trainer.lexicons import LexiconMatcher
from trainer.model.features import Block, Features, Kind, LexiconBlock
from trainer.model.tagger import Tagger
from trainer.storage import canonical_json, sha256

FORMAT = 1
MANIFEST = "manifest.json"
FILES = ("README.md", "golden.json", "metrics.json", "vocabulary.json", "weights.safetensors")
GOLDEN_TOLERANCE = 1e-6
"""Margins may differ by this across machines: logarithms and square roots may round differently."""
_LARGEST = 4 * 1024**3


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
    """
    from safetensors.numpy import save

    tensors = _tensors(tagger)
    golden = {"texts": golden_texts, "margins": tagger.decision_function(golden_texts).tolist()}
    contents = {
        "README.md": card.encode(),
        "golden.json": canonical_json(golden),
        "metrics.json": canonical_json(metrics),
        "vocabulary.json": canonical_json([_known(block) for block in tagger.features.blocks]),
        "weights.safetensors": save(tensors),
    }
    manifest = {
        **description,
        "format": FORMAT,
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
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    encoded = canonical_json(_with_checksum(manifest))
    (folder / MANIFEST).write_bytes(encoded)
    return sha256(encoded)


def read_model(folder: Path, digest: str | None = None) -> Tagger:
    """Read a model, checking every byte of it first.

    Parameters
    ----------
    digest : str, optional
        The digest that the model must have, whole or its first 8 characters or more.

    Raises
    ------
    ArtifactError
        When anything is missing, extra, altered, of another format, or does not compute what it did.
    """
    encoded = _read(folder / MANIFEST, _LARGEST)
    found = sha256(encoded)
    if digest is not None and (len(digest) < 8 or not found.startswith(digest)):
        raise ArtifactError(f"the digest is sha256:{found}, not sha256:{digest}", where=str(folder))
    try:
        manifest = json.loads(encoded)
        if manifest["format"] != FORMAT:
            raise ArtifactError(
                f"model format {manifest['format']!r} is not {FORMAT}, the one this version reads",
                where=str(folder),
            )
        if encoded != canonical_json(_with_checksum(manifest)):
            raise ArtifactError("the manifest is not what was saved (its checksum differs)")
        data = _checked_files(folder, manifest["files"])
        info = {**manifest, "digest": found, "version": folder.resolve().name}
        tagger = _decode(manifest, data, info)
        _check_golden(tagger, json.loads(data["golden.json"]), float(manifest["golden_tolerance"]))
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        OverflowError,
        RecursionError,
    ) as error:
        raise ArtifactError(f"cannot be decoded: {error!r}", where=str(folder)) from error
    except ArtifactError as error:
        raise ArtifactError(
            error.message, where=str(folder), hint="Train it again, or restore it."
        ) from error
    return tagger


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest with its ``digest``, unchecked: for listings."""
    encoded = _read(folder / MANIFEST, _LARGEST)
    try:
        manifest = json.loads(encoded)
        return {**manifest, "digest": sha256(encoded)}
    except (ValueError, TypeError, RecursionError) as error:
        raise ArtifactError("the manifest is not JSON", where=str(folder / MANIFEST)) from error


def _with_checksum(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest with the SHA-256 of the rest of it: a flipped bit in it is found without a pin."""
    rest = {key: value for key, value in manifest.items() if key != "checksum"}
    return {**rest, "checksum": sha256(canonical_json(rest))}


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
        f"idf.{i}": block.idf for i, block in enumerate(tagger.features.blocks) if isinstance(block, Block)
    }
    return {key: np.ascontiguousarray(value) for key, value in sorted(arrays.items())}


def _read(file: Path, limit: int) -> bytes:
    """Read a regular file of at most `limit` bytes."""
    try:
        if file.is_symlink() or not file.is_file():
            raise ArtifactError(f"'{file.name}' is missing or not a plain file", where=str(file.parent))
        with file.open("rb") as handle:
            # By its size: a bounded read sets aside the whole bound, however short the file.
            data = handle.read(min(os.fstat(handle.fileno()).st_size, limit) + 1)
    except OSError as error:
        raise ArtifactError(f"cannot be read: {error.strerror}", where=str(file)) from error
    if len(data) > limit:
        raise ArtifactError(f"'{file.name}' is larger than it should be", where=str(file.parent))
    return data


def _checked_files(folder: Path, listed: Mapping[str, Mapping[str, Any]]) -> dict[str, bytes]:
    """Return the very bytes whose size and hash agree with the manifest."""
    if set(listed) != set(FILES):
        raise ArtifactError(f"the manifest must list {', '.join(FILES)}")
    extra = {path.name for path in folder.iterdir()} - set(FILES) - {MANIFEST}
    if extra:
        raise ArtifactError(f"holds a file that does not belong to it: {sorted(extra)[0]!r}")
    contents = {}
    for name, promised in listed.items():
        data = _read(folder / name, int(promised["size"]))
        if len(data) != promised["size"] or sha256(data) != promised["sha256"]:
            raise ArtifactError(f"'{name}' is not what was saved (size or SHA-256 differs)")
        contents[name] = data
    return contents


def _decode(manifest: Mapping[str, Any], data: Mapping[str, bytes], info: Mapping[str, Any]) -> Tagger:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors = load(data["weights.safetensors"])
    except SafetensorError as error:
        raise ArtifactError(f"'weights.safetensors' cannot be decoded: {error}") from error
    vocabularies = json.loads(data["vocabulary.json"])
    blocks = [
        _block(entry, known, tensors.get(f"idf.{i}"))
        for i, (entry, known) in enumerate(zip(manifest["blocks"], vocabularies, strict=True))
    ]
    features, topics = Features(tuple(blocks)), tuple(manifest["topics"])
    k = len(topics)
    shapes = {"weights": (len(features), k), "intercept": (k,), "calibration": (k, 2), "thresholds": (k,)}
    shapes |= {
        f"idf.{i}": (len(block.vocabulary),) for i, block in enumerate(blocks) if isinstance(block, Block)
    }
    curves = {topic: tensors[f"curve.{i}"] for i, topic in enumerate(topics) if f"curve.{i}" in tensors}
    shapes |= {f"curve.{i}": tensors[f"curve.{i}"].shape for i in range(k) if f"curve.{i}" in tensors}
    bands = tensors.get("bands")
    shapes |= {} if bands is None else {"bands": (k, 2)}
    _check_tensors(tensors, manifest["tensors"], shapes)
    _check_rates(manifest.get("assumed_rates", {}), topics)
    for topic, curve in curves.items():
        _check_curve(topic, curve)
    if bands is not None and (bands[:, 0] > bands[:, 1]).any():
        raise ArtifactError("tensor 'bands' holds a review band whose lower end is above its upper one")
    return Tagger(
        topics, features, tensors["weights"], tensors["intercept"], tensors["calibration"],
        tensors["thresholds"], float(manifest["review"]), info,
        str(manifest.get("config", {}).get("language", "")), curves, bands,
    )  # fmt: skip


def _described(block: Block | LexiconBlock) -> dict[str, Any]:
    if isinstance(block, LexiconBlock):
        return {"kind": block.kind, "weight": block.weight}
    return {"kind": block.kind, "ngrams": list(block.ngrams), "sublinear_tf": block.sublinear_tf}


def _known(block: Block | LexiconBlock) -> Any:
    """Return what a block goes by: its n-grams in column order, or its lexicons."""
    if isinstance(block, LexiconBlock):
        return {name: list(terms) for name, terms in block.matcher.lexicons.items()}
    return list(block.vocabulary)


def _block(entry: Mapping[str, Any], known: Any, idf: NDArray[np.float64] | None) -> Block | LexiconBlock:
    if entry["kind"] == LexiconBlock.kind:
        return LexiconBlock(LexiconMatcher(known), float(entry["weight"]))
    if entry["kind"] not in get_args(Kind):
        raise ArtifactError(f"features of kind {entry['kind']!r} are not known to this version")
    if idf is None:
        raise ArtifactError(f"the weights of the {entry['kind']} n-grams are missing")
    return Block(entry["kind"], tuple(entry["ngrams"]), bool(entry["sublinear_tf"]), tuple(known), idf)


def _check_tensors(
    tensors: Mapping[str, NDArray[Any]],
    promised: Mapping[str, Mapping[str, Any]],
    shapes: Mapping[str, tuple[int, ...]],
) -> None:
    """Refuse any other tensors than those of `shapes`, as the manifest and the code both want them."""
    if set(tensors) != set(shapes) or set(promised) != set(shapes):
        raise ArtifactError(f"the tensors must be {', '.join(sorted(shapes))}")
    for key, shape in shapes.items():
        tensor, dtype = tensors[key], "float32" if key == "weights" else "float64"
        if promised[key] != {"dtype": dtype, "shape": list(shape)}:
            raise ArtifactError(
                f"the manifest gives tensor '{key}' another dtype or shape than {dtype} {shape}"
            )
        if tensor.dtype != dtype or tensor.shape != shape:
            raise ArtifactError(f"tensor '{key}' is {tensor.dtype} {tensor.shape}, not {dtype} {shape}")
        if not np.isfinite(tensor).all():
            raise ArtifactError(f"tensor '{key}' holds a number that is not finite")


def _check_rates(rates: object, topics: tuple[str, ...]) -> None:
    """Refuse rates that are no shares of known topics: probabilities may be corrected by them."""
    sound = isinstance(rates, dict) and set(rates) <= set(topics)
    if not sound or not all(type(rate) in (int, float) and 0 <= rate <= 1 for rate in rates.values()):  # type: ignore[attr-defined]
        raise ArtifactError("'assumed_rates' must give topics of the model a share from 0 to 1")


def _check_curve(topic: str, curve: NDArray[np.float64]) -> None:
    """Refuse what is none of the maps of `trainer.model.calibration`, or would be no monotone one."""
    if curve.shape == (3,):
        sound = bool((curve[:2] >= 0).all())
    else:
        sound = curve.ndim == 2 and curve.shape[0] == 2 and curve.shape[1] > 0
        sound = sound and bool((np.diff(curve[0]) > 0).all() and (np.diff(curve[1]) >= 0).all())
        sound = sound and bool(curve[1, 0] >= 0 and curve[1, -1] <= 1)
    if not sound:
        raise ArtifactError(f"the curve of topic '{topic}' is no calibration that this version knows")


def _check_golden(tagger: Tagger, golden: Mapping[str, Any], tolerance: float) -> None:
    margins = tagger.decision_function(golden["texts"])
    expected = np.array(golden["margins"], dtype=np.float64).reshape(margins.shape)
    if margins.size and not np.abs(margins - expected).max() <= tolerance:
        raise ArtifactError("does not give the golden texts the margins that it gave them when it was saved")
