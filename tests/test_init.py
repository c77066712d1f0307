from __future__ import annotations

import inspect
import json
import pkgutil
import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import trainer

HEAVY = {"sklearn", "scipy", "datasets", "pandas", "pyarrow", "joblib", "pydantic", "typer", "rich"}
SECTIONS = (
    "Parameters",
    "Attributes",
    "Returns",
    "Yields",
    "Raises",
    "Warns",
    "See Also",
    "Notes",
    "References",
    "Examples",
)
LOADED = "; import json, sys; print(json.dumps(sorted(sys.modules)))"
PREDICT = (
    "; model.predict('Lava ran past the lighthouse.'); model.predict(['a', 'b']); model.predict_matrix(['a'])"
    "; list(model.stream(['a'])); model.explain('Lava.', 'volcanoes'); model.info"
)


def test_every_name_that_is_promised_is_there():
    assert sorted(trainer.__all__) == trainer.__all__
    assert set(trainer.__all__) == set(trainer._HOME)
    for name in trainer.__all__:
        found = getattr(trainer, name)
        assert found.__name__ == name
        assert found.__module__ == trainer._HOME[name] or name in ("Config", "load_config")
    assert set(trainer.__all__) <= set(dir(trainer))


def test_every_name_can_be_imported_with_a_star():
    names: dict[str, object] = {}
    exec("from trainer import *", names)  # noqa: S102
    assert set(trainer.__all__) <= set(names)


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'trainer' has no attribute 'tain'"):
        trainer.tain  # noqa: B018


def test_the_version_is_that_of_the_project():
    file = Path(__file__).parents[1] / "pyproject.toml"
    assert trainer.__version__ == tomllib.loads(file.read_text())["project"]["version"]


def test_importing_the_package_imports_nothing_else(python):
    loaded = set(json.loads(python("import trainer" + LOADED)))
    assert "trainer" in loaded
    assert [name for name in loaded if name.startswith("trainer.")] == ["trainer.lazy"]
    assert not loaded & (HEAVY | {"numpy"})


def test_what_only_finds_models_needs_no_numpy(small, python):
    loaded = set(
        json.loads(python(f"import trainer; trainer.models('small', root={str(small.root)!r})" + LOADED))
    )
    assert "trainer.registry.versions" in loaded
    assert not loaded & (HEAVY | {"numpy"})


@pytest.mark.parametrize("command", ["tagging", "explaining"])
def test_a_command_that_tags_leaves_numpy_to_the_reading_of_the_model(python, command):
    loaded = set(json.loads(python(f"import trainer.cli.{command}" + LOADED)))
    assert f"trainer.cli.{command}" in loaded
    assert "numpy" not in loaded


def test_loading_and_predicting_import_nothing_heavy(small, python):
    code = f"import trainer; model = trainer.load('small', root={str(small.root)!r})" + PREDICT + LOADED
    loaded = set(json.loads(python(code)))
    assert {"numpy", "trainer.model.tagger"} <= loaded
    assert not loaded & HEAVY
    assert not [name for name in loaded if name.startswith(("trainer.corpus", "trainer.publishing"))]


def test_heavy_are_names_that_are_really_loaded(python):
    # Without this the tests above would pass on a list of names that nothing has.
    code = "import trainer.cli, trainer.config, rich, sklearn, datasets" + LOADED
    assert set(json.loads(python(code))) >= HEAVY


def public_objects():
    """Return everything public that a module of the package defines, with methods."""
    found = {}
    for module in pkgutil.walk_packages(trainer.__path__, "trainer."):
        if module.name.rpartition(".")[2].startswith("_"):
            continue
        room = import_module(module.name)
        found[module.name] = room
        for name, value in vars(room).items():
            if getattr(value, "__module__", None) == module.name and not name.startswith("_"):
                found |= with_methods(f"{module.name}.{name}", value)
    return found


def with_methods(name: str, value: object) -> dict[str, object]:
    """Return a function, or a class and its public methods and properties, by full name."""
    if not inspect.isclass(value):
        return {name: value} if inspect.isfunction(value) else {}
    found: dict[str, object] = {name: value}
    for key, member in vars(value).items():
        method = member.fget if isinstance(member, property) else member
        if inspect.isfunction(method) and not key.startswith("_"):
            found[f"{name}.{key}"] = method
    return found


def underlined(doc: str) -> dict[str, str]:
    """Return the body of every section of a docstring, by its underlined title."""
    parts = re.split(r"^(\S[^\n]*)\n(-{3,})$", doc, flags=re.MULTILINE)
    for title, line in zip(parts[1::3], parts[2::3], strict=True):
        assert title in SECTIONS, f"'{title}' is not a section of numpydoc"
        assert len(line) == len(title), f"the line under '{title}' is not as long as it"
    return dict(zip(parts[1::3], parts[3::3], strict=True))


PUBLIC = public_objects()


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_everything_public_is_documented(name):
    value = PUBLIC[name]
    assert value.__doc__, f"{name} has no docstring"
    doc = inspect.cleandoc(value.__doc__)
    assert not doc.startswith(f"{getattr(value, '__name__', '')}("), "that is what dataclass writes by itself"
    summary = doc.split("\n\n")[0]
    assert summary[0].isupper() or summary[0] in "`"
    assert summary.rstrip(":").endswith((".", "?", "…", "``")) or summary.endswith(":")
    sections = underlined(doc)
    assert [title for title in SECTIONS if title in sections] == list(sections), "sections are out of order"
    if "Parameters" in sections:
        documented = re.findall(
            r"^(\*{0,2}\w+(?:, \*{0,2}\w+)*)(?: :|$)", sections["Parameters"], re.MULTILINE
        )
        written = [part.lstrip("*") for group in documented for part in group.split(", ")]
        signature = inspect.signature(value.__init__ if inspect.isclass(value) else value)
        assert written == [key for key in signature.parameters if key in written], (
            "not those of the signature"
        )


ROOT = Path(__file__).parents[1]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]


def test_every_folder_with_code_is_installed():
    folders = {init.parent.relative_to(ROOT) for init in ROOT.glob("trainer/**/__init__.py")}
    assert {".".join(folder.parts) for folder in folders} <= {*SETUPTOOLS["packages"]}


def included(path: Path) -> set[Path]:
    """Return the files beside a source that it includes, and those that they include."""
    named = re.findall(r'(?:include|extern from) "(.+)"', path.read_text(encoding="utf-8"))
    found = {path.with_name(name) for name in named if path.with_name(name).exists()}
    return found.union(*(included(one) for one in found))


@pytest.mark.parametrize("module", SETUPTOOLS["ext-modules"], ids=lambda module: module["name"])
def test_what_a_compiled_module_includes_is_in_the_source_distribution(module):
    """Setuptools packs what a module depends on; the install would do without the module, silently."""
    needed = set.union(*(included(ROOT / source) for source in module["sources"]))
    assert {path.relative_to(ROOT).as_posix() for path in needed} == {*module["depends"]}
