"""The Correct panel: labels by hand, each stroke on the disk before it shows."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from qtpy.compat import isalive
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea

from micro.correct import (
    CorrectedArray,
    Correction,
    Edit,
    Logged,
    corrected_path,
    corrections_folder,
    write_corrected,
)
from micro.errors import InputMissingError, OutputError, ParameterError
from micro.model import SSB_PHASES, PhaseSet
from napari_micro_ssb._correct_box import SelectionBox
from napari_micro_ssb._correct_form import BRUSH, ERASER, KEYED, LOOK, Form
from napari_micro_ssb._correct_hand import NOTHING, Hand
from napari_micro_ssb._correct_held import Held
from napari_micro_ssb._correct_keep import Keeper
from napari_micro_ssb._correct_layer import corrected_layer
from napari_micro_ssb._correct_region import RegionTools
from napari_micro_ssb._correct_source import (
    beside,
    file_of,
    found_beside,
    labels_in,
    recovered_words,
    require_there,
    take_over,
    unused,
)
from napari_micro_ssb._correct_view import words_of
from napari_micro_ssb._origin import refuse_other_voxel_size, refuse_turned
from napari_micro_ssb._panel import Panel, freely, told
from napari_micro_ssb._pick import LayerPicker, VoxelField, itself
from napari_micro_ssb._words import counted
from napari_micro_ssb._work import Watcher, explained

if TYPE_CHECKING:
    import napari

__all__ = ["CorrectPanel"]

NO_LABELS = "no labels in the viewer; open a result, or run a segmentation first"
_PANELS: WeakSet[CorrectPanel] = WeakSet()


class CorrectPanel(Panel):
    """Correct the labels that are chosen, with a journal on the disk."""

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__(napari_viewer)
        _PANELS.add(self)
        self._held = Held()
        self.layer: Any = None
        self.labels = LayerPicker(napari_viewer, "labels", NO_LABELS, fits=_automatic)
        self.voxels = VoxelField(self.labels.layer, done=self.say, complain=self.complain)
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
        self._hand = Hand(self)
        self._tools = RegionTools(self)
        self._keeper = Keeper(self)
        self._drawn: deque[int] = deque(maxlen=2)
        self._lay_out()
        self._connect()
        self._show_state()

    @property
    def correction(self) -> Correction | None:
        """The corrections that are open; None where there are none."""
        return self._held.correction

    @property
    def path(self) -> Path | None:
        """The file of the labels that were opened last."""
        return self._held.path

    @told
    def begin(self, folder: Path | None = None) -> None:
        """Open the labels of the layer that is chosen; ``folder`` is for labels in memory, else it is asked for."""
        shown = self.labels.layer()
        refuse_turned(shown)
        refuse_other_voxel_size(shown)
        path = file_of(shown)
        if path is not None:
            self.open_labels(shown, path, take=True)
            return
        require_there(shown)
        self._keeper.begin(shown, folder)

    def open_labels(self, shown: Any, path: Path, *, take: bool = False) -> None:  # noqa: ANN401
        """Open the corrections of labels in a file; those that are open in a panel without a window give way.

        ``take`` makes an edit of what was painted on them before.
        """
        labels = labels_in(shown, path)
        for other in list(_PANELS):
            if other is not self and other.correction is not None and other.path == path:
                other.give_way(self)
        if self.correction is not None:
            self.close_correction()
        correction = Correction(labels, corrections_folder(path))
        self._held.open(correction, path)
        taken = take_over(itself(shown), correction) if take else 0
        self._show_layer(shown)
        more = f"; {counted(taken, 'voxel')} painted before are an edit now, to be undone like others" if taken else ""
        self.say(recovered_words(correction) + more)

    def give_way(self, other: CorrectPanel) -> None:
        """Let another panel open the same labels, where this one has no window any more.

        Raises
        ------
        OutputError
            If it has one.
        """
        alive = isalive(self)
        if alive and self.window().isVisible():
            name = "" if self.path is None else f"{self.path.name}: "
            raise OutputError(f"{name}these labels are open for correction in another panel; close them there first")
        if alive and itself(self.viewer) is itself(other.viewer):
            self.close_correction()
        else:
            self._held.abandon()

    @told
    def set_aside(self) -> None:
        """Give the corrections that lie beside the chosen labels another name, so that they are kept and not used."""
        path = self.path if self.correction is not None else file_of(self.labels.layer())
        found = None if path is None else found_beside(path)
        if path is None or found is None:
            raise InputMissingError("no corrections lie beside these labels; there is nothing to set aside")
        self.close_correction()
        place = unused(found.folder)
        found.folder.rename(place)
        self._show_state()
        written = corrected_path(path)
        more = f"; {written.name} still holds them, until it is written anew" if written.exists() else ""
        self.say(f"the corrections are kept as {place.name}{more}")

    @told
    def close_correction(self) -> None:
        """Write what is to be written, and let others in; the layer goes, and what is still being done ends."""
        if self.busy:
            self.stop()
        layer, self.layer = self.layer, None
        self.box.remove()
        try:
            self._held.close()
        except Exception as error:  # what was not written lies in the journal all the same
            self.complain(explained(error))
        if layer is not None and layer in self.viewer.layers:
            self.viewer.layers.remove(layer)
        self._show_state()

    @told
    def write(self) -> None:
        """Write the corrected labels beside the automatic ones, for `micro measure`."""
        correction, path = self._idle(), self.path
        if path is None:
            return
        target = corrected_path(path)

        def work(_: Watcher) -> Path:
            return write_corrected(correction, target)

        layer = self.layer
        mode = layer.mode
        layer.editable = False  # what is written is one state of the labels, and takes napari's brush away

        def paint_again() -> None:
            layer.editable = True
            if layer is self.layer:
                self.choose_tool(self.form.tool)
                layer.mode = mode

        self.start(work, self._written, "writing the corrected labels ...", at_end=paint_again)

    def _written(self, target: Path) -> None:
        self.say(f"written: {target.name}, with the list of edits beside it")

    def stopped(self) -> None:
        """Show what was done before the end came."""
        self.refresh()
        super().stopped()

    @told
    def undo(self) -> None:
        """Take back the last edit, of this session or of an earlier one."""
        self._stepped("undone", self._idle().undo())

    @told
    def redo(self) -> None:
        """Bring back the edit that was undone last."""
        self._stepped("done again", self._idle().redo())

    def _stepped(self, what: str, done: Logged | None) -> None:
        self.refresh()
        self.say(f"nothing to be {what}" if done is None else f"{what}: {words_of(done, self.form.phases)}")

    @told
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

    def leave(self) -> None:
        """Close the corrections with the dock."""
        super().leave()
        self.close_correction()

    def closeEvent(self, event: Any) -> None:  # noqa: ANN401
        """Close the corrections with the panel."""
        self.close_correction()
        super().closeEvent(event)

    def apply(self, edit: Edit, more: str = "") -> None:
        """Write an edit to the journal, show it and say what it was."""
        self.applied(self.opened().apply(edit), more)

    def applied(self, done: Logged | None, more: str = "") -> None:
        """Show an edit that is in the journal, and say what it was."""
        self.refresh()
        self.say(f"{NOTHING if done is None else words_of(done, self.form.phases)}{more}")

    def remember(self, number: int) -> None:
        """Offer the two slices that were drawn in last for interpolation."""
        if number in self._drawn:
            self._drawn.remove(number)  # drawn in again, it is the last one
        self._drawn.append(number)
        for box, value in zip(self.form.slices, sorted(self._drawn), strict=False):
            box.setValue(value)

    def refresh(self) -> None:
        """Show the labels and the number of edits as they are now."""
        if self.layer is not None:
            self.layer.refresh(extent=False)
        self._show_state()

    def opened(self) -> Correction:
        """Return the labels that are being corrected.

        Raises
        ------
        InputMissingError
            If there are none.
        """
        if self.correction is None:
            raise InputMissingError("no labels are being corrected; choose some above and press Correct")
        return self.correction

    def _idle(self) -> Correction:
        if self.busy:
            raise ParameterError("something is still being done; stop it, or wait")
        return self.opened()

    def _edge_um(self) -> float:
        return self.opened().automatic.spacing.x

    def _show_layer(self, shown: Any) -> None:  # noqa: ANN401
        correction = self.opened()
        self._use_phases(correction.automatic.phases)
        self.form.fit(correction.shape, correction.automatic.spacing.um)
        self.layer = corrected_layer(shown, correction)
        self.layer.mouse_drag_callbacks.append(self._hand.drag)
        for number in range(min(KEYED, len(self.form.phases))):
            self.layer.bind_key(str(number + 1), lambda _, n=number: self.form.choose_phase(n), overwrite=True)
        self.layer.bind_key("Control-Z", lambda _: self.undo(), overwrite=True)
        self.layer.bind_key("Control-Shift-Z", lambda _: self.redo(), overwrite=True)
        self.layer.events.paint.connect(freely(self._painted_by_napari))
        self.layer.events.mode.connect(freely(self._hand.one_tool))
        self.layer.events.selected_label.connect(freely(self._phase_of_napari))
        self._phase_for_napari()
        shown.visible = False
        self.viewer.add_layer(self.layer)
        self._drawn.clear()
        self.choose_tool(self.form.tool)
        self._show_state()

    @told
    def _painted_by_napari(self) -> None:
        """Say what napari's own brush did, and that it can be undone."""
        done = None if self.correction is None else self.correction.log.to_undo
        self._show_state()
        if done is not None:
            self.say(words_of(done, self.form.phases))

    def _phase_for_napari(self) -> None:
        """Let napari's own brush paint the phase that is chosen."""
        if self.layer is not None:
            self.layer.selected_label = self.form.phase.value

    def _phase_of_napari(self) -> None:
        """Choose the phase that was chosen in napari's own controls."""
        values = [phase.value for phase in self.form.phases]
        if self.layer is not None and self.layer.selected_label in values:
            self.form.choose_phase(values.index(self.layer.selected_label))

    def _use_phases(self, phases: PhaseSet) -> None:
        if phases == self.form.phases:
            return
        old, self.form = self.form, Form(phases)
        self._scroll.setWidget(self.form)
        old.deleteLater()
        self._connect_form()

    def _removed(self, event: Any) -> None:  # noqa: ANN401
        """Close the corrections when somebody deletes their layer."""
        if self.layer is not None and event.value is self.layer:
            self.layer = None
            self.close_correction()
            self.say("the corrected layer was removed; all corrections are kept beside the labels")

    def _show_state(self, _: object = None) -> None:
        """Say what lies beside the labels, or how many edits there are; switch buttons on and off."""
        self.voxels.refresh()
        correction = self.correction
        self.voxels.setEnabled(correction is None)
        for widget in (self.form, self.write_button, self.close_button):
            widget.setEnabled(correction is not None)
        if correction is not None:
            log = correction.log
            self.state.setText(f"{counted(len(log.active), 'edit')}, kept in {correction.folder.name}")
            self.form.undo.setEnabled(log.to_undo is not None)
            self.form.redo.setEnabled(log.to_redo is not None)
            return
        try:
            found, words = beside(self.labels.layer())
        except Exception as error:
            found, words = None, explained(error)
        self.aside_button.setEnabled(found is not None)
        self.begin_button.setText("Correct" if found is None else "Go on correcting")
        self.state.setText(words)

    def _lay_out(self) -> None:
        self.body.addWidget(self.labels)
        self.body.addWidget(self.voxels)
        row = QHBoxLayout()
        for button in (self.begin_button, self.aside_button, self.close_button):
            row.addWidget(button)
        self.body.addLayout(row)
        self.body.addWidget(self.state)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setMinimumWidth(self.form.sizeHint().width() + 30)  # with room for the bar at its side
        self._scroll.setWidget(self.form)
        self.body.addWidget(self._scroll, 1)
        self.body.addWidget(self.write_button)

    def _connect(self) -> None:
        self.viewer.layers.events.removed.connect(self._removed)
        self.destroyed.connect(self._held.abandon)  # closeEvent comes only to a panel that is closed by itself
        self.labels.currentTextChanged.connect(freely(self._show_state))
        self.begin_button.clicked.connect(freely(self.begin))
        self.aside_button.clicked.connect(freely(self.set_aside))
        self.close_button.clicked.connect(freely(self.close_correction))
        self.write_button.clicked.connect(freely(self.write))
        self._connect_form()

    def _connect_form(self) -> None:
        form = self.form
        form.tool_changed.connect(self.choose_tool)
        form.phase_buttons.idToggled.connect(freely(self._phase_for_napari))
        form.size_changed.connect(lambda: self.choose_tool(form.tool))
        form.undo.clicked.connect(freely(self.undo))
        form.redo.clicked.connect(freely(self.redo))
        form.interpolate.clicked.connect(freely(self._tools.interpolate))
        form.smooth.clicked.connect(freely(self._tools.smooth))
        form.holes.clicked.connect(freely(self._tools.fill_holes))


def _automatic(layer: Any) -> bool:  # noqa: ANN401
    """Return whether a layer can be corrected: the corrected one stands for another one."""
    return not isinstance(layer.data, CorrectedArray)
