from __future__ import annotations

import json
import shutil

import pytest

from trainer.corpus.seal import SEAL, refuse_altered_files, sealed_manifest
from trainer.corpus.store import open_corpus
from trainer.errors import ArtifactError
from trainer.storage import canonical_json


@pytest.fixture
def copy(small, tmp_path):
    folder = tmp_path / "corpus"
    shutil.copytree(small.corpus.path, folder)
    return folder


def everything(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "corpus.json")


def test_the_seal_names_every_file_but_the_manifest(copy):
    manifest = json.loads((copy / "corpus.json").read_bytes())
    assert set(manifest["files"]) == {path.relative_to(copy).as_posix() for path in everything(copy)}
    refuse_altered_files(manifest, copy)
    said = {key: value for key, value in manifest.items() if key not in SEAL}
    (copy / "corpus.json").unlink()
    assert canonical_json(sealed_manifest(said, copy)) == canonical_json(manifest)


def test_a_file_that_is_altered_or_gone_is_found_whichever_it_is(copy):
    manifest = json.loads((copy / "corpus.json").read_bytes())
    for path in everything(copy):
        data = path.read_bytes()
        for wrong in (data + b"x", data[:-1] or b"y"):
            path.write_bytes(wrong)
            with pytest.raises(ArtifactError, match=f"{path.name}: the file was altered"):
                refuse_altered_files(manifest, copy)
        path.unlink()
        with pytest.raises(ArtifactError, match=f"{path.name}: the file is gone"):
            refuse_altered_files(manifest, copy)
        path.write_bytes(data)
    refuse_altered_files(manifest, copy)


@pytest.mark.parametrize(
    "key", ["config", "rules", "splits", "topics", "labels", "files", "gold", "fingerprint"]
)
@pytest.mark.parametrize("value", [{}, [], "x", None, 7])
def test_a_manifest_with_another_value_is_refused(copy, key, value):
    manifest = json.loads((copy / "corpus.json").read_bytes())
    (copy / "corpus.json").write_text(json.dumps({**manifest, key: value}))
    with pytest.raises(ArtifactError) as caught:
        open_corpus(copy, copy, "small")
    assert caught.value.exit_code == 7
