"""Power cuts, full disks and disks that turn read-only: on file systems made for it, by root."""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from registering import saved, sound

from trainer.errors import NotPublishedError, TrainerError
from trainer.publishing import gc
from trainer.registry.versions import history, models_folder, promote
from trainer.storage import versions

NAME = "pots"
_SHUTDOWN, _NO_LOG_FLUSH = 0x8004587D, 2  # EXT4_IOC_SHUTDOWN, EXT4_GOING_FLAGS_NOLOGFLUSH
_WRITER = """
import os, sys
sys.path.insert(0, {tests!r})
if sys.argv[2] == "mutant":
    os.fsync = lambda handle: None
from pathlib import Path
from registering import saved
from trainer.registry.versions import promote
root, mark = Path(sys.argv[1]), int(sys.argv[3])
while True:
    version, digest = saved(root, "pots", mark)
    print("version", version, digest, flush=True)
    promote(root, "pots", version)
    print("promoted", version, flush=True)
    mark += 1
"""


def missing() -> str:
    """Return what is lacking here to mount file systems."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs root on Linux, to mount file systems"
    lacking = [tool for tool in ("mkfs.ext4", "mount", "umount") if shutil.which(tool) is None]
    if lacking:
        return f"needs {', '.join(lacking)}"
    return "" if Path("/dev/loop-control").exists() else "needs loop devices"


def power_cuts(folder: Path, *, power_cuts: int = 200) -> str:
    """What was announced survives a power cut; without fsync it would not."""
    announced, lost = _cuts(folder / "sound", power_cuts, "sound")
    assert announced, "nothing was announced before a cut"
    assert not lost, f"lost: {lost[:5]}"
    others = max(power_cuts // 10, 2)
    doubtful, gone = _cuts(folder / "mutant", others, "mutant")
    assert gone, "without fsync nothing is lost either: these cuts prove nothing"
    return (
        f"{power_cuts} cuts, {announced:,} versions and moves announced, none lost; "
        f"without fsync {len(gone):,} of {doubtful:,} in {others} cuts"
    )


def full_disks(folder: Path, *, sizes: int = 60) -> str:
    """A disk that is full, has no names left or turns read-only changes nothing."""
    failed = 0
    for number in range(sizes):
        # Up to what three versions take, in steps that end within any file.
        with _mounted(
            folder / f"size-{number}", "tmpfs", f"size={(8 + number * 160 // sizes) * 4096}"
        ) as place:
            failed += _until_full(place)
    for number in range(sizes):
        with _mounted(folder / f"names-{number}", "tmpfs", f"nr_inodes={3 + number * 60 // sizes}") as place:
            failed += _until_full(place)
    with _mounted(folder / "locked", "tmpfs", "size=10m") as place:
        _locked(place)
    return f"{2 * sizes} disks, {failed} of them full in the midst of it, one read-only"


def _cuts(folder: Path, cuts: int, kind: str) -> tuple[int, list[str]]:
    """Cut the power so often; return how much was announced, and what of it was lost."""
    folder.mkdir()
    image, place = folder / "image", folder / "place"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(256 * 1024**2)
    _run("mkfs.ext4", "-q", "-F", str(image))
    chance, announced, lost = random.Random(7), 0, []
    for cut in range(cuts):
        said = _one_cut(image, place, kind, 1000 * cut, chance.uniform(0.02, 0.25))
        _run("mount", "-o", "loop", str(image), str(place))
        try:
            announced += len(said)
            lost += _lost(place / "artifacts", said)
            _make_room(place / "artifacts")
        finally:
            _run("umount", str(place))
    return announced, lost


def _one_cut(image: Path, place: Path, kind: str, mark: int, seconds: float) -> list[list[str]]:
    """Publish and promote until the power is cut; return the lines that were announced."""
    _run("mount", "-o", "loop", str(image), str(place))
    said: list[list[str]] = []
    try:
        code = _WRITER.format(tests=str(Path(__file__).parent.parent))
        command = [sys.executable, "-c", code, str(place / "artifacts"), kind, str(mark)]
        with subprocess.Popen(  # noqa: S603  (our own interpreter)
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as writer:
            assert writer.stdout is not None
            said.append(writer.stdout.readline().split())  # from the first one on: starting up takes longer
            reader = threading.Thread(
                target=lambda out: said.extend(line.split() for line in out), args=(writer.stdout,)
            )
            reader.start()
            time.sleep(seconds)
            handle = os.open(place, os.O_RDONLY)
            fcntl.ioctl(handle, _SHUTDOWN, struct.pack("I", _NO_LOG_FLUSH))
            os.close(handle)
            writer.kill()
            reader.join()
    finally:
        _run("umount", str(place))
    return [line for line in said if len(line) > 1]


def _lost(root: Path, said: list[list[str]]) -> list[str]:
    folder = models_folder(root, NAME)
    lost = [
        f"version {version}"
        for what, version, *digest in said
        if what == "version" and not sound(folder / version, digest[0])
    ]
    try:
        moves = {move.version for move in history(root, NAME)}
    except TrainerError:
        moves = set()
    lost += [
        f"move to {version}" for what, version, *_ in said if what == "promoted" and version not in moves
    ]
    torn = [version for version in versions(folder) if not sound(folder / version)]
    return lost + [f"{version} is torn" for version in torn]


def _make_room(root: Path) -> None:
    folder = models_folder(root, NAME)
    for version in versions(folder)[:-1]:
        shutil.rmtree(folder / version)
    for version in versions(folder):  # what a cut has torn is no version to go on from
        if not sound(folder / version):
            shutil.rmtree(folder / version)
    gc(folder, older_than=-60)


def _until_full(place: Path) -> int:
    """Publish and promote until it fails, or thrice; return whether it failed."""
    root, digests, promoted = place / "artifacts", {}, []
    try:
        for mark in range(3):
            version, digest = saved(root, NAME, mark)
            digests[version] = digest
            promote(root, NAME, version)
            promoted.append(version)
    except NotPublishedError:
        failed = 1
    else:
        failed = 0
    _as_announced(root, digests, promoted)
    return failed


def _locked(place: Path) -> None:
    """Turn a disk read-only between two versions."""
    root = place / "artifacts"
    digests = dict([saved(root, NAME, 0)])
    promote(root, NAME, "1")
    _run("mount", "-o", "remount,ro", str(place))
    for act in (lambda: saved(root, NAME, 1), lambda: promote(root, NAME, "1", "next")):
        try:
            act()
        except NotPublishedError:
            continue
        raise AssertionError("something was written to a read-only disk")
    _as_announced(root, digests, ["1"])


def _as_announced(root: Path, digests: dict[str, str], promoted: list[str]) -> None:
    folder = models_folder(root, NAME)
    assert versions(folder) == list(digests)
    assert all(sound(folder / version, digest) for version, digest in digests.items())
    if promoted:
        assert [move.version for move in history(root, NAME)] == promoted[::-1]
    assert not [path.name for path in folder.glob(".staging-*")]


@contextmanager
def _mounted(place: Path, kind: str, options: str) -> Iterator[Path]:
    place.mkdir()
    _run("mount", "-t", kind, "-o", options, kind, str(place))
    try:
        yield place
    finally:
        _run("umount", str(place))


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
