"""Arrays as bytes, against the library whose format it is."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from safetensors.numpy import load, save

from trainer.errors import ArtifactError
from trainer.registry.tensors import decode, encode

DTYPES = ("float64", "float32", "uint32", "float16")
SOME = {"weights": np.arange(6, dtype=np.float16).reshape(3, 2), "intercept": np.array([0.5, -1.0])}
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\x7f"), max_size=8)


def tensors():
    shapes = arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
    one = st.sampled_from(DTYPES).flatmap(lambda dtype: shapes.flatmap(lambda s: arrays.arrays(dtype, s)))
    return st.dictionaries(NAMES.filter(lambda name: name != "__metadata__"), one, min_size=1, max_size=5)


@given(tensors())
def test_what_is_written_is_what_the_library_writes(some):
    assert encode(some) == save(some)


@given(tensors())
def test_what_is_read_is_what_the_library_reads(some):
    data = save(some)
    found, expected = decode(data, len(some)), load(data)
    assert set(found) == set(expected)
    for name, array in expected.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert found[name].tobytes() == array.tobytes()  # whatever is no number, too


def test_arrays_of_another_layout_are_written_as_they_read():
    array = np.arange(12.0).reshape(3, 4)
    for other in (np.asfortranarray(array), array.astype(">f8"), np.repeat(array, 2, axis=1)[:, ::2]):
        assert encode({"a": other}) == encode({"a": array})


def test_what_was_read_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        decode(encode(SOME), 2)["intercept"][0] = 1.0


def with_header(header: object, data: bytes) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data


def entry(dtype: str, shape: list[object], start: int, end: int) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no header"),
        (b"\x08" + b"\0" * 6, "no header"),
        (b"\0" * 8, "no header"),
        (b"\xff" * 8 + b"{}", "no header"),
        ((9).to_bytes(8, "little") + b"{       }" + b"\0" * 16, "no header"),
        (with_header({"a": entry("F64", [1], 0, 8)}, b"\0" * 7), "does not stand where"),
        (with_header({"a": entry("F64", [1], 0, 8)}, b"\0" * 9), "more than the tensors"),
        (with_header({"a": entry("F64", [2], 0, 8)}, b"\0" * 8), "does not stand where"),
        (with_header({"a": entry("F64", [1], 8, 16)}, b"\0" * 16), "does not stand where"),
        (with_header({"a": entry("F64", [2**62, 2**62], 0, 8)}, b"\0" * 8), "does not stand where"),
        (with_header({"a": entry("I64", [1], 0, 8)}, b"\0" * 8), "'a' is of none of F64, F32, U32, F16"),
        (with_header({"a": entry("F64", [-1], 0, -8)}, b""), "no shape"),
        (with_header({"a": entry("F64", [True], 0, 8)}, b"\0" * 8), "no shape"),
        (
            with_header({"a": entry("F64", [1], 0, 8), "b": entry("F64", [1], 0, 8)}, b"\0" * 8),
            "'b' does not stand where",
        ),
        (
            with_header({"a": entry("F16", [1], 0, 2), "b": entry("F64", [1], 2, 10)}, b"\0" * 10),
            "'b' begins where no such number may",
        ),
        (with_header({name: entry("F64", [0], 0, 0) for name in "abc"}, b""), "must be 2, not 3"),
        (with_header(b'{"a":' + b"[" * 60_000, b""), "more lists and objects"),
    ],
)
def test_other_bytes_are_refused(data, why):
    with pytest.raises(ArtifactError, match=why):
        decode(data, 2)


@given(st.binary(max_size=64), st.integers(0, 200))
def test_bytes_that_were_changed_are_refused_or_arrays(other, place):
    data = encode(SOME)
    changed = data[:place] + other + data[place + len(other) :]
    try:
        found = decode(changed, 2)
    except (ArtifactError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return  # what `read_model` takes for a damaged file
    assert sum(array.nbytes for array in found.values()) < len(changed)
