"""A little of what ``python tests/torture`` does for long: each promise of saved models, tried in short."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from torture.promises import PROMISES

HERE = Path(__file__).parent / "torture"
SUITE = [promise for promise in PROMISES if not promise.only_by_name and promise.name != "machine"]


def torture(*arguments):
    """Run the command; what it forks and breaks is none of the process that runs the tests."""
    command = [sys.executable, str(HERE), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603


@pytest.mark.parametrize("promise", SUITE, ids=lambda promise: promise.name)
def test_a_promise_is_kept_in_short(promise, tmp_path):
    if reason := promise.missing():
        pytest.skip(reason)
    done = torture(promise.name, "--short", "--folder", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"{promise.name}: ")


def test_every_promise_says_what_it_is_and_can_be_asked_for_by_name():
    said = torture("--help").stdout
    for promise in PROMISES:
        assert promise.check.__doc__
        assert promise.name in said
        assert set(promise.short) <= set(promise.check.__kwdefaults__)


def test_a_promise_that_nobody_made_is_refused():
    done = torture("eternity")
    assert done.returncode == 2
    assert "no promise is called eternity" in done.stderr
