"""The registry as a whole: whatever is done to it in whatever order, it is what a plain model says it is."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule
from registering import saved, sound

from trainer.errors import NotFoundError
from trainer.registry.pruning import gc_models, prune
from trainer.registry.versions import find_model, list_models, models_folder, promote, read_aliases, rollback
from trainer.storage import sha256

NAME = "pots"
ALIASES = ("production", "next")


@dataclass
class Plain:
    """What must be: versions by number with their digests, and a stack of moves an alias."""

    digests: dict[int, str] = field(default_factory=dict)
    damaged: set[int] = field(default_factory=set)
    stacks: dict[str, list[int]] = field(default_factory=dict)
    highest: int = 0

    def sound_with(self, digest: str) -> list[int]:
        return [n for n, known in self.digests.items() if known == digest and n not in self.damaged]

    def way_back(self, alias: str) -> list[int]:
        """Return the stack without its top, as far as versions are still there."""
        stack = self.stacks.get(alias, [])[:-1]
        while stack and stack[-1] not in self.digests:
            stack = stack[:-1]
        return stack

    def needed(self) -> set[int]:
        tops = {stack[-1] for stack in self.stacks.values()}
        return tops | {way[-1] for way in map(self.way_back, self.stacks) if way}


class Registry(RuleBasedStateMachine):
    """Publishing, naming, pruning, damaging and clearing, beside a plain model of all of it."""

    known = Bundle("known")

    @initialize()
    def start(self) -> None:
        self.root = Path(mkdtemp(prefix="registry-"))
        self.plain = Plain()
        self.bytes: dict[int, dict[str, str]] = {}

    def teardown(self) -> None:
        if hasattr(self, "root"):
            shutil.rmtree(self.root)

    @rule(target=known, mark=st.integers(0, 4))
    def publish(self, mark: int) -> int:
        version, digest, created = saved(self.root, NAME, mark, same=True)
        number, there = int(version), self.plain.sound_with(digest)
        assert created == (not there)
        if created:
            assert number == self.plain.highest + 1
            self.plain.digests[number], self.plain.highest = digest, number
            self.bytes[number] = self._bytes(number)
        else:
            assert number == max(there)
        return number

    @rule(number=known, alias=st.sampled_from(ALIASES))
    def promote(self, number: int, alias: str) -> None:
        if number not in self.plain.digests:
            with pytest.raises(NotFoundError):
                promote(self.root, NAME, str(number), alias)
            return
        promote(self.root, NAME, str(number), alias)
        stack = self.plain.stacks.setdefault(alias, [])
        if stack[-1:] != [number]:
            stack.append(number)

    @rule(alias=st.sampled_from(ALIASES))
    def rollback(self, alias: str) -> None:
        way = self.plain.way_back(alias)
        if not way:
            with pytest.raises(NotFoundError):
                rollback(self.root, NAME, alias)
            return
        assert rollback(self.root, NAME, alias) == str(way[-1])
        self.plain.stacks[alias] = way

    @precondition(lambda self: self.plain.digests)
    @rule(keep=st.integers(1, 4))
    def prune(self, keep: int) -> None:
        numbers = sorted(self.plain.digests)
        expected = [n for n in numbers[:-keep] if n not in self.plain.needed()]
        assert prune(self.root, NAME, keep) == tuple(map(str, expected))
        for number in expected:
            del self.plain.digests[number]
            self.plain.damaged.discard(number)

    @rule(number=known, how=st.sampled_from(["flip", "cut", "lose", "add"]))
    def damage(self, number: int, how: str) -> None:
        if number not in self.plain.digests or number in self.plain.damaged:
            return
        file = self._folder(number) / "weights.safetensors"
        data = file.read_bytes()
        if how == "lose":
            file.unlink()
        elif how == "add":
            (self._folder(number) / "more.bin").write_bytes(b"")
        else:
            file.write_bytes(data[:-1] if how == "cut" else data[:-1] + bytes([data[-1] ^ 1]))
        self.plain.damaged.add(number)

    @rule(hours=st.sampled_from([-1.0, 24.0]), left=st.booleans())
    def clear(self, hours: float, left: bool) -> None:
        folder = models_folder(self.root, NAME)
        if left and folder.is_dir():
            (folder / ".staging-left").mkdir(exist_ok=True)
        gone = gc_models(self.root, NAME, hours * 3600)
        assert gone in ((), (".staging-left",))
        if hours < 0:
            assert not list(folder.glob(".*"))

    @invariant()
    def versions_are_those_that_were_published_and_not_pruned(self) -> None:
        found = [(int(one.version), one.digest) for one in list_models(self.root, NAME)]
        assert found == sorted(self.plain.digests.items())

    @invariant()
    def what_is_sound_loads_and_what_is_damaged_is_refused(self) -> None:
        for number, digest in self.plain.digests.items():
            assert sound(self._folder(number), digest) == (number not in self.plain.damaged)

    @invariant()
    def no_version_ever_changes(self) -> None:
        for number in set(self.plain.digests) - self.plain.damaged:
            assert self._bytes(number) == self.bytes[number]

    @invariant()
    def aliases_stand_for_what_they_were_moved_to(self) -> None:
        tops = {alias: str(stack[-1]) for alias, stack in self.plain.stacks.items()}
        assert read_aliases(self.root, NAME) == tops
        for alias, version in tops.items():
            assert find_model(f"{NAME}@{alias}", self.root).version == version

    @invariant()
    def a_name_is_its_production_else_its_newest(self) -> None:
        if self.plain.digests:
            stack = self.plain.stacks.get("production")
            expected = stack[-1] if stack else max(self.plain.digests)
            assert find_model(NAME, self.root).version == str(expected)

    def _folder(self, number: int) -> Path:
        return self.root / "models" / NAME / str(number)

    def _bytes(self, number: int) -> dict[str, str]:
        return {path.name: sha256(path.read_bytes()) for path in self._folder(number).iterdir()}


TestRegistry = Registry.TestCase
TestRegistry.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
