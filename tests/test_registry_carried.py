"""What a wheel carries is closed, is rewritten whole, and computes what this package does."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import taggers, tricky_text

import trainer
from trainer.registry.exports.carried import ABSENT, DATA, MODULES, OPTIONAL, carried_files, rewritten
from trainer.registry.format import read_model
from trainer.registry.write import write_model

PACKAGE = "probe_model._inference"
NEEDED = {"numpy"}
ASKED_FOR = {"sentencex"}
"""What `tag` imports when it is called, and says so where it is missing."""
FOR_TYPES = {"numpy", "pandas", "pyarrow", "sklearn"}


def module_source(name: str) -> str:
    found = find_spec(name)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).read_text(encoding="utf-8")


def is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imported(source: str, *, types: bool) -> set[str]:
    """Return the modules that source imports anywhere: for types only, or else for all the rest."""
    found: set[str] = set()

    def visit(node: ast.AST, inside: bool) -> None:
        inside = inside or is_for_types(node)
        if inside == types and isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            modules = [name for name in names if name.startswith("trainer.") and is_module(name)]
            found.update(modules or [str(node.module)])
        if inside == types and isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child, inside)

    visit(ast.parse(source), False)
    return found


def is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # of what is no package, but a module or a name in one
        return False


def above(name: str) -> set[str]:
    parts = name.split(".")
    return {".".join(parts[:end]) for end in range(2, len(parts))}


@pytest.mark.parametrize("name", MODULES)
def test_all_that_a_carried_module_imports_is_carried_or_known_not_to_be(name):
    source = module_source(name)
    here = {one for one in imported(source, types=False) if one.partition(".")[0] == "trainer"}
    assert here <= {*MODULES, *ABSENT, *OPTIONAL}
    elsewhere = {one.partition(".")[0] for one in imported(source, types=False) - here}
    assert elsewhere - set(sys.stdlib_module_names) <= NEEDED | ASKED_FOR
    for one in imported(source, types=True):
        assert one in {*MODULES, *ABSENT} or one.partition(".")[0] in FOR_TYPES | set(sys.stdlib_module_names)


def test_nothing_is_carried_that_is_not_needed():
    reached, new = set(), {"trainer.lazy", "trainer.registry.format"}  # what a wheel imports itself
    while new:
        reached |= new
        used = {one for name in new & set(MODULES) for one in imported(module_source(name), types=False)}
        used |= {one for name in new & set(MODULES) for one in imported(module_source(name), types=True)}
        new = {one for one in used if one.startswith("trainer.")} - reached
        new |= {parent for name in new for parent in above(name)} - reached
    assert reached | above("trainer.registry.format") == {*MODULES, *ABSENT, *OPTIONAL}


@pytest.mark.parametrize("name", MODULES)
def test_no_carried_module_names_another_but_in_an_import(name):
    # As text for import_module or importlib.resources: it would not be rewritten.
    tree = ast.parse(module_source(name))
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            assert not re.fullmatch(r"trainer(\.\w+)*", node.value)
        assert not (isinstance(node, ast.Name) and node.id == "trainer")


def test_what_is_absent_or_optional_is_there_in_this_package():
    assert not set(MODULES) & {*ABSENT, *OPTIONAL}
    for name in (*MODULES, *ABSENT):
        assert find_spec(name), name
    assert all((Path(trainer.__file__).parent / path).is_file() for path in DATA)


def test_carried_code_imports_nothing_from_this_package():
    found = carried_files(PACKAGE, "1")
    sources = {path: data.decode() for path, data in found.items() if path.endswith(".py")}
    assert len(sources) == len(MODULES) + len(ABSENT) + 1
    for path, source in sources.items():
        for one in imported(source, types=False) | imported(source, types=True):
            assert one.partition(".")[0] != "trainer", path
        # As many lines, each the same but for the package.
        if path not in ("__init__.py",) and f"trainer.{path[:-3].replace('/', '.')}" not in ABSENT:
            name = f"trainer.{path.removesuffix('.py').removesuffix('/__init__').replace('/', '.')}"
            assert source.replace(f"from {PACKAGE}", "from trainer") == module_source(name)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from trainer import disk\n", "from a._b import disk\n"),
        ("from trainer.model.tagger import Tagger\n", "from a._b.model.tagger import Tagger\n"),
        (
            "from trainer.errors import (\n    A,\n    B,\n)\n",
            "from a._b.errors import (\n    A,\n    B,\n)\n",
        ),
        ("import os, trainer.x as x, trainer.y as y\n", "import os, a._b.x as x, a._b.y as y\n"),
        ("def f():\n    from trainer.x import y\n", "def f():\n    from a._b.x import y\n"),
        ("s = 'é'; from trainer.x import y\n", "s = 'é'; from a._b.x import y\n"),
        ("from trainers.x import y\nimport trainerx\n", "from trainers.x import y\nimport trainerx\n"),
        ('"""from trainer.x import y"""\n', '"""from trainer.x import y"""\n'),
        ("# from trainer.x import y\nx = 1", "# from trainer.x import y\nx = 1"),
    ],
)
def test_imports_are_rewritten_and_nothing_else_is(before, after):
    assert rewritten(before, "a._b") == after


@pytest.mark.parametrize("source", ["import trainer", "import trainer.model", "from  trainer import x"])
def test_an_import_that_cannot_be_rewritten_is_refused(source):
    with pytest.raises(ValueError, match="line 1"):
        rewritten(source, "a._b")


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    """The carried code as a package of its own, imported beside this one."""
    folder = tmp_path_factory.mktemp("probe")
    for path, data in carried_files(PACKAGE, trainer.__version__).items():
        place = folder / "probe_model" / "_inference" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    sys.path.insert(0, str(folder))
    yield importlib.import_module(f"{PACKAGE}.registry.format")
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.partition(".")[0] == "probe_model"]:
        del sys.modules[name]


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture], deadline=None)
@given(taggers(), st.lists(tricky_text, min_size=1, max_size=4))
def test_any_model_has_the_same_bits_through_the_carried_code(tmp_path_factory, probe, tagger, texts):
    folder = tmp_path_factory.mktemp("any")
    digest = write_model(folder, tagger, {"name": "any", "config": {"language": "en"}}, [], {}, "card")
    ours, carried = read_model(folder, digest), probe.read_model(folder, digest)
    assert type(carried) is not type(ours)
    assert carried.decision_function(texts).tobytes() == ours.decision_function(texts).tobytes()
    assert carried.predict_proba(texts).tobytes() == ours.predict_proba(texts).tobytes()
    assert carried.predict_matrix(texts).tobytes() == ours.predict_matrix(texts).tobytes()
    found = [(one.labels, one.scores, one.review, one.language) for one in carried.predict(texts)]
    assert found == [(one.labels, one.scores, one.review, one.language) for one in ours.predict(texts)]
    for topic in ours.topics:
        assert repr(carried.explain(texts[0], topic)) == repr(ours.explain(texts[0], topic))


def test_the_carried_code_computes_with_numpy(probe):
    assert sys.modules[f"{PACKAGE}.engine.sparse"].ENGINE == "numpy"


def test_modules_that_are_not_carried_can_be_walked_through(probe):
    # As tools do that look at every module of what is installed.
    for name in ABSENT:
        module = importlib.import_module(name.replace("trainer", PACKAGE, 1))
        assert getattr(module, "__wrapped__", None) is None
        with pytest.raises(sys.modules[f"{PACKAGE}.errors"].UsageError, match="are not in this package"):
            module.anything  # noqa: B018
