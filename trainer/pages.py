"""Pages for people: one file that stands by itself, in which text of a corpus is only ever text."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import Any

from trainer.escapes import safe, to_json


def render(room: str, name: str, **values: object) -> str:
    """Return a page from the templates of a room.

    ``page/<name>.html`` beside the modules of `room` is filled in; ``<name>.css`` and, where there is one,
    ``<name>.js`` go into it as they are, and its content policy allows these two and nothing else.

    Parameters
    ----------
    room : str
        A package, as ``trainer.tags``.
    values
        What the template names; each is escaped unless it is `Markup`.
    """
    import jinja2
    from markupsafe import Markup

    # Text of a corpus is hostile. Everything that is printed passes here, so nothing can be forgotten:
    # what acts on a terminal or reorders a line is written out, then autoescape takes the rest.
    def shown(value: object) -> object:
        if isinstance(value, Markup | jinja2.Undefined):
            return value
        return "\n".join(map(safe, str(value).split("\n")))

    folder = files(room) / "page"
    html, style = ((folder / f"{name}.{suffix}").read_text(encoding="utf-8") for suffix in ("html", "css"))
    script = folder / f"{name}.js"
    code = script.read_text(encoding="utf-8") if script.is_file() else ""
    room_of = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return room_of.from_string(html).render(
        style=Markup(style),  # noqa: S704  (our own files)
        script=Markup(code),  # noqa: S704
        style_hash=_hash(style),
        script_hash=_hash(code),
        **values,
    )


def data(value: Any) -> Any:
    """Return JSON to stand in a ``<script type="application/json">``: nothing in it can end the element."""
    from markupsafe import Markup

    escaped = to_json(value).replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return Markup(escaped)  # noqa: S704  (escaped on the line above)


def _hash(text: str) -> str:
    """Return what a content policy calls an inline style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
