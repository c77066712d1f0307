"""A model on disk: JSON and plain arrays, no code, checked before it is believed.

::

    <version>/
      manifest.json         what everything is, itself included; its SHA-256 is the digest of the model
      vocabulary.txt        the n-grams, one a line, in column order
      lexicons.json         the terms of each lexicon
      weights.safetensors   weights, intercept, calibration, thresholds, document frequencies; where
                            there are any, curves of topics whose log-odds are no line, and review bands
      golden.json           texts with the margins that this model gave them when it was saved
      metrics.json          scores measured at `fit`, and how each topic is decided
      README.md             model card

`FORMAT.md` beside this file says it in full, and when its number goes up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from trainer.engine.counting import Counter, Kind, counter
from trainer.engine.sparse import all_finite
from trainer.engine.vocabulary import Vocabulary
from trainer.errors import ArtifactError, NotFoundError, TrainerError
from trainer.lexicons import LexiconMatcher
from trainer.model.features import Block, Features, LexiconBlock
from trainer.model.tagger import Tagger
from trainer.names import NAME
from trainer.registry.bounds import GOLDEN_CHARACTERS, LONGEST_NGRAM, MOST_GOLDEN, MOST_TERMS, decoded
from trainer.registry.files import ModelFiles, read_files
from trainer.registry.tensors import decode

if TYPE_CHECKING:
    from numpy.typing import NDArray

GOLDEN_TOLERANCE = 1e-6
"""Margins may differ by this across machines: logarithms and square roots may round differently."""
_MOST_TOLERANCE = 1e-3
_WEIGHTS = ("float32", "float16")
_AT_ONCE = 32_768
"""Characters that stay in the cache."""


def read_model(
    folder: Path, digest: str | None = None, files: Callable[[], ModelFiles] | None = None
) -> Tagger:
    """Read a model, checking every byte of it first.

    Parameters
    ----------
    digest : str, optional
        The digest that the model must have, whole or its first 8 characters or more.
    files : callable, optional
        Returns, or raises, what `read_files` does of this folder and digest, where that has begun already.

    Raises
    ------
    ArtifactError
        When anything is missing, extra, altered, of another format, or does not compute what it did.
    """
    try:
        return _read_whole(folder, files() if files else read_files(folder, digest))
    except ArtifactError as error:
        raise _refusal(folder, error.message, error.hint) from error
    except (
        OSError, ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError
    ) as error:  # fmt: skip
        raise _refusal(folder, f"cannot be decoded: {error!r:.200}") from error


def _refusal(folder: Path, message: str, hint: str | None = None) -> TrainerError:
    if not folder.exists():
        return NotFoundError(f"no model in '{folder}'", hint="Was it removed just now?")
    return ArtifactError(message, where=str(folder), hint=hint or "Train it again, or restore it.")


def _read_whole(folder: Path, files: ModelFiles) -> Tagger:
    found, manifest, data = files
    _check_blocks(manifest["blocks"])
    _check_columns(manifest["blocks"], len(data["weights.safetensors"]))
    vocabularies = _vocabularies(data["vocabulary.txt"], manifest["blocks"])
    tensors = _tensors(data["weights.safetensors"], manifest["tensors"])
    info = {**manifest, "digest": found, "version": folder.resolve().name}
    tagger = _decode(manifest, tensors, vocabularies, _lexicons(data["lexicons.json"]), info)
    _check_golden(tagger, decoded(data["golden.json"], "golden.json"), float(manifest["golden_tolerance"]))
    return tagger


def _decode(
    manifest: Mapping[str, Any],
    tensors: dict[str, NDArray[Any]],
    vocabularies: list[tuple[Vocabulary, Counter]],
    lexicons: list[dict[str, list[str]]],
    info: Mapping[str, Any],
) -> Tagger:
    known, terms = iter(vocabularies), iter(lexicons)
    blocks = [
        LexiconBlock(LexiconMatcher(next(terms)), float(entry["weight"]))
        if entry["kind"] == LexiconBlock.kind
        else _block(entry, *next(known), tensors[f"df.{i}"])
        for i, entry in enumerate(manifest["blocks"])
    ]
    if next(terms, None) is not None:
        raise ArtifactError("'lexicons.json' holds more than the lexicons of its blocks")
    features, topics = Features(tuple(blocks)), _checked_topics(manifest["topics"])
    k = len(topics)
    shapes = {"weights": (len(features), k), "intercept": (k,), "calibration": (k, 2), "thresholds": (k,)}
    shapes |= {
        f"df.{i}": (len(block.vocabulary),) for i, block in enumerate(blocks) if isinstance(block, Block)
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


def _checked_topics(topics: list[Any]) -> tuple[str, ...]:
    """Refuse topics that no config could have: they are shown on terminals and pages."""
    if len(set(topics)) != len(topics) or not all(type(t) is str and NAME.fullmatch(t) for t in topics):
        raise ArtifactError("a topic has no name, or two have the same")
    return tuple(topics)


def _lexicons(data: bytes) -> list[dict[str, list[str]]]:
    """Decode the terms of lexicons: more strings than a model may have are not made."""
    # Each string has two quotes; those inside of one are escaped, and one that ends in a backslash looks so.
    if (data.count(b'"') - data.count(b'\\"')) // 2 > 2 * MOST_TERMS:
        raise ArtifactError(f"'lexicons.json' holds more than {MOST_TERMS} terms")
    found: list[dict[str, list[str]]] = decoded(data, "lexicons.json")
    return found


def _vocabularies(data: bytes, blocks: Sequence[Mapping[str, Any]]) -> list[tuple[Vocabulary, Counter]]:
    """Decode the n-grams of each block that has any, and make what finds them; no string is made of one."""
    entries = [entry for entry in blocks if entry["kind"] != LexiconBlock.kind]
    start, vocabularies = 0, []
    for entry in entries:
        end = len(data) if entry is entries[-1] else _end_of_lines(data, start, entry["columns"])
        lines, start = data[start:end], end
        if lines[-1:] in (b"", b"\n"):
            vocabularies.append(Vocabulary(lines))
    if start < len(data) or [*map(len, vocabularies)] != [entry["columns"] for entry in entries]:
        raise ArtifactError("'vocabulary.txt' does not hold the n-grams that the manifest counts")
    _check_utf8(data)
    return [
        (vocabulary, counter(entry["kind"], tuple(entry["ngrams"]), vocabulary))
        for entry, vocabulary in zip(entries, vocabularies, strict=True)
    ]


def _check_utf8(data: bytes) -> None:
    """Refuse lines that cannot be decoded; some are at a time, for one odd character makes a string wide."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + _AT_ONCE) + 1 or len(data)
        str(memoryview(data)[start:end], "utf-8", "surrogatepass")
        start = end


def _end_of_lines(data: bytes, start: int, lines: int) -> int:
    """Return the place after so many lines from `start` on."""
    low, high = start, len(data)
    while low < high:  # by halves: counting line breaks is fast, stepping from one to the next is not
        middle = (low + high) // 2
        found = data.count(b"\n", start, middle)
        low, high = (middle + 1, high) if found < lines else (low, middle)
    return low


def _check_blocks(blocks: Sequence[Mapping[str, Any]]) -> None:
    """Refuse features that this version does not know."""
    for entry in blocks:
        if entry["kind"] == LexiconBlock.kind:
            continue
        if entry["kind"] not in get_args(Kind):
            raise ArtifactError(f"features of kind {entry['kind']!r:.40} are not known to this version")
        shortest, longest = entry["ngrams"]
        sound = type(shortest) is int and type(longest) is int
        if not sound or not 0 < shortest <= longest <= LONGEST_NGRAM:
            raise ArtifactError(
                f"n-grams of {shortest!r:.20} to {longest!r:.20} are not known to this version"
            )


def _check_columns(blocks: Sequence[Mapping[str, Any]], size: int) -> None:
    """Refuse more n-grams than a file of so many bytes has document frequencies for: each takes room."""
    counts = [entry["columns"] for entry in blocks if entry["kind"] != LexiconBlock.kind]
    if not all(type(count) is int and count >= 0 for count in counts) or 4 * sum(counts) > size:
        raise ArtifactError("the manifest counts other n-grams than there are numbers for")


def _block(entry: Mapping[str, Any], vocabulary: Vocabulary, finds: Counter, df: NDArray[np.uint32]) -> Block:
    n_texts = entry["texts"]
    if type(n_texts) is not int or not int(df.max(initial=0)) <= n_texts < 2**63:
        raise ArtifactError("an n-gram stands in more texts than there were")
    shortest, longest = entry["ngrams"]
    block = Block(entry["kind"], (shortest, longest), bool(entry["sublinear_tf"]), vocabulary, df, n_texts)
    return block.counted_by(finds)


def _check_tensors(
    tensors: Mapping[str, NDArray[Any]],
    promised: Mapping[str, Mapping[str, Any]],
    shapes: Mapping[str, tuple[int, ...]],
) -> None:
    """Refuse any other tensors than those of `shapes`, as the manifest and the code both want them."""
    if set(tensors) != set(shapes) or set(promised) != set(shapes):
        raise ArtifactError(f"the tensors must be {', '.join(sorted(shapes))}")
    for key, shape in shapes.items():
        tensor, dtype = tensors[key], "uint32" if key.startswith("df.") else "float64"
        if key == "weights":
            dtype = str(tensor.dtype) if str(tensor.dtype) in _WEIGHTS else _WEIGHTS[0]
        if promised[key] != {"dtype": dtype, "shape": list(shape)}:
            raise ArtifactError(
                f"the manifest gives tensor '{key}' another dtype or shape than {dtype} {shape}"
            )
        if tensor.dtype != dtype or tensor.shape != shape:
            raise ArtifactError(f"tensor '{key}' is {tensor.dtype} {tensor.shape}, not {dtype} {shape}")


def _tensors(data: bytes, promised: Mapping[str, object]) -> dict[str, NDArray[Any]]:
    """Decode as many tensors as were promised; refuse numbers that are none."""
    tensors = decode(data, len(promised))
    for key, tensor in tensors.items():
        if tensor.dtype.kind == "f" and not all_finite(tensor):
            raise ArtifactError(f"tensor '{key}' holds a number that is not finite")
    return tensors


def _check_rates(rates: object, topics: tuple[str, ...]) -> None:
    """Refuse rates that are no shares of known topics: probabilities may be corrected by them."""
    sound = isinstance(rates, dict) and set(rates) <= set(topics)
    if not sound or not all(type(rate) in (int, float) and 0 <= rate <= 1 for rate in rates.values()):  # type: ignore[attr-defined]
        raise ArtifactError("'assumed_rates' must give topics of the model a share from 0 to 1")


def _check_curve(topic: str, curve: NDArray[np.float64]) -> None:
    """Refuse what is none of the maps of `trainer.model.maps`, or would be no monotone one."""
    if curve.shape == (3,):
        sound = bool((curve[:2] >= 0).all())
    else:
        sound = curve.ndim == 2 and curve.shape[0] == 2 and curve.shape[1] > 0
        sound = sound and bool((np.diff(curve[0]) > 0).all() and (np.diff(curve[1]) >= 0).all())
        sound = sound and bool(curve[1, 0] >= 0 and curve[1, -1] <= 1)
    if not sound:
        raise ArtifactError(f"the curve of topic '{topic}' is no calibration that this version knows")


def _check_golden(tagger: Tagger, golden: Mapping[str, Any], tolerance: float) -> None:
    texts, expected = golden["texts"], golden["margins"]
    if len(texts) > MOST_GOLDEN or sum(map(len, texts)) > GOLDEN_CHARACTERS or len(texts) != len(expected):
        raise ArtifactError("the golden texts are too long, too many, or not as many as their margins")
    if any(len(row) != len(tagger.topics) for row in expected) or not 0 <= tolerance <= _MOST_TOLERANCE:
        raise ArtifactError("the golden texts have margins of other topics, or may be off by anything")
    margins = tagger.decision_function(texts)
    wanted = np.array(expected, dtype=np.float64).reshape(margins.shape)
    if margins.size and not np.abs(margins - wanted).max() <= tolerance:
        raise ArtifactError("does not give the golden texts the margins that it gave them when it was saved")
