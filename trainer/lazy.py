"""Names of a package that are fetched when they are first used, so that importing it loads nothing else."""

import gc
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

_IDLE = "OPENBLAS_THREAD_TIMEOUT"
_TICKS = "20"
"""As a power of 2 of the processor's clock: less than a millisecond, where 2**26 is OpenBLAS's own."""


def fetching(package: str, home: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the `__getattr__` and the `__dir__` of a package (PEP 562).

    Parameters
    ----------
    package : str
        Its name, in full.
    home : mapping of str to str
        The module, in full, where each name is.
    """

    def fetch(name: str) -> Any:
        if name in home:
            return getattr(import_module(home[name]), name)
        raise AttributeError(f"module '{package}' has no attribute '{name}'")

    return fetch, lambda: sorted({*vars(sys.modules[package]), *home})


@contextmanager
def nothing_collected() -> Iterator[None]:
    """Look for no garbage meanwhile: where much is imported, that takes a twentieth of the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            if hasattr(gc, "freeze") and not gc.get_freeze_count():  # or what somebody froze would thaw
                gc.freeze()
                gc.unfreeze()  # to the old ones: what was made lives on, and need not be looked at right away
            gc.enable()


@contextmanager
def numpy_begins_idle() -> Iterator[None]:
    """Where numpy is imported meanwhile, have the threads of its BLAS sleep as soon as they are idle.

    Each is begun with numpy and then spins for some 30 ms, on the processors that else would read a model.
    Only how long they spin is changed, and only where neither numpy was there before nor the setting.
    """
    if "numpy" in sys.modules or _IDLE in os.environ:
        yield
        return
    os.environ[_IDLE] = _TICKS
    try:
        yield
    finally:
        os.environ.pop(_IDLE, None)
