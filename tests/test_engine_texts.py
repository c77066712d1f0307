from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.engine import texts as texts_module
from trainer.engine.texts import all_strings, listed


class Shout(str):
    """A string that is no mere one."""


@given(texts=st.lists(st.text(max_size=3) | st.text(max_size=3).map(Shout)))
def test_strings_of_any_kind_are_listed_as_they_are(texts):
    found = listed(iter(texts))
    assert found == texts
    assert list(map(type, found)) == list(map(type, texts))


@pytest.mark.parametrize("wrong", [None, 3, b"tea", ["tea"], float("nan")])
def test_what_is_no_string_is_refused_by_its_place(wrong):
    with pytest.raises(TypeError, match=f"^texts must be strings; text 12 is {type(wrong).__name__}$"):
        listed(["tea", Shout("gin"), wrong, 4], first=10)


@given(texts=st.lists(st.text(max_size=2) | st.text(max_size=2).map(Shout) | st.none() | st.integers()))
def test_the_compiled_look_sees_what_python_sees(texts):
    compiled = texts_module._compiled_all_strings or all_strings
    assert compiled(texts) == all_strings(texts) == all(type(text) is str for text in texts)
