from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest

from trainer import disk, publishing
from trainer.errors import NotDurableError, NotPublishedError, TrainerError, UsageError
from trainer.publishing import appearing, gc, publish, publish_unless, staging, write_atomically, write_new
from trainer.storage import versions

PUBLISHERS = 8


EACH = 10


PUBLISH_MANY = f"""
import sys
from pathlib import Path
from trainer.publishing import publish, staging
parent, who = Path(sys.argv[1]), sys.argv[2]
for number in range({EACH}):
    with staging(parent) as folder:
        (folder / "who.txt").write_text(f"{{who}}.{{number}}")
        print(publish(folder, parent))
"""


def published(parent: Path, content: str = "x") -> str:
    with staging(parent) as folder:
        (folder / "file.txt").write_text(content)
        return publish(folder, parent)


def fail_halfway(parent: Path, error: BaseException) -> None:
    with staging(parent) as folder:
        (folder / "half.bin").write_bytes(b"half")
        raise error


@pytest.mark.parametrize("name", ["07", "٣", "３", "+4", "5 ", "²"])
def test_a_folder_that_merely_reads_as_a_number_is_no_version(tmp_path, name):
    (tmp_path / name).mkdir()
    assert versions(tmp_path) == []
    assert published(tmp_path) == "1"


def test_publishing_makes_the_folder_and_counts_up(tmp_path):
    parent = tmp_path / "deep" / "er"
    assert [published(parent, text) for text in ("one", "two", "three")] == ["1", "2", "3"]
    assert (parent / "2" / "file.txt").read_text() == "two"
    assert sorted(path.name for path in parent.iterdir()) == ["1", "2", "3"]


def test_numbers_go_on_from_the_highest(tmp_path):
    (tmp_path / "41").mkdir()
    assert published(tmp_path) == "42"


def test_a_number_that_was_taken_meanwhile_is_skipped(tmp_path, monkeypatch):
    for text in ("first", "second"):
        published(tmp_path, text)
    # What a process sees that looked before the two others published.
    monkeypatch.setattr(publishing, "versions", lambda parent: [])
    assert published(tmp_path, "late") == "3"
    assert [(tmp_path / number / "file.txt").read_text() for number in "123"] == ["first", "second", "late"]


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), ValueError("no"), KeyboardInterrupt()]
)
def test_a_failure_before_publishing_leaves_nothing_behind(tmp_path, error):
    published(tmp_path)
    expected = NotPublishedError if isinstance(error, OSError) else type(error)
    with pytest.raises(expected):
        fail_halfway(tmp_path, error)
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


def test_a_failing_disk_is_one_clear_message(tmp_path):
    with pytest.raises(TrainerError, match=r"No space left on device\. Nothing was published") as caught:
        fail_halfway(tmp_path, OSError(28, "No space left on device"))
    assert caught.value.where == str(tmp_path)
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("step", range(2))
def test_a_flush_that_fails_publishes_nothing(tmp_path, monkeypatch, step):
    calls = []

    def failing(path):
        calls.append(path)
        if len(calls) > step:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(disk, "flush", failing)
    with pytest.raises(TrainerError, match="Input/output error"):
        published(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_files_folder_and_parent_are_flushed_and_the_parent_last(tmp_path, monkeypatch):
    flushed = []
    monkeypatch.setattr(disk, "flush", lambda path: flushed.append((path.name, (tmp_path / "1").exists())))
    with staging(tmp_path) as folder:
        (folder / "sub").mkdir()
        (folder / "a.txt").write_text("a")
        (folder / "sub" / "b.txt").write_text("b")
        publish(folder, tmp_path)
    assert flushed == [
        ("b.txt", False),
        ("sub", False),
        ("a.txt", False),
        (folder.name, False),
        (tmp_path.name, True),
    ]


def test_processes_that_publish_at_once_lose_and_double_nothing(tmp_path):
    command = [sys.executable, "-c", PUBLISH_MANY, str(tmp_path)]
    running = [
        subprocess.Popen([*command, str(who)], stdout=subprocess.PIPE, text=True)  # noqa: S603
        for who in range(PUBLISHERS)
    ]
    numbers = [number for process in running for number in process.communicate()[0].split()]
    assert [process.returncode for process in running] == [0] * PUBLISHERS
    assert sorted(map(int, numbers)) == list(range(1, PUBLISHERS * EACH + 1))
    written = {(tmp_path / number / "who.txt").read_text() for number in numbers}
    assert written == {f"{who}.{number}" for who in range(PUBLISHERS) for number in range(EACH)}
    assert len(list(tmp_path.iterdir())) == PUBLISHERS * EACH


def test_threads_that_publish_at_once_lose_and_double_nothing(tmp_path):
    numbers: list[str] = []
    start = threading.Barrier(PUBLISHERS)

    def work(who: int) -> None:
        start.wait()
        for number in range(EACH):
            numbers.append(published(tmp_path, f"{who}.{number}"))

    threads = [threading.Thread(target=work, args=(who,)) for who in range(PUBLISHERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(int, numbers)) == list(range(1, PUBLISHERS * EACH + 1))
    assert len({(tmp_path / number / "file.txt").read_text() for number in numbers}) == PUBLISHERS * EACH


@pytest.mark.parametrize(
    "use", [lambda path: published(path), lambda path: write_atomically(path / "x", b"y")]
)
def test_a_file_where_a_folder_must_be_is_one_clear_message(tmp_path, use):
    (tmp_path / "file").write_text("in the way")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(TrainerError, match="cannot write"):
            use(path)
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_file_is_replaced_whole(tmp_path):
    file = tmp_path / "new" / "file.json"
    write_atomically(file, b"old")
    write_atomically(file, b"new and longer")
    assert file.read_bytes() == b"new and longer"
    assert [path.name for path in file.parent.iterdir()] == ["file.json"]


def test_a_file_that_cannot_be_replaced_stays_as_it_was(tmp_path, monkeypatch):
    file = tmp_path / "file.json"
    write_atomically(file, b"old")

    def failing(path):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(disk, "flush", failing)
    with pytest.raises(TrainerError, match="Input/output error"):
        write_atomically(file, b"new")
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_in_the_place_of_a_number_is_passed_over(tmp_path):
    (tmp_path / "1").write_text("not a version", encoding="utf-8")
    with staging(tmp_path) as folder:
        (folder / "a").write_bytes(b"x")
        assert publish(folder, tmp_path) == "2"


def test_a_version_that_the_disk_does_not_confirm_is_said_to_be_there(tmp_path, monkeypatch):
    flush = disk.flush

    def fails(path):
        if path == tmp_path:
            raise OSError(errno.EIO, "Input/output error")
        flush(path)

    monkeypatch.setattr(disk, "flush", fails)
    with staging(tmp_path) as folder:
        (folder / "a").write_bytes(b"x")
        with pytest.raises(NotDurableError, match="version 1 is there, but the disk did not conf") as caught:
            publish(folder, tmp_path)
    assert caught.value.version == "1"
    assert (tmp_path / "1" / "a").read_bytes() == b"x"


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_appears_is_whole(tmp_path, kind):
    target = tmp_path / "new"
    with appearing(target) as fresh:
        if kind == "folder":
            (fresh / "deep").mkdir(parents=True)
            (fresh / "deep" / "a").write_text("1")
        else:
            fresh.write_text("1")
        assert not target.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    assert (target / "deep" / "a" if kind == "folder" else target).read_text() == "1"


@pytest.mark.parametrize("raised", [KeyboardInterrupt, ValueError, OSError(28, "No space left on device")])
def test_what_is_interrupted_appears_nowhere(tmp_path, raised):
    expected = TrainerError if isinstance(raised, OSError) else raised
    with pytest.raises(expected), appearing(tmp_path / "new") as fresh:  # noqa: PT012
        fresh.write_text("half")
        raise raised
    assert list(tmp_path.iterdir()) == []


def test_what_took_the_place_meanwhile_is_kept_when_it_is_a_folder_with_something_in_it(tmp_path):
    target = tmp_path / "new"
    with pytest.raises(UsageError, match="there already"), appearing(target) as fresh:  # noqa: PT012
        fresh.mkdir()
        target.mkdir()
        (target / "mine").write_text("1")
    assert (target / "mine").read_text() == "1"
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_name_that_is_too_long_is_one_typed_error(tmp_path):
    with pytest.raises(TrainerError), appearing(tmp_path / ("n" * 300)) as fresh:
        fresh.write_text("1")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_that_took_the_place_meanwhile_is_not_replaced(tmp_path):
    with pytest.raises(UsageError), appearing(tmp_path / "new") as fresh:  # noqa: PT012
        fresh.mkdir()
        (tmp_path / "new").mkdir()
    assert list((tmp_path / "new").iterdir()) == []


# -- renaming onto nothing --------------------------------------------------------------------------------


@pytest.fixture(params=["by the kernel", "without"])
def renaming(request, monkeypatch):
    """Rename as Linux does, and as systems do that cannot refuse to replace."""
    if request.param == "without":
        monkeypatch.setattr(disk, "_renamed_by_kernel", lambda source, target: False)
    elif sys.platform != "linux":
        pytest.skip("renameat2 is Linux's")


def made(path: Path, kind: str) -> Path:
    if kind == "file":
        path.write_text(path.name)
    elif kind != "nothing":
        path.mkdir()
        if kind == "folder":
            (path / "a").write_text(path.name)
    return path


@pytest.mark.usefixtures("renaming")
@pytest.mark.parametrize("kind", ["file", "folder"])
@pytest.mark.parametrize("there", ["nothing", "file", "folder", "empty folder", "dangling link"])
def test_a_rename_never_replaces_what_is_there(tmp_path, kind, there):
    source, target = made(tmp_path / "source", kind), tmp_path / "target"
    if there == "dangling link":
        target.symlink_to("nowhere")
    else:
        made(target, there)
    if there == "nothing":
        disk.rename_new(source, target)
        assert not source.exists()
        assert (target if kind == "file" else target / "a").read_text() == "source"
        return
    with pytest.raises(FileExistsError):
        disk.rename_new(source, target)
    assert (source if kind == "file" else source / "a").read_text() == "source"
    assert target.is_symlink() == (there == "dangling link")
    if there == "folder":
        assert (target / "a").read_text() == "target"


@pytest.mark.usefixtures("renaming")
def test_what_is_to_be_renamed_must_be_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        disk.rename_new(tmp_path / "source", tmp_path / "target")


def test_a_file_is_written_where_none_is(tmp_path):
    write_new(tmp_path / "deep" / "1", b"mine")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "deep" / "1", b"another's")
    assert [(path.name, path.read_bytes()) for path in (tmp_path / "deep").iterdir()] == [("1", b"mine")]


# -- one thing, one version -------------------------------------------------------------------------------


def holds(content: str, version: Path) -> bool:
    return (version / "file.txt").read_text() == content


def test_the_same_thing_is_published_once_however_many_do_it_at_once(tmp_path):
    found: list[tuple[str, str, bool]] = []
    start = threading.Barrier(PUBLISHERS)

    def work(who: int) -> None:
        start.wait()
        for number in range(EACH):
            content = str(number)
            with staging(tmp_path) as folder:
                (folder / "file.txt").write_text(content)
                done = publish_unless(folder, tmp_path, partial(holds, content))
            found.append((content, *done))

    threads = [threading.Thread(target=work, args=(who,)) for who in range(PUBLISHERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == PUBLISHERS * EACH
    for content in map(str, range(EACH)):
        assert len({version for one, version, _ in found if one == content}) == 1
        assert sum(created for one, _, created in found if one == content) == 1
    assert versions(tmp_path) == [str(number) for number in range(1, EACH + 1)]


def test_what_is_there_already_is_flushed_again_before_it_is_announced(tmp_path, monkeypatch):
    published(tmp_path)
    flushed = []
    monkeypatch.setattr(disk, "flush", flushed.append)
    with staging(tmp_path) as folder:
        (folder / "file.txt").write_text("x")
        assert publish_unless(folder, tmp_path, lambda there: True) == ("1", False)
    assert flushed[-3:] == [tmp_path / "1" / "file.txt", tmp_path / "1", tmp_path]


# -- what was left behind ---------------------------------------------------------------------------------


def left_behind(parent: Path, age: float) -> Path:
    folder = parent / ".staging-0123"
    folder.mkdir()
    for name in ("half.bin", "other.bin"):
        (folder / name).write_bytes(b"half")
    then = folder.stat().st_mtime - age
    os.utime(folder, (then, then))
    return folder


def test_what_a_killed_process_left_is_removed_after_a_day(tmp_path):
    published(tmp_path)
    left_behind(tmp_path, publishing.ABANDONED + 60)
    published(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "2"]


def test_what_is_younger_stays_unless_it_is_asked_for(tmp_path):
    folder = left_behind(tmp_path, 60)
    published(tmp_path)
    assert gc(tmp_path) == ()
    assert folder.exists()
    assert gc(tmp_path, older_than=30) == (folder.name,)
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


def test_nothing_is_left_behind_where_there_is_no_folder(tmp_path):
    assert gc(tmp_path / "nowhere") == ()


@pytest.mark.parametrize("step", ["before it is written", "before it is published"])
def test_a_publisher_whose_folder_was_removed_publishes_nothing(tmp_path, step):
    def work() -> None:
        with staging(tmp_path) as folder:
            if step == "before it is written":
                gc(tmp_path, older_than=-60)
            (folder / "file.txt").write_text("x")
            if step == "before it is published":
                gc(tmp_path, older_than=-60)
            publish(folder, tmp_path)

    with pytest.raises(NotPublishedError, match="Nothing was published"):
        work()
    assert list(tmp_path.iterdir()) == []


def test_a_publisher_whose_folder_is_being_removed_publishes_no_part_of_it(tmp_path, monkeypatch):
    folder = left_behind(tmp_path, 60)
    rmtree = shutil.rmtree

    def halfway(path, *rest, **more):
        next(Path(path).iterdir()).unlink()
        with pytest.raises(FileNotFoundError):
            publish(folder, tmp_path)
        rmtree(path, *rest, **more)

    monkeypatch.setattr(shutil, "rmtree", halfway)
    assert gc(tmp_path, older_than=30) == (folder.name,)
    assert list(tmp_path.iterdir()) == []


def beside(folder: Path):
    return appearing(folder / "new")


def test_versions_that_cannot_be_listed_are_none_to_publish_after(tmp_path, monkeypatch):
    def scandir(path):
        if path == tmp_path:
            raise OSError(errno.EIO, "Input/output error")
        return there(path)

    published(tmp_path)
    with staging(tmp_path) as folder:
        there = os.scandir
        monkeypatch.setattr(os, "scandir", scandir)
        with pytest.raises(NotPublishedError, match=r"cannot be read: .*Nothing was published"):
            publish(folder, tmp_path)
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


@pytest.mark.parametrize("place", [staging, beside])
def test_what_fails_while_it_is_cleared_away_is_no_error_of_its_own(tmp_path, monkeypatch, place):
    def rmtree(path, ignore_errors=False):
        raise OSError(errno.EIO, "Input/output error")  # so the closing of a folder, whatever is ignored

    monkeypatch.setattr(shutil, "rmtree", rmtree)
    with pytest.raises(NotPublishedError, match="No space left"), place(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_new_folder_is_flushed_into_the_one_above(tmp_path, monkeypatch):
    flushed = []
    monkeypatch.setattr(disk, "flush", flushed.append)
    disk.make_folder(tmp_path / "a" / "b")
    assert flushed == [tmp_path, tmp_path / "a"]
    disk.make_folder(tmp_path / "a" / "b")
    assert len(flushed) == 2


def test_a_folder_that_cannot_be_listed_is_not_taken_for_flushed(tmp_path, monkeypatch):
    def scandir(path):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(OSError, match="Input/output error"):
        disk.flush_below(tmp_path)
