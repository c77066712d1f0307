"""Drawings of the page, as SVG: colours come from its style sheet, so they follow light and dark."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from trainer.evaluation.curves import Curves

WIDTH, HEIGHT = 300, 210
LEFT, RIGHT, TOP, BOTTOM = 50, 10, 10, 34
_MOST = 300
"""Points of a curve: more are not seen."""
_LEAST_DECIDED = 0.1
"""Of fewer sentences the share of wrong ones only jumps."""

Floats = NDArray[np.float64]
Ends = Sequence[float] | None


def _x(value: float) -> float:
    return LEFT + value * (WIDTH - LEFT - RIGHT)


def _y(value: float) -> float:
    return TOP + (1 - value) * (HEIGHT - TOP - BOTTOM)


def _path(xs: Floats, ys: Floats, kind: str) -> str:
    if len(xs) > _MOST:
        chosen = np.unique(np.linspace(0, len(xs) - 1, _MOST).astype(int))
        xs, ys = xs[chosen], ys[chosen]
    points = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in zip(xs.tolist(), ys.tolist(), strict=True))
    return f'<polyline class="{kind}" points="{points}"/>'


def _line(kind: str, xs: tuple[float, float], ys: tuple[float, float]) -> str:
    places = f'x1="{xs[0]:.1f}" x2="{xs[1]:.1f}" y1="{ys[0]:.1f}" y2="{ys[1]:.1f}"'
    return f'<line class="{kind}" {places}/>'


def _dot(x: float, y: float, kind: str = "dot") -> str:
    return f'<circle class="{kind}" cx="{_x(x):.1f}" cy="{_y(y):.1f}" r="4"/>'


def _frame(name: str, across: str, up: str, body: Sequence[str], top: float = 1.0) -> Markup:
    """Return a chart of shares by shares, with its axes; the one that goes up ends at `top`."""
    ticks = []
    for at in (0, 0.25, 0.5, 0.75, 1):
        ticks.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{_y(at)}" y2="{_y(at)}"/>')
        ticks.append(f'<text class="tick end" x="{LEFT - 5}" y="{_y(at) + 4}">{_tick(at * top, top)}</text>')
        ticks.append(f'<text class="tick middle" x="{_x(at)}" y="{HEIGHT - BOTTOM + 15}">{at:g}</text>')
    middle = (TOP + HEIGHT - BOTTOM) / 2
    labels = (
        f'<text class="axis middle" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 4}">{escape(across)}</text>'
        f'<text class="axis middle" transform="translate(11 {middle}) rotate(-90)">{escape(up)}</text>'
    )
    return Markup(  # noqa: S704  (numbers, our own words, and names that were escaped)
        f'<svg role="img" viewBox="0 0 {WIDTH} {HEIGHT}"><title>{escape(name)}</title>'
        f"{''.join(ticks)}{''.join(body)}{labels}</svg>"
    )


def _tick(value: float, top: float) -> str:
    return f"{value:g}" if top == 1 else f"{value:.1%}" if top < 0.1 else f"{value:.0%}"


def precision_recall(topic: str, curves: Curves) -> Markup:
    """Draw precision by recall, with the chosen point."""
    body = [_path(np.r_[0.0, curves.recall], np.r_[curves.precision[0], curves.precision], "line")]
    if curves.chosen is not None:
        body.append(_dot(curves.chosen[2], curves.chosen[1]))
    return _frame(f"{topic}: precision by recall", "recall", "precision", body)


def reliability(topic: str, curves: Curves) -> Markup:
    """Draw the observed share by the probability, with intervals, beside what would be right."""
    body = [f'<line class="right" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>']
    for x, low, high in zip(
        curves.predicted.tolist(), curves.observed_low.tolist(), curves.observed_high.tolist(), strict=True
    ):
        body.append(_line("whisker", (_x(x), _x(x)), (_y(low), _y(high))))
    body += [_dot(x, y) for x, y in zip(curves.predicted.tolist(), curves.observed.tolist(), strict=True)]
    return _frame(
        f"{topic}: what share of sentences is on it, by probability", "probability", "share on it", body
    )


def by_threshold(topic: str, curves: Curves) -> Markup:
    """Draw precision, recall and F1 by threshold, with the chosen one."""
    body = [
        _path(curves.thresholds, getattr(curves, key), f"line {key}") for key in ("precision", "recall", "f1")
    ]
    if curves.chosen is not None:
        x = _x(curves.chosen[0])
        body.append(f'<line class="chosen" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
    return _frame(f"{topic}: precision, recall and F1 by threshold", "threshold", "score", body)


def coverage(topic: str, curves: Curves) -> Markup:
    """Draw the share decided wrongly by the share that is decided without a person."""
    told = curves.coverage >= _LEAST_DECIDED
    error = curves.error[told]
    top = next((limit for limit in (0.04, 0.1, 0.2, 0.4) if error.max() <= limit), 1.0)
    body = [_path(curves.coverage[told], error / top, "line")]
    name = f"{topic}: share of wrong decisions by share decided without a person"
    return _frame(name, "share decided", "wrong", body, top)


def intervals(rows: Sequence[tuple[str, float | None, Ends, float | None]], title: str) -> Markup:
    """Draw figures with their intervals, one above the other, each beside a hollow mark of the rules' own.

    Parameters
    ----------
    rows : sequence of (name, figure, interval, other)
    """
    left, width, step = 150, 640, 26
    height = step * len(rows) + 34

    def x(value: float) -> float:
        return left + value * (width - left - 60)

    body = []
    for at in (0, 0.2, 0.4, 0.6, 0.8, 1.0):
        body.append(f'<line class="grid" x1="{x(at):.1f}" x2="{x(at):.1f}" y1="6" y2="{height - 24}"/>')
        body.append(f'<text class="tick middle" x="{x(at):.1f}" y="{height - 8}">{at:g}</text>')
    for i, (name, value, ends, other) in enumerate(rows):
        y = 20 + step * i
        body.append(f'<text class="name end" x="{left - 12}" y="{y + 4}">{escape(name)}</text>')
        if other is not None:
            body.append(f'<circle class="hollow" cx="{x(other):.1f}" cy="{y}" r="5"/>')
        if ends is not None:
            low, high = x(ends[0]), x(ends[1])
            body.append(f'<line class="whisker" x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}"/>')
        if value is not None:
            body.append(f'<circle class="dot" cx="{x(value):.1f}" cy="{y}" r="5"/>')
            body.append(f'<text class="value" x="{width - 52}" y="{y + 4}">{value:.2f}</text>')
        else:
            body.append(f'<text class="value" x="{width - 52}" y="{y + 4}">n/a</text>')
    return Markup(  # noqa: S704  (as above)
        f'<svg role="img" class="wide" viewBox="0 0 {width} {height}"><title>{escape(title)}</title>'
        f"{''.join(body)}</svg>"
    )


def differences(rows: Sequence[tuple[str, float | None, Ends]], title: str) -> Markup:
    """Draw differences with their intervals about nought."""
    ends = [abs(end) for _, value, both in rows for end in (*(both or ()), value or 0)]
    scale = max([0.02, *ends]) * 1.05
    left, width, step = 150, 640, 26
    height = step * len(rows) + 34

    def x(value: float) -> float:
        return left + (value + scale) / (2 * scale) * (width - left - 70)

    body = [f'<line class="right" x1="{x(0):.1f}" x2="{x(0):.1f}" y1="6" y2="{height - 24}"/>']
    for at in (-scale / 1.05, 0.0, scale / 1.05):
        body.append(f'<text class="tick middle" x="{x(at):.1f}" y="{height - 8}">{at:+.2f}</text>')
    for i, (name, value, both) in enumerate(rows):
        y = 20 + step * i
        kind = "same" if both is None or both[0] <= 0 <= both[1] else "up" if both[0] > 0 else "down"
        body.append(f'<text class="name end" x="{left - 12}" y="{y + 4}">{escape(name)}</text>')
        if both is not None:
            body.append(_line(f"whisker {kind}", (x(both[0]), x(both[1])), (y, y)))
        if value is not None:
            body.append(f'<circle class="dot {kind}" cx="{x(value):.1f}" cy="{y}" r="5"/>')
        shown = "n/a" if value is None else f"{value:+.3f}"
        body.append(f'<text class="value" x="{width - 56}" y="{y + 4}">{shown}</text>')
    return Markup(  # noqa: S704  (as above)
        f'<svg role="img" class="wide" viewBox="0 0 {width} {height}"><title>{escape(title)}</title>'
        f"{''.join(body)}</svg>"
    )
