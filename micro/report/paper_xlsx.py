"""The table of a paper as an Excel workbook: real numbers, formatted by their intervals."""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Sequence
from typing import Any

import pandas as pd

from micro.model import Measurement, to_table
from micro.report.paper_table import PaperCell, PaperTable

__all__ = ["workbook_bytes"]

_SUB = ("value", "95 % low", "95 % high", "note")
_FONT, _LINE_PT, _NOTE_WIDTHS = "Calibri", 15.0, (7, 40, 100)
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_DATE = (1980, 1, 1, 0, 0, 0)
_STAMP = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


def workbook_bytes(table: PaperTable, rows: Sequence[Measurement]) -> bytes:
    """Return the content of an .xlsx with three sheets: the table, its notes and definitions, all measurements.

    In the table every value and end of an interval is a number of full precision; its format shows as
    many decimals as the interval carries. The same measurements give the same bytes.

    Parameters
    ----------
    table
        The table as it is printed.
    rows
        All measurements, for the last sheet.

    Examples
    --------
    >>> from micro.report.paper_table import paper_table
    >>> row = Measurement("porosity", 0.0412, "1", "porosity/v1", ci_low=0.0371, ci_high=0.0455, n=900, sample="A")
    >>> workbook_bytes(paper_table([row], ["porosity"]), [row])[:2]
    b'PK'
    """
    from openpyxl import Workbook

    book = Workbook()
    _write_table(book.active, table)
    _write_notes(book.create_sheet("Notes"), table)
    _write_tidy(book.create_sheet("Measurements"), _tidy(table, rows))
    made = io.BytesIO()
    book.save(made)
    return _without_times(made.getvalue())


def _tidy(table: PaperTable, rows: Sequence[Measurement]) -> pd.DataFrame:
    """Return all measurements, with what the user stated of their samples as last columns."""
    tidy = to_table(rows)
    for name, texts in table.stated:
        by_sample = {column.sample: text for column, text in zip(table.columns, texts, strict=True)}
        tidy[name] = [by_sample.get(row.sample, "") for row in rows]
    return tidy


def _write_table(sheet: Any, table: PaperTable) -> None:  # noqa: ANN401
    from openpyxl.styles import Alignment, Border, Font, Side
    from openpyxl.utils import get_column_letter

    layout = table.layout
    sheet.title = "Table"
    _put(sheet, 1, 1, layout.corner)
    for number, heading in enumerate(layout.headings):
        first = 2 + number * len(_SUB)
        _put(sheet, 1, first, heading)
        sheet.merge_cells(start_row=1, end_row=1, start_column=first, end_column=first + len(_SUB) - 1)
        for step, name in enumerate(_SUB):
            _put(sheet, 2, first + step, name)
    for line, (heading, cells) in enumerate(layout.lines, start=3):
        _put(sheet, line, 1, heading)
        for number, cell in enumerate(cells):
            _put_cell(sheet, line, 2 + number * len(_SUB), cell)
    thin = Side(style="thin")
    last = 2 + len(layout.lines)
    for column in range(1, 2 + len(layout.headings) * len(_SUB)):
        for row in (1, 2):
            sheet.cell(row, column).font = Font(name=_FONT, bold=True)
            sheet.cell(row, column).alignment = Alignment(horizontal="center", vertical="center", wrap_text=row == 1)
        sheet.cell(1, column).border = Border(top=thin)
        sheet.cell(2, column).border = Border(bottom=thin)
        if last > 2:
            sheet.cell(last, column).border = Border(bottom=thin)
        wide = 36 if column == 1 else 6 if column % len(_SUB) == 1 else 11
        sheet.column_dimensions[get_column_letter(column)].width = wide
    sheet.row_dimensions[1].height = 2 * _LINE_PT
    sheet.freeze_panes = "B3"
    _put(sheet, last + 1, 1, table.caption)
    _fit_page(sheet)


def _put_cell(sheet: Any, row: int, column: int, cell: PaperCell) -> None:  # noqa: ANN401
    from openpyxl.styles import Alignment

    if cell.stated is not None:
        _put(sheet, row, column, cell.stated)
    elif cell.printed is None:
        _put(sheet, row, column, "–")
        sheet.cell(row, column).alignment = Alignment(horizontal="right")
    else:
        pattern = _number_format(cell.printed.decimals)
        for step, number in enumerate((cell.value, cell.low, cell.high)):
            if number is None:
                continue
            if math.isfinite(number):
                sheet.cell(row, column + step, number).number_format = pattern
            else:
                _put(sheet, row, column + step, "∞" if number > 0 else "−∞")
    _put(sheet, row, column + 3, ", ".join(str(number) for number in cell.notes))
    sheet.cell(row, column + 3).alignment = Alignment(horizontal="center")


def _number_format(decimals: int) -> str:
    """Return the format that shows a number to ``decimals``.

    Examples
    --------
    >>> _number_format(3), _number_format(0), _number_format(-2)
    ('0.000', '0', '0')
    """
    return "0." + "0" * decimals if decimals > 0 else "0"


def _write_notes(sheet: Any, table: PaperTable) -> None:  # noqa: ANN401
    from openpyxl.styles import Alignment, Font

    lines = [("", "", table.caption)]
    lines += [(str(number), "", note) for number, note in enumerate(table.notes, start=1)]
    lines += [("", head, text) for head, text in table.definitions]
    lines.append(("", "", table.provenance))
    for row, line in enumerate([("note", "metric", "text"), *lines], start=1):
        for column, text in enumerate(line, start=1):
            _put(sheet, row, column, text)
            sheet.cell(row, column).alignment = Alignment(wrap_text=True, vertical="top")
            sheet.cell(row, column).font = Font(name=_FONT, bold=row == 1)
        # Programs that convert a workbook don't fit its rows to wrapped text; some room to spare for wide letters.
        needed = max(-(-len(text) * 1.15 // width) for text, width in zip(line, _NOTE_WIDTHS, strict=True))
        sheet.row_dimensions[row].height = _LINE_PT * max(needed, 1)
    for letter, width in zip("ABC", _NOTE_WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    _fit_page(sheet)


def _write_tidy(sheet: Any, tidy: pd.DataFrame) -> None:  # noqa: ANN401
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    for column, name in enumerate(tidy.columns, start=1):
        _put(sheet, 1, column, name)
        sheet.cell(1, column).font = Font(name=_FONT, bold=True)
        sheet.column_dimensions[get_column_letter(column)].width = 26 if name in ("metric", "definition") else 14
    for row, values in enumerate(tidy.itertuples(index=False), start=2):
        for column, value in enumerate(values, start=1):
            if isinstance(value, str):
                _put(sheet, row, column, value)
            elif math.isfinite(value):
                sheet.cell(row, column, float(value))
            elif not math.isnan(value):
                _put(sheet, row, column, "inf" if value > 0 else "-inf")
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    _fit_page(sheet)


def _put(sheet: Any, row: int, column: int, text: str) -> None:  # noqa: ANN401
    """Write text as text: a name that begins with = is no formula."""
    if text:
        cell = sheet.cell(row, column)
        cell.value = _ILLEGAL.sub("", text)
        cell.data_type = "s"


def _fit_page(sheet: Any) -> None:  # noqa: ANN401
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def _without_times(content: bytes) -> bytes:
    """Return the workbook with fixed dates, inside and in its archive, so that it depends on its content only."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "docProps/core.xml":
                data = _STAMP.sub(rb"\g<1>2000-01-01T00:00:00Z", data)
            info = zipfile.ZipInfo(name, _DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, data)
    return out.getvalue()
