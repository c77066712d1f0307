from __future__ import annotations

import json
import re
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import json_values

from trainer.errors import ArtifactError
from trainer.registry.aliases import Alias, aliases_in


def to(version):
    return lambda head: (version, head.number if head else None)


def test_a_move_is_a_small_file_that_says_where_to_and_where_from(tmp_path):
    log = Alias(tmp_path, "production")
    assert log.head() is None
    for version in ("1", "3"):
        log.move(to(version))
    files = sorted((tmp_path / "aliases" / "production").iterdir())
    assert [file.name for file in files] == ["1.json", "2.json"]
    said = [json.loads(file.read_bytes()) for file in files]
    for one in said:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", one.pop("at"))
    assert said == [{"previous": None, "version": "1"}, {"previous": 1, "version": "3"}]
    assert log.version == "3"
    assert [move.version for move in log.moves()] == ["3", "1"]
    assert [move.version for move in log.before(log.head())] == ["1"]


def test_moves_made_at_once_all_stay_on_record(tmp_path):
    start = threading.Barrier(8)

    def work(who: int) -> None:
        start.wait()
        for number in range(10):
            Alias(tmp_path, "next").move(to(str(1 + 10 * who + number)))

    threads = [threading.Thread(target=work, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log = Alias(tmp_path, "next")
    moves = list(log.moves())
    assert [move.number for move in moves] == list(range(80, 0, -1))
    assert sorted(int(str(move.version)) for move in moves) == list(range(1, 81))
    assert [move.version for move in log.before(log.head())] == [move.version for move in moves[1:]]


def test_a_move_is_decided_again_when_another_comes_first(tmp_path):
    log, seen = Alias(tmp_path, "next"), []

    def decide(head):
        seen.append(head and head.version)
        if len(seen) == 1:
            Alias(tmp_path, "next").move(to("7"))
        return "8", head.number if head else None

    assert log.move(decide).previous == 1
    assert seen == [None, "7"]


@given(json_values | st.fixed_dictionaries(
    {"version": json_values, "previous": json_values | st.integers(-1, 3), "at": json_values}
))  # fmt: skip
def test_a_file_that_is_no_move_is_refused_by_name(tmp_path_factory, said):
    folder = tmp_path_factory.mktemp("alias")
    log = Alias(folder, "next")
    for version in "12":
        log.move(to(version))
    file = folder / "aliases" / "next" / "2.json"
    file.write_text(json.dumps(said))
    try:
        move = log.head()
    except ArtifactError as error:
        refused = error
    else:
        assert move.version is None or move.version.isdecimal()
        assert move.previous in (None, 1)
        return
    assert refused.where == str(file)
    assert "stands for what it stood for before" in str(refused.hint)


@pytest.mark.parametrize("text", [b"", b"\xff", b"{", b"[" * 4096, b'{"version": "1"}', b" " * 5000])
def test_a_damaged_file_is_refused(tmp_path, text):
    log = Alias(tmp_path, "next")
    log.move(to("1"))
    (tmp_path / "aliases" / "next" / "1.json").write_bytes(text)
    with pytest.raises(ArtifactError, match="not a move of an alias"):
        log.head()


def test_other_files_are_no_moves_and_other_folders_no_aliases(tmp_path):
    log = Alias(tmp_path, "next")
    log.move(to("1"))
    for name in ("02.json", "2.json.bak", ".staging-3", "x.json", "-1.json", "2"):
        (tmp_path / "aliases" / "next" / name).write_text("{}")
    for name in ("Upper", "con", ".hidden"):
        (tmp_path / "aliases" / name).mkdir()
    (tmp_path / "aliases" / "file").write_text("")
    assert log.version == "1"
    assert [alias.name for alias in aliases_in(tmp_path)] == ["next"]
