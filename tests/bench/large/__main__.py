"""How much memory and time `trainer fit` takes of a corpus of any size.

    python tests/bench/large --sentences 1000000 [--memory 4] [--out FILE.json]

Makes up a corpus in a temporary folder (see `corpus.py`), trains on it in a process of its own that may have
so many GB of data and no more, and prints seconds and the peak of resident memory by stage. Every sentence is
trained on, also those of which no rule says anything.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from corpus import write_corpus

from trainer.config import load_config

_CHILD = Path(__file__).with_name("child.py")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sentences", type=int, default=200_000)
    parser.add_argument("--memory", type=float, default=4.0, help="GB of data that fitting may have; 0: any")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_corpus(Path(folder) / "corpus", asked.sentences, load_config(None))
        made = subprocess.run(  # noqa: S603
            [sys.executable, str(_CHILD), folder, str(asked.memory)], stdout=subprocess.PIPE, check=False
        )
    if made.returncode:
        sys.exit(f"fitting ended with {made.returncode}: {asked.memory:g} GB may not be enough")
    found = json.loads(made.stdout)
    for stage in found["stages"]:
        sys.stdout.write(f"{stage['stage']:20} {stage['seconds']:8.1f} s {stage['peak_mb']:8,.0f} MB\n")
    rate = asked.sentences / found["seconds"]
    sys.stdout.write(
        f"{asked.sentences:,} sentences, {found['features']:,} features: {found['seconds']:.1f} s, "
        f"{rate:,.0f} sentences a second, peak {found['peak_mb']:,.0f} MB, digest {found['digest'][:12]}\n"
    )
    if asked.out:
        asked.out.write_text(json.dumps({"sentences": asked.sentences, **found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
