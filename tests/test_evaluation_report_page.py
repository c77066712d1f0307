"""The page of an evaluation: the same bytes each time, the errors themselves, and nothing of a text runs."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from browser import CHROMIUM, Browser

import trainer
from trainer.corpus.examples import Examples
from trainer.evaluation.bootstrap import Resamples
from trainer.evaluation.compare import compare_cases
from trainer.evaluation.evaluate import evaluate_tagger
from trainer.evaluation.report.page import confusion, framed

HOSTILE = (
    "</script><script>document.title='owned'</script>"
    "<img src=x onerror=document.title='owned'> lava \u202egnp"
)
TEXTS = (
    ("The lighthouse of Pell needs a keeper.", (1, 0)),
    ("Keepers climb the tower at dusk to trim wicks.", (1, 0)),
    (HOSTILE, (0, 0)),
    ("\N{SLEEPING FACE} volcano \N{SLEEPING FACE} volcano ash", (0, 0)),  # characters of two halves
    ("Ash and red rock came down the slope for days.", (0, 1)),
    ("Soup is served at noon.", (0, 0)),
    ("Watch the lava from the lamp room.", (1, 1)),
    ("The mountain smokes again.", (0, -1)),
)


@pytest.fixture(scope="module")
def result(small):
    ids = tuple(f"<b>e{i}" for i in range(len(TEXTS)))
    texts, labels = zip(*TEXTS, strict=True)
    gold = np.ones(len(TEXTS), dtype=bool)
    sources = ("<i>radio", "gazette") * 4
    Y = np.array(labels, dtype=np.int8)
    made = Examples(
        ("lighthouses", "volcanoes"), ids, texts, Y, gold, ids, sources, "<u>made up", (), ("",) * 8
    )
    found = evaluate_tagger(small.fit.model, made, small.config, samples=200)
    cases = found.cases
    compared = compare_cases(cases, ~cases.tagged, "<s>other", Resamples(ids, n=50))
    return replace(found, comparison=compared)


@pytest.fixture(scope="module")
def page(result):
    return result.to_html()


def embedded(page):
    return json.loads(page.split('<script type="application/json" id="data">')[1].split("</script>")[0])


def test_the_same_evaluation_gives_the_same_bytes(small, page, result):
    assert result.to_html() == page
    one, two = (trainer.evaluate("small", root=small.root).to_html() for _ in range(2))
    assert one == two


def test_text_is_only_text(page):
    assert page.count("<script") == 2
    assert "<img" not in page
    assert "onerror=" not in re.sub(r'<script type="application/json".*?</script>', "", page, flags=re.DOTALL)
    assert not re.search(r"<(b|i|u|s)>(e\d|radio|made|other)", page)
    assert "\u202e" not in page
    texts = [text for _, text, _ in embedded(page)["sentences"]]
    assert HOSTILE.replace("\u202e", "\N{REPLACEMENT CHARACTER}") in texts


def test_nothing_is_fetched(page):
    assert "default-src 'none'" in page
    assert not re.search(
        r"(?:src|href)=[\"'](?!#)", re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    )


def test_every_error_is_in_it_with_its_reasons(result, page):
    found = embedded(page)
    decisions = {(found["sentences"][d["s"]][1], d["t"]): d for d in found["decisions"]}
    Y, tagged = result.cases.examples.Y, result.cases.tagged
    for row, column in np.argwhere(Y >= 0).tolist():
        text = TEXTS[row][0].replace("\u202e", "\N{REPLACEMENT CHARACTER}")
        said, told = Y[row, column] == 1, bool(tagged[row, column])
        kind = "right" if said and told else "missed" if said else "false" if told else "no"
        decision = decisions[text, column]
        assert decision["k"] == kind
        assert decision["p"] == round(float(result.cases.scores[row, column]), 4)
        for start, end, _ in decision["w"]:
            assert 0 <= start < end <= len(text)


def test_what_is_left_out_is_a_no_that_is_right(result):
    alone = replace(result, comparison=None)
    kinds = {d["k"] for d in embedded(alone.to_html())["decisions"]}
    assert kinds <= {"right", "missed", "false"}


def test_confusion_by_hand(result):
    counts = confusion(result.cases)
    assert counts["names"] == ["lighthouses", "volcanoes", "none of these"]
    Y, tagged = result.cases.examples.Y, result.cases.tagged
    assert counts["counts"][0][0] == int(((Y[:, 0] == 1) & tagged[:, 0]).sum())
    assert counts["counts"][2][1] == int(
        ((Y <= 0).all(axis=1) & (Y == 0).any(axis=1) & tagged[:, 1] & (Y[:, 1] == 0)).sum()
    )


def test_a_notebook_shows_it_apart(result, page):
    shown = result._repr_html_()
    assert shown == framed(page)
    assert shown.count("<") == 2  # the frame alone: all of the page is an attribute
    assert 'sandbox="allow-scripts"' in shown


def test_it_is_written_whole(result, page, tmp_path):
    result.write_html(tmp_path / "r.html")
    assert (tmp_path / "r.html").read_text(encoding="utf-8") == page


@pytest.fixture(scope="module")
def tab(page, tmp_path_factory):
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    folder = tmp_path_factory.mktemp("page")
    (folder / "r.html").write_text(page, encoding="utf-8")
    try:
        browser = Browser(folder / "profile")
    except OSError as error:
        pytest.skip(f"the Chromium of this machine does not start: {error}")
    browser.open(folder / "r.html")
    yield browser
    browser.close()


def choose(tab, **values):
    for name, value in values.items():
        tab.run(f"document.getElementById({name!r}).value = {value!r}")
    tab.run("document.getElementById('filter').dispatchEvent(new Event('input'))")
    return tab.run("[...document.querySelectorAll('#cases li .text')].map(e => e.textContent)")


def test_a_browser_opens_it_in_silence_and_runs_nothing_of_a_text(tab, result):
    assert tab.trouble == []
    assert tab.run("document.title").startswith("Evaluation of ")
    assert tab.run("document.querySelectorAll('#cases img, #cases script').length") == 0
    assert tab.run("document.getElementById('told').textContent").endswith("should have had one")


def test_its_filters_work(tab, result):
    Y, tagged = result.cases.examples.Y, result.cases.tagged
    start = {"kind": "all", "topic": "", "part": "", "low": "0", "high": "1", "words": "", "order": "sure"}
    assert len(choose(tab, **start)) == len(embedded_decisions(tab))
    for kind, chosen in {
        "false": (Y == 0) & tagged, "missed": (Y == 1) & ~tagged, "right": (Y == 1) & tagged,
    }.items():  # fmt: skip
        assert len(choose(tab, **{**start, "kind": kind})) == chosen.sum(), kind
        assert len(choose(tab, **{**start, "kind": kind, "topic": "1"})) == chosen[:, 1].sum(), kind
    assert len(choose(tab, **{**start, "kind": "flipped"})) == len(result.comparison.flips)
    better = sum(flip.better is True for flip in result.comparison.flips)
    assert len(choose(tab, **{**start, "kind": "flipped-better"})) == better
    assert set(choose(tab, **{**start, "words": "lava LAMP"})) == {"Watch the lava from the lamp room."}
    assert choose(tab, **{**start, "low": "1.1"}) == []
    assert tab.trouble == []


def embedded_decisions(tab):
    return json.loads(tab.run("document.getElementById('data').textContent"))["decisions"]


def test_a_coloured_text_is_the_text(tab):
    shown = choose(tab, kind="all", topic="", part="", low="0", high="1", words="sleeping", order="sure")
    assert shown == []
    texts = choose(tab, words="ash")
    assert "\N{SLEEPING FACE} volcano \N{SLEEPING FACE} volcano ash" in texts


def test_it_fits_a_narrow_screen_and_its_parts_have_names(tab):
    code = "[...document.querySelectorAll('select, input')].every(e => e.labels.length || e.ariaLabel)"
    assert tab.run(code)
    assert tab.run("[...document.querySelectorAll('svg')].every(e => e.querySelector('title'))")
    assert tab.run("document.querySelectorAll('h1').length") == 1
