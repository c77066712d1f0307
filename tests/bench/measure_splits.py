"""How well whole groups are shared out over several labels at once: balance and leakage of some splitters.

    python tests/bench/measure_splits.py [--data FOLDER] [--seeds 3] [--quick]

FOLDER (else $TRAINER_DATA) holds bench/reuters90.*.jsonl.gz and bench/goemotions.*.jsonl.gz, one
{"text", "labels"} a line. Groups are made up: sizes geometric, rows drawn at random, or drawn so that a group
mostly carries one label ("alike"). Peers: scikit-learn, and iterative-stratification where it is installed.

mean, and of common labels (ten positives or more to each side) mean and max: distance of the share of a
label's positives on a side from the wanted share, over labels and sides, relative to the wanted share.
LD, ED: labels and examples distribution of Sechidis et al. (2011).
empty: pairs of a side and a label that meet in no row, beyond those that no assignment of groups could fill.
leak: groups of two rows or more that stand on several sides.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np

from trainer.corpus.splits.assign import assign_groups, greedy
from trainer.corpus.splits.refine import refine

SIDES = {"5 folds": [0.2] * 5, "80/10/10": [0.8, 0.1, 0.1]}
HEADER = (
    "| data, groups | sides | splitter | mean % | common mean % | common max % "
    "| LD x1000 | ED rows | empty | leak % | s |\n"
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("TRAINER_DATA"))
    parser.add_argument("--seeds", type=int, default=3, help="runs of which the median is printed")
    parser.add_argument("--quick", action="store_true", help="reuters90 only")
    chosen = parser.parse_args()
    folder = Path(chosen.data or ".") / "bench"
    if chosen.data is None or not folder.is_dir():
        sys.exit("no data to measure on: name a folder that has bench/ with --data or $TRAINER_DATA")
    warnings.simplefilter("ignore")  # scikit-learn's, about label sets rarer than there are folds
    sys.stdout.write(HEADER + "|---|---|---|---|---|---|---|---|---|---|---|\n")
    for name in ("reuters90",) if chosen.quick else ("reuters90", "goemotions"):
        Y = read_labels(folder, name)
        for size, alike in ((2, False), (8, False), (30, False), (8, True), (30, True)):
            kind = f"{name}, {len(Y):,} rows, groups of {size}{' alike' if alike else ''}"
            for sides, shares in SIDES.items():
                compare(kind, sides, Y, size, alike, np.array(shares), chosen.seeds)


def read_labels(folder: Path, name: str) -> np.ndarray:
    """Return the labels of all parts of a data set, as an (n, k) array of 0 and 1."""
    rows = []
    for file in sorted(folder.glob(f"{name}.*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            rows += [json.loads(line)["labels"] for line in lines]
    labels = sorted({label for row in rows for label in row})
    return np.array([[label in row for label in labels] for row in map(set, rows)], dtype=np.int8)


def made_up_groups(Y: np.ndarray, size: int, alike: bool, seed: int) -> np.ndarray:
    """Return groups with geometric sizes; of alike rows, groups of neighbours by first label."""
    rng = np.random.default_rng(seed)
    sizes = rng.geometric(1 / size, size=len(Y))
    group = np.repeat(np.arange(len(sizes)), sizes)[: len(Y)]
    # A fifth of the rows stands anywhere even so.
    place = np.where(rng.random(len(Y)) < 0.8, np.argmax(Y, axis=1), rng.integers(Y.shape[1], size=len(Y)))
    order = np.lexsort((rng.random(len(Y)), place)) if alike else rng.permutation(len(Y))
    groups = np.empty(len(Y), dtype=np.int64)
    groups[order] = group
    return groups


def compare(
    kind: str, sides: str, Y: np.ndarray, size: int, alike: bool, shares: np.ndarray, seeds: int
) -> None:
    """Print one line for each splitter."""
    for name, splitter in SPLITTERS.items():
        runs = []
        for seed in range(seeds):
            groups = made_up_groups(Y, size, alike, seed)
            start = perf_counter()
            try:
                side = splitter(groups, Y, shares, seed)
            except ImportError:
                break
            runs.append([*measures(Y, groups, side, shares), perf_counter() - start])
        if runs:
            row = np.median(runs, axis=0)
            cells = "{:.2f} | {:.2f} | {:.1f} | {:.2f} | {:.1f} | {:.0f} | {:.1f} | {:.2f}".format(*row)
            sys.stdout.write(f"| {kind} | {sides} | {name} | {cells} |\n")
            sys.stdout.flush()


def measures(Y: np.ndarray, groups: np.ndarray, side: np.ndarray, shares: np.ndarray) -> list[float]:
    """Return the columns of the table, without the seconds."""
    held = np.array([Y[side == s].sum(axis=0) for s in range(len(shares))], dtype=float)
    rows = np.bincount(side, minlength=len(shares)).astype(float)
    away = np.abs(held / Y.sum(axis=0) / shares[:, None] - 1)
    common = Y.sum(axis=0) * min(shares) >= 10
    odds = held / np.maximum(rows[:, None] - held, 1)
    whole = Y.sum(axis=0) / (len(Y) - Y.sum(axis=0))
    holders = np.array([len(np.unique(groups[Y[:, k] > 0])) for k in range(Y.shape[1])])
    spare = np.maximum(len(shares) - holders, 0)
    pairs = np.unique(np.stack([groups, side]), axis=1)[0]
    split, large = np.bincount(pairs) > 1, np.bincount(groups) > 1
    return [
        100 * away.mean(),
        100 * away[:, common].mean(),
        100 * away[:, common].max(),
        1000 * np.abs(odds - whole).mean(),
        np.abs(rows - shares * len(Y)).mean(),
        float(np.maximum((held == 0).sum(axis=0) - spare, 0).sum()),
        100 * float(split.sum() / max(large.sum(), 1)),
    ]


def random_groups(groups: np.ndarray, Y: np.ndarray, shares: np.ndarray, seed: int) -> np.ndarray:
    """Folds of random groups."""
    from sklearn.model_selection import GroupKFold

    return of_folds(
        lambda n: GroupKFold(n, shuffle=True, random_state=seed).split(Y, Y[:, 0], groups), shares, len(Y)
    )


def stratified(classes: Callable[[np.ndarray], np.ndarray]) -> Callable[..., np.ndarray]:
    """Folds by scikit-learn's stratification of groups, over one class a row."""

    def split(groups: np.ndarray, Y: np.ndarray, shares: np.ndarray, seed: int) -> np.ndarray:
        from sklearn.model_selection import StratifiedGroupKFold

        y = classes(Y)
        return of_folds(
            lambda n: StratifiedGroupKFold(n, shuffle=True, random_state=seed).split(Y, y, groups),
            shares,
            len(Y),
        )

    return split


def iterative(groups: np.ndarray, Y: np.ndarray, shares: np.ndarray, seed: int) -> np.ndarray:
    """Folds by the package iterative-stratification, which knows no groups."""
    from iterstrat.ml_stratifiers import MultilabelStratifiedKFold

    return of_folds(
        lambda n: MultilabelStratifiedKFold(n, shuffle=True, random_state=seed).split(Y, Y), shares, len(Y)
    )


def of_folds(folds: Callable[[int], object], shares: np.ndarray, n: int) -> np.ndarray:
    """Return the side of each row: one side a fold, or of ten folds one for each tenth."""
    equal = len(set(shares.tolist())) == 1
    side = np.zeros(n, dtype=np.int64)
    for fold, (_, test) in enumerate(folds(len(shares) if equal else 10)):
        side[test] = fold if equal else fold + 1 if fold < 2 else 0
    return side


def greedy_alone(groups: np.ndarray, Y: np.ndarray, shares: np.ndarray, seed: int) -> np.ndarray:
    """Only the first half of `assign_groups`."""
    balance, group_of = greedy(groups.tolist(), Y, shares, seed, {})
    return balance.side[group_of]


def unfilled(groups: np.ndarray, Y: np.ndarray, shares: np.ndarray, seed: int) -> np.ndarray:
    """`assign_groups` where only the balance counts."""
    balance, group_of = greedy(groups.tolist(), Y, shares, seed, {})
    refine(balance, fill=False)
    return balance.side[group_of]


def label_sets(Y: np.ndarray) -> np.ndarray:
    """Number the sets of labels."""
    return np.unique(Y, axis=0, return_inverse=True)[1].ravel()


SPLITTERS = {
    "random groups (GroupKFold)": random_groups,
    "StratifiedGroupKFold, label sets": stratified(label_sets),
    "StratifiedGroupKFold, first label": stratified(lambda Y: np.argmax(Y, axis=1)),
    "iterative-stratification, no groups": iterative,
    "greedy alone": greedy_alone,
    "assign_groups, gaps not filled": unfilled,
    "assign_groups": lambda groups, Y, shares, seed: assign_groups(groups.tolist(), Y, shares, seed),
}


if __name__ == "__main__":
    main()
