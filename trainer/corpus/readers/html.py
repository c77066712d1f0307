"""The text of a web page.

selectolax keeps all that is text; what is no prose by its element (scripts, menus, forms) is left out here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from trainer.corpus.readers.extracted import Extracted, day, language_code, one_line, paragraphs

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_DROPPED = {
    "script", "style", "noscript", "template", "nav", "head", "title", "iframe", "object", "embed",
    "svg", "canvas", "audio", "video", "select", "option", "button", "input", "textarea", "datalist",
    "map", "dialog",
}  # fmt: skip
_BLOCKS = {
    "html", "body", "address", "article", "aside", "blockquote", "center", "dd", "details", "div", "dl",
    "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
    "header", "hgroup", "hr", "legend", "li", "main", "menu", "ol", "p", "pre", "section", "summary",
    "table", "caption", "thead", "tbody", "tfoot", "tr", "ul",
}  # fmt: skip
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_DATES = (
    'meta[property="article:published_time"]', 'meta[itemprop="datePublished"]', 'meta[name="date" i]',
    'meta[name="dc.date" i]', 'meta[name="dcterms.date" i]', 'meta[name="dcterms.created" i]',
)  # fmt: skip
_BREAK = "\n\n"


def extract_html(data: bytes) -> Extracted:
    """Return the text of a page in UTF-8, and what its head says of it."""
    from selectolax.lexbor import LexborHTMLParser

    page = LexborHTMLParser(data.decode())
    root = page.root
    text = paragraphs(_blocks("".join(_pieces(root)))) if root is not None else ""
    return Extracted(
        text,
        title=_title(page),
        source=one_line(_attribute(page, 'meta[property="og:site_name"]', "content")),
        date=_date(page),
        url=_url(page),
        language=language_code(_attribute(page, "html[lang]", "lang")),
    )


def _pieces(root: LexborNode) -> Iterator[str]:
    """Walk the tree without recursion, which a page of a million open elements would exhaust."""
    node: Any = root
    preformatted = 0
    while node is not None:
        down = None
        if node.tag == "-text":
            text = node.text_content or ""
            yield text.replace("\n", "\0") if preformatted else _BLANKS.sub(" ", text)
        elif _is_dropped(node):
            yield _BREAK if node.tag == "nav" or node.tag in _BLOCKS else ""
        else:
            yield _mark(node.tag)
            down = node.child
            preformatted += down is not None and node.tag == "pre"
        while down is None and node is not None and node is not root:
            if node.next is not None:
                down = node.next
                break
            node = node.parent
            if node is not None:
                yield _BREAK if node.tag in _BLOCKS else ""
                preformatted -= node.tag == "pre"
                if node.mem_id == root.mem_id:
                    return
        node = down


def _mark(tag: str) -> str:
    if tag == "br":
        return "\0"
    if tag in ("td", "th"):
        return "\t"
    return _BREAK if tag in _BLOCKS else ""


def _is_dropped(node: LexborNode) -> bool:
    if node.tag in _DROPPED or node.tag is None or node.tag.startswith("-"):
        return True
    attributes = node.attributes
    return "hidden" in attributes or attributes.get("role") == "navigation"


def _blocks(text: str) -> Iterator[str]:
    for block in text.split(_BREAK):
        lines = (re.sub(" *\t[ \t]*", "\t", re.sub(" {2,}", " ", line)) for line in block.split("\0"))
        yield "\n".join(line.strip(" \t") for line in lines)


def _title(page: LexborHTMLParser) -> str | None:
    own = page.css_first("head title")
    return one_line(own.text() if own else _attribute(page, 'meta[property="og:title"]', "content"))


def _date(page: LexborHTMLParser) -> str | None:
    said = [_attribute(page, selector, "content") for selector in _DATES]
    day_of = map(day, [*said, _attribute(page, "time[datetime]", "datetime")])
    # What cannot be read is told of, but not of <time>, which holds hours and durations as well.
    return next((found for found in (*day_of, *map(one_line, said)) if found), None)


def _url(page: LexborHTMLParser) -> str | None:
    own = _attribute(page, 'link[rel="canonical"]', "href")
    url = one_line(own or _attribute(page, 'meta[property="og:url"]', "content"))
    return url if url and re.match("https?://", url) else None


def _attribute(page: LexborHTMLParser, selector: str, name: str) -> str | None:
    node = page.css_first(selector)
    return node.attributes.get(name) if node is not None else None
