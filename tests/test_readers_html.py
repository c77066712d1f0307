from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.corpus.readers.html import extract_html
from trainer.corpus.sentences import sentence_spans


def text_of(page):
    return extract_html(page.encode()).text


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<h1>Tea\n for  two</h1>It <p>And <b>pou</b>rs.</p>tail", "Tea for two\n\nIt\n\nAnd pours.\n\ntail"),
        ("<p>One<br>two<br/>three", "One\ntwo\nthree"),
        ("<ul><li>a<li>b</ul><dl><dt>c<dd>d</dl>", "a\n\nb\n\nc\n\nd"),
        ("<table><tr><th>a<th>b<tr><td> c </td><td><p>d</p>e</td></table>", "a\tb\n\nc\n\nd\n\ne"),
        ("<pre>a\n  b</pre>c", "a\nb\n\nc"),
        ("a<script>x</script><style>y</style><nav>menu</nav><noscript>z</noscript>b", "a\n\nb"),
        ("a<script>x</script>b<style>y</style><svg><text>z</text></svg>c", "abc"),
        ("a<template>x</template><!-- y --><div hidden>z</div><div role=navigation>w</div>b", "a\n\nb"),
        ("<form>Name <input value=x><button>Go</button><select><option>o</select></form>", "Name"),
        ("&lt;b&gt; &amp; &eacute;&#8212;&nbsp;x", "<b> & é—\u00a0x"),
        ("<div><div><div></div></div></div>", ""),
        ("", ""),
        ("just text", "just text"),
        ("<a <a <a", ""),
        ("<article><header>H</header><p>T</p><footer>F</footer></article>", "H\n\nT\n\nF"),
    ],
)  # fmt: skip
def test_blocks_become_paragraphs_and_what_is_no_prose_goes(page, text):
    assert text_of(page) == text


def test_a_heading_is_no_part_of_the_sentence_after_it():
    text = text_of("<h2>Tea in the rain</h2><div>it is said that tea helps. So it does.</div>")
    sentences = [text[start:end] for start, end in sentence_spans(text)]
    assert sentences == ["Tea in the rain", "it is said that tea helps.", "So it does."]


HEAD = """<html lang="{lang}"><head><title> A &amp;
 B </title><meta property="og:site_name" content="The Site">
<link rel="canonical" href="{url}">{more}</head>"""


def test_what_the_head_says_is_kept():
    more = '<meta property="article:published_time" content="2024-05-06T07:08:09+02:00">'
    more += '<time datetime="2020-01-01">'
    found = extract_html(HEAD.format(lang="en-GB", url="https://example.org/a", more=more).encode())
    assert (found.title, found.source, found.url) == ("A & B", "The Site", "https://example.org/a")
    assert (found.language, found.date) == ("en", "2024-05-06")


@pytest.mark.parametrize(
    ("more", "date"),
    [
        ('<meta name="DC.Date" content="2024-05-06">', "2024-05-06"),
        ('<meta name=date content="6 May 2024"><p><time datetime="2024-05-07T00:00Z">', "2024-05-06"),
        ('<meta name=date content="soon"><p><time datetime="2024-05-07T00:00Z">', "2024-05-07"),
        ('<meta name=date content="2024-13-40">', "2024-13-40"),
        ('<meta name=date content="20240506">', "2024-05-06"),
        ('<p><time datetime="PT5M">', None),
        ("<time>today</time>", None),
    ],
)
def test_a_date_is_kept_when_it_is_sound(more, date):
    assert extract_html(f"<head>{more}".encode()).date == date


@pytest.mark.parametrize(
    ("lang", "code"), [("de", "de"), ("zh-Hant", "zh"), ("EN_us", "en"), ("english", None), ("", None)]
)
def test_a_language_is_two_letters_or_none(lang, code):
    assert extract_html(f"<html lang='{lang}'>x".encode()).language == code


@pytest.mark.parametrize("url", ["javascript:alert(1)", "/relative", ""])
def test_an_address_is_one_of_the_web_or_none(url):
    assert extract_html(HEAD.format(lang="", url=url, more="").encode()).url is None


def test_a_page_of_many_levels_is_no_recursion():
    assert text_of("<b>" * 3000 + "x") == "x"


words = st.text("abcé &<", max_size=6)
elements = st.sampled_from(["p", "div", "b", "li", "td", "pre", "br", "h1"])
pages = st.recursive(
    words,
    lambda inner: st.builds("<{0}>{1}</{0}>".format, elements, st.lists(inner, max_size=3).map("".join)),
    max_leaves=12,
)


@given(pages)
def test_no_word_is_lost_and_none_is_added(page):
    from selectolax.lexbor import LexborHTMLParser

    body = LexborHTMLParser(page).body
    letters = "".join((body.text() if body else "").split())
    assert "".join(text_of(page).split()) == letters
