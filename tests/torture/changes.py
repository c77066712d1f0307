"""Every change to a small model: each bit of each file, each length, each kind of file too many."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from registering import sound

from trainer.registry.files import FILES, MANIFEST

FROZEN = Path(__file__).parent.parent / "frozen" / "model-1"
ALL = (*FILES, MANIFEST)


def every_change(folder: Path, *, bits: int = 8, step: int = 1) -> str:
    """Any change is found: every bit turned, every truncation, every file too many, missing or linked."""
    model = folder / "model"
    shutil.copytree(FROZEN, model)
    assert sound(model)
    turned = cut = 0
    for name in ALL:
        file = model / name
        whole = file.read_bytes()
        for place in range(0, len(whole), step):
            for bit in range(bits):
                turn = bytes([whole[place] ^ (1 << bit)])
                file.write_bytes(whole[:place] + turn + whole[place + 1 :])
                assert not sound(model), f"bit {bit} of byte {place} of {name}"
                turned += 1
            file.write_bytes(whole[:place])
            assert not sound(model), f"{name} cut at {place}"
            cut += 1
        file.write_bytes(whole)
    others = _others(folder, model)
    assert sound(model), "what was put back is what was there"
    return f"{turned:,} bits, {cut:,} truncations and {others} other files, each refused"


def _others(folder: Path, model: Path) -> int:
    """Try what is no regular file of the model; each must be refused."""
    tried = 0
    for name in ("code.py", ".hidden", "__pycache__", "weights.npy", "manifest.json.bak"):
        for make in (_empty, Path.mkdir, os.mkfifo, lambda path: path.symlink_to("manifest.json")):
            make(model / name)
            assert not sound(model), f"{name} too many"
            _gone(model / name)
            tried += 1
    for name in ALL:
        kept = folder / "kept"
        (model / name).rename(kept)
        kinds: list[Callable[[Path], object]] = [
            lambda path: None,
            Path.mkdir,
            os.mkfifo,
            lambda path, kept=kept: path.symlink_to(kept),
            lambda path: path.symlink_to("/dev/zero"),
            lambda path: path.symlink_to("nowhere"),
        ]
        for make in kinds:
            make(model / name)
            assert not sound(model), f"{name} is no file"
            _gone(model / name)
            tried += 1
        kept.rename(model / name)
    return tried


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _gone(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    elif os.path.lexists(path):
        path.unlink()
