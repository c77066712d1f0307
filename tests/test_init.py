from __future__ import annotations

import inspect
import json
import pkgutil
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from importlib.metadata import version
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
LOADED = "; import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"


def modules_after(code: str, folder: Path) -> set[str]:
    """Return the top-level modules that a fresh process holds after running `code`."""
    run = subprocess.run(
        [sys.executable, "-c", code + LOADED], cwd=folder, capture_output=True, text=True, check=True
    )
    return set(json.loads(run.stdout))


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
    exec("from trainer import *", names)
    assert set(trainer.__all__) <= set(names)


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'trainer' has no attribute 'tain'"):
        trainer.tain  # noqa: B018


def test_the_version_is_that_of_the_project():
    file = Path(__file__).parents[1] / "pyproject.toml"
    assert trainer.__version__ == tomllib.loads(file.read_text())["project"]["version"]


def test_importing_the_package_imports_nothing_else(tmp_path):
    code = "import sys; bare = set(sys.modules); import trainer; new = set(sys.modules) - bare"
    run = subprocess.run(
        [sys.executable, "-c", f"{code}; print(sorted(n for n in new if n.startswith('trainer.')))"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "[]\n"
    assert not modules_after("import trainer", tmp_path) & (HEAVY | {"numpy", "safetensors"})


def test_loading_and_predicting_import_nothing_heavy(small, tmp_path):
    code = (
        f"import trainer; model = trainer.load('small', root={str(small.root)!r}); "
        "model.predict('Lava ran past the lighthouse.'); model.predict(['a', 'b']); "
        "model.predict_matrix(['a']); list(model.stream(['a'])); model.explain('Lava.', 'volcanoes'); model.info"
    )
    loaded = modules_after(code, tmp_path)
    assert "numpy" in loaded
    assert not loaded & HEAVY


def public_objects():
    """Return everything public that a module of the package defines, with methods."""
    found = {}
    for module in pkgutil.walk_packages(trainer.__path__, "trainer."):
        if module.name.rpartition(".")[2].startswith("_"):
            continue
        room = import_module(module.name)
        found[module.name] = room
        for name, value in vars(room).items():
            if name.startswith("_") or getattr(value, "__module__", None) != module.name:
                continue
            if inspect.isclass(value) or inspect.isfunction(value):
                found[f"{module.name}.{name}"] = value
            if inspect.isclass(value):
                for key, member in vars(value).items():
                    method = member.fget if isinstance(member, property) else member
                    if not key.startswith("_") and inspect.isfunction(method):
                        found[f"{module.name}.{name}.{key}"] = method
    return found


def underlined(doc: str) -> dict[str, str]:
    """Return the body of every section of a docstring, by its underlined title."""
    parts = re.split(r"^(\S[^\n]*)\n(-{3,})$", doc, flags=re.MULTILINE)
    for title, line in zip(parts[1::3], parts[2::3], strict=True):
        assert title in SECTIONS, f"'{title}' is not a section of numpydoc"
        assert len(line) == len(title), f"the line under '{title}' is not as long as it"
    return dict(zip(parts[1::3], parts[3::3], strict=True))


@pytest.mark.parametrize("name", sorted(public_objects()))
def test_everything_public_is_documented(name):
    value = public_objects_once[name]
    assert value.__doc__, f"{name} has no docstring"
    doc = inspect.cleandoc(value.__doc__)
    assert not doc.startswith(f"{getattr(value, '__name__', '')}("), "that is what dataclass writes by itself"
    summary = doc.split("\n\n")[0]
    assert summary[0].isupper() or summary[0] in "`"
    assert summary.rstrip(":").endswith((".", "?", "…", "``")) or summary.endswith(":")
    sections = underlined(doc)
    assert [title for title in SECTIONS if title in sections] == list(sections), "sections are out of order"
    if "Parameters" in sections:
        documented = re.findall(r"^(\*{0,2}\w+(?:, \*{0,2}\w+)*)(?: :|$)", sections["Parameters"], re.MULTILINE)
        written = [part.lstrip("*") for group in documented for part in group.split(", ")]
        signature = inspect.signature(value.__init__ if inspect.isclass(value) else value)
        assert written == [key for key in signature.parameters if key in written], "not those of the signature"


public_objects_once = public_objects()


def test_the_installed_distribution_is_this_code():
    try:
        installed = version("topic-trainer")
    except ModuleNotFoundError:
        pytest.skip("run from a source tree that was not installed")
    assert installed == trainer.__version__
