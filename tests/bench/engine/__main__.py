"""How fast the engine is, against its peers: fitting, predicting, starting, memory, size, F1.

    python tests/bench/engine --data FOLDER [--rounds 5] [--only NAME ...] [--quick]
    python tests/bench/engine --data FOLDER --parity
    python tests/bench/engine --data FOLDER --growth [--out-dir FOLDER]

FOLDER (else $TRAINER_DATA) holds bench/goemotions.{train,dev,test}.jsonl.gz, for --parity also reuters90 and
20ng: one {"text", "labels"} a line. No data is fetched. Peers are installed into environments of their own in
the --peers folder; one that cannot be is named with the reason. Ours is the package of this interpreter.

All contenders take turns within each round, each in a fresh process, and ours is measured anew before and
after each peer. Every ratio is the median of the ratios of the rounds. Write the figures down with the
machine that they were taken on.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from peers import CONTENDERS, OURS, Contender, installed
from reading import missing
from running import Rounds, interpreters
from tables import figures_table, goals_table, medians

NOTES = """\
- All figures are of GoEmotions. Fitting starts from raw texts and may use all cores; the file that fastText
  and Vowpal Wabbit read is written before the clock starts. Importing counts in cold starts only.
- Ours fits as the estimators do by default: until the objective is surely within 1e-4 of the minimum, or 2e-5
  of it with the logistic loss. `trainer fit` goes on to 1e-5.
- scikit-learn fits with one BLAS thread but in the row that says otherwise: with more it is slower, at times
  tenfold.
- Predicting means deciding at 0.5 with the contender's public call for it, single texts on one core. Batches
  are on one core and, in the next column, on one or on all, whichever is faster for the contender; of the
  peers none predicts a batch on several threads.
- The peak is of the whole process up to the end of fitting, with interpreter, libraries and texts;
  "before fit" is the same just before. Processes that a contender starts are in neither, nor in CPU seconds.
- Tuned: thresholds of best F1 on the dev part, for micro-F1 one for all labels, else one a label, with the
  same code for all.
- Not comparable: fastText learns embeddings by SGD from other tokens (split at white space, case kept);
  Vowpal Wabbit learns online over hashed features without tf-idf; so both reach another objective. Their
  files hold hashed features, ours and scikit-learn's the n-grams themselves. Vowpal Wabbit's binding is
  called text by text, for batches too. LibMultiLabel stops at its own, looser, tolerance; its features are
  scikit-learn's.
"""


def main() -> int:
    """Measure and print; 2 where there is nothing to measure on."""
    chosen = arguments()
    reason = missing(chosen.data) or unknown(chosen.only)
    if reason:
        sys.stderr.write(reason + "\n")
        return 2
    if chosen.growth:
        from growth import measure_growth

        return publish(chosen, *measure_growth(chosen))
    if chosen.parity:
        from parity import measure_parity

        return publish(chosen, *measure_parity(chosen))
    return publish(chosen, *measure_speed(chosen))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python tests/bench/engine",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = ", ".join(contender.name for contender in CONTENDERS)
    parser.add_argument("--data", default=os.environ.get("TRAINER_DATA"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", metavar="NAME", default=[], help=f"of {names}")
    parser.add_argument("--quick", action="store_true", help="a tenth of the data, one round")
    parser.add_argument("--peers", type=Path, default=Path.home() / ".cache" / "topic-trainer-bench")
    parser.add_argument("--out", type=Path, help="write the tables into this file too")
    parser.add_argument("--json", type=Path, help="write every figure of every round into this file")
    parser.add_argument("--parity", action="store_true", help="F1, objectives, decisions, on three sets")
    parser.add_argument("--growth", action="store_true", help="seconds by sentences and topics, with a plot")
    parser.add_argument("--out-dir", type=Path, default=Path(), help="where --growth puts its plot")
    parser.add_argument("--limit", type=float, default=120.0, help="seconds that --growth lets a fit take")
    return parser.parse_args()


def unknown(only: Sequence[str]) -> str | None:
    """Return a complaint about a name that no contender has, or None."""
    names = [contender.name for contender in CONTENDERS]
    strange = [name for name in only if name not in names]
    return f"no contender '{strange[0]}': one of {', '.join(names)} is meant" if strange else None


def measure_speed(chosen: argparse.Namespace) -> tuple[str, dict]:
    """Return the tables of the interleaved run, and all figures."""
    contenders = [one for one in CONTENDERS if not chosen.only or one.name in chosen.only]
    pythons, absent = interpreters(contenders, chosen.peers)
    share, number = (0.1, 1) if chosen.quick else (1.0, chosen.rounds)
    measured = Rounds(pythons, chosen.data, share, keep=lambda so_far: keep(chosen.json, so_far))
    measured.run(contenders, number)
    failed = measured.failed
    failed |= {one.name: absent[one.family] for one in contenders if one.family in absent}
    shown = f"{number} rounds" + (", a tenth of the data: no figure to quote" if chosen.quick else "")
    parts = [
        f"Medians of {shown}. {machine()}\n",
        figures_table(medians(measured.taken)),
        goals_table(measured.taken, measured.pairs),
        "".join(f"- Left out: {name}: {why}\n" for name, why in failed.items())
        + NOTES
        + versions(contenders, chosen),
    ]
    return "\n".join(parts), {"machine": machine(), **measured.figures()}


def machine() -> str:
    """Return what the figures were taken on."""
    python = platform.python_version()
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {python}."


def versions(contenders: Sequence[Contender], chosen: argparse.Namespace) -> str:
    """Return which packages the peers' environments were made of."""
    families = dict.fromkeys(one.family for one in contenders if one.family != OURS)
    lines = []
    for family in families:
        try:
            lines.append(f"- {family}: {installed(family, chosen.peers)}\n")
        except FileNotFoundError:
            continue
    return "".join(lines)


def publish(chosen: argparse.Namespace, text: str, figures: dict) -> int:
    """Print the tables, and write them and the figures into the files that were named."""
    sys.stdout.write(text)
    if chosen.out:
        chosen.out.write_text(text, encoding="utf-8")
    keep(chosen.json, figures)
    return 0


def keep(file: Path | None, figures: dict) -> None:
    """Write figures into a file, if one was named: a run cut short leaves what it has."""
    if file:
        file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
