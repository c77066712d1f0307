"""Where a key stands in a TOML text: the parser does not tell."""

from __future__ import annotations

from collections.abc import Sequence


def line_of(text: str, loc: Sequence[str | int]) -> int | None:
    """Return the line on which the key at `loc` stands, or that of the nearest table above it."""
    wanted = tuple(loc)
    counts: dict[tuple[str, ...], int] = {}
    table: tuple[str | int, ...] = ()
    best, depth, quoted = None, 0, False
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if not quoted and line.startswith("["):
            table = _table(line, counts)
            here = table
        elif not quoted and "=" in line and not line.startswith("#"):
            here = (*table, line.partition("=")[0].strip().strip("\"'"))
        else:
            here = ()
        if len(here) > depth and wanted[: len(here)] == here:
            best, depth = number, len(here)
        if quoted or not line.startswith("#"):
            quoted ^= (line.count('"""') + line.count("'''")) % 2 == 1
    return best


def _table(header: str, counts: dict[tuple[str, ...], int]) -> tuple[str | int, ...]:
    """Return where a ``[table]`` or ``[[table]]`` header leads, counting the members of arrays."""
    array = header.startswith("[[")
    names = tuple(part.strip().strip("\"'") for part in header.strip("[] ").partition("]")[0].split("."))
    if array:
        counts[names] = counts.get(names, -1) + 1
        for deeper in [key for key in counts if len(key) > len(names) and key[: len(names)] == names]:
            del counts[deeper]
    table: tuple[str | int, ...] = ()
    for end, name in enumerate(names, 1):
        table = (*table, name)
        if names[:end] in counts:
            table = (*table, counts[names[:end]])
    return table
