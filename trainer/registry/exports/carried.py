"""The code that a wheel of a model carries: what loads it and predicts, and nothing else.

It stands in a package of the wheel's own, so that several wheels, and this package, can be installed side by
side: every import of ``trainer`` becomes one of that package. What is not carried, but asked for by a method
that few need, is a module there that says what to install.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

ROOT = "trainer"
MODULES = (
    "trainer.corpus",
    "trainer.corpus.sentences",
    "trainer.engine",
    "trainer.engine.counting",
    "trainer.engine.cuts",
    "trainer.engine.finding",
    "trainer.engine.ngrams",
    "trainer.engine.sparse",
    "trainer.engine.texts",
    "trainer.engine.threads",
    "trainer.engine.vocabulary",
    "trainer.errors",
    "trainer.intervals",
    "trainer.language",
    "trainer.lazy",
    "trainer.lexicons",
    "trainer.model",
    "trainer.model.explanations",
    "trainer.model.features",
    "trainer.model.maps",
    "trainer.model.predictions",
    "trainer.model.prior",
    "trainer.model.reasons",
    "trainer.model.scoring",
    "trainer.model.tagger",
    "trainer.names",
    "trainer.records",
    "trainer.registry",
    "trainer.registry.bounds",
    "trainer.registry.files",
    "trainer.registry.format",
    "trainer.registry.tensors",
    "trainer.storage",
)
DATA = ("data/function_words.json",)
ABSENT = {
    "trainer.config": "The keyword rules",
    "trainer.corpus.rules": "The keyword rules",
    "trainer.model.estimators": "Pipelines of scikit-learn",
    "trainer.model.table": "Tables of whole documents",
}
"""Modules in whose place stands one that says what to install, and what is then not to be had."""
OPTIONAL = ("trainer.engine._lexicons", "trainer.engine._linear", "trainer.engine._ngrams")
"""Imports that may fail: without the compiled loop numpy serves, with the same bits."""

_PACKAGE = '''"""The part of topic-trainer {version} that loads a model and predicts."""
'''
_INSTEAD = '''"""In place of a module of topic-trainer that is not carried here; whoever needs it is told."""

from {package}.errors import UsageError


def __getattr__(name: str) -> object:
    if name.startswith("__"):
        raise AttributeError(name)
    raise UsageError(
        "{what} are not in this package, which only loads a model and predicts",
        hint="Install topic-trainer and take the model from there: trainer.load({module}.path).",
    )
'''


def carried_files(package: str, version: str) -> dict[str, bytes]:
    """Return the files of `package` by path below it; their bytes depend on nothing else than the code.

    Parameters
    ----------
    package : str
        Dotted name, ``topics_model._inference``.
    version : str
        Of this package.
    """
    found = {"__init__.py": _PACKAGE.format(version=version).encode()}
    for name in MODULES:
        path, source = _source(name)
        found[path] = rewritten(source.read_text(encoding="utf-8"), package).encode()
    for path in DATA:
        found[path] = files(ROOT).joinpath(path).read_bytes()
    for name, what in ABSENT.items():
        path = name.partition(".")[2].replace(".", "/") + ".py"
        module = package.partition(".")[0]
        found[path] = _INSTEAD.format(package=package, what=what, module=module).encode()
    return found


def rewritten(source: str, package: str) -> str:
    """Return source in which each import of `trainer`, or from it, is one of `package`.

    Raises
    ------
    ValueError
        Where an import binds the name ``trainer``, or is not written as the formatter would.
    """
    lines = [line.encode() for line in source.splitlines(keepends=True)]  # columns are counted in bytes
    old, new = ROOT.encode(), package.encode()
    for line, column in sorted(_places(ast.parse(source)), reverse=True):
        before, after = lines[line - 1][:column], lines[line - 1][column:]
        before += after[: len("from ")] if after.startswith(b"from ") else b""
        after = after.removeprefix(b"from ")
        if not after.startswith(old):
            raise ValueError(f"line {line} holds an import that cannot be rewritten")
        lines[line - 1] = before + new + after.removeprefix(old)
    return b"".join(lines).decode()


def _places(tree: ast.Module) -> Iterator[tuple[int, int]]:
    """Yield line and column of each import from `trainer`, and of each name of it that is imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and _is_ours(node.module or ""):
            yield node.lineno, node.col_offset
        if isinstance(node, ast.Import):
            for alias in filter(lambda alias: _is_ours(alias.name), node.names):
                if alias.asname is None:
                    raise ValueError(f"line {node.lineno} binds the name '{ROOT}': import from it instead")
                yield alias.lineno, alias.col_offset


def _is_ours(name: str) -> bool:
    return name == ROOT or name.startswith(f"{ROOT}.")


def _source(name: str) -> tuple[str, Traversable]:
    """Return where a module stands below the package, and its source."""
    path = name.partition(".")[2].replace(".", "/")
    for place in (f"{path}.py", f"{path}/__init__.py"):
        source = files(ROOT).joinpath(place)
        if source.is_file():
            return place, source
    raise FileNotFoundError(f"the source of {name}")
