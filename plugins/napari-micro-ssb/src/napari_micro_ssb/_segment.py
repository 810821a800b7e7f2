"""The Segment panel: a recipe and its knobs, preview, strokes, and the whole run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QPushButton,
    QTabWidget,
)

from micro.errors import InputMissingError, ParameterError
from micro.model import Labels
from micro_pipelines import preset_names
from micro_pipelines.cli.options import engine_of
from micro_pipelines.recipe import Recipe
from napari_micro_ssb._knob_form import KnobForm
from napari_micro_ssb._layers import labels_layer
from napari_micro_ssb._origin import Origin, begin_um_of
from napari_micro_ssb._panel import Panel, freely, told
from napari_micro_ssb._pick import Follower, LayerPicker, VoxelField, is_kind
from napari_micro_ssb._put import alone, below, put, translation
from napari_micro_ssb._sample import Asked, Samples, asked_of
from napari_micro_ssb._scratch import new_scratch
from napari_micro_ssb._segmenting import (
    Piece,
    Segmented,
    SegmentJob,
    box_piece,
    preview,
    segment_all,
    slice_piece,
)
from napari_micro_ssb._strokes_tab import LIVE, StrokesTab
from napari_micro_ssb._work import Watcher

if TYPE_CHECKING:
    import napari

__all__ = ["PREVIEW", "SegmentPanel"]

PREVIEW = "preview"
"""Name of the layer that a preview goes to."""


class SegmentPanel(Panel):
    """Segment the image that is chosen by a recipe, or by a model trained on strokes."""

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__(napari_viewer)
        self.engine = engine_of(None)
        self.image = LayerPicker(napari_viewer, "image", "no image; open one, or take one from File > Open Sample")
        self.voxels = VoxelField(self.image.layer, done=self._voxels_set, complain=self.complain)
        self.samples = Samples(new_scratch)
        self.recipes = QComboBox()
        self.recipes.addItems(preset_names())
        self.recipe_button = QPushButton("File ...")
        self.recipe_button.setToolTip("A recipe of your own: a .toml file")
        self.form = KnobForm()
        self.strokes = StrokesTab(self)
        self._follower = Follower(self.strokes.prepare_soon, "data")
        self.tabs = QTabWidget()
        self.tabs.addTab(self.form, "Recipe")
        self.tabs.addTab(self.strokes, "Strokes")
        self.where = QComboBox()
        self.where.addItems(["this slice", "box"])
        self.where.setToolTip("box: the last rectangle of the shapes layer, or of the one that is chosen")
        self.preview_button = QPushButton("Preview")
        self.run_button = QPushButton("Run on all")
        self._lay_out()
        self.image.currentTextChanged.connect(self._image_changed)
        self.recipes.currentTextChanged.connect(freely(self.choose_recipe))
        self.recipe_button.clicked.connect(freely(self.ask_recipe))
        self.preview_button.clicked.connect(freely(self.preview))
        self.run_button.clicked.connect(freely(self.run))
        self.tabs.currentChanged.connect(freely(self.strokes.prepare_soon))
        self.voxels.refresh()
        self._follow_data()
        self._guess_recipe()
        self.choose_recipe()

    def _lay_out(self) -> None:
        top = QFormLayout()
        top.addRow("image", self.image)
        top.addRow(self.voxels)
        row = QHBoxLayout()
        row.addWidget(self.recipes)
        row.addWidget(self.recipe_button)
        top.addRow("recipe", row)
        self.body.addLayout(top)
        self.body.addWidget(self.tabs, 1)
        bottom = QHBoxLayout()
        for widget in (self.where, self.preview_button, self.run_button):
            bottom.addWidget(widget)
        self.body.addLayout(bottom)

    @told
    def choose_recipe(self) -> None:
        """Show the recipe that is chosen."""
        recipe = self.form.show_recipe(self.recipes.currentText())
        self.say(recipe.description)
        self.strokes.prepare_soon()

    @told
    def ask_recipe(self) -> None:
        """Ask for a recipe file."""
        path, _ = QFileDialog.getOpenFileName(self, "Recipe", filter="Recipes (*.toml)")
        if path:
            self.add_recipe(Path(path))

    @told
    def add_recipe(self, path: Path) -> None:
        """Take a recipe from a file; a wrong one is told, and the old one stays."""
        self.form.show_recipe(str(path))
        if self.recipes.findText(str(path)) < 0:
            self.recipes.addItem(str(path))
        self.recipes.setCurrentText(str(path))

    def recipe(self) -> Recipe:
        """Return the recipe with what was changed."""
        return self.form.recipe()

    def asked(self) -> Asked:
        """Return the image that is chosen, as it is now; `samples` makes a sample of it, in the thread of the work.

        Raises
        ------
        MicroError
            If there is none, or it can't be segmented.
        """
        return asked_of(self.image.layer())

    def place(self, layer: Any) -> int:  # noqa: ANN401
        """Return the slice of a layer that is looked at.

        Raises
        ------
        ParameterError
            If the volume is looked at from another side, or in 3-D.
        """
        if layer.ndim == 2:
            return 0
        dims = self.viewer.dims
        if sorted(dims.displayed) != [dims.ndim - 2, dims.ndim - 1]:
            raise ParameterError("slices are looked at along z here; turn the view back to x and y, in 2-D")
        return round(float(layer.world_to_data(self.viewer.dims.point)[-3]))

    @told
    def preview(self) -> None:
        """Segment the slice that is looked at, or a box."""
        layer, asked = self.image.layer(), self.asked()
        wanted = SegmentJob(self.recipe(), self.strokes.model())
        piece = self._piece(layer)

        def work(watcher: Watcher) -> Labels:
            watcher.stage_started("read")
            return preview(self.samples.of(asked), piece, wanted, self.engine, watcher)

        self.start(work, lambda labels: self._show_preview(labels, piece, layer), "preview ...")

    @told
    def run(self) -> None:
        """Segment the whole image."""
        layer, asked = self.image.layer(), self.asked()
        wanted, begin_um = SegmentJob(self.recipe(), self.strokes.model()), begin_um_of(layer)

        def work(watcher: Watcher) -> Segmented:
            watcher.stage_started("read")
            return segment_all(self.samples.of(asked), wanted, self.engine, watcher, scratch=new_scratch())

        self.start(work, lambda found: self._show_labels(found, begin_um), f"{asked.name}: segmenting ...")

    def _piece(self, layer: Any) -> Piece:  # noqa: ANN401
        data = layer.data[0] if layer.multiscale else layer.data
        z, y, x = (1, *data.shape)[-3:]
        if self.where.currentText() == "this slice":
            return slice_piece((z, y, x), self.place(layer))
        shapes = [one for one in self.viewer.layers if is_kind(one, "shapes") and len(one.data)]
        if not shapes:
            raise ParameterError("no box; add a shapes layer and draw a rectangle on the image")
        chosen = self.viewer.layers.selection.active
        drawn: Any = chosen if chosen in shapes else shapes[-1]
        corners = np.array([layer.world_to_data(drawn.data_to_world(corner)) for corner in drawn.data[-1]])
        return box_piece((z, y, x), corners, self.place(layer))

    def _show_preview(self, labels: Labels, piece: Piece, image: Any) -> None:  # noqa: ANN401
        self.show_piece(labels, piece, PREVIEW, image)
        self.say(_found(labels))

    def show_piece(self, labels: Labels, piece: Piece, name: str, image: Any) -> None:  # noqa: ANN401
        """Show the labels of a piece of an image where it lies, in the place of what the layer of that name showed.

        Raises
        ------
        InputMissingError
            If the image was removed meanwhile.
        """
        if image not in self.viewer.layers:
            raise InputMissingError(f"{image.name} was removed meanwhile; there is nothing to show its {name} on")
        active = self.viewer.layers.selection.active
        data, attributes, _ = labels_layer(labels, origin=Origin(helper=True), name=name)
        if image.ndim == 3 and data.ndim == 2:
            data = data[np.newaxis]
        attributes["scale"], attributes["units"] = tuple(image.scale), tuple(image.units)
        attributes["axis_labels"] = tuple("zyx"[-image.ndim :])
        attributes["translate"] = translation(image, piece)
        alone(self.viewer, put(self.viewer, "labels", data, attributes), (PREVIEW, LIVE))
        strokes = self.strokes.layer_or_none()
        if strokes is not None:
            below(self.viewer, self.viewer.layers[name], strokes)
        # the strokes can be painted on after something was shown, or an image is the one that is worked on
        chosen = active if active is not None and is_kind(active, "image") else image
        self.viewer.layers.selection.active = chosen if strokes is None else strokes

    def _show_labels(self, found: Segmented, begin_um: tuple[float, ...]) -> None:
        labels = found.labels
        origin = Origin((), labels.spacing, labels.phases, source=found.sample.source, job=found.job)
        data, attributes, _ = labels_layer(replace(labels, name=found.sample.source.name), origin=origin)
        attributes["translate"] = begin_um[-len(attributes["scale"]) :]
        if PREVIEW in self.viewer.layers:
            self.viewer.layers.remove(PREVIEW)
        alone(self.viewer, self.viewer.add_labels(data, **attributes), (PREVIEW, LIVE))
        self.say(_found(labels))

    def _image_changed(self, _: str) -> None:
        self.voxels.refresh()
        self._follow_data()
        self.strokes.prepare_soon()

    def _follow_data(self) -> None:
        """Hear when the image that is chosen gets other voxels."""
        self._follower.follow(self.image.layer() if self.image.currentText() else None)

    def leave(self) -> None:
        """End what is being done, in the background too."""
        super().leave()
        self.strokes.leave()

    def _voxels_set(self, text: str) -> None:
        self.say(text)
        self.strokes.prepare_soon()

    def _guess_recipe(self) -> None:
        """Choose the recipe that an example's name says; for others the first."""
        name = self.image.currentText()
        fitting = [preset for preset in preset_names() if name.startswith(preset)]
        if fitting:
            self.recipes.setCurrentText(max(fitting, key=len))


def _found(labels: Labels) -> str:
    """Return what the last steps say of the labels, in a line."""
    shares: dict[str, int] = {}
    warnings: list[str] = []
    for step in labels.history:
        found = step.parameters.get("found", {})
        shares = found.get("share", shares)
        warnings += found.get("warnings", ())
    total = max(sum(shares.values()), 1)
    parts = ", ".join(f"{name} {100 * count / total:.1f} %" for name, count in shares.items())
    doubts = "".join(f" Doubtful: {line}." for line in dict.fromkeys(warnings))
    return f"{parts}.{doubts}"
