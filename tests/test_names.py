from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import names, unicode_text

from trainer.errors import ArtifactError, UsageError
from trainer.names import DEVICES, below, checked, is_name, names_below


@given(names)
def test_a_name_is_taken_as_it_is(name):
    if name not in DEVICES:
        assert checked(name, "model name") == name


@given(unicode_text | st.text() | st.sampled_from(sorted(DEVICES)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_taken_is_one_folder_below(tmp_path, name):
    try:
        folder = below(tmp_path, name, "model name")
    except UsageError:
        assert not is_name(name)
        return
    assert folder.parent == tmp_path
    assert folder.resolve().parent == tmp_path.resolve()
    assert folder.name == name == name.lower().rstrip(". ")


@pytest.mark.parametrize("name", sorted(DEVICES))
def test_the_name_of_a_device_is_refused_as_such(name):
    with pytest.raises(UsageError, match=f"alias '{name}' is the name of a device on Windows"):
        checked(name, "alias")


def test_a_long_name_is_not_repeated_in_full():
    with pytest.raises(UsageError) as caught:
        checked("A" * 100_000, "alias")
    assert len(str(caught.value)) < 300


def test_folders_by_name_are_listed_and_links_and_others_passed_over(tmp_path):
    for name in ("topics", "a-b_9", "Upper", "con", ".hidden", "1"):
        (tmp_path / name).mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "linked").symlink_to(tmp_path / "topics")
    assert names_below(tmp_path) == ["a-b_9", "topics"]
    assert names_below(tmp_path / "nowhere") == []
    with pytest.raises(ArtifactError, match="is a link, and links are not followed"):
        below(tmp_path, "linked", "model name")
