"""Reading a config file, and saying exactly what is wrong with it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.json_schema import GenerateJsonSchema

from trainer.config.locate import line_of
from trainer.config.schema import Config
from trainer.errors import ConfigError, NotFoundError, UsageError, did_you_mean
from trainer.publishing import write_atomically


def shipped_folder() -> Path:
    """Return the folder of the configs that ship: in an installed package, or in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "configs"
    return installed if installed.is_dir() else package.parent / "configs"


def find_config(path: str | Path | None = None) -> Path:
    """Return the config file to use: `path`, else ``./configs/topics.toml``, else the one that ships."""
    if path is not None:
        if not Path(path).is_file():
            raise NotFoundError(
                f"no config file '{path}'", hint="`trainer config init` writes one to start from."
            )
        return Path(path)
    here = Path("configs") / "topics.toml"
    return here if here.is_file() else shipped_folder() / "topics.toml"


def labels_folder(path: str | Path | None = None) -> Path:
    """Return where people's decisions lie: ``labels`` beside the config, or beside where one would be."""
    found = find_config(path)
    return (Path("configs") if found.parent == shipped_folder() else found.parent) / "labels"


def load_config(path: str | Path | None = None, overrides: Sequence[str] = ()) -> Config:
    """Read and check a config file.

    Parameters
    ----------
    path : path, optional
        See `find_config`.
    overrides : sequence of str
        ``a.b=c``, with ``c`` read as TOML where it is TOML and as a string otherwise.

    Raises
    ------
    ConfigError
        With file, line and key, and the nearest known key.
    NotFoundError
        When the file is not there.
    """
    file = find_config(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
        data = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", where=str(file)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"is not TOML: {error}", where=str(file)) from error
    return _validated(data, {_override(data, item) for item in overrides}, file, text)


def parse_config(text: str, name: str) -> Config:
    """Check the text of a config before it is a file; see `load_config`."""
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"is not TOML: {error}", where=name) from error
    return _validated(data, set(), Path(name), text)


def _validated(data: dict[str, Any], overridden: set[tuple[str, ...]], file: Path, text: str) -> Config:
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        raise _explained(error, file, text, overridden) from None


def config_from_dict(data: Mapping[str, Any]) -> Config:
    """Return the config that `data` (from a manifest) describes."""
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"'{_dotted(first['loc'])}': {first['msg']}") from error


def json_schema() -> str:
    """Return the JSON Schema of a config file, for editors."""
    schema = Config.model_json_schema(schema_generator=_SchemaOfToml)
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


class _SchemaOfToml(GenerateJsonSchema):
    """States defaults as TOML does, which has no null."""

    def encode_default(self, dft: Any) -> Any:
        return _without_null(super().encode_default(dft))


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_null(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_null(item) for item in value]
    return [] if value is None else value


def _override(data: dict[str, Any], item: str) -> tuple[str, ...]:
    key, equals, value = item.partition("=")
    path = tuple(part.strip() for part in key.split("."))
    if not equals or not all(path):
        raise ConfigError(f"--set takes key.key=value, not '{item}'")
    try:
        parsed = tomllib.loads(f"value = {value}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        parsed = value
    table = data
    for part in path[:-1]:
        below = table.setdefault(part, {})
        if not isinstance(below, dict):
            raise ConfigError(f"--set {item}: '{part}' is not a table that can be set into")
        table = below
    table[path[-1]] = parsed
    return path


def _explained(
    error: ValidationError, file: Path, text: str, overridden: set[tuple[str, ...]]
) -> ConfigError:
    errors = error.errors()
    # A misspelt key is missing as well; its own spelling is the better news.
    first = next((found for found in errors if found["type"] == "extra_forbidden"), errors[0])
    loc = first["loc"]
    if loc and any(path[: len(loc)] == loc[: len(path)] for path in overridden):
        where = f"--set {_dotted(loc)}"
    else:
        line = line_of(text, loc)
        where = f"{file}:{line}" if line else str(file)
    if first["type"] == "extra_forbidden":
        owner = _dotted(loc[:-1]) or "the top level"
        return ConfigError(
            f"unknown key '{loc[-1]}' in {owner}",
            where=where,
            hint=did_you_mean(str(loc[-1]), _known_keys(loc[:-1])),
        )
    if first["type"] == "missing":
        return ConfigError(f"'{_dotted(loc)}' is missing", where=where)
    message = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    got = "" if isinstance(first["input"], dict) else f". Got {first['input']!r} instead"
    return ConfigError(f"'{_dotted(loc) or 'config'}' {message}{got}", where=where)


def _dotted(loc: Sequence[str | int]) -> str:
    return ".".join(str(part) for part in loc)


def _known_keys(loc: Sequence[str | int]) -> list[str]:
    model: type[BaseModel] = Config
    for part in loc:
        if isinstance(part, str) and part in model.model_fields:
            annotation = model.model_fields[part].annotation
            nested = [annotation, *get_args(annotation)]
            model = next((t for t in nested if isinstance(t, type) and issubclass(t, BaseModel)), model)
    return list(model.model_fields)


def init_config(folder: Path) -> Path:
    """Write the shipped config and its schema into `folder`; return the path of the config.

    Raises
    ------
    UsageError
        When either file is there already.
    """
    shipped = (shipped_folder() / "topics.toml").read_bytes()
    contents = {"topics.toml": shipped, "topics.schema.json": json_schema().encode()}
    for name in contents:
        if (folder / name).exists():
            raise UsageError(
                f"'{folder / name}' is there already", hint="Delete it first, or name another folder."
            )
    for name, data in contents.items():
        write_atomically(folder / name, data)
    return folder / "topics.toml"
