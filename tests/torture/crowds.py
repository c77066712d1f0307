"""Many at once: writers, readers, moves of aliases and gc over one registry."""

from __future__ import annotations

import json
import multiprocessing
import random
import time
from contextlib import suppress
from pathlib import Path

from registering import saved, sound

from trainer.errors import NotFoundError, NotPublishedError
from trainer.publishing import ABANDONED
from trainer.registry.format import read_model
from trainer.registry.pruning import gc_models
from trainer.registry.versions import find_model, history, list_models, models_folder, promote
from trainer.storage import versions

NAME = "pots"
ALIASES = ("production", "next", "canary")


def crowds(folder: Path, *, writers: int = 64, each: int = 100, readers: int = 4) -> str:
    """No version is lost or doubled, whoever else reads, clears or moves aliases."""
    context = multiprocessing.get_context("fork")
    said, stop = folder / "said", context.Event()
    said.mkdir()
    root = folder / "artifacts"
    models_folder(root, NAME).mkdir(parents=True)

    def start(work, *arguments):
        return context.Process(target=work, args=(root, *arguments))

    at_work = [start(_write, said / f"{who}.jsonl", who, each) for who in range(writers)]
    around = [start(_read, said / f"reader-{who}", stop) for who in range(readers)]
    around.append(start(_clear, stop))
    for process in (*around, *at_work):
        process.start()
    for process in at_work:
        process.join()
    stop.set()
    for process in around:
        process.join()
    assert [process.exitcode for process in (*at_work, *around)] == [0] * (writers + readers + 1)
    lines = [json.loads(line) for file in said.glob("*.jsonl") for line in file.open()]
    _check(root, lines, writers * each)
    reads = sum(int(file.read_text()) for file in said.glob("reader-*"))
    moves = sum(len(one["moved"]) for one in lines)
    again = sum(one["again"] for one in lines)
    return (
        f"{len(lines):,} versions by {writers} writers, {reads:,} reads, {moves:,} moves of aliases, "
        f"{again:,} staged again because gc took what was staged"
    )


def _write(root: Path, file: Path, who: int, each: int) -> None:
    random.seed(who)
    with file.open("w") as lines:
        for number in range(each):
            (version, digest), tries = _until_it_is(saved, root, NAME, who * each + number)
            moved = [random.choice(ALIASES)] if random.random() < 0.2 else []
            for alias in moved:
                tries += _until_it_is(promote, root, NAME, version, alias)[1]
            told = {"version": version, "digest": digest, "moved": moved, "again": tries}
            lines.write(json.dumps(told) + "\n")


def _until_it_is(do, *arguments):
    """Do it again where gc took what was staged: nothing was published then."""
    again = 0
    while True:
        with suppress(NotPublishedError):
            return do(*arguments), again
        again += 1


def _read(root: Path, file: Path, stop) -> None:
    """Load what is there, over and over: it is whole, always."""
    reads = 0
    while not stop.is_set():
        for reference in (NAME, *(f"{NAME}@{alias}" for alias in ALIASES)):
            with suppress(NotFoundError):  # nothing is published, or promoted, so far
                read_model(find_model(reference, root).path)
                reads += 1
    file.write_text(str(reads))


def _clear(root: Path, stop) -> None:
    """Clear what was left behind, and at times what is being written."""
    while not stop.is_set():
        gc_models(root, NAME, older_than=random.choice([0.0, 0.01, ABANDONED]))
        time.sleep(0.02)


def _check(root: Path, lines: list[dict], wanted: int) -> None:
    folder = models_folder(root, NAME)
    numbers = sorted(int(one["version"]) for one in lines)
    assert numbers == list(range(1, wanted + 1)), "a number was lost or given twice"
    assert versions(folder) == [str(number) for number in numbers]
    assert len({one["digest"] for one in lines}) == wanted
    for one in lines:
        assert sound(folder / one["version"], one["digest"]), f"version {one['version']} is another"
    for alias in ALIASES:
        moved = [one["version"] for one in lines if alias in one["moved"]]
        if moved:
            made = [move.version for move in history(root, NAME, alias)]
            assert sorted(made) == sorted(moved), "a move was lost or doubled"
    gc_models(root, NAME, older_than=-60)
    assert {path.name for path in folder.iterdir()} <= {*map(str, numbers), "aliases"}
    assert len(list(list_models(root, NAME))) == wanted
