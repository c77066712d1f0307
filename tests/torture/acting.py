"""What is done to a registry while it is being broken, and what must hold afterwards whatever happened.

As a program it does one action: it says that it is ready, waits for a line, acts, and says what came of it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from registering import saved, sound

from trainer.errors import ArtifactError, NotDurableError, NotPublishedError, TrainerError
from trainer.publishing import write_atomically
from trainer.registry.pruning import gc_models, prune
from trainer.registry.versions import history, models_folder, promote, read_aliases, rollback
from trainer.storage import versions

NAME = "pots"
BEFORE = ("1", "2", "3", "4")
"""Versions that are there before: 2 and then 3 were promoted."""
ACTIONS = ("publish", "promote", "rollback", "prune", "replace")
READING = ("promote", "rollback", "prune")
"""Those that depend on what aliases stand for."""


def prepare(root: Path) -> dict[str, str]:
    """Make the registry that is acted on; return the digests of its versions."""
    digests = dict(saved(root, NAME, int(number)) for number in BEFORE)
    for version in "23":
        promote(root, NAME, version)
    (root / "file.json").write_bytes(b"old")
    return digests


def act(action: str, root: Path) -> str:
    """Do one thing; return what it announced."""
    if action == "publish":
        return " ".join(saved(root, NAME, 5))
    if action == "promote":
        promote(root, NAME, "4")
    elif action == "rollback":
        rollback(root, NAME)
    elif action == "prune":
        prune(root, NAME, 1)
    else:
        write_atomically(root / "file.json", b"new")
    return "-"


def outcome(action: str, root: Path) -> str:
    """Act, and return how it ended: done, not published or not durable."""
    try:
        return f"done {act(action, root)}"
    except NotPublishedError:
        return "unpublished -"
    except NotDurableError as error:
        return f"undurable {error.version or '-'}"
    except TrainerError:
        if action not in READING:
            raise
        return "unpublished -"  # what could not be read is not written over either


def check(action: str, root: Path, digests: dict[str, str], said: str) -> None:
    """Assert what must hold after an action that was cut short, or announced something."""
    folder = models_folder(root, NAME)
    ended, _, about = said.partition(" ")
    there = versions(folder)
    for version in there:
        assert sound(folder / version, digests.get(version)), f"version {version} is not whole"
    needed = {"3", "4", "2"} if action == "prune" else set(BEFORE)
    assert needed <= set(there), f"of {needed} there is only {there}"
    _check_outcome(action, root, ended, there)
    if action == "publish" and ended == "done":
        version, digest = about.split()
        assert sound(folder / version, digest), "what was announced is not there"
    assert len(list(_moves(root))) >= 2
    assert action != "prune" or read_aliases(root, NAME) == {"production": "3"}
    gc_models(root, NAME, older_than=-60)
    left = {path.name for path in folder.iterdir()} - {*versions(folder), "aliases"}
    assert not left, f"gc leaves {left}"
    again = saved(root, NAME, 9)
    assert sound(folder / again[0], again[1]), "nothing can be published any more"


def _check_outcome(action: str, root: Path, ended: str, there: list[str]) -> None:
    """Assert that there is what was before, or what was wanted, and that it agrees with what was said."""
    before, after = {
        "publish": (list(BEFORE), [*BEFORE, "5"]),
        "promote": ("3", "4"),
        "rollback": ("3", "2"),
        "prune": (list(BEFORE), ["2", "3", "4"]),
        "replace": (b"old", b"new"),
    }[action]
    if action in ("publish", "prune"):
        seen = there
    elif action == "replace":
        seen = (root / "file.json").read_bytes()
    else:
        seen = read_aliases(root, NAME).get("production")
    allowed = {"done": [after], "undurable": [after], "unpublished": [before]}.get(ended, [before, after])
    assert seen in allowed, f"{ended or 'killed'}, and there is {seen}"


def _moves(root: Path):
    try:
        return history(root, NAME)
    except ArtifactError as error:
        raise AssertionError(f"the log of an alias is damaged: {error}") from error


if __name__ == "__main__":
    doing, where = sys.argv[1], Path(sys.argv[2])
    prepare(where.with_name("warm"))  # whatever is imported late is imported now
    for each in ACTIONS:
        outcome(each, where.with_name("warm"))
    print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()
    os.writev(1, [outcome(doing, where).encode()])  # a call that is not tampered with
