"""Labels that a model which never saw them would have given otherwise: candidates for slips.

Confident learning (Northcutt, Jiang and Chuang, JAIR 70, 2021), topic by topic, by cleanlab.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np

from trainer.corpus.check import SHOWN, Finding
from trainer.model.fit import Fitted

INSTALL = 'pip install "topic-trainer[audit]"'


def can_find_slips() -> bool:
    """Tell whether cleanlab is installed."""
    return find_spec("cleanlab") is not None


def label_slips(fitted: Fitted) -> list[dict[str, Any]]:
    """Return the human labels that are likely slips, the likeliest first.

    Returns
    -------
    list of dict
        ``id``, ``text``, ``topic``, ``label`` and the ``probability`` of the topic out of fold.
    """
    from cleanlab.filter import find_label_issues

    examples, found = fitted.examples, []
    gold = np.flatnonzero(examples.gold)
    for k, topic in enumerate(examples.topics):
        judged = examples.Y[gold, k] >= 0
        rows = gold[judged]
        y, p = examples.Y[rows, k].astype(int), fitted.held_out[judged, k]
        if len(np.unique(y)) < 2:
            continue
        chosen = find_label_issues(
            y, np.column_stack([1 - p, p]), return_indices_ranked_by="self_confidence", n_jobs=1
        )
        for i in chosen.tolist():
            label, row = ("yes" if y[i] else "no"), int(rows[i])
            probability = round(float(p[i]), 6)
            found.append((probability if y[i] else 1 - probability, examples.ids[row], topic, label, row))
    return [
        {
            "id": examples.ids[row], "text": examples.texts[row], "topic": topic, "label": label,
            "probability": round(sure if label == "yes" else 1 - sure, 6),
        }
        for sure, _, topic, label, row in sorted(found)
    ]  # fmt: skip


def slips_finding(slips: list[dict[str, Any]]) -> list[Finding]:
    """Return the slips as a finding of the audit; none where there are none."""
    if not slips:
        return []
    shown = tuple(
        f"{s['id']}, {s['topic']} {s['label']}, probability {s['probability']:.2f}: {s['text']}"
        for s in slips[:SHOWN]
    )
    detail = "labels that a model which had not seen them would give otherwise: read them again"
    return [Finding("slip", "warning", len(slips), detail, shown)]
