"""Names and paths made to lead elsewhere, and what the process asks the system for."""

from __future__ import annotations

import json
import os
import random
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from registering import saved

from trainer.errors import TrainerError
from trainer.registry.pruning import gc_models, prune
from trainer.registry.versions import find_model, history, promote, rollback

PARTS = [
    "..", ".", "", "/", "\\", "~", "\0", "\n", "\r", " ", "%2e%2e", "%2f", "..%c0%af", "．．", "／", "‥",
    "\u202e", "c:", "$HOME", "${HOME}", "`id`", ";id", "|id", "*", "?", "[a]", "con", "nul", "aux.json",
    "lpt1", "com9", "::$data", "topics", "pots", "1", "2", "production", "aliases", ".staging-1", "sha256:",
    "sha256:" + "0" * 64, "@", "@@", "etc", "passwd", "tmp", "outside", "-rf", "--", "é", "\ud800",
    "\U0001f600", "a" * 64, "a" * 65, "a" * 300, "a" * 5000,
]  # fmt: skip
_FILE_CALL = re.compile(r'^(\w+)\((?:AT_FDCWD[^,]*, )?"((?:[^"\\]|\\.)*)"')
_READS = {
    "access", "faccessat", "faccessat2", "getcwd", "lstat", "newfstatat", "open", "openat", "readlink",
    "readlinkat", "stat", "statx",
}  # fmt: skip


def hostile_names(folder: Path, *, hostile_names: int = 500) -> str:
    """A name reaches nothing outside the artifacts, and a path is only ever read."""
    from torture.tracing import watched

    (folder / "outside").mkdir()
    (folder / "outside" / "manifest.json").write_text("{}")
    root = folder / "artifacts"
    for mark in range(2):
        saved(root, "pots", mark)
    chosen = made(hostile_names)
    (folder / "names.json").write_text(json.dumps(chosen))
    log = folder / "log"
    said = watched([__file__, str(root), str(folder / "names.json")], log, "-e", "trace=%file", "-s", "9000")
    assert said.startswith("done"), said
    refused, allowed = map(int, said.split()[1:])
    calls = [
        match for line in log.read_text(errors="replace").splitlines() if (match := _FILE_CALL.match(line))
    ]
    assert len(calls) > hostile_names, "too little was seen of it"
    for match in calls:
        path = os.path.normpath(match[2].encode("latin-1", "replace").decode("unicode_escape"))
        inside = path.startswith(f"{root}{os.sep}") or path == str(root)
        # What a path leads to may be read: whoever writes one names a folder. Nothing there is ever written.
        writes = match[1] not in _READS or re.search(r"O_(WRONLY|RDWR|CREAT|TRUNC)", match.string)
        assert inside or not writes, match.string[:300]
    assert sorted(path.name for path in folder.iterdir()) == ["artifacts", "log", "names.json", "outside"]
    assert [path.name for path in (folder / "outside").iterdir()] == ["manifest.json"]
    used = f"{refused:,} uses refused, {allowed:,} allowed"
    return f"{len(chosen)} names: {used}, {len(calls):,} calls to files, none astray"


def made(names: int) -> list[str]:
    """Return names that no registry should take at its word."""
    chance = random.Random(7)
    found: dict[str, None] = {}
    while len(found) < names:
        found["".join(chance.choice(PARTS) for _ in range(chance.choice([1, 1, 2, 3, 4, 6])))] = None
    return list(found)


def uses(root: Path, name: str) -> list[Callable[[], object]]:
    """Return all that a name may be used for, as that of a model, an alias and a version."""
    return [
        lambda: saved(root, name, 7),
        lambda: promote(root, name, "1"),
        lambda: promote(root, "pots", "1", name),
        lambda: promote(root, "pots", name),
        lambda: rollback(root, name),
        lambda: rollback(root, "pots", name),
        lambda: history(root, name),
        lambda: history(root, "pots", name),
        lambda: prune(root, name, 1),
        lambda: gc_models(root, name, older_than=-60),
        lambda: find_model(name, root),
        lambda: find_model(f"pots@{name}", root),
        lambda: find_model(f"{name}@1", root),
        lambda: find_model(Path(name), root),
    ]


def _use(root: Path, names: list[str]) -> tuple[int, int]:
    refused = allowed = 0
    for name in names:
        for use in uses(root, name):
            try:
                use()
                allowed += 1
            except (
                TrainerError,
                ValueError,
            ):  # ValueError: a path with a null character, by the system itself
                refused += 1
    return refused, allowed


if __name__ == "__main__":
    where = Path(sys.argv[1])
    with suppress(TrainerError):  # whatever is imported late is imported now
        _use(where.with_name("artifacts"), ["warm"])
    print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()
    print("done", *_use(where, json.loads(Path(sys.argv[2]).read_text())), flush=True)  # noqa: T201
