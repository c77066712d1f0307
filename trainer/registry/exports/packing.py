"""What stands in a wheel of a model, and the archive of it: the same model, the same bytes on any machine."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from trainer import __version__
from trainer.registry.exports.carried import carried_files
from trainer.registry.files import FILES, MANIFEST

REQUIRES_PYTHON = ">=3.11"
REQUIRES = ("numpy>=1.26",)
DOCUMENTS = ("sentencex>=1.0.30",)
"""What `tag` needs."""
TAG = "py3-none-any"
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o100644 << 16
_SHOWN = 8
"""Topics that the summary names."""
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n+", re.DOTALL)

_INIT = '''"""The topic tagger `{name}`, version {version}: a model and the code that loads it and predicts.

>>> import {module}
>>> tagger = {module}.load()
>>> tagger.predict("…").labels

Needs numpy; ``tagger.tag(document)`` needs sentencex too (`{distribution}[documents]`).

Attributes
----------
topics : tuple of str
digest : str
    SHA-256 of the manifest of the model; nothing else is loaded.
path : Path
    Folder of the model, which ``trainer.load`` of topic-trainer reads as well.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from {package}.lazy import fetching

if TYPE_CHECKING:
    from {package}.errors import ArtifactError, TrainerError, UsageError
    from {package}.model.explanations import Explanation
    from {package}.model.predictions import Prediction, TaggedSentence
    from {package}.model.tagger import Tagger
    from {package}.records import Document

__version__ = "{version}"
digest = "{digest}"
topics = {topics!r}
path = Path(__file__).resolve().parent / "_artifact" / "{number}"

__getattr__, __dir__ = fetching("{module}", {{
    "ArtifactError": "{package}.errors",
    "Document": "{package}.records",
    "Explanation": "{package}.model.explanations",
    "Prediction": "{package}.model.predictions",
    "TaggedSentence": "{package}.model.predictions",
    "Tagger": "{package}.model.tagger",
    "TrainerError": "{package}.errors",
    "UsageError": "{package}.errors",
}})
__all__ = [
    "ArtifactError", "Document", "Explanation", "Prediction", "TaggedSentence", "Tagger", "TrainerError",
    "UsageError", "digest", "load", "path", "topics",
]


def load() -> Tagger:
    """Load the model, checking every byte of it first.

    Raises
    ------
    ArtifactError
        When it is not what was packed here.
    """
    from {package}.errors import TrainerError
    from {package}.registry.format import read_model

    try:
        return read_model(path, digest)
    except TrainerError as error:
        error.hint = "Install it again: pip install --force-reinstall --no-deps, and the wheel."
        raise
'''
_ABOUT = """```python
import {module}

tagger = {module}.load()
tagger.predict("…").labels
```

Model `sha256:{digest}`, made by topic-trainer {trainer}, whose code to load it is in `{package}`
(MIT license). What the model was trained on, and under which terms it may be used, is for its makers to say.

"""


@dataclass(frozen=True, slots=True)
class About:
    """A model as a distribution.

    Attributes
    ----------
    name : str
        Of the model.
    number : str
        Of its version, ``0`` where it has none.
    digest : str
    topics : tuple of str
    """

    name: str
    number: str
    digest: str
    topics: tuple[str, ...]

    @property
    def module(self) -> str:
        """What is imported."""
        return f"{self.name.replace('-', '_')}_model"

    @property
    def distribution(self) -> str:
        """What is installed."""
        return re.sub(r"[-_]+", "-", f"{self.name}-model")

    @property
    def versions(self) -> tuple[str, str]:
        """The version with part of the digest, and without.

        Two registries can both have a version 3, and pip takes no notice of a wheel whose version is
        installed already. With the digest as a local label they are two versions, and `==3` finds either.
        """
        # A label that is all digits would be a number, without its leading zeros: letters come first.
        return f"{self.number}+sha{self.digest[:12]}", self.number

    def filename(self, version: str) -> str:
        """Return the name of the wheel, which pip goes by."""
        return f"{self._escaped(version)}-{TAG}.whl"

    def dist_info(self, version: str) -> str:
        """Return the name of the folder of metadata."""
        return f"{self._escaped(version)}.dist-info"

    def _escaped(self, version: str) -> str:
        return f"{self.distribution.replace('-', '_')}-{version}"


def wheel_files(folder: Path, about: About, version: str) -> dict[str, bytes]:
    """Return the files of a wheel by path, in the order of the archive, the list of them last.

    Parameters
    ----------
    folder : Path
        Of the artifact, which is taken as it is.
    """
    module, info = about.module, about.dist_info(version)
    package = f"{module}._inference"
    fields = {
        "name": about.name, "module": module, "distribution": about.distribution, "package": package,
        "version": version, "number": about.number, "digest": about.digest, "topics": about.topics,
        "trainer": __version__,
    }  # fmt: skip
    found = {f"{module}/__init__.py": _INIT.format(**fields).encode(), f"{module}/py.typed": b""}
    code = carried_files(package, __version__)
    found |= {f"{module}/_inference/{path}": data for path, data in code.items()}
    artifact = {name: (folder / name).read_bytes() for name in (*FILES, MANIFEST)}
    found |= {f"{module}/_artifact/{about.number}/{name}": data for name, data in artifact.items()}
    license_ = _license()
    name_of_license = f"{module}/_inference/LICENSE"
    card = _ABOUT.format(**fields) + _FRONT_MATTER.sub("", artifact["README.md"].decode("utf-8", "replace"))
    metadata = _metadata(about, version, name_of_license if license_ else None, card)
    last = {f"{info}/METADATA": metadata.encode(), f"{info}/WHEEL": _wheel().encode()}
    if license_:
        last[f"{info}/licenses/{name_of_license}"] = license_
    files = {**found, **last}
    record = f"{info}/RECORD"
    return {**files, record: _record(files, record).encode()}


def write_archive(files: Mapping[str, bytes], target: Path) -> None:
    """Write files as a zip archive that holds no clock and no umask.

    They are not compressed: what comes of that depends on the library that does it.
    """
    with ZipFile(target, "w") as archive:
        for path, data in files.items():
            entry = ZipInfo(path, _FIRST_DAY)
            entry.create_system = 3  # whose bits the mode is in; by itself it is that of the machine
            entry.external_attr = _PLAIN_FILE
            archive.writestr(entry, data, ZIP_STORED)


def _metadata(about: About, version: str, license_: str | None, card: str) -> str:
    more = len(about.topics) - _SHOWN
    shown = ", ".join(about.topics[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {about.distribution}",
        f"Version: {version}",
        f"Summary: Tags sentences with topics: {shown}",
        *([f"License-File: {license_}"] if license_ else []),
        f"Requires-Python: {REQUIRES_PYTHON}",
        *(f"Requires-Dist: {needed}" for needed in REQUIRES),
        "Provides-Extra: documents",
        *(f'Requires-Dist: {needed}; extra == "documents"' for needed in DOCUMENTS),
        "Description-Content-Type: text/markdown",
    ]
    return "\n".join([*lines, "", card])


def _wheel() -> str:
    return f"Wheel-Version: 1.0\nGenerator: topic-trainer {__version__}\nRoot-Is-Purelib: true\nTag: {TAG}\n"


def _record(files: Mapping[str, bytes], itself: str) -> str:
    """Return path, hash and size of each file, as installers check them."""
    rows = []
    for path, data in files.items():
        digest = urlsafe_b64encode(sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{path},sha256={digest},{len(data)}\n")
    return "".join([*rows, f"{itself},,\n"])


def _license() -> bytes | None:
    """Return the license of the code that is carried: as it was installed, or of the source tree."""
    try:
        installed = distribution("topic-trainer").read_text("licenses/LICENSE")
    except PackageNotFoundError:
        installed = None
    if installed is not None:
        return installed.encode()
    tree = Path(__file__).parents[3]
    return (tree / "LICENSE").read_bytes() if (tree / "pyproject.toml").is_file() else None
