"""Pictures of a summary: over time, by source, of topics that go together. Needs the extra ``charts``."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.errors import UsageError
from trainer.escapes import safe
from trainer.tags.periods import PERIODS
from trainer.tags.summarize import NO_DATE, PAIR, Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUFFIXES = (".svg", ".png")
INSTALL = 'pip install "topic-trainer[charts]"'
SHARES = {"documents": "document", "sentences": "sentence"}
_INK, _BAND, _GREY = "#1b4f72", "#a9cce3", "#707070"
_LONGEST = 34
_MOST = {"source": 20, "document": 25}
_MOST_LABELS = 12
_SETTINGS: Any = {
    "font.family": "DejaVu Sans", "font.size": 9, "svg.hashsalt": "trainer", "svg.fonttype": "path",
    "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 10, "axes.titlelocation": "left",
}  # fmt: skip


def can_draw() -> bool:
    """Tell whether the library is there."""
    from importlib.util import find_spec

    return find_spec("matplotlib") is not None


def draw(summary: Summary, target: Path, *, share: str = "documents") -> None:
    """Draw the shares of a summary; the same summary gives the same bytes.

    Parameters
    ----------
    target : Path
        Ends in .svg or .png.
    share : {"documents", "sentences"}
        Of what.

    Raises
    ------
    UsageError
        When the library is not installed, or the file is of another kind.
    """
    if target.suffix.lower() not in SUFFIXES:
        raise UsageError(f"a chart is .svg or .png, not '{target}'")
    if not can_draw():
        raise UsageError("charts need matplotlib", hint=INSTALL)
    if summary.by == "topic-pair" and len(summary.topics) < 2:
        raise UsageError("two topics make a pair, and here is one")
    if share not in SHARES:
        raise UsageError(f"shares are of {' or '.join(SHARES)}, not '{share}'")
    import matplotlib as mpl

    with mpl.rc_context(_SETTINGS):
        figure = _figure(summary, share)
        svg = target.suffix.lower() == ".svg"
        metadata = {"Date": None, "Creator": None} if svg else {"Software": None}
        kind = target.suffix.lower()[1:]
        figure.savefig(target, format=kind, metadata=metadata, dpi=150, facecolor="white")


def _figure(summary: Summary, share: str) -> Figure:
    if summary.by in PERIODS:
        return _over_time(summary, share)
    if summary.by == "topic-pair":
        return _together(summary, share)
    return _ranked(summary, share)


def _over_time(summary: Summary, share: str) -> Figure:
    """Draw one panel a topic: the share with its interval, and below how much was read."""
    from matplotlib.ticker import MaxNLocator

    keys = [key for key in dict.fromkeys(row["key"] for row in summary.rows) if key != NO_DATE]
    dated = [row for row in summary.rows if row["key"] != NO_DATE]
    figure, axes = _panels(len(summary.topics) + 1, 1.35, sharex=True)
    places = list(range(len(keys)))
    what = SHARES[share]
    top = max([row[f"{what}_share_high"] or 0 for row in dated] or [0.0])
    for ax, topic in zip(axes, summary.topics, strict=False):
        rows = [row for row in dated if row["topic"] == topic]
        _line(ax, places, rows, what)
        ax.set_title(_name(topic))
        ax.set_ylim(0, min(max(top * 1.08, 0.05), 1.05))
        _percent(ax)
    read = [row[share] for row in dated if row["topic"] == summary.topics[0]]
    axes[-1].bar(places, read, color="#c8c8c8", width=0.8)
    axes[-1].set_title(f"{share} read")
    axes[-1].yaxis.set_major_locator(MaxNLocator(nbins=3, integer=True))
    _time_ticks(axes[-1], keys)
    _headline(figure, summary, f"Share of {share} on each topic, by {summary.by}")
    return figure


def _line(ax: Axes, places: Sequence[int], rows: Sequence[Mapping[str, Any]], what: str) -> None:
    """Draw shares with their intervals; where nothing was read there is a gap."""
    values, low, high = (_numbers(rows, f"{what}_share{end}") for end in ("", "_low", "_high"))
    known = [value == value for value in values]
    lonely = [
        place
        for place in places
        if known[place] and not any(known[near] for near in (place - 1, place + 1) if 0 <= near < len(known))
    ]
    ax.fill_between(places, low, high, color=_BAND, linewidth=0)
    for place in lonely:
        ax.plot([place, place], [low[place], high[place]], color=_BAND, linewidth=4, solid_capstyle="butt")
    ax.plot(places, values, color=_INK, linewidth=1.6, marker="o", markersize=3)


def _numbers(rows: Sequence[Mapping[str, Any]], key: str) -> list[float]:
    return [float("nan") if row[key] is None else row[key] for row in rows]


def _ranked(summary: Summary, share: str) -> Figure:
    """Draw one panel a topic side by side: a dot and an interval for each source, or document."""
    keys = list(dict.fromkeys(row["key"] for row in summary.rows))
    what, most = SHARES["sentences" if summary.by == "document" else share], _MOST[summary.by]
    if summary.by == "document":
        tags = dict.fromkeys(keys, 0)
        for row in summary.rows:
            tags[row["key"]] += row["tagged_sentences"]
        keys = sorted(keys, key=lambda key: (-tags[key], key))
    shown, left = keys[:most], len(keys) - most
    by_place = {(row["key"], row["topic"]): row for row in summary.rows}
    figure, axes = _columns(len(summary.topics), len(shown))
    places = list(range(len(shown)))
    for ax, topic in zip(axes, summary.topics, strict=True):
        rows = [by_place[key, topic] for key in shown]
        values = [row[f"{what}_share"] or 0 for row in rows]
        ends = [[row[f"{what}_share_{end}"] or 0 for row in rows] for end in ("low", "high")]
        if summary.by != "document":
            ax.hlines(places, ends[0], ends[1], color=_BAND, linewidth=4)
        ax.plot(values, places, "o", color=_INK, markersize=4)
        ax.set_title("\n".join(textwrap.wrap(_name(topic), 18)))
        ax.set_xlim(left=0, right=min(max([*ends[1], *values, 0.05]) * 1.08, 1.05))
        _percent(ax, "x")
        ax.grid(axis="x", color="#e6e6e6", linewidth=0.6)
        ax.set_axisbelow(True)
    unit = "sentences" if what == "sentence" else "documents"
    axes[0].set_yticks(
        places, [f"{_name(key)}  ({by_place[key, summary.topics[0]][unit]:,})" for key in shown]
    )
    axes[0].set_ylim(len(shown) - 0.5, -0.5)
    more = f"; {left:,} others are not shown" if left > 0 else ""
    _headline(figure, summary, f"Share of {unit} on each topic, by {summary.by} ({unit} read{more})")
    return figure


def _together(summary: Summary, share: str) -> Figure:
    """Draw topics against topics: how many have both, and what share of those that have either."""
    import numpy as np

    what, n = SHARES[share], len(summary.topics)
    counts, shares = np.full((n, n), np.nan), np.full((n, n), np.nan)
    at = {topic: i for i, topic in enumerate(summary.topics)}
    for row in summary.rows:
        i, j = (at[topic] for topic in row["key"].split(PAIR))
        counts[j, i] = row[f"tagged_{share}"]
        shares[j, i] = row[f"{what}_share"] or 0
    figure, (ax,) = _columns(1, max(n, 3), wide=max(4.5, 1.0 * n + 2.5))
    top = np.nanmax(shares) if n > 1 else 1
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=max(top, 0.01), aspect="auto")
    for i in range(n):
        for j in range(i + 1, n):
            dark = shares[j, i] > 0.6 * max(top, 0.01)
            colour, told = "white" if dark else "black", f"{counts[j, i]:,.0f}\n{shares[j, i]:.0%}"
            ax.text(i, j, told, ha="center", va="center", color=colour)
    ax.set_xticks(range(n - 1), [_name(topic) for topic in summary.topics[:-1]], rotation=30, ha="right")
    ax.set_yticks(range(1, n), [_name(topic) for topic in summary.topics[1:]])
    ax.set_xlim(-0.5, n - 1.5)
    ax.set_ylim(n - 0.5, 0.5)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.tick_params(length=0)
    _headline(figure, summary, f"{share.capitalize()} on two topics, and their share of those on either")
    return figure


def _panels(count: int, height: float, **options: Any) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, height * count + 1.1), layout="constrained")
    axes = figure.subplots(count, 1, squeeze=False, **options)
    return figure, list(axes[:, 0])


def _columns(count: int, rows: int, wide: float | None = None) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    size = (wide or max(6.0, 2.6 + 1.7 * count), 0.26 * rows + 2.2)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(1, count, squeeze=False, sharey=True)
    return figure, list(axes[0])


def _headline(figure: Figure, summary: Summary, title: str) -> None:
    about = summary.about
    copies = "copies counted once" if about["copies_once"] else f"{about['copies']:,} copies counted each"
    told = [f"{about['documents']:,} documents, {about['sentences']:,} sentences; {copies}"]
    told += [f"model {', '.join(about['models'])}; 95 % intervals of sampling, not of the model's errors"]
    if summary.by in PERIODS and about.get("undated"):
        told.append(f"{about['undated']:,} documents without a {summary.by} are not shown")
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    figure.supxlabel("\n".join(told), x=0.01, ha="left", fontsize=7.5, color=_GREY)


def _percent(ax: Axes, axis: str = "y") -> None:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    chosen = ax.yaxis if axis == "y" else ax.xaxis
    chosen.set_major_locator(MaxNLocator(nbins=3))
    chosen.set_major_formatter(PercentFormatter(1, decimals=None))


def _time_ticks(ax: Axes, keys: Sequence[str]) -> None:
    step = -(-len(keys) // _MOST_LABELS) or 1
    places = list(range(0, len(keys), step))
    ax.set_xticks(places, [keys[place] for place in places], rotation=30 if len(places) > 6 else 0)
    ax.set_xlim(-0.6, max(len(keys) - 0.4, 0.6))


def _name(text: str) -> str:
    """Return a name that acts on nothing: no escape, no formula, none too long."""
    plain = safe(" ".join(text.split())).replace("$", r"\$")
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"
