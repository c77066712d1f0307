"""Writing workbooks (.xlsx): text stays text, and the same rows give the same bytes.

Every cell is typed, so nothing that stands in a text can become a formula or a link.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trainer.errors import UsageError
from trainer.escapes import safe

MOST_ROWS = 1_048_576
LONGEST_CELL = 32_767
"""Characters; both are limits of the format."""
_CUT = " […]"
_MADE = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""A workbook says when it was made; a clock would make equal rows unequal bytes."""
_WIDTHS = {"text": 80, "previous": 40, "next": 40, "title": 30, "url": 30}


class Sheet:
    """One sheet of a workbook, written from top to bottom.

    Attributes
    ----------
    cut : int
        Cells that were longer than the format allows, and end in ``[…]``.
    """

    def __init__(self, made: Any, bold: Any, wrap: Any, columns: Sequence[str]) -> None:
        self.cut = 0
        self._made, self._wrap, self._columns = made, wrap, columns
        self._row = 0
        for i, name in enumerate(columns):
            made.set_column(i, i, _WIDTHS.get(name, min(max(len(name) + 2, 10), 28)))
        for i, name in enumerate(columns):
            made.write_string(0, i, safe(name), bold)
        made.freeze_panes(1, 0)

    def write(self, row: Sequence[Any]) -> None:
        """Write the next row: None leaves a cell blank, numbers stay numbers, anything else is text.

        Raises
        ------
        UsageError
            When the sheet is full.
        """
        self._row += 1
        if self._row >= MOST_ROWS:
            raise UsageError(
                f"a sheet of a workbook holds {MOST_ROWS:,} rows, and here are more",
                hint="Write .csv or .parquet instead.",
            )
        for i, value in enumerate(row):
            if value is None or value == "":
                continue
            if isinstance(value, int | float) and not isinstance(value, bool):
                self._made.write_number(self._row, i, value)
            else:
                self._made.write_string(self._row, i, self._fitting(str(value)), self._wrap)

    def _fitting(self, text: str) -> str:
        if len(text) <= LONGEST_CELL:
            return text
        self.cut += 1
        return text[: LONGEST_CELL - len(_CUT)] + _CUT

    def filtered(self) -> None:
        """Let the reader filter by column."""
        self._made.autofilter(0, 0, self._row, len(self._columns) - 1)


class Workbook:
    """A workbook being written, one sheet after the other; see `workbook`."""

    def __init__(self, made: Any) -> None:
        self._made = made
        self._bold = made.add_format({"bold": True, "valign": "top"})
        self._wrap = made.add_format({"text_wrap": True, "valign": "top"})

    def sheet(self, name: str, columns: Sequence[str]) -> Sheet:
        r"""Add a sheet with a header; the one before it is then complete.

        Parameters
        ----------
        name : str
            At most 31 characters, none of ``[]:*?/\``.
        columns : sequence of str
        """
        return Sheet(self._made.add_worksheet(name), self._bold, self._wrap, columns)


@contextmanager
def workbook(target: Path, about: Mapping[str, str] | None = None) -> Iterator[Workbook]:
    """Give a workbook to write at `target`; what is written is not held in memory.

    Parameters
    ----------
    about : mapping of str to str, optional
        Properties as ``title`` and ``comments``.
    """
    import xlsxwriter

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    made = xlsxwriter.Workbook(str(target), options)
    made.set_properties({"created": _MADE, **(about or {})})
    try:
        yield Workbook(made)
    except BaseException:
        made.fileclosed = True  # else its destructor complains of a file that nobody wants
        raise
    made.close()
