"""The figures of a report in a panel, before and after a correction beside one another."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import Qt
from qtpy.QtGui import QPixmap, QResizeEvent
from qtpy.QtWidgets import (
    QBoxLayout,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

__all__ = ["FigurePage"]

Figures = Mapping[str, bytes]
FRAME_PIXELS, LEAST_PIXELS = 50, 300
"""Room around the figures, and the least width of one beside another."""


class FigurePage(QWidget):
    """One figure at a time, chosen by its name, as wide as there is room."""

    def __init__(self) -> None:
        super().__init__()
        self.after: Figures = {}
        self.before: Figures | None = None
        self.names = QComboBox()
        self.larger_button = QPushButton("Larger")
        self.larger_button.setToolTip("Show the figure in a window of its own")
        self.picture, self.picture_before = QLabel(), QLabel()
        self.caption, self.caption_before = QLabel(), QLabel()
        self._pictures = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self.area = QScrollArea()
        self._lay_out()
        self.names.currentTextChanged.connect(self._show)

    def _lay_out(self) -> None:
        inside = QWidget()
        for caption, picture in ((self.caption_before, self.picture_before), (self.caption, self.picture)):
            column = QVBoxLayout()
            column.addWidget(caption)
            column.addWidget(picture)
            column.addStretch()
            picture.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            self._pictures.addLayout(column)
        self._pictures.addStretch()
        top = QVBoxLayout(inside)
        top.addLayout(self._pictures)
        top.addStretch(1)
        self.area.setWidgetResizable(True)
        self.area.setWidget(inside)
        row = QHBoxLayout()
        row.addWidget(self.names, 1)
        row.addWidget(self.larger_button)
        whole = QVBoxLayout(self)
        whole.addLayout(row)
        whole.addWidget(self.area)

    def show_figures(self, after: Figures, before: Figures | None) -> None:
        """Show figures, PNG by name; the one that was chosen stays."""
        chosen = self.names.currentText()
        self.after, self.before = after, before
        self.names.clear()
        self.names.addItems(list(after))
        if chosen in after:
            self.names.setCurrentText(chosen)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw the figures as large as there is room."""
        super().resizeEvent(event)
        self._show(self.names.currentText())

    def enlarge(self) -> None:
        """Show the figure in a window of its own, before and after beside one another."""
        name = self.names.currentText()
        window = QScrollArea(self)
        window.setWindowFlag(Qt.WindowType.Window)
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        window.setWindowTitle(name)
        inside = QWidget()
        row = QHBoxLayout(inside)
        for figures in (self.before or {}, self.after):
            if name in figures:
                label = QLabel()
                label.setPixmap(_picture(figures[name]))
                row.addWidget(label)
        window.setWidget(inside)
        window.resize(inside.sizeHint().boundedTo(self.screen().availableSize() * 0.9))
        window.show()

    def _show(self, name: str) -> None:
        room = max(self.width() - FRAME_PIXELS, 100)
        both = self.before is not None
        beside = both and room >= 2 * LEAST_PIXELS
        direction = QBoxLayout.Direction
        self._pictures.setDirection(direction.LeftToRight if beside else direction.TopToBottom)
        self.caption.setText("after" if both else "")
        self.caption_before.setText("before" if both else "")
        self.caption.setVisible(both)
        for widget in (self.caption_before, self.picture_before):
            widget.setVisible(both)
        for label, figures in ((self.picture, self.after), (self.picture_before, self.before or {})):
            label.clear()
            if name in figures:
                picture = _picture(figures[name])
                width = min(picture.width(), room // 2 if beside else room)
                label.setPixmap(picture.scaledToWidth(width, Qt.TransformationMode.SmoothTransformation))


def _picture(png: bytes) -> QPixmap:
    picture = QPixmap()
    picture.loadFromData(png)
    return picture
