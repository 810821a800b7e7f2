"""The Correct panel: labels by hand, each stroke on the disk before it shows."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLabel, QPushButton, QScrollArea

from micro.correct import (
    Correction,
    Edit,
    Logged,
    Pen,
    brush_edit,
    corrected_path,
    corrections_folder,
    fill_edit,
    holes_edit,
    interpolate_edit,
    relabel_edit,
    smooth_edit,
    write_corrected,
)
from micro.errors import InputMissingError, ParameterError
from micro.model import SSB_PHASES, PhaseSet
from napari_micro_ssb._correct_base import BasePanel, explained, freely, told
from napari_micro_ssb._correct_box import SelectionBox
from napari_micro_ssb._correct_form import BOX, BRUSH, ERASER, FILL, KEYED, LOOK, OBJECT, Form
from napari_micro_ssb._correct_layer import Place, corrected_layer, dragged, place_of
from napari_micro_ssb._correct_source import file_of, found_beside, keep, labels_in, unused

if TYPE_CHECKING:
    import napari

__all__ = ["CorrectPanel"]

_FLUSH_AFTER = 200
"""After so many entries the overlay is written at the end of a stroke: after a crash no more are replayed."""


class CorrectPanel(BasePanel):
    """Correct the labels that are chosen, with a journal on the disk."""

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__(napari_viewer)
        self.correction: Correction | None = None
        self.layer: Any = None
        self.path: Path | None = None
        self.labels = QComboBox()
        self.begin_button = QPushButton("Correct")
        self.begin_button.setToolTip("Open the labels for correction, and go on with corrections that lie beside them")
        self.aside_button = QPushButton("Set aside")
        self.aside_button.setToolTip("Keep the corrections that lie beside the labels under another name; begin anew")
        self.write_button = QPushButton("Write corrected labels")
        self.close_button = QPushButton("Close")
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.form = Form(SSB_PHASES)
        self.box = SelectionBox(napari_viewer)
        self._stroke: int | None = None
        self._drawn: deque[int] = deque(maxlen=2)
        self._lay_out()
        self._connect()
        self._list_labels()
        self._show_state()

    @property
    def pen(self) -> Pen:
        """What the form says of label and place; the axis across is set where the tool is used."""
        return Pen(self.form.phase.value, self.form.only_values)

    @told
    def begin(self, folder: Path | None = None) -> None:
        """Open the labels of the layer that is chosen; ``folder`` is for labels in memory, else it is asked for."""
        shown = self._chosen()
        if self.correction is not None:
            self.close_correction()
        path = file_of(shown)
        if path is None:
            folder = folder or self._ask_folder()
            if folder is None:
                self.say("nothing was opened: labels in memory need a folder, in which they and the journal are kept")
                return
            path = keep(shown, folder)
        labels = labels_in(shown, path)
        self.correction, self.path = Correction(labels, corrections_folder(path)), path
        self._show_layer(shown)
        self.say(_opened(self.correction))

    @told
    def set_aside(self) -> None:
        """Give the corrections that lie beside the chosen labels another name, so that they are kept and not used."""
        path = self.path if self.correction is not None else file_of(self._chosen())
        found = None if path is None else found_beside(path)
        if found is None:
            raise InputMissingError("no corrections lie beside these labels; there is nothing to set aside")
        self.close_correction()
        place = unused(found.folder)
        found.folder.rename(place)
        self._show_state()
        self.say(f"the corrections are kept as {place.name}")

    def close_correction(self) -> None:
        """Write what is to be written, and let others in; the layer goes."""
        correction, self.correction, layer, self.layer = self.correction, None, self.layer, None
        self.box.remove()
        if layer is not None and layer in self.viewer.layers:
            self.viewer.layers.remove(layer)
        if correction is not None:
            correction.close()
        self._show_state()

    @told
    def write(self) -> None:
        """Write the corrected labels beside the automatic ones, for `micro measure`."""
        correction, path = self._open(), self.path
        if path is None:
            return
        target = corrected_path(path)
        self.start(
            lambda _: write_corrected(correction, target),
            lambda _: self.say(f"written: {target.name} beside {path.name}, with the list of edits"),
            "writing the corrected labels ...",
        )

    @told
    def undo(self) -> None:
        """Take back the last edit, of this session or of an earlier one."""
        done = self._open().undo()
        self._refresh()
        self.say("nothing to undo" if done is None else f"undone: {self._words(done)}")

    @told
    def redo(self) -> None:
        """Bring back the edit that was undone last."""
        done = self._open().redo()
        self._refresh()
        self.say("nothing to redo" if done is None else f"done again: {self._words(done)}")

    @told
    def interpolate(self) -> None:
        """Carry what was drawn in two slices over to those between them."""
        first, last = (box.value() for box in self.form.slices)
        self._apply(interpolate_edit(self._open(), first, last, self._flat_pen()))

    @told
    def smooth(self) -> None:
        """Smooth the outline of the phase in the box."""
        correction = self._open()
        region, across = self._region()
        pen = Pen(self.pen.value, self.pen.only, across)
        self._apply(smooth_edit(correction, region, self.form.smooth_um.value(), pen))

    @told
    def fill_holes(self) -> None:
        """Fill the holes of the phase in the box."""
        correction = self._open()
        region, across = self._region()
        self._apply(holes_edit(correction, region, Pen(self.pen.value, self.pen.only, across)))

    def choose_tool(self, tool: str) -> None:
        """Let the mouse do what the tool does, or move the picture."""
        if self.layer is None:
            return
        self.layer.mode = "pan_zoom"
        self.layer.mouse_pan = tool == LOOK
        round_ = tool in (BRUSH, ERASER)
        self.layer.cursor = "circle" if round_ else ("standard" if tool == LOOK else "cross")
        self.layer.cursor_size = max(self.form.brush_um.value(), 1e-9) * self.layer.scale[-1] / self._edge_um()
        self.viewer.layers.selection.active = self.layer

    def closeEvent(self, event: Any) -> None:  # noqa: ANN401
        """Close the corrections with the panel."""
        self.close_correction()
        super().closeEvent(event)

    def _drag(self, _: Any, event: Any) -> Any:  # noqa: ANN401
        """Follow the mouse on the corrected layer; a generator, as napari wants it."""
        tool = self.form.tool
        if tool == LOOK or event.button != 1 or self.correction is None:
            return
        if self.busy:
            self.complain("something is still being done; wait until it is done")
            return
        if tool in (FILL, OBJECT):
            self._click(tool, event)
            return
        if tool == BOX:
            yield from dragged(self.layer, event, step=lambda *_: None, end=self._select, failed=self._failed_stroke)
            return
        yield from dragged(self.layer, event, step=self._stamp, end=self._end_stroke, failed=self._failed_stroke)

    def _stamp(self, last: Place, here: Place) -> None:
        pen = self._pen_at(here)
        if self.form.tool == ERASER:
            pen = Pen(0, pen.only, pen.across)
        points = [last.point, here.point] if last != here else [here.point]
        edit = brush_edit(self._open(), points, self.form.brush_um.value() / 2, pen)
        if edit is None:
            return
        done = self._open().apply(edit, stroke=self._stroke, sync=False)
        if done is not None:
            self._stroke = done.number
            self.layer.refresh(thumbnail=False, extent=False, highlight=False)

    def _end_stroke(self, _: Place, last: Place) -> None:
        correction = self._open()
        correction.sync()
        done = correction.log.to_undo
        if self._stroke is not None and done is not None and done.number == self._stroke:
            self._remember(last)
            self.say(self._words(done))
        self._stroke = None
        if correction.behind > _FLUSH_AFTER:
            correction.flush()
        self._refresh()

    def _failed_stroke(self, error: Exception) -> None:
        self._stroke = None
        self.complain(explained(error))
        if self.layer is not None:
            self.layer.refresh()

    def _select(self, first: Place, last: Place) -> None:
        self.box.show(self.layer, first, last)

    @told
    def _click(self, tool: str, event: Any) -> None:  # noqa: ANN401
        correction, place = self._open(), place_of(self.layer, event)
        voxel = place.voxel(correction.shape)
        if voxel is None:
            raise ParameterError("this is outside of the labels; click on a voxel of them")
        pen = self._pen_at(place)
        if tool == FILL:
            edit, bounded = fill_edit(correction, voxel, pen)
            self._apply(edit, more="; it goes on beyond the 96 voxels that a fill reaches" if bounded else "")
            return
        revision = correction.revision

        def work(tell: Callable[[str], None]) -> Logged | None:
            edit, voxels = relabel_edit(
                correction, voxel, pen, progress=lambda blocks: tell(f"following the object: {blocks} blocks")
            )
            tell(f"relabelling {voxels} voxels ...")
            return correction.apply(edit, revision=revision)

        self.start(work, self._applied, "following the object ...")

    def _apply(self, edit: Edit, more: str = "") -> None:
        self._applied(self._open().apply(edit), more)

    def _applied(self, done: Logged | None, more: str = "") -> None:
        self._refresh()
        self.say("nothing changes there" if done is None else f"{self._words(done)}{more}")

    def _words(self, edit: Logged) -> str:
        """Return an edit in words: tool, voxels, and from what to what."""
        phases = self.form.phases
        names = [
            f"{phases.name_of(old) if old else 'unlabelled'} to {phases.name_of(new) if new else 'unlabelled'}"
            for (old, new), _ in sorted(edit.moved.items(), key=lambda item: -item[1])[:3]
        ]
        return f"{edit.tool}: {edit.voxels} voxels, {', '.join(names)}"

    def _pen_at(self, place: Place) -> Pen:
        solid = self.form.solid.isChecked() and not self._open().automatic.is_2d
        return Pen(self.pen.value, self.pen.only, None if solid else place.across)

    def _flat_pen(self) -> Pen:
        return Pen(self.pen.value, self.pen.only, self._across())

    def _across(self) -> int:
        """Return the axis across the slice that is shown."""
        correction = self._open()
        if correction.automatic.is_2d:
            return 0
        shown = [axis - (self.viewer.dims.ndim - 3) for axis in self.viewer.dims.displayed]
        if len(shown) != 2:
            raise ParameterError("corrections are made in slices; switch the viewer back to 2-D")
        return next(axis for axis in range(3) if axis not in shown)

    def _at(self, across: int) -> int:
        """Return the number of the slice that is shown."""
        if self._open().automatic.is_2d:
            return 0
        return round(float(self.layer.world_to_data(self.viewer.dims.point)[-3:][across]))

    def _region(self) -> tuple[Any, int | None]:
        """Return the box for smoothing and holes, and the axis that they do not cross."""
        correction, across = self._open(), self._across()
        solid = self.form.solid.isChecked() and not correction.automatic.is_2d
        depth = self.form.depth_slices.value() if solid else 0
        region = self.box.region(correction.shape, across, self._at(across), depth)
        return region, None if solid else across

    def _remember(self, place: Place) -> None:
        """Offer the two slices that were drawn in last for interpolation."""
        number = round(place.point[place.across])
        if number not in self._drawn:
            self._drawn.append(number)
        for box, value in zip(self.form.slices, sorted(self._drawn), strict=False):
            box.setValue(value)

    def _refresh(self) -> None:
        if self.layer is not None:
            self.layer.refresh(extent=False)
        self._show_state()

    def _open(self) -> Correction:
        if self.correction is None:
            raise InputMissingError("no labels are being corrected; choose some above and press Correct")
        return self.correction

    def _chosen(self) -> Any:  # noqa: ANN401
        name = self.labels.currentText()
        if not name or name not in self.viewer.layers:
            raise InputMissingError("no labels in the viewer; open a result, or run a segmentation first")
        return self.viewer.layers[name]

    def _edge_um(self) -> float:
        return self._open().automatic.spacing.x

    def _ask_folder(self) -> Path | None:
        given = QFileDialog.getExistingDirectory(self, "Where to keep these labels and their corrections")
        return Path(given) if given else None

    def _show_layer(self, shown: Any) -> None:  # noqa: ANN401
        correction = self._open()
        self._use_phases(correction.automatic.phases)
        self.form.fit(correction.shape, correction.automatic.spacing.um)
        self.layer = corrected_layer(shown, correction)
        self.layer.mouse_drag_callbacks.append(self._drag)
        for number in range(min(KEYED, len(self.form.phases))):
            self.layer.bind_key(str(number + 1), lambda _, n=number: self.form.choose_phase(n), overwrite=True)
        self.layer.bind_key("Control-Z", lambda _: self.undo(), overwrite=True)
        self.layer.bind_key("Control-Shift-Z", lambda _: self.redo(), overwrite=True)
        shown.visible = False
        self.viewer.add_layer(self.layer)
        self._drawn.clear()
        self.choose_tool(self.form.tool)
        self._show_state()

    def _use_phases(self, phases: PhaseSet) -> None:
        if phases == self.form.phases:
            return
        old, self.form = self.form, Form(phases)
        self._scroll.setWidget(self.form)
        old.deleteLater()
        self._connect_form()

    def _removed(self, event: Any) -> None:  # noqa: ANN401
        """Close the corrections when somebody deletes their layer."""
        self._list_labels()
        if self.layer is not None and event.value is self.layer:
            self.layer = None
            self.close_correction()
            self.say("the corrected layer was removed; all corrections are kept beside the labels")

    def _list_labels(self, _: object = None) -> None:
        from napari.layers import Labels as LabelsLayer

        chosen = self.labels.currentText()
        names = [one.name for one in self.viewer.layers if isinstance(one, LabelsLayer) and one is not self.layer]
        if names != [self.labels.itemText(n) for n in range(self.labels.count())]:
            self.labels.clear()
            self.labels.addItems(names)
            self.labels.setCurrentText(chosen if chosen in names else (names[-1] if names else ""))

    def _show_state(self, _: object = None) -> None:
        """Say what lies beside the labels, or how many edits there are; switch buttons on and off."""
        correction = self.correction
        for widget in (self.form, self.write_button, self.close_button):
            widget.setEnabled(correction is not None)
        if correction is not None:
            log = correction.log
            self.state.setText(f"{len(log.active)} edits, kept in {correction.folder.name}")
            self.form.undo.setEnabled(log.to_undo is not None)
            self.form.redo.setEnabled(log.to_redo is not None)
            return
        self.aside_button.setEnabled(False)
        try:
            path = file_of(self._chosen())
            found = None if path is None else found_beside(path)
        except Exception as error:
            self.state.setText(explained(error))
            return
        if found is None:
            self.begin_button.setText("Correct")
            self.state.setText("" if path is not None else "these labels are in memory only; a folder is asked for")
            return
        self.aside_button.setEnabled(True)
        self.begin_button.setText("Go on correcting")
        self.state.setText(f"{found.edits} edits by hand lie beside these labels, the last of {found.last} UTC")

    def _lay_out(self) -> None:
        self.body.addWidget(self.labels)
        row = QHBoxLayout()
        for button in (self.begin_button, self.aside_button, self.close_button):
            row.addWidget(button)
        self.body.addLayout(row)
        self.body.addWidget(self.state)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setWidget(self.form)
        self.body.addWidget(self._scroll, 1)
        self.body.addWidget(self.write_button)

    def _connect(self) -> None:
        events = self.viewer.layers.events
        events.inserted.connect(self._list_labels)
        events.removed.connect(self._removed)
        self.labels.currentTextChanged.connect(freely(self._show_state))
        self.begin_button.clicked.connect(freely(self.begin))
        self.aside_button.clicked.connect(freely(self.set_aside))
        self.close_button.clicked.connect(freely(self.close_correction))
        self.write_button.clicked.connect(freely(self.write))
        self._connect_form()

    def _connect_form(self) -> None:
        form = self.form
        form.tool_changed.connect(self.choose_tool)
        form.size_changed.connect(lambda: self.choose_tool(form.tool))
        form.undo.clicked.connect(freely(self.undo))
        form.redo.clicked.connect(freely(self.redo))
        form.interpolate.clicked.connect(freely(self.interpolate))
        form.smooth.clicked.connect(freely(self.smooth))
        form.holes.clicked.connect(freely(self.fill_holes))


def _opened(correction: Correction) -> str:
    """Return what was found at the opening, in words."""
    found = correction.recovery
    parts = [f"{found.edits} edits of earlier sessions" if found.edits else "no edits yet"]
    if found.replayed:
        parts.append(f"recovered: {found.replayed} entries of the journal were replayed after a session broke off")
    if found.cut_bytes:
        parts.append(f"{found.cut_bytes} bytes of an entry that was never finished were cut")
    return "; ".join(parts)
