"""The files of a model, read whole and checked byte for byte before anything is made of them.

Neither numpy nor what tags is needed here: to list models is quick.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from trainer.errors import ArtifactError
from trainer.registry.bounds import LARGEST, LARGEST_JSON, decoded, read_file
from trainer.storage import canonical_json, sha256

FORMAT = 1
MANIFEST = "manifest.json"
FILES = (
    "README.md", "golden.json", "lexicons.json", "metrics.json", "vocabulary.txt", "weights.safetensors"
)  # fmt: skip
OLDEST_READER = 1
"""The lowest number of a format that a reader must know to read what is written now."""


class ModelFiles(NamedTuple):
    """What stands in the folder of a model, as it was saved.

    Attributes
    ----------
    digest : str
        SHA-256 of the manifest, in hexadecimal.
    manifest : mapping
    data : mapping of str to bytes
        All other files, by name.
    """

    digest: str
    manifest: dict[str, Any]
    data: dict[str, bytes]


def read_files(folder: Path, digest: str | None = None) -> ModelFiles:
    """Read the files of a model; see `trainer.registry.format.read_model`.

    Raises
    ------
    ArtifactError
        When one is missing, extra or altered, or of a format that this version does not read.
    """
    encoded = read_file(folder / MANIFEST, LARGEST_JSON)
    found = sha256(encoded)
    if digest is not None and (len(digest) < 8 or not found.startswith(digest)):
        raise ArtifactError(f"the digest is sha256:{found}, not sha256:{digest:.64}")
    manifest = decoded(encoded, MANIFEST)
    _check_format(manifest)
    _check_manifest(encoded, manifest)
    listed = manifest["files"]
    _check_listed(folder, listed)
    return ModelFiles(found, manifest, {name: _checked(folder, name, listed) for name in FILES})


def _check_manifest(encoded: bytes, manifest: Mapping[str, Any]) -> None:
    """Refuse a manifest that is not as it was written, by its form and by the checksum of the rest of it."""
    line = f' "checksum": "{manifest["checksum"]}",\n'.encode()
    rest = encoded.replace(line, b"", 1)
    if encoded != canonical_json(manifest) or sha256(rest) != manifest["checksum"]:
        raise ArtifactError("the manifest is not what was saved (its checksum differs)")


def _check_format(manifest: Mapping[str, Any]) -> None:
    """Refuse a format that this reader does not know, by the oldest reader that the manifest asks for."""
    number = manifest["format"]
    oldest = manifest.get("oldest_reader", number)
    if type(number) is not int or type(oldest) is not int or not 0 < oldest <= number:
        raise ArtifactError(f"model format {number!r:.40} is not {FORMAT}, the one this version reads")
    if oldest > FORMAT:
        raise ArtifactError(
            f"model format {number} is not {FORMAT}, the one this version reads",
            hint=f"A later version of topic-trainer reads it: one that knows format {oldest}.",
        )


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest with its ``digest``, unchecked: for listings."""
    encoded = read_file(folder / MANIFEST, LARGEST_JSON)
    try:
        return {**decoded(encoded, MANIFEST), "digest": sha256(encoded)}
    except (ValueError, TypeError, RecursionError) as error:
        raise ArtifactError("the manifest is not JSON", where=str(folder / MANIFEST)) from error


def with_checksum(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest with the SHA-256 of the rest of it: a flipped bit in it is found without a pin."""
    rest = {key: value for key, value in manifest.items() if key != "checksum"}
    return {**rest, "checksum": sha256(canonical_json(rest))}


def _check_listed(folder: Path, listed: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a folder, or a list of its files, that holds another file or lacks one."""
    if set(listed) != set(FILES):
        raise ArtifactError(f"the manifest must list {', '.join(FILES)}")
    extra = {path.name for path in folder.iterdir()} - set(FILES) - {MANIFEST}
    if extra:
        raise ArtifactError(f"holds a file that does not belong to it: {sorted(extra)[0]!r}")


def _checked(folder: Path, name: str, listed: Mapping[str, Mapping[str, Any]]) -> bytes:
    """Return the very bytes of a file whose size and hash agree with the manifest."""
    size = listed[name]["size"]
    if type(size) is not int or not 0 <= size <= (LARGEST_JSON if name == "golden.json" else LARGEST):
        raise ArtifactError(f"the manifest gives '{name}' a size that no such file has: {size!r:.40}")
    data = read_file(folder / name, size)
    if len(data) != size or sha256(data) != listed[name]["sha256"]:
        raise ArtifactError(f"'{name}' is not what was saved (size or SHA-256 differs)")
    return data
