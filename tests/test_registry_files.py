from __future__ import annotations

import os
import shutil

import numpy as np
import pytest
from registering import resigned, tiny, written

from trainer.errors import ArtifactError, NotFoundError
from trainer.registry import files as files_room
from trainer.registry.files import FILES, MANIFEST, read_manifest
from trainer.registry.format import read_model
from trainer.storage import sha256

ALL = (*FILES, MANIFEST)


# Damage


def positions(size: int, most: int) -> list[int]:
    """Return all positions of a short file; of a long one both ends and an even sample between."""
    if size <= most:
        return list(range(size))
    inner = np.linspace(0, size - 1, most - 32).astype(int).tolist()
    return sorted({*range(16), *range(size - 16, size), *inner})


@pytest.mark.parametrize("name", ALL)
def test_every_flipped_byte_is_refused(model, name):
    sound = (model / name).read_bytes()
    for position in positions(len(sound), 300):
        for mask in (0x01, 0x80):
            damaged = bytearray(sound)
            damaged[position] ^= mask
            (model / name).write_bytes(damaged)
            with pytest.raises(ArtifactError):
                read_model(model)
    (model / name).write_bytes(sound)
    read_model(model)


@pytest.mark.parametrize("name", ALL)
def test_every_truncation_is_refused(model, name):
    sound = (model / name).read_bytes()
    for length in positions(len(sound), 300):
        (model / name).write_bytes(sound[:length])
        with pytest.raises(ArtifactError):
            read_model(model)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("more", [b"\0", b"\n", b" ", b"{}"])
def test_an_appended_byte_is_refused(model, name, more):
    with (model / name).open("ab") as handle:
        handle.write(more)
    with pytest.raises(ArtifactError):
        read_model(model)


@pytest.mark.parametrize("name", ALL)
def test_a_missing_file_is_refused(model, name):
    (model / name).unlink()
    with pytest.raises(ArtifactError, match=name):
        read_model(model)


@pytest.mark.parametrize("name", ["code.py", ".hidden", "weights.npy", "manifest.json.bak", "sub"])
def test_an_extra_file_or_folder_is_refused(model, name):
    (model / name).mkdir() if name == "sub" else (model / name).write_bytes(b"")
    with pytest.raises(ArtifactError, match=f"does not belong to it: '{name}'"):
        read_model(model)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("kind", ["link", "dangling", "folder", "pipe"])
def test_only_plain_files_are_read(model, name, kind):
    moved = model.parent / "moved"
    (model / name).rename(moved)
    {
        "link": lambda: (model / name).symlink_to(moved),
        "dangling": lambda: (model / name).symlink_to(model.parent / "nowhere"),
        "folder": lambda: (model / name).mkdir(),
        "pipe": lambda: os.mkfifo(model / name),
    }[kind]()
    with pytest.raises(ArtifactError, match="missing or not a plain file"):
        read_model(model)


def test_where_there_is_no_folder_there_is_no_model(tmp_path):
    with pytest.raises(NotFoundError, match="no model in"):
        read_model(tmp_path / "none")


def test_a_folder_without_a_manifest_is_no_model(tmp_path):
    with pytest.raises(ArtifactError, match=r"manifest\.json' is missing"):
        read_model(tmp_path)


def test_a_model_that_is_removed_while_it_is_read_is_not_found_rather_than_damaged(model, monkeypatch):
    decoded = files_room.decoded

    def removed(data, name, more=0):
        shutil.rmtree(model)
        return decoded(data, name, more)

    monkeypatch.setattr(files_room, "decoded", removed)
    with pytest.raises(NotFoundError, match="no model in"):
        read_model(model)


def test_a_file_of_another_model_is_refused(model, tmp_path):
    other = tiny()
    other.weights[0, 0] += 1
    written(tmp_path / "other", other)
    for name in ("golden.json", "weights.safetensors"):
        sound = (model / name).read_bytes()
        shutil.copy(tmp_path / "other" / name, model / name)
        with pytest.raises(ArtifactError, match=f"'{name}' is not what was saved"):
            read_model(model)
        (model / name).write_bytes(sound)


def test_the_refusal_says_where_and_what_to_do(model):
    (model / "README.md").write_text("another card")
    with pytest.raises(ArtifactError) as caught:
        read_model(model)
    assert caught.value.where == str(model)
    assert caught.value.hint == "Train it again, or restore it."
    assert caught.value.exit_code == 7


# A pinned digest


def test_a_digest_pins_the_model(model):
    digest = sha256((model / MANIFEST).read_bytes())
    for pinned in (digest, digest[:8], digest[:40]):
        assert read_model(model, pinned).info["digest"] == digest


@pytest.mark.parametrize("wrong", ["", "0", "0" * 64, "short"])
def test_another_digest_is_refused(model, wrong):
    with pytest.raises(ArtifactError, match="the digest is sha256:"):
        read_model(model, wrong)


def test_too_little_of_the_right_digest_is_refused(model):
    with pytest.raises(ArtifactError):
        read_model(model, sha256((model / MANIFEST).read_bytes())[:7])


def test_a_forged_model_is_refused_by_a_pin(model):
    digest = sha256((model / MANIFEST).read_bytes())
    resigned(model, lambda manifest: manifest.update(review=0.25))
    assert read_model(model).review == 0.25
    with pytest.raises(ArtifactError):
        read_model(model, digest)


# Listings


def test_a_listing_reads_the_manifest_alone(model):
    for name in FILES:
        (model / name).unlink()
    manifest = read_manifest(model)
    assert manifest["name"] == "tiny"
    assert manifest["digest"] == sha256((model / MANIFEST).read_bytes())


@pytest.mark.parametrize("text", [b"", b"{", b"null", b"[]", b"\xff", b"[" * 100_000])
def test_a_listing_refuses_what_is_no_manifest(model, text):
    (model / MANIFEST).write_bytes(text)
    with pytest.raises(ArtifactError, match=r"not JSON|more lists and objects"):
        read_manifest(model)
