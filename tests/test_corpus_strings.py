"""A column of strings is what a tuple of them would be."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import unicode_text

from trainer.corpus import strings
from trainer.corpus.strings import Strings, StringsWriter, taken
from trainer.spool import Spool

columns = st.lists(st.none() | unicode_text, max_size=12)


@given(columns, st.data())
def test_a_column_reads_like_a_tuple(values, data):
    plain = tuple(value or "" for value in values)
    half = len(values) // 2
    chunked = pa.chunked_array([values[:half], values[half:]], pa.string())
    for column in (Strings(pa.array(values, pa.string())), Strings(chunked)):
        assert column == plain
        assert (len(column), list(column)) == (len(plain), list(plain))
        part = data.draw(st.slices(len(plain)))
        assert column[part] == plain[part]
        assert [column[i] for i in range(-len(plain), len(plain))] == [*plain, *plain]
        rows = np.array(data.draw(st.lists(st.integers(0, len(plain) - 1)) if plain else st.just([])), int)
        assert taken(column, rows) == taken(plain, rows) == tuple(plain[i] for i in rows)


def test_columns_of_other_strings_are_not_equal():
    column = Strings(pa.array(["tea", None]))
    assert column == Strings(pa.array(["tea", ""]))
    assert column != Strings(pa.array(["tea", "gin"]))
    assert column != ("tea",)
    assert column != "tea"
    assert repr(column) == "Strings of 2 rows"


def test_few_strings_are_objects_at_one_time(monkeypatch):
    monkeypatch.setattr(strings, "_BATCH", 2)
    assert list(Strings(pa.array(["a", "b", None, "d", "e"]))) == ["a", "b", "", "d", "e"]


def test_a_place_that_is_not_there_is_an_error():
    with pytest.raises(IndexError):
        Strings(pa.array(["tea"]))[1]


@given(st.lists(columns, max_size=4), st.integers(0, 20), st.data())
def test_a_column_that_was_written_part_by_part_reads_like_a_tuple(parts, largest, data):
    plain = tuple(value or "" for part in parts for value in part)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Spool, "LARGEST", largest)
        patch.setattr(strings, "_TOGETHER", data.draw(st.integers(1, 8)))
        writer = StringsWriter()
        for part in parts:
            skipped = data.draw(st.integers(0, 2))  # a slice of an array does not begin where its buffers do
            kind = data.draw(st.sampled_from([pa.string(), pa.large_string()]))
            whole = pa.array(["x"] * skipped + part, kind)
            writer.write(pa.chunked_array([whole[skipped:]]) if data.draw(st.booleans()) else whole[skipped:])
        column = writer.strings()
        assert column == plain
        rows = np.array(data.draw(st.lists(st.integers(0, len(plain) - 1)) if plain else st.just([])), int)
        assert column.take(rows) == tuple(plain[i] for i in rows)
        assert column[1:].arrow.null_count == 0


def test_many_strings_take_no_memory_when_they_are_written_or_taken():
    pool = pa.default_memory_pool()
    before = pool.bytes_allocated()
    writer = StringsWriter()
    for start in range(0, 300_000, 50_000):
        writer.write(pa.array([f"a sentence of tea and rain {i}" for i in range(start, start + 50_000)]))
    column = writer.strings()
    backwards = column.take(np.arange(len(column))[::-1])
    assert backwards[0] == column[-1] == "a sentence of tea and rain 299999"
    assert pool.bytes_allocated() - before < 1_000_000
