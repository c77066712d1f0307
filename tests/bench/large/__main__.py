"""How much memory and time `trainer fit` takes of a corpus of any size.

    python tests/bench/large --sentences 1000000 [--memory 4] [--out FILE.json]

Makes up a corpus in a temporary folder (see `corpus.py`), trains on it in a process of its own that may have
so many GB of data and no more, and prints by stage seconds and peaks of memory: what is resident; what of it
is no page of a file; data, on which the limit is. Every sentence is trained on, also those of which no rule
says anything.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from corpus import write_corpus

from trainer.config import load_config

_CHILD = Path(__file__).with_name("child.py")
_PLAIN = {"ARROW_DEFAULT_MEMORY_POOL": "system"}
"""Arrow's own allocator sets a GB of data aside that it does not touch, and the limit counts that."""


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
            [sys.executable, str(_CHILD), folder, str(asked.memory)],
            stdout=subprocess.PIPE, check=False, env={**os.environ, **_PLAIN},
        )  # fmt: skip
    if made.returncode:
        sys.exit(f"fitting ended with {made.returncode}: {asked.memory:g} GB may not be enough")
    found = json.loads(made.stdout)
    for stage in found["stages"]:
        sizes = " ".join(f"{stage[peak]:8,.0f}" for peak in ("peak_mb", "own_mb", "data_mb"))
        sys.stdout.write(f"{stage['stage']:24} {stage['seconds']:8.1f} s {sizes} MB\n")
    rate = asked.sentences / found["seconds"]
    sys.stdout.write(
        f"{asked.sentences:,} sentences, {found['features']:,} features: {found['seconds']:.1f} s, "
        f"{rate:,.0f} sentences a second, peak {found['peak_mb']:,.0f} MB, data {found['data_mb']:,.0f} MB, "
        f"digest {found['digest'][:12]}\n"
    )
    if asked.out:
        asked.out.write_text(json.dumps({"sentences": asked.sentences, **found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
