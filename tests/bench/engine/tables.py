"""What was measured as Markdown: medians, and ratios against ours with the goals beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

from peers import CONTENDERS, OURS
from running import Figures

COLUMNS = {
    "fit, wall s": ("fit_wall_s", "{:.2f}"),
    "fit, CPU s": ("fit_cpu_s", "{:.2f}"),
    "peak, MB": ("peak_mb", "{:,.0f}"),
    "before fit, MB": ("before_fit_mb", "{:,.0f}"),
    "batch, texts/s": ("batch_per_s", "{:,.0f}"),
    "or on all cores": ("batch_best_per_s", "{:,.0f}"),
    "one text, p50 ms": ("single_ms", "{:.3f}"),
    "cold start, ms": ("cold_ms", "{:,.0f}"),
    "artifact, MB": ("artifact_bytes", "{:.2f}"),
    "micro-F1": ("micro_f1", "{:.4f}"),
    "tuned": ("common_micro_f1", "{:.4f}"),
    "macro-F1": ("macro_f1", "{:.4f}"),
    "macro, tuned": ("tuned_macro_f1", "{:.4f}"),
}
Pairs = Sequence[tuple[Figures, Figures]]
"""Ours and a peer, measured side by side."""
SCALES = {"artifact_bytes": 1e-6}


class Goal(NamedTuple):
    """A ratio of two contenders in a figure, and the bound that it should keep."""

    about: str
    figure: str
    peer: str
    bound: float

    @property
    def more(self) -> bool:
        """Whether the figure is better the larger it is."""
        return self.figure.startswith("batch_")

    @property
    def share(self) -> bool:
        """Whether ours is wanted as a share of the peer's, and not the peer's as a multiple of ours."""
        return self.bound < 1

    @property
    def wanted(self) -> str:
        """The bound as text."""
        return f"<= {self.bound:g}x" if self.share else f">= {self.bound:g}x"

    def ratio(self, ours: Figures, peer: Figures) -> float:
        """Return the ratio, the way round in which the goal is written."""
        upside = self.more or self.share
        return ours[self.figure] / peer[self.figure] if upside else peer[self.figure] / ours[self.figure]

    def kept(self, ratio: float) -> bool:
        """Return whether the ratio keeps the bound."""
        return ratio <= self.bound if self.share else ratio >= self.bound


GOALS = tuple(
    Goal(*row)
    for row in (
        ("fit", "fit_wall_s", "sklearn-svm", 30),
        ("fit", "fit_wall_s", "sklearn-lr", 60),
        ("fit", "fit_wall_s", "sklearn-chars", 25),
        ("fit", "fit_wall_s", "fasttext", 4),
        ("fit", "fit_wall_s", "fasttext-unigrams", 4),
        ("fit", "fit_wall_s", "libmultilabel-svm", 15),
        ("fit", "fit_wall_s", "libmultilabel-lr", 15),
        ("fit", "fit_wall_s", "vw", 15),
        ("batch predict, one thread", "batch_per_s", "sklearn-svm", 25),
        ("batch predict", "batch_best_per_s", "fasttext", 10),
        ("batch predict", "batch_best_per_s", "fasttext-unigrams", 10),
        ("one text, p50", "single_ms", "sklearn-svm", 200),
        ("process start to first prediction", "cold_ms", "sklearn-svm", 12),
        ("peak memory while fitting", "peak_mb", "sklearn-svm", 0.5),
        ("artifact size", "artifact_bytes", "sklearn-svm", 0.3),
    )
)
# Ratios without a goal of their own, for who asks what other threads or fewer passes would have done.
ASIDE = (
    *(("fit", "fit_wall_s", peer) for peer in ("sklearn-svm-processes", "sklearn-lr-blas", "vw-3")),
    *(("batch predict, one thread", "batch_per_s", peer) for peer in ("fasttext", "fasttext-unigrams")),
    ("batch predict", "batch_best_per_s", "sklearn-svm"),
)
RIVAL = {contender.name: contender.rival for contender in CONTENDERS}
ABOUT = {contender.name: contender.about for contender in CONTENDERS}


def medians(taken: Mapping[str, Sequence[Figures]]) -> dict[str, Figures]:
    """Return the median of each figure of each contender."""
    return {name: {key: median(row[key] for row in rows) for key in rows[0]} for name, rows in taken.items()}


def figures_table(middle: Mapping[str, Figures]) -> str:
    """Return the medians, a row a contender."""
    rows = [["", *COLUMNS]]
    for name, found in middle.items():
        cells = (
            form.format(found[key] * SCALES.get(key, 1)) if key in found else ""
            for key, form in COLUMNS.values()
        )
        rows.append([mark(name), *cells])
    return markdown(rows)


def mark(name: str) -> str:
    """Return the name and what it stands for, ours in bold."""
    text = f"{ABOUT[name]} (`{name}`)"
    return f"**{text}**" if name.startswith(OURS) else text


def goals_table(taken: Mapping[str, Sequence[Figures]], pairs: Mapping[str, Pairs]) -> str:
    """Return each ratio, the median of the rounds' ratios, its goal and whether it was reached."""
    rows = [["", "ours", "against", "ratio", "lowest - highest", "goal", "reached"]]
    measured = {peer: pairs.get(peer, ()) for peer in taken}
    for goal in GOALS:
        rows.append(ratio_row(measured, goal, goal.wanted))
    rows.append(tuned_row(taken))
    rows += [ratio_row(measured, Goal(*aside, 1), "") for aside in ASIDE]
    return markdown([row for row in rows if row])


def ratio_row(measured: Mapping[str, Pairs], goal: Goal, wanted: str) -> list[str]:
    """Return a row of the goals; none where the peer was not measured, a gap where ours was not."""
    rival = RIVAL[goal.peer]
    if goal.peer not in measured:
        return []
    ratios = [goal.ratio(*pair) for pair in measured[goal.peer]]
    if not ratios:
        return [goal.about, rival, goal.peer, "", "", wanted, "not measured"]
    middle = median(ratios)
    span = f"{min(ratios):.2f} - {max(ratios):.2f}"
    reached = ("yes" if goal.kept(middle) else "no") if wanted else ""
    return [goal.about, rival, goal.peer, f"{middle:.2f}x", span, wanted, reached]


def tuned_row(taken: Mapping[str, Sequence[Figures]]) -> list[str]:
    """Return by how much the tuned micro-F1 lies above the better of fastText's two."""
    key = "common_micro_f1"
    middle = medians(
        {name: taken[name] for name in ("ours-svm", "fasttext", "fasttext-unigrams") if name in taken}
    )
    ours = middle.pop("ours-svm", None)
    if ours is None or not middle:
        return []
    best = max(middle, key=lambda name: middle[name][key])
    gain = ours[key] - middle[best][key]
    return ["tuned micro-F1", "ours-svm", best, f"{gain:+.4f}", "", "> 0", "yes" if gain > 0 else "no"]


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a table, the first of them its head."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]) + "\n"
