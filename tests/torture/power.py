"""Power cuts, full disks and disks that turn read-only: on file systems made for it, by root."""

from __future__ import annotations

import ctypes
import fcntl
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from registering import saved, sound

from trainer.errors import NotPublishedError, TrainerError
from trainer.publishing import gc
from trainer.registry.versions import history, models_folder, promote
from trainer.storage import versions

NAME = "pots"
_SHUTDOWN, _NO_LOG_FLUSH = 0x8004587D, 2  # EXT4_IOC_SHUTDOWN, EXT4_GOING_FLAGS_NOLOGFLUSH
_NEW_MOUNTS = 0x00020000  # CLONE_NEWNS, <linux/sched.h>
MUTANTS = ("files folders", "folders", "files")
"""What a writer does not flush that must lose something."""
_WRITER = """
import os, stat, sys
sys.path.insert(0, {tests!r})
flush = os.fsync
def fsync(handle):
    if ("folders" if stat.S_ISDIR(os.fstat(handle).st_mode) else "files") not in sys.argv[2].split():
        flush(handle)
os.fsync = fsync
from pathlib import Path
from registering import saved
from trainer.registry.versions import promote
root, mark, left = Path(sys.argv[1]), int(sys.argv[3]), int(sys.argv[4])
def say(*words):
    global left
    left -= 1
    print(*words, flush=True)
    if left == 0:
        sys.stdin.readline()
while True:
    version, digest = saved(root, "pots", mark)
    say("version", version, digest)
    promote(root, "pots", version)
    say("promoted", version)
    mark += 1
"""


def missing() -> str:
    """Return what is lacking here to mount file systems."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs root on Linux, to mount file systems"
    tools = ("mkfs.ext4", "mount", "umount", "unshare")
    lacking = [tool for tool in tools if shutil.which(tool) is None]
    if lacking:
        return f"needs {', '.join(lacking)}"
    # In a container root may be kept from it.
    mount = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", tempfile.gettempdir()]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:  # noqa: S603
        return "root may not mount here"
    return "" if Path("/dev/loop-control").exists() else "needs loop devices"


def power_cuts(folder: Path, *, power_cuts: int = 200) -> str:
    """What was announced survives a power cut; without fsync, of files or of folders, it would not."""
    _alone()
    announced, lost = _cuts(folder / "sound", power_cuts, "")
    assert announced, "nothing was announced before a cut"
    assert not lost, f"lost: {lost[:5]}"
    others, said = max(power_cuts // 10, 2), []
    for unflushed in MUTANTS:
        doubtful, gone = _cuts(folder / unflushed.replace(" ", "-"), others, unflushed)
        assert gone, f"without fsync of {unflushed} nothing is lost either: these cuts prove nothing"
        said.append(f"{len(gone):,} of {doubtful:,} without fsync of {unflushed.replace(' ', ' and ')}")
    return (
        f"{power_cuts} cuts, {announced:,} versions and moves announced, none lost; "
        f"lost or torn in {others} cuts each: {', '.join(said)}"
    )


def full_disks(folder: Path, *, sizes: int = 60) -> str:
    """A disk that is full, has no names left or turns read-only changes nothing."""
    _alone()
    failed = 0
    for number in range(sizes):
        # Up to what three versions take, in steps that end within any file.
        size = f"size={(8 + number * 160 // sizes) * 4096}"
        with _mounted(folder / f"size-{number}", "tmpfs", "-t", "tmpfs", "-o", size) as place:
            failed += _until_full(place)
    for number in range(sizes):
        names = f"nr_inodes={3 + number * 60 // sizes}"
        with _mounted(folder / f"names-{number}", "tmpfs", "-t", "tmpfs", "-o", names) as place:
            failed += _until_full(place)
    with _mounted(folder / "locked", "tmpfs", "-t", "tmpfs", "-o", "size=10m") as place:
        _locked(place)
    return f"{2 * sizes} disks, {failed} of them full in the midst of it, one read-only"


def _cuts(folder: Path, cuts: int, unflushed: str) -> tuple[int, list[str]]:
    """Cut the power so often; return how much was announced, and what of it was lost."""
    folder.mkdir()
    image, place = folder / "image", folder / "place"
    with image.open("wb") as file:
        file.truncate(256 * 1024**2)
    _run("mkfs.ext4", "-q", "-F", str(image))
    chance, announced, lost = random.Random(7), 0, []
    for cut in range(cuts):
        with _mounted(place, str(image), "-o", "loop"):
            said = _one_cut(place, unflushed, 1000 * cut, chance)
        with _mounted(place, str(image), "-o", "loop"):
            announced += len(said)
            gone = _lost(place / "artifacts", said)
            lost += gone
            _make_room(place / "artifacts", bool(gone))
    return announced, lost


def _one_cut(place: Path, unflushed: str, mark: int, chance: random.Random) -> list[list[str]]:
    """Publish and promote until the power is cut; return the lines that were announced.

    Every other time, about, it is cut while the writer waits after an announcement: what that one lacks,
    none after it can have made good. Else it is cut in the midst of writing.
    """
    waits, count = chance.random() < 0.5, chance.randint(1, 40)
    code = _WRITER.format(tests=str(Path(__file__).parent.parent))
    command = [sys.executable, "-c", code, str(place / "artifacts"), unflushed, str(mark)]
    with subprocess.Popen(  # noqa: S603  (our own interpreter)
        [*command, str(count if waits else 0)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as writer:  # fmt: skip
        assert writer.stdout is not None
        try:
            said = [writer.stdout.readline().split() for _ in range(count)]
            time.sleep(0 if waits else chance.uniform(0, 0.03))
            ended = writer.poll() is not None or not all(said)
            assert not ended, "the writer ended before the cut"
            _cut(place)
        finally:
            writer.kill()
        said += [line.split() for line in writer.stdout]
    return said


def _cut(place: Path) -> None:
    handle = os.open(place, os.O_RDONLY)
    fcntl.ioctl(handle, _SHUTDOWN, struct.pack("I", _NO_LOG_FLUSH))
    os.close(handle)


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
    told = {version for what, version, *_ in said if what == "version"}
    torn = [version for version in versions(folder) if version not in told and not sound(folder / version)]
    return lost + [f"{version} is torn" for version in torn]


def _make_room(root: Path, torn: bool) -> None:
    """Remove all but the newest version; the whole, where a mutant can not go on from what is left."""
    if torn:
        shutil.rmtree(root, ignore_errors=True)
        return
    folder = models_folder(root, NAME)
    for version in versions(folder)[:-1]:
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
    """Turn a disk read-only between two versions, and in the midst of one."""
    root = place / "artifacts"
    digests = dict([saved(root, NAME, 0)])
    promote(root, NAME, "1")
    _remount(place, "ro")
    for act in (lambda: saved(root, NAME, 1), lambda: promote(root, NAME, "1", "next")):
        _refused(act)
    _as_announced(root, digests, ["1"])
    _remount(place, "rw")
    _refused(lambda: saved(root, NAME, 1, meanwhile=lambda: _remount(place, "ro")))
    _remount(place, "rw")
    assert gc(models_folder(root, NAME), older_than=-60), "there was nothing to clear away"
    _as_announced(root, digests, ["1"])
    digests |= dict([saved(root, NAME, 1)])
    _as_announced(root, digests, ["1"])


def _refused(act: Callable[[], object]) -> None:
    try:
        act()
    except NotPublishedError:
        return
    raise AssertionError("something was written to a read-only disk")


def _remount(place: Path, how: str) -> None:
    _run("mount", "-o", f"remount,{how}", str(place))


def _as_announced(root: Path, digests: dict[str, str], promoted: list[str]) -> None:
    folder = models_folder(root, NAME)
    assert versions(folder) == list(digests)
    assert all(sound(folder / version, digest) for version, digest in digests.items())
    if promoted:
        assert [move.version for move in history(root, NAME)] == promoted[::-1]
    assert not [path.name for path in folder.glob(".staging-*")]


def _alone() -> None:
    """Mount from here on where no other process sees it: whatever ends this one, its disks go with it."""
    assert ctypes.CDLL(None).unshare(_NEW_MOUNTS) == 0, "no mounts of our own can be had"
    _run("mount", "--make-rprivate", "/")


@contextmanager
def _mounted(place: Path, what: str, *options: str) -> Iterator[Path]:
    place.mkdir(exist_ok=True)
    _run("mount", *options, what, str(place))
    try:
        yield place
    finally:
        _run("umount", str(place))


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
