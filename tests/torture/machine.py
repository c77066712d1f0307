"""The state machine of the registry, for longer than the suite runs it."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from test_registry_machine import Registry

STEPS = 40


def machine(folder: Path, *, examples: int = 5000) -> str:
    """Versions never change and the registry is consistent, whatever is done to it in whatever order."""
    chosen = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Registry, settings=chosen)
    return f"{examples:,} sequences of up to {STEPS} steps"
