"""Floors that a model has to reach before it takes another one's place; for a job that checks each change."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from trainer.config import shipped_folder
from trainer.config.locate import line_of
from trainer.errors import ConfigError, NotFoundError, did_you_mean
from trainer.evaluation.compare import Comparison
from trainer.evaluation.evaluate import Evaluation

Compared = Callable[[str], Comparison | str]
"""Compares the model with another one, by reference; or says why that means nothing."""


class Gate(BaseModel):
    """One floor or ceiling.

    Attributes
    ----------
    figure : str
        As ``macro.f1``, ``micro.average_precision``, ``sanctions.precision``, ``plain.false_tags`` (in 1,000
        ordinary sentences), ``plain.right``, ``plain.found`` (of 100); with `slice` alone ``f1``.
    at_least, at_most : float, optional
        One of them.
    bound : {"interval", "value"}
        ``interval`` asks it of the end of the 95 % interval that is worse: few sentences then do not pass by
        chance. ``value`` asks it of the figure itself.
    against : str, optional
        Another model (``production``, a version, ``rules``): `at_least` is then of the difference from it,
        and says how much worse the model may be at most, as -0.01.
    slice : str, optional
        As ``source=whitehouse``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    figure: str
    at_least: float | None = None
    at_most: float | None = None
    bound: Literal["interval", "value"] = "interval"
    against: str | None = Field(default=None, min_length=1)
    slice: str | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> Gate:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("give at_least or at_most, one of them")
        if self.against is not None and (self.at_most is not None or self.slice is not None):
            raise ValueError("against goes with at_least alone")
        return self

    @property
    def name(self) -> str:
        """What it is of, in a message."""
        part = f" of {self.slice}" if self.slice else ""
        return f"{self.figure}{part}" + (f" less that of {self.against}" if self.against else "")


class _Gates(BaseModel):
    model_config = ConfigDict(extra="forbid")

    gates: tuple[Gate, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Passage:
    """What came of the gates.

    Attributes
    ----------
    passed : bool
    failures, notes : tuple of str
        A line each: what fell short, and what could not be asked.
    """

    passed: bool
    failures: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return what ``trainer eval --gate --json`` prints under ``gate``."""
        return {"passed": self.passed, "failures": list(self.failures), "notes": list(self.notes)}


def load_gates(path: str | Path | None = None) -> tuple[Gate, ...]:
    """Read a file of gates; else those that ship.

    Raises
    ------
    ConfigError
        With file, line and key.
    NotFoundError
    """
    file = shipped_folder() / "gates.toml" if path is None else Path(path)
    try:
        text = file.read_text("utf-8")
        return _Gates.model_validate(tomllib.loads(text)).gates
    except OSError as error:
        raise NotFoundError(f"no file of gates '{file}'") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"is no TOML: {error}", where=str(file)) from error
    except ValidationError as error:
        first = error.errors()[0]
        loc = first["loc"]
        line = line_of(text, loc)
        key = str(loc[-1]) if loc else ""
        hint = did_you_mean(key, list(Gate.model_fields)) if first["type"] == "extra_forbidden" else None
        where = f"{file}:{line}" if line else str(file)
        raise ConfigError(f"{'.'.join(map(str, loc))}: {first['msg']}", where=where, hint=hint) from error


def pass_gates(gates: tuple[Gate, ...], result: Evaluation, compared: Compared) -> Passage:
    """Ask every gate of an evaluation.

    Parameters
    ----------
    compared : callable
        Gives the comparison with another model, by reference, or says why there is none.

    Raises
    ------
    ConfigError
        When a gate asks for a figure, topic or slice that is not there.
    """
    failures, notes = [], []
    for gate in gates:
        if gate.against is None:
            value, interval = _figure(gate, result)
        else:
            other = compared(gate.against)
            if isinstance(other, str):
                notes.append(f"{gate.name}: not asked, {other}")
                continue
            value, interval = _difference(gate, other)
        if told := _short(gate, value, interval):
            failures.append(told)
    return Passage(not failures, tuple(failures), tuple(notes))


Found = tuple[float | None, tuple[float, float] | None]


def _figure(gate: Gate, result: Evaluation) -> Found:
    if gate.slice is not None:
        by, _, value = gate.slice.partition("=")
        known = {(one.by, one.value): one for one in result.slices}
        if (by, value) not in known or gate.figure != "f1":
            there = [f"{a}={b}" for a, b in known]
            raise ConfigError(
                f"no figure '{gate.figure}' of slice '{gate.slice}'", hint=did_you_mean(gate.slice, there)
            )
        chosen = known[by, value]
        return chosen.f1, chosen.f1_interval
    name, _, key = gate.figure.rpartition(".")
    if name == "plain" and result.plain is not None:
        plain = result.plain
        shares = {
            "right": (plain.right, plain.tags, 100, plain.right_interval),
            "found": (plain.right, plain.positives, 100, plain.found_interval),
            "false_tags": (plain.false_tags, plain.ordinary, 1000, plain.false_interval),
        }
        if key in shares:
            above, below, times, interval = shares[key]
            return (times * above / below if below else None), interval
    row = {**result.gold["topics"], "macro": result.gold["macro"], "micro": result.gold["micro"]}.get(name)
    return _in_row(gate, row, key, [*result.gold["topics"], "macro", "micro", "plain"])


def _difference(gate: Gate, comparison: Comparison) -> Found:
    name, _, key = gate.figure.rpartition(".")
    rows = {**comparison.topics, "macro": comparison.macro, "micro": comparison.micro}
    return _in_row(gate, rows.get(name), f"{key}_difference", list(rows))


def _in_row(gate: Gate, row: Mapping[str, Any] | None, key: str, names: list[str]) -> Found:
    if row is None or f"{key}_interval" not in row:
        figures = "" if row is None else f"{', '.join(k for k in row if f'{k}_interval' in row)}"
        near = did_you_mean(gate.figure.rpartition(".")[0], names) if row is None else f"There is: {figures}."
        raise ConfigError(f"no figure '{gate.figure}' to ask for", hint=near)
    found = row[f"{key}_interval"]
    return row[key], None if found is None else (found[0], found[1])


def _short(gate: Gate, value: float | None, interval: tuple[float, float] | None) -> str:
    """Return what is wrong in one line, or nothing."""
    if value is None or (interval is None and gate.bound == "interval"):
        return f"{gate.name}: too little was judged to tell"
    low, high = interval if interval is not None and gate.bound == "interval" else (value, value)
    shown = f"{value:.4f}" + (f" ({low:.4f} to {high:.4f})" if gate.bound == "interval" else "")
    # What a figure is made of is floating point: 0.7 asked of 0.7 passes.
    if gate.at_least is not None and low < gate.at_least - 1e-12:
        return f"{gate.name} is {shown}, to be at least {gate.at_least:g}"
    if gate.at_most is not None and high > gate.at_most + 1e-12:
        return f"{gate.name} is {shown}, to be at most {gate.at_most:g}"
    return ""
