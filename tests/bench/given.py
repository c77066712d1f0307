"""What the measuring commands share: a file that is named on the command line."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def given_file(about: str | None, of: str) -> Path:
    """Return the file that was named; end with a plain message where there is none."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    file: Path = parser.parse_args().file
    if not file.is_file():
        sys.exit(f"no file '{file}': this measures on {of} of your own")
    return file
