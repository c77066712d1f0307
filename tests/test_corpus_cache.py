from __future__ import annotations

import errno
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from building import SENTENCES, tables_of

from trainer.corpus.cutting.cache import TableCache, load_table, save_table
from trainer.corpus.rules import RuleSet
from trainer.errors import ArtifactError, TrainerError
from trainer.records import Document

KEY, OTHER = "ab" * 32, "cd" * 32


@pytest.fixture(scope="module")
def table(tea_and_rain):
    document = Document("d1", " ".join(SENTENCES), title="Ä", split="test")
    (found,) = tables_of([document], RuleSet(tea_and_rain.topics))
    return found


@pytest.fixture
def cache(tmp_path):
    return TableCache(tmp_path / "cache")


@pytest.fixture
def kept(cache, table):
    """The path of a table in the cache."""
    save_table(table, cache.path(KEY))
    return cache.path(KEY)


def files(cache):
    return sorted(path.name for path in cache.folder.rglob("*") if path.is_file())


def test_a_table_comes_back_as_it_was_with_its_vocabulary(cache, kept, table):
    found = cache.get(KEY)
    assert found.equals(table)
    assert found.schema.equals(table.schema, check_metadata=True)
    assert cache.load(KEY).equals(table)
    assert cache.get(OTHER) is None
    assert files(cache) == [kept.name]


def test_an_empty_table_is_a_table(cache, table):
    save_table(table.slice(0, 0), cache.path(KEY))
    assert cache.get(KEY).equals(table.slice(0, 0))


def test_no_byte_may_have_changed(cache, kept):
    data = kept.read_bytes()
    assert len(data) > 2000
    for place in range(0, len(data), 5):
        for bits in (1, 0x80, 0xFF):
            flipped = bytearray(data)
            flipped[place] ^= bits
            kept.write_bytes(flipped)
            assert cache.get(KEY) is None, (place, bits)


def test_a_file_that_is_cut_short_or_has_more_is_not_believed(cache, kept):
    data = kept.read_bytes()
    for length in [*range(0, len(data), 31), 31, 32, 33, len(data) - 1]:
        kept.write_bytes(data[:length])
        assert cache.get(KEY) is None, length
    kept.write_bytes(data + b"\0")
    assert cache.get(KEY) is None
    kept.write_bytes(data)
    assert cache.get(KEY) is not None


def test_a_foreign_file_is_not_believed(cache, kept, table):
    pq.write_table(table, kept)
    assert cache.get(KEY) is None
    kept.write_text("tea")
    assert cache.get(KEY) is None
    # A whole table, but not the one that this key stands for.
    save_table(table, cache.path(OTHER))
    cache.path(OTHER).rename(kept)
    assert cache.get(KEY) is None
    kept.unlink()
    kept.mkdir()
    assert cache.get(KEY) is None


def test_what_was_damaged_is_written_anew(cache, kept, table):
    kept.write_bytes(b"")
    assert cache.get(KEY) is None
    save_table(table, kept)
    assert cache.get(KEY).equals(table)


def test_a_table_that_is_gone_says_where_it_was_and_what_to_do(cache, kept):
    kept.write_bytes(b"\0" * 100)
    for _ in range(2):
        with pytest.raises(ArtifactError, match=rf"{KEY}.*\n.*Run the same command again"):
            cache.load(KEY)
        kept.unlink(missing_ok=True)


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["open", "replace"])
def test_a_write_that_stops_leaves_what_was_there(cache, kept, table, monkeypatch, step, error):
    before = kept.read_bytes()

    def stop(*_, **__):
        raise error

    monkeypatch.setattr(Path, step, stop)
    with pytest.raises(TrainerError if isinstance(error, OSError) else type(error)):
        save_table(table.slice(1), kept)
    monkeypatch.undo()
    assert files(cache) == [kept.name]
    assert kept.read_bytes() == before


def test_a_write_that_stops_half_way_leaves_nothing(cache, table, monkeypatch):
    def stop(*_):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Path, "replace", stop)
    with pytest.raises(TrainerError, match="full"):
        save_table(table, cache.path(KEY))
    assert files(cache) == []


def test_many_who_write_and_read_one_table_see_it_whole(cache, table):
    def write_and_read(_):
        save_table(table, cache.path(KEY))
        return load_table(cache.path(KEY)).equals(table)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(write_and_read, range(80)))
    assert len(files(cache)) == 1


# -- what is kept -----------------------------------------------------------------------------------------


@pytest.fixture
def ten(cache, table):
    """Ten tables of one size, the first the oldest."""
    keys = [f"{n:02x}" * 32 for n in range(10)]
    for n, key in enumerate(keys):
        save_table(table, cache.path(key))
        os.utime(cache.path(key), (1000 + n, 1000 + n))
    return keys


def there(cache, keys):
    return [n for n, key in enumerate(keys) if cache.path(key).exists()]


def test_trimming_drops_the_oldest_but_nothing_in_use(cache, ten):
    size = cache.path(ten[0]).stat().st_size
    cache.trim([], 10 * size)
    assert there(cache, ten) == list(range(10))
    cache.trim([ten[0], OTHER], 4 * size + size // 2)
    assert there(cache, ten) == [0, 7, 8, 9]
    cache.trim([ten[0], ten[8]], 0)
    assert there(cache, ten) == [0, 8]


def test_a_table_that_was_read_is_not_among_the_oldest(cache, ten):
    assert cache.get(ten[2]) is not None
    cache.trim([], 2 * cache.path(ten[0]).stat().st_size)
    assert there(cache, ten) == [2, 9]


def test_one_size_does_not_hide_another(cache, ten):
    # The newest is larger than all the room: what is older goes too.
    cache.path(ten[9]).write_bytes(b"\0" * 1_000_000)
    cache.trim([], 500_000)
    assert there(cache, ten) == []


def test_trimming_removes_what_a_killed_process_left_long_ago(cache, ten):
    folder = cache.path(ten[0]).parent
    old, fresh = (folder / f".{cache.path(ten[0]).name}.{name}" for name in ("aa", "bb"))
    for path, age in ((old, 2 * 24 * 3600), (fresh, 60)):
        path.write_bytes(b"half")
        os.utime(path, (time.time() - age,) * 2)
    cache.trim(ten)
    assert (old.exists(), fresh.exists()) == (False, True)
    assert there(cache, ten) == list(range(10))


def test_a_table_that_another_build_removes_meanwhile_is_no_error(cache, ten, monkeypatch):
    stat = Path.stat

    def gone(path, **options):
        if path == cache.path(ten[3]):
            raise FileNotFoundError(path)
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", gone)
    cache.trim([], 0)
    monkeypatch.undo()
    assert there(cache, ten) == [3]


def test_without_a_folder_there_is_nothing_to_get_or_trim(cache):
    assert cache.get(KEY) is None
    cache.trim([KEY])
    assert not cache.folder.exists()


def test_what_may_not_be_written_is_read_all_the_same(cache, kept, table, monkeypatch):
    def refused(*_, **__):
        raise PermissionError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "utime", refused)
    monkeypatch.setattr(Path, "unlink", refused)
    assert cache.get(KEY).equals(table)
    cache.trim([], 0)
    assert cache.get(KEY).equals(table)


def test_a_table_of_another_schema_is_stored_as_well(cache):
    other = pa.table({"tea": pa.array([None, "x"])})
    save_table(other, cache.path(KEY))
    assert cache.get(KEY).equals(other)
