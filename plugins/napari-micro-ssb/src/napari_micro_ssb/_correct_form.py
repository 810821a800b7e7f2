"""The widgets of the Correct panel: phases, tools and their sizes. They know nothing of labels or files."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from micro.model import UNLABELLED, Phase, PhaseSet

__all__ = ["BOX", "BRUSH", "ERASER", "FILL", "KEYED", "LOOK", "OBJECT", "Form"]

LOOK, BRUSH, ERASER, FILL, OBJECT, BOX = "Look", "Brush", "Eraser", "Fill", "Relabel object", "Select box"
TOOLS = {
    LOOK: "Move and zoom the picture",
    BRUSH: "Paint the phase; one press of the mouse is one edit",
    ERASER: "Set to unlabelled",
    FILL: "Give the connected region of one label the phase: in the slice, or with 3-D up to 96 voxels away",
    OBJECT: "Give the whole object the phase, in 3-D, however large it is: a crack to void, a dendrite to void",
    BOX: "Draw the box for Smooth and Fill holes",
}
KEYED = 5
"""The first phases have the keys 1 to 5."""
ANY = "everywhere"


class Form(QWidget):
    """Phase, tool, sizes and buttons.

    Parameters
    ----------
    phases
        What can be painted; the first five have the keys 1 to 5.
    """

    tool_changed = Signal(str)
    size_changed = Signal()

    def __init__(self, phases: PhaseSet) -> None:
        super().__init__()
        self.phases = phases
        self.phase_buttons = QButtonGroup(self)
        self.tool_buttons = QButtonGroup(self)
        self.only = QComboBox()
        self.brush_um = _length(0.001, 10_000)
        self.solid = QCheckBox("3-D")
        self.solid.setToolTip("The brush is a ball, fill and box reach through the slices")
        self.smooth_um = _length(0.001, 10_000)
        self.slices = (QSpinBox(), QSpinBox())
        self.depth_slices = QSpinBox()
        self.depth_slices.setRange(0, 1000)
        self.depth_slices.setValue(5)
        self.depth_slices.setToolTip("How many slices to each side Smooth and Fill holes reach with 3-D")
        self.smooth_um.setToolTip("Standard deviation of the Gaussian that smooths the outline")
        for box in self.slices:
            box.setToolTip("The two slices that were drawn in; numbers from 0, along the axis across the slice shown")
        self.interpolate = QPushButton("Interpolate")
        self.interpolate.setToolTip("Carry what was drawn in the two slices over to those between them")
        self.smooth = QPushButton("Smooth")
        self.smooth.setToolTip("Smooth the outline of the phase in the box, or in the slice that is shown")
        self.holes = QPushButton("Fill holes")
        self.holes.setToolTip("Fill what the phase encloses in the box, or in the slice that is shown")
        self.undo = QPushButton("Undo")
        self.redo = QPushButton("Redo")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self._phase_box(), self._tool_box(), self._region_box(), self._undo_row()):
            column.addWidget(part)
        self.tool_buttons.buttonClicked.connect(lambda button: self.tool_changed.emit(button.text()))
        self.brush_um.valueChanged.connect(lambda _: self.size_changed.emit())
        self.only.setCurrentIndex(0)

    @property
    def phase(self) -> Phase:
        """The phase that is chosen."""
        chosen: int = self.phase_buttons.checkedId()
        return tuple(self.phases)[chosen]

    @property
    def tool(self) -> str:
        """The tool that is chosen."""
        return str(self.tool_buttons.checkedButton().text())

    @property
    def only_values(self) -> tuple[int, ...]:
        """The labels that may be changed; empty: all."""
        found = self.only.currentData()
        return () if found is None else (int(found),)

    def choose_phase(self, number: int) -> None:
        """Choose a phase by its place, from 0."""
        button = self.phase_buttons.button(number)
        if button is not None:
            button.setChecked(True)

    def choose_tool(self, name: str) -> None:
        """Choose a tool by its name."""
        self.show_tool(name)
        self.tool_changed.emit(name)

    def show_tool(self, name: str) -> None:
        """Mark a tool as the one in hand, without taking it up."""
        self.tool_buttons.button(list(TOOLS).index(name)).setChecked(True)

    def fit(self, shape: tuple[int, int, int], edges_um: Sequence[float]) -> None:
        """Set sizes that suit labels of this shape and voxel size."""
        finest = min(edges_um[1:])
        for box, value in ((self.brush_um, 12 * finest), (self.smooth_um, 1.5 * finest)):
            box.setDecimals(4)
            box.setSingleStep(finest)
            box.setRange(finest / 100, finest * 4000)
            box.setValue(value)
        for box in self.slices:
            box.setRange(0, max(shape) - 1)
        flat = shape[0] == 1
        for widget in (self.solid, self.depth_slices, self.interpolate, *self.slices):
            widget.setEnabled(not flat)

    def _phase_box(self) -> QGroupBox:
        group = QGroupBox("Phase")
        grid = QGridLayout(group)
        self.only.addItem(ANY, None)
        self.only.addItem("only where unlabelled", UNLABELLED)
        for number, phase in enumerate(self.phases):
            key = f"  ({number + 1})" if number < KEYED else ""
            button = QPushButton(f"{phase.name}{key}")
            button.setCheckable(True)
            button.setIcon(_swatch(phase.colour))
            self.phase_buttons.addButton(button, number)
            grid.addWidget(button, number // 2, number % 2)
            self.only.addItem(f"only where {phase.name}", phase.value)
        self.choose_phase(0)
        grid.addWidget(self.only, (len(self.phases) + 1) // 2, 0, 1, 2)
        return group

    def _tool_box(self) -> QGroupBox:
        group = QGroupBox("Tool")
        column = QVBoxLayout(group)
        grid = QGridLayout()
        for number, (name, tip) in enumerate(TOOLS.items()):
            button = QPushButton(name)
            button.setCheckable(True)
            button.setToolTip(tip)
            self.tool_buttons.addButton(button, number)
            grid.addWidget(button, number // 2, number % 2)
        self.tool_buttons.button(0).setChecked(True)
        column.addLayout(grid)
        row = QFormLayout()
        row.addRow("brush, diameter", _side_by_side(self.brush_um, self.solid))
        column.addLayout(row)
        return group

    def _region_box(self) -> QGroupBox:
        group = QGroupBox("Region")
        rows = QFormLayout(group)
        rows.addRow(QLabel("between slices"))
        rows.addRow(_side_by_side(*self.slices, self.interpolate))
        rows.addRow(QLabel("smoothing length"))
        rows.addRow(_side_by_side(self.smooth_um, self.smooth))
        rows.addRow("3-D: slices each side", self.depth_slices)
        rows.addRow(self.holes)
        return group

    def _undo_row(self) -> QWidget:
        self.undo.setToolTip("Ctrl+Z, with the corrected layer selected")
        self.redo.setToolTip("Ctrl+Shift+Z, with the corrected layer selected")
        return _side_by_side(self.undo, self.redo)


def _length(low: float, high: float) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setDecimals(4)
    box.setRange(low, high)
    box.setSuffix(" um")
    return box


def _swatch(colour: str) -> QIcon:
    picture = QPixmap(12, 12)
    picture.fill(QColor(colour))
    return QIcon(picture)


def _side_by_side(*widgets: QWidget) -> QWidget:
    both = QWidget()
    row = QHBoxLayout(both)
    row.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        row.addWidget(widget)
    return both
