"""The Strokes tab: paint, see at once what the strokes make of the slice, train, save and load."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFileDialog,
    QGridLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from micro.errors import InputMissingError, MicroError
from micro.model import SSB_PHASES
from micro_pipelines.models import Model, load_model
from micro_pipelines.training import Trained
from napari_micro_ssb._camera import camera_of
from napari_micro_ssb._live import Live, LiveFound, painted_slices, several_painted
from napari_micro_ssb._origin import KEY, Origin
from napari_micro_ssb._panel import freely, row_of, told
from napari_micro_ssb._pick import itself
from napari_micro_ssb._prepare import Preparation
from napari_micro_ssb._put import put, translation
from napari_micro_ssb._scratch import new_scratch
from napari_micro_ssb._strokes import PAINTED, STROKES, as_strokes, drawn_on, strokes_layer, train_and_save
from napari_micro_ssb._strokes_kept import KeptStrokes, read_kept
from napari_micro_ssb._strokes_piece import TrainedPiece
from napari_micro_ssb._work import Watcher

if TYPE_CHECKING:
    from napari_micro_ssb._segment import SegmentPanel

__all__ = ["LIVE", "STROKES", "UNSURE", "StrokesTab"]

LIVE, UNSURE = "live preview", "uncertainty"
"""Names of the layers."""
JUMP_ZOOM = 4.0
"""Pixels of the screen a voxel, at least, after a jump."""
WAIT_MS = 250
"""So long after the last stroke the training begins."""


class StrokesTab(QWidget):
    """Strokes of each phase on the image of a Segment panel, and the classifier they make."""

    def __init__(self, panel: SegmentPanel) -> None:
        super().__init__()
        self.panel = panel
        self.viewer = panel.viewer
        self.live = Live(panel.engine)
        self.preparation = Preparation(self.live, panel.samples)
        self._pieces = TrainedPiece(panel)
        self.found: LiveFound | None = None
        self._trained_on: Any = None
        self._model: Model | None = None
        self._again = False
        self.kept = KeptStrokes(panel.complain_anywhere)
        self.new_button, self.last_button = QPushButton("New strokes"), QPushButton("Last strokes")
        self.phases = {name: QPushButton(name) for name in PAINTED}
        self.live_box = QCheckBox("live preview")
        self.live_box.setChecked(True)
        self.unsure_box = QCheckBox("uncertainty map")
        self.update_button = QPushButton("Update")
        self.jump_button = QPushButton("Most uncertain place")
        self.train_button = QPushButton("Train and save ...")
        self.load_button = QPushButton("Load model ...")
        self.use_box = QCheckBox("use the model")
        self.use_box.setEnabled(False)
        self.model_label = QLabel("no model: the recipe's grey levels are used")
        self.model_label.setWordWrap(True)
        self.ready_label = QLabel()
        self.ready_label.setWordWrap(True)
        self._timer, self._soon, self._keep, self._clock = (QTimer(self) for _ in range(4))
        for timer in (self._timer, self._soon, self._keep, self._clock):
            timer.setSingleShot(timer is not self._clock)
            timer.setInterval(WAIT_MS)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.addLayout(row_of(self.new_button, self.last_button))
        grid, group = QGridLayout(), QButtonGroup(self)
        for number, (name, button) in enumerate(self.phases.items()):
            button.setCheckable(True)
            button.setStyleSheet(f"border-left: 12px solid {SSB_PHASES[name].colour}")
            group.addButton(button)
            grid.addWidget(button, number // 3, number % 3)
        column.addLayout(grid)
        hint = QLabel("Paint dendrites as Li and cracks as void: they are told apart afterwards.")
        hint.setWordWrap(True)
        column.addWidget(hint)
        column.addWidget(self.ready_label)
        for row in (
            (self.live_box, self.unsure_box, self.update_button),
            (self.jump_button,),
            (self.train_button, self.load_button, self.use_box),
        ):
            column.addLayout(row_of(*row))
        column.addWidget(self.model_label)
        column.addStretch()

    def _connect(self) -> None:
        for name, button in self.phases.items():
            button.setProperty("phase", name)
            button.clicked.connect(freely(self._phase_clicked))
        self.new_button.clicked.connect(freely(self.new_strokes))
        self.last_button.clicked.connect(freely(self.last_strokes))
        self.update_button.clicked.connect(freely(self.update_live))
        self.unsure_box.toggled.connect(self._show_unsure)
        self.jump_button.clicked.connect(freely(self.jump))
        self.train_button.clicked.connect(freely(self.ask_train))
        self.load_button.clicked.connect(freely(self.ask_load))
        self._timer.timeout.connect(freely(self._after_stroke))
        self._soon.timeout.connect(freely(self.prepare))
        self._keep.timeout.connect(freely(self.kept.write))
        self._clock.timeout.connect(freely(self._show_preparation))
        self.viewer.dims.events.current_step.connect(self._moved)
        self.destroyed.connect(self.preparation.end)
        self.destroyed.connect(freely(self.kept.write))

    # What a `told` method needs of a panel.
    def complain(self, text: str) -> None:
        """Show what is wrong in the panel's message line."""
        self.panel.complain(text)

    @told
    def new_strokes(self) -> None:
        """Add a layer for strokes to the image, and take the brush."""
        image = self.panel.image.layer()
        self.panel.asked()  # tells at once what is wrong with the image
        kept = self.kept.before(image, self.viewer.layers)
        data = image.data[0] if image.multiscale else image.data
        self._add_strokes(image, np.zeros(data.shape, np.uint8), None)
        more = f"; those of {kept[-1].name} are kept, Last strokes brings them back" if kept else ""
        self.panel.say(f"paint a few strokes of each phase{more}")

    @told
    def last_strokes(self) -> None:
        """Bring back the strokes that were painted last on the image, in another session or a layer that is gone."""
        image = self.panel.image.layer()
        self.panel.asked()
        path = self.kept.newest(image, self.viewer.layers)
        strokes = read_kept(path)
        self._add_strokes(image, strokes if image.ndim == 3 else strokes[0], path)
        self.panel.say(f"the strokes of {path.name} are back; go on painting")
        self._timer.start()

    def _add_strokes(self, image: Any, drawn: NDArray[np.uint8], path: Path | None) -> None:  # noqa: ANN401
        layer = strokes_layer(self.viewer, image, drawn)
        self.kept.follow(itself(layer), image, path)
        layer.events.paint.connect(lambda event: self._painted(event.source))
        # napari tells of no stroke that is undone
        layer.bind_key("Control-Z", lambda one: self._stepped(one, one.undo), overwrite=True)
        layer.bind_key("Control-Shift-Z", lambda one: self._stepped(one, one.redo), overwrite=True)
        self.choose_phase("SE")
        self.prepare_soon()

    def leave(self) -> None:
        """End what is under way where the dock was closed; what was painted is written."""
        for timer in (self._timer, self._soon, self._keep, self._clock):
            timer.stop()
        self.preparation.end()
        self.kept.write()

    def prepare_soon(self) -> None:
        """Begin to correct the slice that is looked at, when nothing has changed for a moment."""
        if not self.panel.closed:
            self._soon.start()

    @told
    def prepare(self) -> None:
        """Correct the slice that is looked at in the background, so that it is done when somebody paints."""
        if self.panel.busy:
            self.prepare_soon()
            return
        try:
            image = self.panel.image.layer()
            self.preparation.begin(self.panel.asked(), self._pieces.of(image), self.panel.recipe())
        except MicroError:  # what is wrong is told when something is asked for
            self.preparation.end()
        self._show_preparation()
        self._clock.start()

    def _show_preparation(self) -> None:
        self.ready_label.setText(self.preparation.words)
        if not self.preparation.busy:
            self._clock.stop()

    def _moved(self, _: object = None) -> None:
        """Prepare another slice of a volume, where somebody is about to paint."""
        try:
            if self.isVisible():
                self.prepare_soon()
        except RuntimeError:  # the panel was closed, and Qt has taken this away
            self.viewer.dims.events.current_step.disconnect(self._moved)

    @told
    def update_live(self, *, by_itself: bool = False) -> None:
        """Train on the strokes and show what they make of the slice.

        ``by_itself``, after a stroke, one phase alone is no mistake yet: the user is about to paint the next.
        """
        image, layer = self.panel.image.layer(), self.layer()
        asked, recipe, name = self.panel.asked(), self.panel.recipe(), layer.name
        drawn, piece = drawn_on(layer, image), self._pieces.of(image)
        if self.preparation.busy:
            self.preparation.begin(asked, piece, recipe)  # goes on, or ends for the slice that was painted on

        def work(watcher: Watcher) -> LiveFound | None:
            painted = as_strokes(drawn, name)
            if by_itself and not several_painted(painted):
                return None
            strokes = {z: painted[z].copy() for z in painted_slices(painted)}
            return self.live.update(self.panel.samples.of(asked), strokes, piece, recipe, watcher)

        waits = self.preparation.busy
        self.panel.start(
            work,
            lambda found: self._show(found, image),
            "the slice is still being corrected ..." if waits else "training ...",
        )

    @told
    def jump(self) -> None:
        """Look at the place where the classifier is least sure."""
        if self.found is None:
            raise InputMissingError("nothing was trained yet; paint strokes of two phases")
        found, image = self.found, self._trained_image()
        where = image.data_to_world(found.place[-image.ndim :])
        self.viewer.dims.set_point(range(len(where)), where)
        camera = camera_of(self.viewer)
        camera.center = where
        camera.zoom = max(camera.zoom, JUMP_ZOOM / image.scale[-1])
        z, y, x = found.place
        self.panel.say(f"least sure at x {x}, y {y}" + ("" if image.ndim == 2 else f", z {z}"))

    @told
    def ask_train(self) -> None:
        """Ask for a file, train, and save the model there."""
        path, _ = QFileDialog.getSaveFileName(self, "Model", filter="Models (*.micro)")
        if path:
            self.train(Path(path))

    @told
    def train(self, out: Path) -> None:
        """Train on all strokes as ``micro train`` does, save the model, and use it from now on."""
        layer = self.layer()
        drawn, name = drawn_on(layer, self.panel.image.layer()), layer.name
        asked, recipe = self.panel.asked(), self.panel.recipe()

        def work(watcher: Watcher) -> Trained:
            strokes, sample = as_strokes(drawn, name), self.panel.samples.of(asked)
            return train_and_save(sample, strokes, recipe, out, self.panel.engine, watcher, scratch=new_scratch())

        # a preview that began after it would write over what there is to say
        self._timer.stop()
        self._again = False
        self.panel.start(work, self._trained, "training ...")

    @told
    def ask_load(self) -> None:
        """Ask for a model file and use it."""
        path, _ = QFileDialog.getOpenFileName(self, "Model")
        if path:
            self.load(Path(path))

    @told
    def load(self, path: Path) -> None:
        """Use the model in a file from now on; a wrong file is told."""
        self._model = load_model(path)
        self.use_box.setEnabled(True)
        self.use_box.setChecked(True)
        self.model_label.setText(f"model: {path.name} ({', '.join(self._model.phases)})")

    def model(self) -> Model | None:
        """Return the model that takes the place of the grey levels, where one is used."""
        return self._model if self.use_box.isChecked() else None

    def layer(self) -> Any:  # noqa: ANN401
        """Return the layer of the strokes.

        Raises
        ------
        InputMissingError
            If there is none.
        """
        found = self.layer_or_none()
        if found is None:
            raise InputMissingError("no strokes; begin with New strokes")
        return found

    def layer_or_none(self) -> Any:  # noqa: ANN401
        """Return the layer of the strokes, or None."""
        layers = self.viewer.layers
        named = [layer for layer in layers if layer.name.startswith(STROKES) or self.kept.follows(itself(layer))]
        active = layers.selection.active
        return active if active in named else (named[-1] if named else None)

    def choose_phase(self, name: str) -> None:
        """Paint this phase from now on."""
        self.phases[name].setChecked(True)
        layer = self.layer_or_none()
        if layer is not None:
            layer.selected_label = SSB_PHASES[name].value
            self.viewer.layers.selection.active = layer

    def _phase_clicked(self) -> None:
        for name, button in self.phases.items():
            if button.isChecked():
                self.choose_phase(name)

    def _stepped(self, layer: Any, step: Callable[[], None]) -> None:  # noqa: ANN401
        """Undo or redo a stroke, and train on what is left."""
        step()
        with suppress(RuntimeError):  # the panel was closed, and Qt has taken this away
            self._painted(layer)

    def _painted(self, layer: Any) -> None:  # noqa: ANN401
        self.kept.painted(itself(layer))
        self._keep.start()
        if self.live_box.isChecked() and not self.panel.closed:
            self._timer.start()

    @told
    def _after_stroke(self) -> None:
        if self.panel.busy:
            self._again = True
            return
        if self.layer_or_none() is not None:
            self.update_live(by_itself=True)

    def _show(self, found: LiveFound | None, image: Any) -> None:  # noqa: ANN401
        if found is None:
            self.panel.say("paint a few strokes of another phase, too")
            self._repeat()
            return
        self.panel.show_piece(found.labels, found.piece, LIVE, image)
        self.found, self._trained_on = found, image
        if self.unsure_box.isChecked():
            self._show_unsure(True)
        self.panel.say("trained; see where it is wrong, and paint there")
        self._repeat()

    def _repeat(self) -> None:
        """Train once more, where somebody has painted meanwhile."""
        if self._again:
            self._again = False
            self._timer.start()

    def _trained_image(self) -> Any:  # noqa: ANN401
        """Return the image that was trained on last, whichever one is chosen now.

        Raises
        ------
        InputMissingError
            If it was removed.
        """
        image = self._trained_on
        if image not in self.viewer.layers:
            self.found = self._trained_on = None
            raise InputMissingError("the image that the strokes were painted on was removed; train on another one")
        return image

    @told
    def _show_unsure(self, wanted: bool) -> None:
        if not wanted or self.found is None:
            if UNSURE in self.viewer.layers:
                self.viewer.layers.remove(UNSURE)
            return
        found, image, strokes = self.found, self._trained_image(), self.layer_or_none()
        attributes = {
            "name": UNSURE,
            "colormap": "inferno",
            "blending": "additive",
            "contrast_limits": (0, 255),
            **{about: getattr(image, about) for about in ("scale", "units", "axis_labels")},
            "translate": translation(image, found.piece),
            "metadata": {KEY: Origin(helper=True)},
        }
        put(self.viewer, "image", found.unsure if image.ndim == 3 else found.unsure[0], attributes)
        self.viewer.layers.selection.active = strokes

    def _trained(self, trained: Trained) -> None:
        self.load(trained.path)
        held = trained.training.held_out
        lines = (
            [] if held.accuracy != held.accuracy else [f"of the strokes held out {held.accuracy:.1%} are recognised"]
        )
        self.panel.say(". ".join([f"saved {trained.path.name}", *lines, *trained.training.warnings]))
