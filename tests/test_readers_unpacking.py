from __future__ import annotations

import gzip
import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.corpus.readers import unpacking
from trainer.corpus.readers.rows import RowError
from trainer.corpus.readers.unpacking import unpacked


@given(st.binary(max_size=2000), st.integers(1, 50))
def test_what_was_packed_comes_out(data, size):
    stream = unpacked(io.BytesIO(gzip.compress(data)))
    assert b"".join(iter(lambda: stream.read(size), b"")) == data


def test_several_members_are_one_stream():
    data = gzip.compress(b"A cup.\n") + gzip.compress(b"A pot.\n")
    assert unpacked(io.BytesIO(data)).readlines() == [b"A cup.\n", b"A pot.\n"]


def test_little_may_unpack_to_any_multiple():
    data = b"\n" * (unpacking.FREE - 1)
    assert len(unpacked(io.BytesIO(gzip.compress(data))).read()) == len(data)


def test_a_bomb_is_defused_before_it_fills_the_memory():
    stream = unpacked(io.BytesIO(gzip.compress(b"\n" * (unpacking.FREE * 4))))
    taken: list[int] = []
    pieces = iter(lambda: stream.read(64 * 1024), b"")
    with pytest.raises(RowError, match=r"unpack to more than") as caught:
        taken.extend(map(len, pieces))
    assert caught.value.reason == "bomb"
    assert sum(taken) <= unpacking.FREE


def test_text_that_packs_well_is_no_bomb(monkeypatch):
    monkeypatch.setattr(unpacking, "FREE", 1000)
    words = random.Random(1).choices(["tea", "rain", "wind"], k=20_000)
    data = " ".join(words).encode()
    assert unpacked(io.BytesIO(gzip.compress(data))).read() == data


def test_nothing_unpacks_without_end(monkeypatch):
    monkeypatch.setattr(unpacking, "LARGEST_UNPACKED", 5000)
    data = random.Random(1).randbytes(6000)
    with pytest.raises(RowError):
        unpacked(io.BytesIO(gzip.compress(data))).read()
