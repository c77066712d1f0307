"""What to do next: the weakest points of a model, each with a command."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainer.evaluation.evaluate import Evaluation

FEW = 30
"""Positives below which a topic's scores are guesses."""
MOST = 3
_WEAK = 0.8
"""F1 whose interval must lie above it for a topic to be called good."""
_OFF = 0.05
"""Calibration error that the interval must lie above to be worth a word."""
_SURE = 0.05


@dataclass(frozen=True, slots=True)
class Advice:
    """One weak point.

    Attributes
    ----------
    what : str
        In one line.
    command : str
        What to type.
    weight : float
        How much it is worth, beside others.
    """

    what: str
    command: str
    weight: float

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)


def good_points(result: Evaluation) -> list[str]:
    """Return the topics of which every figure is well above what is weak, the best first."""
    rows = result.gold["topics"]
    good = [t for t, row in rows.items() if row["f1"] is not None and _low(row, "f1") >= _WEAK]
    return sorted((t for t in good if rows[t]["support"] >= FEW), key=lambda topic: -rows[topic]["f1"])


def weak_points(result: Evaluation, most: int = MOST) -> list[Advice]:
    """Return the weakest points, the worst first."""
    found = [advice for topic in result.gold["topics"] for advice in _of_topic(result, topic)]
    for one in result.slices:
        if one.p_value is not None and one.p_value < _SURE and (one.difference or 0) < 0:
            what = f"{one.by} {one.value}: F1 {one.f1:.2f}, {-(one.difference or 0):.2f} below the others"
            found.append(Advice(what, _look(result), -(one.difference or 0)))
    return sorted(found, key=lambda advice: (-advice.weight, advice.what))[:most]


def _of_topic(result: Evaluation, topic: str) -> list[Advice]:
    row, rules = result.gold["topics"][topic], result.rules["topics"][topic]
    label = f"trainer corpus export --to-label 200 --topic {topic} {topic}.xlsx"
    if row["support"] < FEW:
        told = f"{topic}: only {row['support']} sentences were judged to be on it, so its scores are guesses"
        return [Advice(told, label, 1.0)]
    found = []
    for key, meaning in (("precision", "of 100 tags {:.0f} are wrong"), ("recall", "misses {:.0f} of 100")):
        if row[key] is not None and _low(row, key) < 0.9:
            told = f"{topic}: {meaning.format(100 * (1 - row[key]))} ({_range(row, key)})"
            command = _look(result) if key == "precision" else label
            found.append(Advice(told, command, 1 - _low(row, key)))
    if rules["f1"] is not None and row["f1"] is not None and row["f1"] <= rules["f1"]:
        told = f"{topic}: no better than its keyword rules (F1 {row['f1']:.2f} against {rules['f1']:.2f})"
        found.append(Advice(told, label, 0.5 + rules["f1"] - row["f1"]))
    if row.get("ece_interval") and row["ece_interval"][0] > _OFF:
        told = f"{topic}: probabilities are off by {row['ece']:.2f} on average ({_range(row, 'ece')})"
        found.append(Advice(told, _look(result), row["ece"]))
    return found


def _look(result: Evaluation) -> str:
    """Return the command that shows the errors themselves."""
    on = f" --on {shlex.quote(result.on)}" if Path(result.on).is_file() else ""
    return f"trainer eval{on} --html report.html"


def _low(row: dict[str, Any], key: str) -> float:
    interval = row.get(f"{key}_interval")
    return float(interval[0]) if interval else float(row[key])


def _range(row: dict[str, Any], key: str) -> str:
    """Return the interval in words: of 100 wrong or missed ones, or of a calibration error as it is."""
    low, high = row[f"{key}_interval"] or (row[key], row[key])
    return f"{low:.2f} to {high:.2f}" if key == "ece" else f"{100 * (1 - high):.0f} to {100 * (1 - low):.0f}"
