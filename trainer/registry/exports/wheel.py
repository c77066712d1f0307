"""A model as a wheel: installed by pip, imported, and needing numpy only.

The wheel is put together here and not by a build backend: nothing is run, and the same model gives the same
bytes. Before it appears, a fresh interpreter loads it without this package and computes what the artifact
does, to the last bit.
"""

from __future__ import annotations

import compileall
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from trainer.errors import ArtifactError, UsageError
from trainer.model.tagger import Tagger
from trainer.names import checked
from trainer.registry.exports import trial
from trainer.registry.exports.exported import Exported, export_to, golden_texts
from trainer.registry.exports.packing import About, wheel_files, write_archive
from trainer.registry.format import read_model

_LONGEST_TRIAL = 600
"""Seconds."""


def export_wheel(folder: Path, target: Path) -> Exported:
    """Write a wheel that carries a model and the code that predicts with it.

    Parameters
    ----------
    target : Path
        A folder that is there, in which the wheel gets its name; or a path that ends in such a name.

    Raises
    ------
    UsageError
        When `target` is neither, or the wheel is there already.
    ArtifactError
        When the model is damaged, or the wheel does not compute what it does.
    """
    tagger = read_model(folder)
    about = _about(tagger)
    place, version = _place(target, about)
    files = wheel_files(folder, about, version)
    with export_to(place) as fresh:
        write_archive(files, fresh)
        seconds = _check(fresh, about.module, tagger, golden_texts(folder))
    return Exported(place, sum(map(len, files.values())), seconds)


def _about(tagger: Tagger) -> About:
    name, version = checked(str(tagger.info["name"]), "model name"), str(tagger.info["version"])
    numbered = version.isascii() and version.isdecimal() and version == str(int(version))
    return About(name, version if numbered else "0", str(tagger.info["digest"]), tagger.topics)


def _place(target: Path, about: About) -> tuple[Path, str]:
    """Return where the wheel goes, and which version its name says."""
    names = {about.filename(version): version for version in about.versions}
    if os.path.isdir(target):  # noqa: PTH112  (Path.is_dir raises on a name that is too long)
        name = next(iter(names))
        return target / name, names[name]
    if target.name not in names:
        raise UsageError(
            f"'{target}' is no folder that is there, and no file name that pip would take for this wheel",
            hint=f"Name a folder, or a file called {' or '.join(names)}.",
        )
    return target, names[target.name]


def _check(wheel: Path, module: str, tagger: Tagger, texts: list[str]) -> float:
    """Refuse a wheel that does not compute what the artifact does; return how long it took to load."""
    unpacked = wheel.with_name("unpacked")
    with ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    compileall.compile_dir(unpacked, quiet=2)  # as pip does: no start but the first of all is to be timed
    found = _tried(module, unpacked)
    expected = {
        "margins": tagger.decision_function(texts).tolist(),
        "predictions": [trial.said(one) for one in tagger.predict(texts)],
    }
    for what, values in expected.items():
        if found[what] != values:
            raise ArtifactError(f"the wheel has other {what} than the artifact; nothing was written")
    return float(found["seconds"])


def _tried(module: str, unpacked: Path) -> Any:
    import numpy

    library = str(Path(numpy.__file__).parents[1])
    command = [sys.executable, "-I", "-S", trial.__file__, module, str(unpacked.absolute()), library]
    try:
        done = subprocess.run(  # noqa: S603  (our own interpreter)
            command, cwd=unpacked, capture_output=True, check=False, timeout=_LONGEST_TRIAL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ArtifactError(f"the wheel cannot be tried: {error!r:.200}; nothing was written") from error
    if done.returncode:
        told = done.stderr.decode("utf-8", "replace").strip()
        raise ArtifactError(f"the wheel does not load by itself: {told}; nothing was written")
    return json.loads(done.stdout)
