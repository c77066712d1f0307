"""Data in a page ends no element, and a page names its own style and script and lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

import trainer
from trainer.pages import data, render


@given(st.text() | st.dictionaries(st.text(), st.lists(st.text()), max_size=3))
def test_data_ends_no_element_and_comes_back(value):
    found = data(value)
    assert isinstance(found, Markup)
    assert not re.search(r"[<>&\u2028]", found)
    assert json.loads(found) == value


def test_the_policy_names_the_style_and_the_script_that_stand_in_the_page(small):
    html = trainer.evaluate("small", root=small.root).to_html()
    for kind, element in (("style-src", "style"), ("script-src", "script")):
        named = html.split(f"{kind} 'sha256-")[1].split("'")[0]
        body = html.split(f"<{element}>")[1].split(f"</{element}>")[0]
        assert base64.b64encode(hashlib.sha256(body.encode()).digest()).decode() == named


def test_a_value_that_is_missing_is_an_error():
    import jinja2

    with pytest.raises((jinja2.UndefinedError, TypeError)):
        render("trainer.corpus.compare", "diff", title="x")
