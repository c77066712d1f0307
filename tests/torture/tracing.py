"""strace: which system calls an action makes, and what becomes of it when one of them is cut short."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ACTING = Path(__file__).with_name("acting.py")
CALLS = (
    "chmod,close,fchmod,fdatasync,fsync,ftruncate,link,linkat,mkdir,mkdirat,openat,pwrite64,rename,renameat,"
    "renameat2,rmdir,symlink,symlinkat,unlink,unlinkat,utimensat,write"
)
_CALL = re.compile(r"(\w+)\(")


@dataclass(frozen=True, slots=True)
class Call:
    """One system call of an action: the how-manieth of its kind, and how it was written."""

    name: str
    when: int
    text: str


def missing() -> str:
    """Return why calls cannot be traced here; nothing where they can."""
    if sys.platform != "linux" or shutil.which("strace") is None:
        return "needs strace"
    # Attached as it will be: many systems let one trace what one starts, and nothing that runs already.
    with (
        subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child,  # noqa: S607
        _tracer(child, "-o", "/dev/null") as attached,
    ):
        child.communicate()
    return "" if attached else "strace may not attach to a process here"


def traced(action: str, root: Path, log: Path, *inject: str) -> str:
    """Do an action in a process of its own, under strace from just before it; return what it announced."""
    return watched([str(ACTING), action, str(root)], log, "-e", f"trace={CALLS}", *inject)


def watched(program: list[str], log: Path, *options: str) -> str:
    """Run a Python program under strace from where it says that it is ready; return what it says then."""
    command = [sys.executable, *program]
    with subprocess.Popen(  # noqa: S603  (our own program)
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n", child.stderr.read() if child.stderr else ""
        with _tracer(child, "-y", "-o", str(log), *options) as attached:
            assert attached, "strace did not attach"
            said, told = child.communicate("go\n")
    assert child.returncode in (0, -9), told
    return said.strip()


@contextmanager
def _tracer(child: subprocess.Popen[Any], *options: str) -> Iterator[bool]:
    """Attach strace to a process until that ends; give whether it did."""
    command = ["strace", *options, "-p", str(child.pid)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:  # noqa: S603
        yield any("attached" in line for line in strace.stderr or ())


def calls_of(action: str, root: Path, log: Path) -> Iterator[Call]:
    """Yield the calls of an action that touch something in `root`."""
    traced(action, root, log)
    counts: Counter[str] = Counter()
    for line in log.read_text(errors="replace").splitlines():
        if (match := _CALL.match(line)) is None:
            continue
        counts[match[1]] += 1
        if f"{root}" in line:
            yield Call(match[1], counts[match[1]], line)
