"""Which corpora there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.corpus.store import Corpus, open_corpus
from trainer.errors import ArtifactError
from trainer.names import names_below
from trainer.storage import artifacts_root, versions


@dataclass(frozen=True, slots=True)
class CorpusVersion:
    """A corpus version that is on disk, whole or damaged.

    Attributes
    ----------
    corpus : Corpus or None
        None when its manifest cannot be read.
    """

    name: str
    version: str
    path: Path
    corpus: Corpus | None

    def to_dict(self) -> dict[str, Any]:
        """Return what ``trainer corpus list --json`` prints of it."""
        manifest = self.corpus.manifest if self.corpus else {}
        return {
            "name": self.name,
            "version": self.version,
            "path": str(self.path),
            **{key: manifest.get(key) for key in ("fingerprint", "documents", "sentences", "splits")},
        }


def corpora(name: str | None = None, *, root: str | Path | None = None) -> list[CorpusVersion]:
    """Return the corpora that were built, or those of one name, by name and version.

    Parameters
    ----------
    root : path, optional
        Folder of the artifacts; else ``$TRAINER_ARTIFACTS``, else ``./artifacts``.
    """
    return list(_below(artifacts_root(root), name))


def version_before(corpus: Corpus) -> Corpus | None:
    """Return the version that stood last when this one was built; None where it was the first."""
    parent = corpus.path.parent
    for version in reversed(versions(parent)):
        if int(version) < int(corpus.version) and (found := _readable(parent / version, parent, corpus.name)):
            return found
    return None


def _below(root: Path, name: str | None) -> Iterator[CorpusVersion]:
    folder = root / "corpora"
    for known in names_below(folder):
        if name in (None, known):
            for version in versions(folder / known):
                path = folder / known / version
                yield CorpusVersion(known, version, path, _readable(path, root, known))


def _readable(path: Path, root: Path, name: str) -> Corpus | None:
    try:
        return open_corpus(path, root, name)
    except ArtifactError:
        return None
