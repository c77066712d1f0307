"""The seal of a corpus version: checksums of its files, and of the manifest that lists them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainer.errors import ArtifactError
from trainer.storage import canonical_json, sha256

SEAL = ("files", "checksum")
"""Keys of the manifest that only guard it."""
_HINT = "Build it again, with the same inputs."


def sealed_manifest(manifest: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the manifest with the SHA-256 of every file of the corpus, and of itself."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    sealed = {**manifest, "files": {name: _sha256_of(path) for name, path in sorted(files.items())}}
    return {**sealed, "checksum": sha256(canonical_json(sealed))}


def refuse_broken_seal(manifest: Mapping[str, Any], where: Path) -> None:
    """Raise `ArtifactError` when the manifest is not the one that was written."""
    said = {key: value for key, value in manifest.items() if key != "checksum"}
    if manifest.get("checksum") != sha256(canonical_json(said)):
        raise ArtifactError("the manifest was altered", where=str(where), hint=_HINT)


def refuse_altered_files(manifest: Mapping[str, Any], folder: Path) -> None:
    """Raise `ArtifactError` when a file of the corpus is gone, or not what it was."""
    for name, digest in manifest["files"].items():
        path = folder / name
        if not path.is_file():
            raise ArtifactError("the file is gone", where=str(path), hint=_HINT)
        if _sha256_of(path) != digest:
            raise ArtifactError("the file was altered", where=str(path), hint=_HINT)


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
