"""Seconds to fit and to predict against the number of sentences and of topics: tables and a log-log plot."""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from peers import CONTENDERS, Contender
from running import FailedError, child, interpreters
from tables import markdown

SENTENCES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
TOPICS = (5, 15, 50, 150, 500)
USUAL_SENTENCES, USUAL_TOPICS = 10_000, 28
CURVES = {"fit_wall_s": "fit", "predict_s": "predict, all cores"}
COMPARED = ("ours-svm", "sklearn-svm")

Points = list[dict[str, Any]]


def measure_growth(chosen: argparse.Namespace) -> tuple[str, dict]:
    """Return the tables and the points; the plot is saved in the --out-dir folder."""
    names = chosen.only or COMPARED
    contenders = [one for one in CONTENDERS if one.name in names]
    pythons, failed = interpreters(contenders, chosen.peers)
    by_sentences = [(number, USUAL_TOPICS) for number in SENTENCES[: 3 if chosen.quick else None]]
    by_topics = [(1_000 if chosen.quick else USUAL_SENTENCES, number) for number in TOPICS]
    points: dict[str, dict[str, Points]] = {"sentences": {}, "topics": {}}
    for contender in contenders:
        if contender.family not in pythons:
            continue
        for axis, sizes in (("sentences", by_sentences), ("topics", by_topics)):
            try:
                points[axis][contender.name] = curve(
                    pythons[contender.family], contender, sizes, chosen, axis
                )
            except FailedError as error:
                failed[contender.name] = str(error)
    text = "\n".join(growth_table(axis, curves) for axis, curves in points.items())
    text += "".join(f"\n- Left out: {name}: {why}\n" for name, why in failed.items())
    return text + "\n" + draw(points, chosen.out_dir), points


def curve(
    python: Path,
    contender: Contender,
    sizes: Sequence[tuple[int, int]],
    chosen: argparse.Namespace,
    axis: str,
) -> Points:
    """Return a point a size; the ones that would probably take longer than the limit are left out."""
    points: Points = []
    for sentences, topics in sizes:
        size = sentences if axis == "sentences" else topics
        if points and points[-1]["fit_wall_s"] * size / points[-1]["size"] > chosen.limit:
            break
        sys.stderr.write(f"{contender.name}: {sentences:,} sentences, {topics} topics\n")
        with tempfile.TemporaryDirectory() as work:
            asked = {"data": chosen.data, "sentences": sentences, "topics": topics, "work": work}
            made = child(python, contender, contender.blas_threads, task="grow", **asked)
        points.append({"size": size, **made})
    return points


def slope(points: Points, at: int, key: str) -> float:
    """Return the exponent of growth from the point before: 1 is linear."""
    here, before = points[at], points[at - 1]
    return math.log(here[key] / before[key]) / math.log(here["size"] / before["size"])


def growth_table(axis: str, curves: dict[str, Points]) -> str:
    """Return seconds, and the exponent of growth since the row before."""
    rows = [["", axis, "fit, s", "exponent", "predict, s", "exponent", "peak, MB"]]
    for name, points in curves.items():
        for at, point in enumerate(points):
            grown = [f"{slope(points, at, key):.2f}" if at else "" for key in CURVES]
            seconds = [f"{point[key]:.3f}" for key in CURVES]
            cells = [f"{point['size']:,}", seconds[0], grown[0], seconds[1], grown[1]]
            rows.append([name, *cells, f"{point['peak_mb']:,.0f}"])
    return markdown(rows)


def draw(points: dict[str, dict[str, Points]], folder: Path) -> str:
    """Save the plot, and return a line that says where; or that there is no matplotlib."""
    try:
        import matplotlib
    except ImportError:
        return "No plot: matplotlib is not installed.\n"
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    for panel, (axis, curves) in zip(panels, points.items(), strict=True):
        draw_panel(panel, axis, curves)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "growth.png"
    figure.savefig(file, dpi=150)
    pyplot.close(figure)
    return f"The plot is in '{file}'.\n"


def draw_panel(panel: Any, axis: str, curves: dict[str, Points]) -> None:
    """Draw one panel: a line a contender and figure, and a dashed line of slope 1 through the first point."""
    for colour, (name, points) in enumerate(curves.items()):
        sizes = [point["size"] for point in points]
        for key, style in zip(CURVES, ("o-", "s:"), strict=True):
            values = [point[key] for point in points]
            panel.plot(sizes, values, style, color=f"C{colour}", label=f"{name}, {CURVES[key]}")
    firsts = [points for points in curves.values() if points]
    if firsts:
        sizes = [point["size"] for point in max(firsts, key=len)]
        start = firsts[0][0]["fit_wall_s"]
        line = [start * size / sizes[0] for size in sizes]
        panel.plot(sizes, line, "--", color="grey", label="slope 1: linear")
    fixed = f"{USUAL_TOPICS} topics" if axis == "sentences" else "sentences fixed"
    panel.set(xscale="log", yscale="log", xlabel=f"{axis} ({fixed})", ylabel="seconds")
    panel.grid(visible=True, which="major", alpha=0.3)
    if curves:
        panel.legend(fontsize=8)
