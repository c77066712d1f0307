"""The page of a difference: it holds everything, and nothing in it acts."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from strategies import hostile_text, unicode_text

from trainer.corpus.compare.diff import KINDS, diff_corpora
from trainer.corpus.compare.report import diff_page, write_page


class Page(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.pieces = [], [], []
        self.feed(html)
        self.text = " ".join(" ".join(self.pieces).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_data(self, data):
        self.pieces.append(data)


@pytest.fixture(scope="module")
def html(two_corpora):
    return diff_page(diff_corpora(*two_corpora), 1_000)


def test_every_change_stands_in_the_page_with_its_reason(html, two_corpora):
    page = Page(html)
    found = diff_corpora(*two_corpora)
    for kind in KINDS:
        for row in found.changes(kind):
            for reason in (
                [row["reason"]] if "reason" in row else [r["detail"] for r in row.get("reasons", ())]
            ):
                assert reason in page.text
            assert row["id"] in page.text
            assert "script" in row["text"] or kind == "reworded" or row["text"] in page.text
    assert "topics.rain.rules.words.match" in page.text
    assert page.text.startswith("weather 1 → weather 2")


def test_hostile_text_is_shown_and_does_nothing(html):
    page = Page(html)
    assert page.tags.count("script") == 1
    assert "<script>alert(1)</script>" in page.text
    assert not set(html) & {"\u202e", "\x1b"}
    assert "\\u202e\\x1b[31m said the tea seller" in page.text


def test_the_page_loads_nothing_and_runs_only_its_own_script(html):
    page = Page(html)
    assert not [a for a in page.attributes if a[1] in ("src", "srcset", "action") or a[1].startswith("on")]
    assert all(value.startswith("#") for _, name, value in page.attributes if name == "href")
    (policy,) = [
        value for tag, name, value in page.attributes if tag == "meta" and "default-src" in (value or "")
    ]
    for tag, source in (("script", "script-src"), ("style", "style-src")):
        body = re.search(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{source} 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "url(" not in html
    assert "@import" not in html


def test_a_reworded_sentence_shows_its_words_that_went_and_came(html):
    assert (
        "The <del>old</del> <ins>new</ins> wording of a sentence <del>stood</del> <ins>stands</ins>" in html
    )


def test_the_page_is_cut_where_it_would_grow_too_long_and_says_so(two_corpora):
    found = diff_corpora(*two_corpora)
    page = Page(diff_page(found, 1))
    assert f"The first 1 of {found.summary['added']}" in page.text
    assert "This document is new and dry." not in page.text


def test_of_equal_corpora_the_page_says_so(two_corpora):
    page = Page(diff_page(diff_corpora(two_corpora[0], two_corpora[0]), 10))
    assert "both were built with the same settings" in page.text
    assert page.text.count("None.") == len(KINDS)


def test_the_same_corpora_give_the_same_page(html, two_corpora):
    assert diff_page(diff_corpora(*two_corpora), 1_000) == html


@settings(max_examples=30)
@given(text=hostile_text | unicode_text)
def test_no_text_gets_out_of_its_place(two_corpora, text):
    found = diff_corpora(two_corpora[0], two_corpora[0])
    tame = Page(diff_page(found, 10))
    row = {"setting": text, "change": text, "from": [text], "to": text}
    object.__setattr__(found, "settings", [row])
    object.__setattr__(found, "documents", [{"id": text, "change": text}])
    wild = Page(diff_page(found, 10))
    assert set(wild.tags) <= {*tame.tags, "div", "code"}
    assert wild.tags.count("script") == 1
    kept = [a for a in wild.attributes if a not in tame.attributes]
    assert {a[1:] for a in kept} <= {("class", "settings"), ("class", "narrow"), ("class", "none")}


def test_a_written_page_replaces_another_whole(two_corpora, tmp_path):
    target = tmp_path / "d.html"
    target.write_text("old", encoding="utf-8")
    write_page(diff_corpora(*two_corpora), target, 1_000)
    assert target.read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert [path.name for path in tmp_path.iterdir()] == ["d.html"]
