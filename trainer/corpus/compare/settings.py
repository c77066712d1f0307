"""What two corpora were built with, compared setting by setting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Change = dict[str, Any]
_PATTERNS = ("match", "ignore", "together", "unless")


def changed_settings(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Change]:
    """Compare the configs that two manifests carry.

    Returns
    -------
    list of dict
        ``setting`` as a dotted name, ``change`` (added, removed or changed) and ``from`` and ``to``; of lists
        (patterns, terms) only what went and what came. Rules and lexicons are told apart by name.
    """
    left, right = dict(_flat("", a)), dict(_flat("", b))
    found = []
    for key in dict.fromkeys([*left, *right]):
        before, after = left.get(key), right.get(key)
        if before != after:
            change = "added" if key not in left else "removed" if key not in right else "changed"
            found.append({"setting": key, "change": change, **_without_common(before, after)})
    return found


def changed_rules(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, str]:
    """Return what happened to each rule that is not the same in both, by the name it votes under."""
    left, right = _rules(a), _rules(b)
    lexicons = {
        change["setting"].split(".")[1]
        for change in changed_settings(a, b)
        if change["setting"].startswith("lexicons.")
    }
    told = dict.fromkeys(right.keys() - left.keys(), "new rule")
    told |= dict.fromkeys(left.keys() - right.keys(), "rule removed")
    for author in left.keys() & right.keys():
        used = {
            p.removeprefix("@") for key in _PATTERNS for p in right[author].get(key, ()) if p.startswith("@")
        }
        if left[author] != right[author]:
            told[author] = "rule changed"
        elif hit := sorted(used & lexicons):
            told[author] = f"lexicon {hit[0]} changed"
    return told


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield dotted names and plain values; of things that have names the name stands for their place."""
    if isinstance(value, list) and value and all(isinstance(item, dict) and "name" in item for item in value):
        value = {item["name"]: {k: v for k, v in item.items() if k != "name"} for item in value}
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flat(f"{prefix}.{key}" if prefix else key, inner)
    else:
        yield prefix, value


def _without_common(before: Any, after: Any) -> dict[str, Any]:
    if isinstance(before, list) and isinstance(after, list):
        # The same items in another order are shown whole.
        gone, come = [x for x in before if x not in after], [x for x in after if x not in before]
        return {"from": gone, "to": come} if gone or come else {"from": before, "to": after}
    return {"from": before, "to": after}


def _rules(config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        f"rule:{topic['name']}/{rule['name']}": {k: v for k, v in rule.items() if k != "examples"}
        for topic in config["topics"]
        for rule in topic["rules"]
    }
