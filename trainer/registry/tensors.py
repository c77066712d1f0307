"""Arrays as bytes, in the format of safetensors: a header of JSON, then the arrays, one after another.

What is written is what the library `safetensors` writes, byte for byte, and no version of it changes that.
What is read stays where it stands, and nothing else is taken. https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.errors import ArtifactError
from trainer.registry.bounds import LARGEST_JSON, decoded

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DTYPES = {"F64": "<f8", "F32": "<f4", "U32": "<u4", "F16": "<f2"}
"""In the order in which arrays stand: none begins where it may not, by the size of its numbers."""
_ALIGNED = 8
"""Bytes; the header is filled up with blanks to a multiple of it."""
_CONTAINERS = 3
"""Of JSON, for each array."""


def encode(tensors: Mapping[str, NDArray[Any]]) -> bytes:
    """Return arrays of the dtypes that a model has as bytes."""
    codes = {np.dtype(dtype): code for code, dtype in _DTYPES.items()}
    order = list(_DTYPES)
    named = [(codes[array.dtype.newbyteorder("<")], name, array) for name, array in tensors.items()]
    named.sort(key=lambda one: (order.index(one[0]), one[1]))
    header, parts, end = {}, [], 0
    for code, name, array in named:
        start, end = end, end + array.nbytes
        header[name] = {"dtype": code, "shape": list(array.shape), "data_offsets": [start, end]}
        parts.append(np.ascontiguousarray(array, _DTYPES[code]).tobytes())
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNED)
    return b"".join([len(text).to_bytes(8, "little"), text, *parts])


def decode(data: bytes, most: int) -> dict[str, NDArray[Any]]:
    """Return the arrays that `encode` wrote, without a copy: they cannot be written to.

    Parameters
    ----------
    most : int
        How many there may be.

    Raises
    ------
    ArtifactError
        When the header is none, or the arrays are not, one after another, all that follows it.
    """
    header, first = _header(data, most)
    found, end = {}, first
    for name, entry in sorted(header.items(), key=lambda one: one[1]["data_offsets"][0]):
        if entry["dtype"] not in _DTYPES:
            raise ArtifactError(f"tensor {name!r:.40} is of none of {', '.join(_DTYPES)}")
        dtype, shape, start = np.dtype(_DTYPES[entry["dtype"]]), entry["shape"], end
        if not all(type(length) is int and length >= 0 for length in shape):
            raise ArtifactError(f"tensor {name!r:.40} has no shape")
        end = start + prod(shape) * dtype.itemsize
        if entry["data_offsets"] != [start - first, end - first] or end > len(data):
            raise ArtifactError(f"tensor {name!r:.40} does not stand where the one before it ends")
        if start % dtype.itemsize:
            raise ArtifactError(f"tensor {name!r:.40} begins where no such number may")
        array = np.frombuffer(data, dtype, prod(shape), start).reshape(shape)
        found[name] = array.astype(dtype.newbyteorder("="), copy=False)
    if end != len(data):
        raise ArtifactError("more than the tensors is there")
    return found


def _header(data: bytes, most: int) -> tuple[dict[str, Any], int]:
    """Return what is told of each array, and where the first one begins."""
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or not 0 < size <= min(LARGEST_JSON, len(data) - 8) or size % _ALIGNED:
        raise ArtifactError("the tensors have no header")
    header: dict[str, Any] = decoded(data[8 : 8 + size], "weights.safetensors", _CONTAINERS * most)
    if len(header) > most:
        raise ArtifactError(f"the tensors must be {most}, not {len(header)}")
    return header, 8 + size
