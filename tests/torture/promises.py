"""The promises, what tests each, and how much of it the normal suite does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from torture import (
    calls,
    changes,
    crowds,
    environments,
    hostile,
    kills,
    machine,
    names,
    others,
    power,
    processors,
    tracing,
)


def nothing() -> str:
    """Return that nothing is missing."""
    return ""


@dataclass(frozen=True, slots=True)
class Promise:
    """A function that tries to break a promise in a folder, and returns what it came to.

    Its keyword arguments are counts; `short` are those of the normal suite. `missing` says what is lacking.
    """

    check: Callable[..., str]
    short: Mapping[str, int]
    missing: Callable[[], str] = nothing
    only_by_name: bool = False
    """Not among those that run where none is named: it needs the network."""

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        return self.check.__name__.replace("_", "-")

    def run(self, folder: Path, **counts: int) -> str:
        """Try to break it; AssertionError where that succeeds."""
        return self.check(folder, **counts)


PROMISES = (
    Promise(calls.killed, {"most_calls": 8}, tracing.missing),
    Promise(calls.failing, {"most_failures": 10}, tracing.missing),
    Promise(kills.kills, {"kills": 150}),
    Promise(power.power_cuts, {"power_cuts": 3}, power.missing),
    Promise(power.full_disks, {"sizes": 4}, power.missing),
    Promise(crowds.crowds, {"writers": 8, "each": 10, "readers": 2}),
    Promise(machine.machine, {"examples": 20}),
    Promise(environments.environments, {"environments": 2, "shipped": 0}),
    Promise(processors.processors, {"kinds": 2, "whole_corpus": 0}),
    Promise(changes.every_change, {"bits": 1, "step": 16}),
    Promise(hostile.hostile, {"artifacts": 100}),
    Promise(names.hostile_names, {"hostile_names": 100}, tracing.missing),
    Promise(others.other_versions, {"pairs": 1}, only_by_name=True),
)
