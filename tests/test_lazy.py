"""What is imported late, and what is left alone meanwhile."""

from __future__ import annotations

import gc
import os
import sys
import weakref

import pytest

from trainer.lazy import fetching, nothing_collected, numpy_begins_idle


def test_names_are_fetched_where_they_are_and_others_refused():
    fetch, names = fetching("trainer.lazy", {"sqrt": "math"})
    assert fetch("sqrt")(9) == 3
    assert {"sqrt", "fetching"} <= set(names())
    with pytest.raises(AttributeError, match=r"^module 'trainer\.lazy' has no attribute 'root'$"):
        fetch("root")


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("fails", [True, False])
def test_garbage_is_looked_for_afterwards_as_before(before, fails):
    collects = gc.isenabled()
    (gc.enable if before else gc.disable)()
    try:
        with pytest.raises(ValueError, match="tea") if fails else nothing_collected(), nothing_collected():
            assert not gc.isenabled()
            if fails:
                raise ValueError("tea")
        assert gc.isenabled() == before
    finally:
        (gc.enable if collects else gc.disable)()


def test_what_was_made_is_old_at_once_and_garbage_is_still_found():
    class Ring:
        """Refers to itself."""

    with nothing_collected():
        ring = Ring()
        ring.itself = ring
    assert gc.get_freeze_count() == 0
    assert any(one is ring for one in gc.get_objects(generation=2))
    gone = weakref.ref(ring)
    del ring
    gc.collect()
    assert gone() is None


def test_what_somebody_froze_stays_frozen():
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        with nothing_collected():
            pass
        assert gc.get_freeze_count() == frozen > 0
    finally:
        gc.unfreeze()


_IDLE = "OPENBLAS_THREAD_TIMEOUT"


@pytest.mark.parametrize("fails", [True, False])
def test_threads_of_numpy_sleep_early_where_it_is_imported_meanwhile(monkeypatch, fails):
    monkeypatch.delitem(sys.modules, "numpy")
    monkeypatch.delenv(_IDLE, raising=False)
    with pytest.raises(ValueError, match="tea") if fails else nothing_collected(), numpy_begins_idle():
        assert 10 <= int(os.environ[_IDLE]) <= 22
        if fails:
            raise ValueError("tea")
    assert _IDLE not in os.environ


def test_numpy_that_is_there_and_a_setting_of_somebody_are_left_alone(monkeypatch):
    import numpy as np

    assert sys.modules["numpy"] is np
    monkeypatch.delenv(_IDLE, raising=False)
    with numpy_begins_idle():
        assert _IDLE not in os.environ
    monkeypatch.delitem(sys.modules, "numpy")
    monkeypatch.setenv(_IDLE, "26")
    with numpy_begins_idle():
        assert os.environ[_IDLE] == "26"
    assert os.environ[_IDLE] == "26"
