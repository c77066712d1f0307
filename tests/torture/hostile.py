"""Artifacts made to do harm: loading one runs nothing, writes nothing, and does not fill the memory."""

from __future__ import annotations

import json
import os
import pickle
import random
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from trainer.registry.files import FILES, MANIFEST
from trainer.registry.write import with_checksum
from trainer.storage import canonical_json, sha256

FROZEN = Path(__file__).parent.parent / "frozen"
MODELS = ("model-1", "model-1-full")
FORBIDDEN = (
    "compile", "ctypes", "exec", "import", "marshal", "os.exec", "os.fork", "os.link", "os.mkdir",
    "os.posix_spawn", "os.putenv", "os.remove", "os.rename", "os.rmdir", "os.spawn", "os.symlink",
    "os.system", "pickle", "shutil", "socket", "subprocess", "urllib",
)  # fmt: skip
VALUES = [
    None, True, -1, 0, 2**31, 2**63, 10**30, 1e308, -0.0, "", "a" * 10_000, "../../x",
    "\x1b[2J", "__import__('os').system('true')", "!!python/object/apply:os.system ['true']", [], {}, [[]],
    {"a": {"b": []}}, ["a"] * 1000, {"__reduce__": ["os.system", "true"]}, "\u202e", "é" * 50,
]  # fmt: skip
SLACK = 200 * 1024**2


def hostile(folder: Path, *, artifacts: int = 1000) -> str:
    """Loading a model runs no code of it, and takes at most twice its size and 200 MB of memory."""
    chance = random.Random(7)
    names = []
    for number in range(artifacts):
        target = folder / f"{number}"
        shutil.copytree(FROZEN / chance.choice(MODELS), target)
        for _ in range(chance.choice([1, 1, 1, 2, 3])):
            chance.choice(ATTACKS)(target, chance)
        if chance.random() < 0.8:
            _agree(target)
        names.append(str(target))
    done = subprocess.run(  # noqa: S603  (our own interpreter)
        [sys.executable, __file__],
        input="\n".join(names),
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout)
    assert said["refused"] + said["loaded"] == artifacts
    assert not said["events"], said["events"][:5]
    assert not (folder / "ran").exists(), "code of an artifact was run"
    found = f"{said['refused']:,} refused, {said['loaded']:,} harmless"
    return f"{artifacts:,} artifacts: {found}; {said['peak'] >> 20} MB more at most"


class Bomb:
    """A pickle that leaves a mark where it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("ran",)


def _agree(folder: Path) -> None:
    """Make sizes, hashes and the checksum agree, as a forger would: what is wrong is deeper then."""
    if any((folder / name).is_symlink() or not (folder / name).is_file() for name in (*FILES, MANIFEST)):
        return
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        for name in FILES:
            data = (folder / name).read_bytes()
            manifest["files"][name] = {"size": len(data), "sha256": sha256(data)}
        (folder / MANIFEST).write_bytes(canonical_json(with_checksum(manifest)))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return  # so much is broken that nothing can agree


def _value(folder: Path, chance: random.Random) -> None:
    """Put something else in the place of any value of any file of JSON."""
    file = folder / chance.choice([MANIFEST, MANIFEST, "lexicons.json", "golden.json", "metrics.json"])
    if file.is_symlink() or not file.is_file():
        return
    try:
        said = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        return
    at = said
    while isinstance(at, (dict, list)) and at:
        key = chance.choice(list(at)) if isinstance(at, dict) else chance.randrange(len(at))
        if not isinstance(at[key], (dict, list)) or not at[key] or chance.random() < 0.3:
            at[key] = chance.choice(VALUES)
            break
        at = at[key]
    _write(file, json.dumps(said, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _pickle(folder: Path, chance: random.Random) -> None:
    """Put a pickle in the place of a file, bare or as numpy and joblib keep it."""
    bomb = pickle.dumps(Bomb(), chance.randrange(pickle.HIGHEST_PROTOCOL + 1))
    about = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117)
    array = b"\x93NUMPY\x01\x00v\x00" + about + b"\n" + bomb
    _write(folder / chance.choice([*FILES, MANIFEST]), chance.choice([bomb, array, b"\x80" + bomb]))


def _code(folder: Path, chance: random.Random) -> None:
    """Lay code where Python, or a tool, might look for it."""
    code = b"import os; os.mkdir('ran')\n"
    names = ["__init__.py", "conftest.py", "sitecustomize.py", "safetensors.py", "numpy.py", "x.pth"]
    name = chance.choice(names)
    (folder / name).write_bytes(code)


def _header(folder: Path, chance: random.Random) -> None:
    """Let the header of the tensors lie: about sizes, offsets, dtypes, its own length."""
    file = folder / "weights.safetensors"
    data = file.read_bytes() if file.is_file() and not file.is_symlink() else b""
    if len(data) < 16:
        return
    length = int.from_bytes(data[:8], "little")
    header = bytearray(data[8 : 8 + length] or b"{}")
    for _ in range(chance.randrange(1, 6)):
        header[chance.randrange(len(header))] = chance.randrange(256)
    size = chance.choice([length, length, 0, 2**63, 2**64 - 1, 10**8, len(data)])
    _write(file, size.to_bytes(8, "little") + bytes(header) + data[8 + length :])


def _bomb(folder: Path, chance: random.Random) -> None:
    """Make little that decodes to much, or computes for long."""
    n = 200_000
    name, data = chance.choice(
        [
            ("lexicons.json", b"[" + b"[]," * n + b"[]]"),
            ("lexicons.json", b"[[" + b'{"":0},' * n + b'""]]'),
            ("lexicons.json", b"[[" + '"ā",'.encode() * n + b'""]]'),
            ("golden.json", b'{"texts": [' + b'"",' * n + b'""], "margins": [' + b"[0]," * n + b"[0]]}"),
            ("golden.json", b'{"texts": ["' + b"lava " * n + b'"], "margins": [[0, 0, 0]]}'),
            ("golden.json", b"[" * n),
            (MANIFEST, b'{"format": 1, "x": [' + b"[]," * n + b"[]]}"),
            (MANIFEST, b'{"a":' * n),
        ]
    )
    _write(folder / name, data)


def _kind(folder: Path, chance: random.Random) -> None:
    """Make a file something else: a link, a pipe, a folder, nothing."""
    file = folder / chance.choice([*FILES, MANIFEST])
    if file.is_dir():
        return
    file.unlink(missing_ok=True)
    elsewhere = ["/dev/zero", "/etc/passwd", str(FROZEN / "model-1" / file.name)]
    other = chance.choice([*elsewhere, "fifo", "folder", ""])
    if other == "fifo":
        os.mkfifo(file)
    elif other == "folder":
        file.mkdir()
    elif other:
        file.symlink_to(other)


def _bytes(folder: Path, chance: random.Random) -> None:
    """Turn bytes over anywhere."""
    file = folder / chance.choice([*FILES, MANIFEST])
    data = bytearray(file.read_bytes()) if file.is_file() and not file.is_symlink() else bytearray()
    for _ in range(chance.randrange(1, 20) if data else 0):
        data[chance.randrange(len(data))] = chance.randrange(256)
    if data:
        _write(file, bytes(data))


def _write(file: Path, data: bytes) -> None:
    if file.is_file() and not file.is_symlink():
        file.write_bytes(data)


ATTACKS: list[Callable[[Path, random.Random], None]] = [
    _value, _value, _value, _value, _pickle, _code, _header, _header, _bomb, _kind, _bytes,
]  # fmt: skip


def _watch() -> None:
    """Load each model named on standard input, and tell what the interpreter was asked for meanwhile."""
    from trainer.errors import ArtifactError
    from trainer.language import language_of
    from trainer.registry.format import read_model

    language_of("Whatever is imported late is imported now.")
    for name in MODELS:
        read_model(FROZEN / name).explain("lava", read_model(FROZEN / name).topics[0])
    events: list[str] = []
    watching = False

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if not watching:
            return
        writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
        if event.startswith(FORBIDDEN) or writes:
            events.append(f"{event} {arguments!r:.200}")

    sys.addaudithook(hook)
    refused, worst, before = 0, 0, _resident()
    for name in sys.stdin.read().splitlines():
        declared = sum(file.lstat().st_size for file in Path(name).iterdir())
        watching = True
        try:
            model = read_model(Path(name))
            model.predict(["lava and a lamp", ""])
            model.explain("lava and a lamp", model.topics[0])
        except ArtifactError:
            refused += 1
        watching = False
        peak = _resident() - before
        assert peak <= 2 * declared + SLACK, f"{name}: {peak >> 20} MB"
        worst = max(worst, peak)
    total = len(list(Path.cwd().glob("[0-9]*")))
    said = {"refused": refused, "loaded": total - refused, "events": events, "peak": worst}
    sys.stdout.write(json.dumps(said))


def _resident() -> int:
    """Return the most memory that this process ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    _watch()
