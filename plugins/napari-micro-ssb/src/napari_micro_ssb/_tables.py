"""Tables in the dock."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any

import pandas as pd
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt
from qtpy.QtWidgets import QAbstractItemView, QTableView

__all__ = ["TableView"]

_DISPLAY = Qt.ItemDataRole.DisplayRole
_TIP = Qt.ItemDataRole.ToolTipRole
_SORT = Qt.ItemDataRole.UserRole


class _Model(QAbstractTableModel):
    """A pandas table for Qt: numbers with five digits, nothing where there is no value."""

    def __init__(self, table: pd.DataFrame) -> None:
        super().__init__()
        self.table = table

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of rows."""
        return 0 if parent is not None and parent.isValid() else len(self.table)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of columns."""
        return 0 if parent is not None and parent.isValid() else len(self.table.columns)

    def data(self, index: QModelIndex, role: int = _DISPLAY) -> Any:  # noqa: ANN401
        """Return what stands in a cell."""
        if not index.isValid() or role not in (_DISPLAY, _TIP, _SORT):
            return None
        value = self.table.iat[index.row(), index.column()]
        if bool(pd.isna(value)):  # type: ignore[arg-type]
            return -1e300 if role == _SORT else ""
        if role == _SORT:
            return float(value) if isinstance(value, Real) else str(value)
        return f"{value:.5g}" if isinstance(value, float) else str(value)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _DISPLAY) -> Any:  # noqa: ANN401
        """Return the name of a column or the number of a row."""
        if role != _DISPLAY:
            return None
        return str(self.table.columns[section]) if orientation == Qt.Orientation.Horizontal else section + 1


class TableView(QTableView):
    """A table that can be sorted; a click on a row calls ``chosen`` with it.

    Parameters
    ----------
    table
        What is shown.
    chosen
        Called with the row, a pandas Series.
    """

    def __init__(self, table: pd.DataFrame, chosen: Callable[[pd.Series[Any]], None] | None = None) -> None:
        super().__init__()
        self.table = table
        self._chosen = chosen
        self._sorted = QSortFilterProxyModel()
        self._sorted.setSortRole(_SORT)
        self._model = _Model(table)
        self._sorted.setSourceModel(self._model)
        self.setModel(self._sorted)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.clicked.connect(self._clicked)
        self.setSortingEnabled(True)
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.resizeColumnsToContents()

    def choose(self, row: int) -> None:
        """Mark a row, counted as in the table that was given, however it is sorted now."""
        self.selectRow(self._sorted.mapFromSource(self._model.index(row, 0)).row())

    def _clicked(self, index: QModelIndex) -> None:
        if self._chosen is not None and index.isValid():
            self._chosen(self.table.iloc[self._sorted.mapToSource(index).row()])
