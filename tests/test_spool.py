"""Bytes that wait on disk are those that were given."""

from __future__ import annotations

import gc
import sys
import tempfile
from mmap import mmap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.errors import NotPublishedError
from trainer.spool import Spool

parts = st.lists(st.binary(max_size=40), max_size=8)


@given(parts, st.integers(0, 30))
def test_all_that_was_written_is_read_wherever_it_waits(given_, largest):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Spool, "LARGEST", largest)
        spool = Spool()
        for part in given_:
            spool.write(part)
        assert spool.size == sum(map(len, given_))
        assert bytes(spool.whole()) == b"".join(given_)


def test_numbers_are_taken_as_their_bytes():
    spool = Spool()
    spool.write(np.array([1, 2], np.int64))
    spool.write(np.array([3], np.int64))
    assert spool.size == 24
    assert np.frombuffer(spool.whole(), np.int64).tolist() == [1, 2, 3]


def test_few_bytes_are_in_memory_and_the_file_goes_with_its_last_reader(monkeypatch):
    monkeypatch.setattr(Spool, "LARGEST", 1_000)
    open_before = _open_files()
    spool = Spool()
    for _ in range(100):
        spool.write(bytes(300))
        assert len(spool._held) <= 1_000
    whole = spool.whole()
    assert isinstance(whole, mmap)
    del spool  # the mapping holds the file
    assert bytes(whole) == bytes(30_000)
    del whole
    gc.collect()
    assert _open_files() <= open_before


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such limit")
def test_a_disk_that_is_full_is_named(python, tmp_path):
    code = (
        "import resource; from trainer.spool import Spool; from trainer.errors import NotPublishedError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)); spool = Spool()\n"
        "try:\n    for _ in range(100): spool.write(bytes(1 << 20))\n"
        "except NotPublishedError as error: print(error)"
    )
    said = python(code, TMPDIR=str(tmp_path))
    assert said.startswith(
        f"{tmp_path}: sentences wait in a temporary file, which cannot be written: File too"
    )
    assert "TMPDIR" in said
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_told_of(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    spool = Spool()
    with pytest.raises(NotPublishedError, match="gone: sentences wait"):
        spool.write(bytes(Spool.LARGEST + 1))


def _open_files() -> set[str]:
    folder = Path("/proc/self/fd")
    return {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()
