"""What is to be said of tables when they have been read: one message a matter, with the first places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_SHOWN = 3


class Notes:
    """Gathers what readers have to say of the tables before them."""

    def __init__(self) -> None:
        self._places: dict[str, tuple[int, list[str]]] = {}
        self._columns: dict[str, dict[str, str]] = {}
        self._seen: dict[str, set[str]] = {}

    def say(self, what: str, where: str) -> None:
        """Note something of one table; of many that share it, the first are named."""
        count, first = self._places.get(what, (0, []))
        self._places[what] = (count + 1, [*first, where] if len(first) < _SHOWN else first)

    def see(self, table: str, ours: Iterable[str]) -> None:
        """Note which columns of ours a row of a table has."""
        self._seen.setdefault(table, set()).update(ours)

    def unseen(self, table: str, ours: Iterable[str]) -> list[str]:
        """Return the columns that no row of a table had."""
        return [name for name in ours if name not in self._seen.get(table, ())]

    def name_column(self, table: str, ours: str, shown: str) -> None:
        """Note how a table itself calls a column of ours."""
        self._columns.setdefault(table, {})[ours] = shown

    def column(self, at: str, ours: str) -> str:
        """Return how the table that the row at `at` stands in calls a column of ours."""
        return self._columns.get(table_of(at), {}).get(ours, repr(ours))

    def messages(self) -> Iterator[str]:
        """Yield what to warn of."""
        for what, (count, first) in self._places.items():
            if count == 1:
                yield f"{first[0]}: {what}"
                continue
            more = f"\n  and {count - len(first):,} more" if count > len(first) else ""
            yield f"{count:,} tables: {what}" + "".join(f"\n  {where}" for where in first) + more


def table_of(at: str) -> str:
    """Return the table, or file, of the row at ``path:line``, ``path#number`` or ``path:Sheet!row``."""
    cut = max(at.rfind(mark) for mark in ":#!")
    return at[:cut] if cut > 0 else at
