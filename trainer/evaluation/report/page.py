"""The page of an evaluation: one file that works offline, and shows the errors themselves."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.escapes import safe
from trainer.evaluation.report import charts
from trainer.metrics import ordinary_rows
from trainer.pages import data, render

if TYPE_CHECKING:
    from trainer.evaluation.compare import Comparison
    from trainer.evaluation.evaluate import Cases, Evaluation

MOST_EXPLAINED = 800
"""Decisions whose words are coloured: the wrong and the flipped ones first, then the least sure."""
MOST_WORDS = 14
"""Words of a decision that are coloured: the weightiest."""
NONE = "none of these"


def page_of(result: Evaluation) -> str:
    """Return an evaluation as one page of HTML.

    The same evaluation gives the same bytes.
    """
    cases = result.cases
    if cases is None:
        raise ValueError("an evaluation without its sentences has no page")
    rows = result.gold["topics"]
    rules = result.rules["topics"]
    everything = [*rows.items(), ("macro", result.gold["macro"]), ("micro", result.gold["micro"])]
    beside = {**rules, "macro": result.rules["macro"], "micro": result.rules["micro"]}
    return render(
        "trainer.evaluation.report",
        "report",
        result=result,
        title=f"{result.model.get('model') or 'a model'} on {result.on}",
        overview=charts.intervals(
            [(name, row["f1"], row["f1_interval"], beside[name]["f1"]) for name, row in everything],
            "F1 of each topic with its 95 % interval; the hollow mark is that of the keyword rules",
        ),
        rows=everything,
        rules=beside,
        cards=[_card(result, cases, i, topic) for i, topic in enumerate(cases.examples.topics)],
        confusion=confusion(cases),
        compared=None if result.comparison is None else _compared(result.comparison),
        manifest=_fingerprints(result, cases),
        browser=data(_browser(result, cases)),
    )


def framed(page: str) -> str:
    """Return a page in a frame of its own, for notebooks: it can do nothing there but show itself."""
    return (
        f'<iframe sandbox="allow-scripts" srcdoc="{escape(page)}" width="100%" height="720" '
        'style="border:1px solid #8886;border-radius:6px"></iframe>'
    )


def confusion(cases: Cases) -> dict[str, Any]:
    """Count tags by what the sentences are on: how often one on topic A is tagged B.

    Returns
    -------
    dict
        ``topics``, and ``counts`` with a row for each topic and one for sentences on none; the diagonal are
        right tags, and the last column sentences that nothing was tagged in.
    """
    Y, tagged = cases.examples.Y, cases.tagged
    topics = list(cases.examples.topics)
    on = [Y[:, i] == 1 for i in range(len(topics))]
    on.append(ordinary_rows(Y))
    wrong = tagged & (Y == 0)
    counts = []
    for i, rows in enumerate(on):
        line = [int((rows & (tagged[:, j] if i == j else wrong[:, j])).sum()) for j in range(len(topics))]
        counts.append([*line, int((rows & ~tagged.any(axis=1)).sum())])
    return {"topics": topics, "names": [*topics, NONE], "counts": counts}


def _card(result: Evaluation, cases: Cases, column: int, topic: str) -> dict[str, Any]:
    judged = cases.examples.Y[:, column] >= 0
    y = cases.examples.Y[judged, column] == 1
    curves = result.curves(topic)
    drawn: list[Any] = []
    if curves is not None:
        drawings = (charts.precision_recall, charts.by_threshold, charts.reliability, charts.coverage)
        drawn = [draw(topic, curves) for draw in drawings]
    tagged = cases.tagged[judged, column]
    return {
        "topic": topic,
        "row": result.gold["topics"][topic],
        "rules": result.rules["topics"][topic],
        "silent": result.silent["topics"][topic],
        "hidden": result.masked["topics"][topic],
        "threshold": float(cases.tagger.thresholds[column]),
        "charts": drawn,
        "false": int((tagged & ~y).sum()),
        "missed": int((~tagged & y).sum()),
        "review": int(cases.review[judged, column].sum()),
    }


def _compared(comparison: Comparison) -> dict[str, Any]:
    rows = [*comparison.topics.items(), ("macro", comparison.macro), ("micro", comparison.micro)]
    return {
        "chart": charts.differences(
            [(name, row["f1_difference"], row["f1_difference_interval"]) for name, row in rows],
            f"difference of F1 from {comparison.name}, with 95 % intervals",
        ),
        "rows": rows,
        "better": sum(flip.better is True for flip in comparison.flips),
        "worse": sum(flip.better is False for flip in comparison.flips),
    }


def _fingerprints(result: Evaluation, cases: Cases) -> list[tuple[str, str]]:
    info = cases.tagger.info
    return [
        ("model", str(result.model.get("model") or "in memory")),
        ("version", str(result.model.get("version") or "none")),
        ("digest of the model", str(info.get("digest", ""))),
        ("corpus that it learned from", f"{info['corpus']['name']} {info['corpus']['fingerprint']}"),
        ("scored on", f"{result.on}: {result.n:,} sentences of {result.documents:,} documents"),
        ("digest of what was scored", result.fingerprint),
    ]


def _browser(result: Evaluation, cases: Cases) -> dict[str, Any]:
    """Return what the page's script shows: sentences, and the decisions on them."""
    examples = cases.examples
    flips = {} if result.comparison is None else {(f.id, f.topic): f for f in result.comparison.flips}
    decisions = []
    for row, column in np.argwhere(examples.Y >= -1).tolist():
        said = examples.Y[row, column] == 1
        judged = examples.Y[row, column] >= 0
        tagged = bool(cases.tagged[row, column])
        flipped = (examples.ids[row], examples.topics[column]) in flips
        if not (flipped or (judged and (said or tagged or cases.review[row, column]))):
            continue  # a "no" that is right: there are as many as sentences, and nothing is to be seen
        kind = "right" if said and tagged else "missed" if said else "false" if tagged else "no"
        decisions.append((row, column, kind if judged else "open", flipped))
    explained = _explained(cases, decisions)
    flags = [cases.review[row, column] for row, column, _, _ in decisions]
    slices = _slice_names(result, cases)
    shown = sorted({row for row, *_ in decisions})
    place = {row: i for i, row in enumerate(shown)}
    return {
        "topics": list(examples.topics),
        "thresholds": [round(float(t), 6) for t in cases.tagger.thresholds],
        "slices": slices["names"],
        "sentences": [
            [safe(examples.ids[row]), _shown(examples.texts[row]), slices["of"][row]] for row in shown
        ],
        "decisions": [
            {
                "s": place[row],
                "t": column,
                "k": kind,
                "p": round(float(cases.scores[row, column]), 4),
                **({"r": 1} if review else {}),
                **({"f": _flip(flips[examples.ids[row], examples.topics[column]])} if flipped else {}),
                **explained.get((row, column), {}),
            }
            for (row, column, kind, flipped), review in zip(decisions, flags, strict=True)
        ],
    }


def _shown(text: str) -> str:
    """Return a text with what acts written out, each character as long as it was: spans stay right."""
    if safe(text) == text:
        return text
    return "".join(char if safe(char) == char else "\N{REPLACEMENT CHARACTER}" for char in text)


def _explained(cases: Cases, decisions: Sequence[tuple[int, int, str, bool]]) -> dict[tuple[int, int], Any]:
    """Return coloured words and rules of the decisions that are likeliest to be read."""

    def rank(decision: tuple[int, int, str, bool]) -> tuple[bool, float]:
        row, column, kind, flipped = decision
        far = abs(float(cases.scores[row, column]) - float(cases.tagger.thresholds[column]))
        return kind in ("right", "no") and not flipped, far

    found = {}
    for row, column, _, _ in sorted(decisions, key=rank)[:MOST_EXPLAINED]:
        reasons = cases.tagger.reasons(cases.examples.texts[row], cases.examples.topics[column])
        words = [
            [start, end, round(word.value / max(len(word.spans), 1), 3)]
            for word in reasons.words[:MOST_WORDS]
            for start, end in word.spans
        ]
        rules = [f"{rule.name}: {rule.answer}" for rule in reasons.rules]
        lexicons = [f"{one.name} {one.value:+.2f}" for one in reasons.lexicons]
        found[row, column] = {"w": words, "v": [*map(safe, rules)], "x": [*map(safe, lexicons)]}
    return found


def _flip(flip: Any) -> dict[str, Any]:
    why = [[safe(name), round(now, 3), round(then, 3)] for name, now, then in flip.why]
    then = None if flip.probability_then is None else round(flip.probability_then, 4)
    return {"better": flip.better, "then": then, "why": why}


def _slice_names(result: Evaluation, cases: Cases) -> dict[str, Any]:
    """Return the names of all parts, and which of them each sentence is in, by number."""
    names: list[str] = []
    of: list[list[int]] = [[] for _ in cases.examples.ids]
    for by, values in cases.parts.items():
        for value in sorted(set(values.tolist())):
            number = len(names)
            names.append(safe(f"{by}: {value}"))
            for row in np.flatnonzero(values == value).tolist():
                of[row].append(number)
    return {"names": names, "of": of}
