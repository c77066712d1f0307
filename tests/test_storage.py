from __future__ import annotations

import errno
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import json_values, unicode_text

from trainer import storage
from trainer.errors import NotFoundError, TrainerError
from trainer.storage import (
    appearing,
    artifacts_root,
    canonical_json,
    publish,
    sha256,
    staging,
    version_folder,
    versions,
    write_atomically,
)

PUBLISHERS = 8
EACH = 10
PUBLISH_MANY = f"""
import sys
from pathlib import Path
from trainer.storage import publish, staging
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


def test_the_root_is_the_argument_else_the_variable_else_here(monkeypatch):
    monkeypatch.setenv("TRAINER_ARTIFACTS", "from-variable")
    assert artifacts_root("given") == Path("given")
    assert artifacts_root(Path("given")) == Path("given")
    assert artifacts_root() == Path("from-variable")
    monkeypatch.setenv("TRAINER_ARTIFACTS", "")
    assert artifacts_root() == Path("artifacts")
    monkeypatch.delenv("TRAINER_ARTIFACTS")
    assert artifacts_root() == Path("artifacts")


def test_canonical_json_is_written_as_it_always_was():
    value = {"b": [1, 2.5, None, True], "a": {"é": "\u2028☃"}}
    assert canonical_json(value) == (
        '{\n "a": {\n  "é": "\u2028☃"\n },\n "b": [\n  1,\n  2.5,\n  null,\n  true\n ]\n}\n'.encode()
    )


@given(json_values)
def test_canonical_json_says_what_it_was_given(value):
    encoded = canonical_json(value)
    assert json.loads(encoded) == value
    assert canonical_json(json.loads(encoded)) == encoded


@given(st.dictionaries(unicode_text, st.integers(), max_size=6), st.randoms(use_true_random=False))
def test_canonical_json_does_not_depend_on_the_order_of_keys(value, random):
    keys = list(value)
    random.shuffle(keys)
    assert canonical_json({key: value[key] for key in keys}) == canonical_json(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_canonical_json_refuses_what_json_does_not_have(value):
    with pytest.raises(ValueError, match="JSON"):
        canonical_json({"x": [value]})


def test_sha256_is_the_published_one():
    assert sha256(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_versions_come_in_the_order_of_numbers(tmp_path):
    for name in ("10", "9", "1", "aliases", ".staging-1", "1a", "-3", "1.5"):
        (tmp_path / name).mkdir()
    (tmp_path / "11").write_text("a file is no version")
    assert versions(tmp_path) == ["1", "9", "10"]


@pytest.mark.parametrize("name", ["07", "٣", "３", "+4", "5 ", "²"])
def test_a_folder_that_merely_reads_as_a_number_is_no_version(tmp_path, name):
    (tmp_path / name).mkdir()
    assert versions(tmp_path) == []
    assert published(tmp_path) == "1"


def test_there_are_no_versions_where_there_is_no_folder(tmp_path):
    assert versions(tmp_path / "nowhere") == []
    (tmp_path / "file").write_text("")
    assert versions(tmp_path / "file") == []


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
    monkeypatch.setattr(storage, "versions", lambda parent: [])
    assert published(tmp_path, "late") == "3"
    assert [(tmp_path / number / "file.txt").read_text() for number in "123"] == ["first", "second", "late"]


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), ValueError("no"), KeyboardInterrupt()]
)
def test_a_failure_before_publishing_leaves_nothing_behind(tmp_path, error):
    published(tmp_path)
    expected = TrainerError if isinstance(error, OSError) else type(error)
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

    monkeypatch.setattr(storage, "_flush", failing)
    with pytest.raises(TrainerError, match="Input/output error"):
        published(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_files_folder_and_parent_are_flushed_and_the_parent_last(tmp_path, monkeypatch):
    flushed = []
    monkeypatch.setattr(
        storage, "_flush", lambda path: flushed.append((path.name, (tmp_path / "1").exists()))
    )
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

    monkeypatch.setattr(storage, "_flush", failing)
    with pytest.raises(TrainerError, match="Input/output error"):
        write_atomically(file, b"new")
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_version_is_found_by_number_and_the_newest_without(tmp_path):
    for name in ("2", "10"):
        (tmp_path / name).mkdir()
    assert version_folder("corpus", tmp_path, "2", "hint") == tmp_path / "2"
    assert version_folder("corpus", tmp_path, None, "hint") == tmp_path / "10"


@pytest.mark.parametrize("version", ["3", "02", "../2", "2/", "newest"])
def test_a_version_that_is_not_there_is_refused_with_those_that_are(tmp_path, version):
    for name in ("2", "10"):
        (tmp_path / name).mkdir()
    with pytest.raises(NotFoundError, match=r"There is: 2, 10\."):
        version_folder("corpus", tmp_path, version, "hint")


def test_where_nothing_is_the_hint_says_what_to_do(tmp_path):
    with pytest.raises(NotFoundError, match="no corpus in") as caught:
        version_folder("corpus", tmp_path / "none", None, "Build one.")
    assert caught.value.hint == "Build one."


def test_a_file_in_the_place_of_a_number_is_passed_over(tmp_path):
    (tmp_path / "1").write_text("not a version", encoding="utf-8")
    with staging(tmp_path) as folder:
        (folder / "a").write_bytes(b"x")
        assert publish(folder, tmp_path) == "2"


def test_a_version_that_the_disk_does_not_confirm_is_said_to_be_there(tmp_path, monkeypatch):
    flush = storage._flush

    def fails(path):
        if path == tmp_path:
            raise OSError(errno.EIO, "Input/output error")
        flush(path)

    monkeypatch.setattr(storage, "_flush", fails)
    with staging(tmp_path) as folder:
        (folder / "a").write_bytes(b"x")
        with pytest.raises(TrainerError, match="version 1 is there, but the disk did not confirm"):
            publish(folder, tmp_path)
    assert (tmp_path / "1" / "a").read_bytes() == b"x"


# -- appearing --------------------------------------------------------------------------------------------


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
    with pytest.raises(TrainerError, match="cannot write"), appearing(target) as fresh:  # noqa: PT012
        fresh.mkdir()
        target.mkdir()
        (target / "mine").write_text("1")
    assert (target / "mine").read_text() == "1"
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_name_that_is_too_long_is_one_typed_error(tmp_path):
    with pytest.raises(TrainerError), appearing(tmp_path / ("n" * 300)) as fresh:
        fresh.write_text("1")
    assert list(tmp_path.iterdir()) == []
