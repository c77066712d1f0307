from __future__ import annotations

import errno
import shutil
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.errors import NotFoundError, UsageError
from trainer.registry import pruning
from trainer.registry.aliases import Alias
from trainer.registry.pruning import gc_models, prunable, prune
from trainer.registry.versions import promote, read_aliases, rollback
from trainer.storage import versions


def numbered(root, *numbers):
    folder = root / "models" / "pots"
    for number in numbers:
        (folder / str(number)).mkdir(parents=True)
        (folder / str(number) / "manifest.json").write_text("{}")
    return folder


@st.composite
def histories(draw):
    """A number of versions, aliases with where they stood, and how many of the newest stay."""
    n = draw(st.integers(1, 8))
    numbers = st.integers(1, n).map(str)
    names = st.sampled_from(["production", "champion", "next"])
    aliases = st.dictionaries(names, st.lists(numbers, min_size=1, max_size=4), max_size=3)
    return n, draw(aliases), draw(st.integers(1, 9))


@given(histories())
def test_pruning_takes_what_no_alias_needs_and_keeps_the_newest(tmp_path_factory, case):
    n, aliases, keep = case
    root = tmp_path_factory.mktemp("prune")
    folder = numbered(root, *range(1, n + 1))
    for alias, history in aliases.items():
        for version in history:
            promote(root, "pots", version, alias)
    expected = prunable(root, "pots", keep)
    gone = prune(root, "pots", keep)
    assert gone == expected
    left = versions(folder)
    assert set(left) | set(gone) == {str(number) for number in range(1, n + 1)}
    assert left[-1] == str(n), "numbers are never given twice"
    assert len(left) >= min(n, keep)
    for version in read_aliases(root, "pots").values():
        assert version in left
    for alias in aliases:
        try:
            assert rollback(root, "pots", alias) in left
        except NotFoundError:
            continue  # it stood nowhere else before
    assert not [path for path in folder.iterdir() if path.name.startswith(".")], "nothing is left behind"


def test_pruning_says_what_it_cannot_do(small):
    with pytest.raises(UsageError, match="keep 1 or more"):
        prunable(small.root, "small", 0)
    with pytest.raises(NotFoundError, match="no model 'nothing'"):
        prune(small.root, "nothing", 1)
    assert prune(small.root, "small", 1) == ()


def test_the_command_prunes_or_only_says(cli, small, tmp_path):
    shutil.copytree(small.root / "models", tmp_path / "artifacts" / "models")
    shutil.copytree(small.path, tmp_path / "artifacts" / "models" / "small" / "2")
    only = cli("models", "prune", "small", "--keep", "1", "--dry-run")
    assert (only.exit_code, only.stdout) == (0, "would remove small@1\n")
    assert cli("models", "prune", "small", "--keep", "1").stdout == "removed small@1\n"
    assert cli("models", "prune", "small", "--keep", "1").stdout == "removed nothing\n"


# -- at the same moment -----------------------------------------------------------------------------------


def test_a_version_that_an_alias_comes_to_stand_for_while_it_is_removed_is_put_back(tmp_path, monkeypatch):
    folder = numbered(tmp_path, 1, 2, 3)
    removed = pruning._removed

    def promoted_just_before(where, version):
        if version == "1":
            promote(tmp_path, "pots", "1")
        return removed(where, version)

    monkeypatch.setattr(pruning, "_removed", promoted_just_before)
    assert prune(tmp_path, "pots", 1) == ("2",)
    assert versions(folder) == ["1", "3"]
    assert read_aliases(tmp_path, "pots") == {"production": "1"}
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize("before", [None, "2"])
def test_a_promotion_to_a_version_that_is_removed_meanwhile_is_undone(tmp_path, monkeypatch, before):
    folder = numbered(tmp_path, 1, 2, 3)
    if before:
        promote(tmp_path, "pots", before)
    move = Alias.move

    def removed_just_before(log, decide):
        if (folder / "1").exists():
            shutil.rmtree(folder / "1")
        return move(log, decide)

    monkeypatch.setattr(Alias, "move", removed_just_before)
    with pytest.raises(NotFoundError, match="no version '1' to promote"):
        promote(tmp_path, "pots", "1")
    assert read_aliases(tmp_path, "pots") == ({"production": before} if before else {})


def test_what_a_killed_prune_left_is_removed_or_put_back_where_an_alias_needs_it(tmp_path):
    folder = numbered(tmp_path, 1, 2, 3)
    promote(tmp_path, "pots", "1")
    for number in "12":
        (folder / number).rename(folder / f".removed-{number}-0123")
    assert gc_models(tmp_path, "pots") == (".removed-2-0123",)
    assert versions(folder) == ["1", "3"]
    assert not list(folder.glob(".*"))


def removed_in_part(monkeypatch, error):
    """Let the next removal of a folder end in the midst of it."""

    def halfway(path, *rest, **more):
        monkeypatch.undo()
        (path / "manifest.json").unlink()
        raise error

    monkeypatch.setattr(shutil, "rmtree", halfway)


def test_a_version_whose_removal_fails_in_the_midst_is_none_any_more(tmp_path, monkeypatch):
    folder = numbered(tmp_path, 1, 2)
    removed_in_part(monkeypatch, OSError(errno.EIO, "Input/output error"))
    assert prune(tmp_path, "pots", 1) == ("1",)
    assert versions(folder) == ["2"]
    assert gc_models(tmp_path, "pots", older_than=-60)
    assert [path.name for path in folder.iterdir()] == ["2"]


def test_a_part_of_a_version_is_not_put_back_where_an_alias_comes_to_need_it(tmp_path, monkeypatch):
    folder = numbered(tmp_path, 1, 2)
    removed_in_part(monkeypatch, KeyboardInterrupt())
    with suppress(KeyboardInterrupt):
        prune(tmp_path, "pots", 1)
    # As a promotion does that began before, and was killed before it looked whether the version is there.
    Alias(folder, "production").move(lambda head: ("1", None))
    gc_models(tmp_path, "pots", older_than=-60)
    assert versions(folder) == ["2"]
    assert sorted(path.name for path in folder.iterdir()) == ["2", "aliases"]


def test_what_another_process_clears_meanwhile_is_removed_too(tmp_path, monkeypatch):
    folder = numbered(tmp_path, 1, 2)
    needed = pruning._needed

    def cleared_just_before(where):
        for grave in where.glob(".removed-*"):
            shutil.rmtree(grave)
        return needed(where)

    monkeypatch.setattr(pruning, "_needed", cleared_just_before)
    assert prune(tmp_path, "pots", 1) == ("1",)
    assert [path.name for path in folder.iterdir()] == ["2"]


def test_a_rollback_goes_past_versions_that_are_gone_and_pruning_leaves_it_one(tmp_path):
    folder = numbered(tmp_path, 1, 2, 3, 4)
    for version in "1243":
        promote(tmp_path, "pots", version)
    shutil.rmtree(folder / "4")
    assert prunable(tmp_path, "pots", 1) == ("1",)
    assert rollback(tmp_path, "pots") == "2"


def test_files_of_killed_moves_are_cleared(tmp_path):
    folder = numbered(tmp_path, 1)
    promote(tmp_path, "pots", "1")
    left = folder / "aliases" / "production" / ".staging-0123"
    left.write_bytes(b"half")
    assert gc_models(tmp_path, "pots") == ()
    assert gc_models(tmp_path, "pots", older_than=-60) == (left.name,)
    assert read_aliases(tmp_path, "pots") == {"production": "1"}
