"""The Measure panel: tables, objects to fly to, figures, before and after, and the files of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from qtpy.QtWidgets import (
    QApplication,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTabWidget,
)

from micro.blocks import as_dask
from micro.correct import CorrectedArray
from micro.errors import InputMissingError, MicroError
from micro_pipelines import load_recipe, preset_names
from micro_pipelines.batch import BatchResult
from micro_pipelines.cli.options import engine_of
from micro_pipelines.recipe import Recipe
from micro_pipelines.recipe_files import plain_recipe, recipe_hash
from napari_micro_ssb._camera import fly_to
from napari_micro_ssb._command import Command, command_of, require_current, save_files
from napari_micro_ssb._content import state_of
from napari_micro_ssb._figures import FigurePage
from napari_micro_ssb._labels_work import Work, compared_works, work_of
from napari_micro_ssb._measuring import Measured, changes, export, measure_work, own_recipe
from napari_micro_ssb._origin import (
    begin_um_of,
    is_of_size,
    origin_of,
    refuse_other_voxel_size,
    refuse_turned,
    spacing_of,
)
from napari_micro_ssb._panel import Panel, freely, told
from napari_micro_ssb._pick import Follower, LayerPicker, VoxelField, itself
from napari_micro_ssb._result import parts_layers, read_tables
from napari_micro_ssb._scratch import new_scratch
from napari_micro_ssb._snapshot import Snapshot, snapshot_of
from napari_micro_ssb._tables import TableView
from napari_micro_ssb._words import counted
from napari_micro_ssb._work import Watcher, explained

if TYPE_CHECKING:
    import napari

__all__ = ["MeasurePanel"]

OWN, PLAIN = "as the labels were made", "defaults"
NORMALS = ("of the recipe", "auto", "none", "+z", "-z", "+y", "-y", "+x", "-x")
SHOWN = ["metric", "value", "unit", "ci_low", "ci_high", "roi", "phase_a", "phase_b", "n", "definition", "note"]
CHANGED = "These labels were changed since they were measured: press Measure for their new values"
OTHER_SIZE = "These labels have another voxel size since they were measured: press Measure for their new values"
TABLE_WIDTH = 380
"""Pixels; so wide, a metric stands with its value and unit."""
AT_ONCE_BYTES = 2**26
"""Labels in memory up to this size are read in a moment."""


class MeasurePanel(Panel):
    """Measure the labels that are chosen, as ``micro run`` and ``micro measure`` do."""

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__(napari_viewer)
        self.engine = engine_of(None)
        self.measured: Measured | None = None
        self._known: WeakKeyDictionary[Any, tuple[Measured, Measured | None]] = WeakKeyDictionary()
        self._states: WeakKeyDictionary[Any, object] = WeakKeyDictionary()
        self.before: Measured | None = None
        self.labels = LayerPicker(napari_viewer, "labels", "no labels; open a result, or run a segmentation first")
        self.voxels = VoxelField(self.labels.layer, done=self._voxels_set, complain=self.complain)
        self.recipes = QComboBox()
        self.recipes.addItems([OWN, PLAIN, *preset_names()])
        self.normals = QComboBox()
        self.normals.addItems(NORMALS)
        self.normals.setToolTip("Direction from the anode into the electrolyte")
        self.measure_button = QPushButton("Measure")
        self.compare_button = QPushButton("Before / after")
        self.compare_button.setToolTip("Measure the labels without what was painted and corrected too, and show both")
        self.parts_button = QPushButton("Show parts")
        self.parts_button.setToolTip("Dendrites, cracks and gaps as layers")
        self.export_button = QPushButton("Export ...")
        self.command_button = QPushButton("Command")
        self.command_button.setToolTip("Copy the command that gives the same labels and tables, to the byte")
        self.recipe_label = QLabel()
        self.recipe_label.setWordWrap(True)
        self.tabs = QTabWidget()
        self.tabs.setMinimumWidth(TABLE_WIDTH)
        self.tables: dict[str, TableView] = {}
        self.figure_page = FigurePage()
        self._follower = Follower(self._show_known, "scale", "units")
        self._lay_out()
        self._connect()
        self._layer_changed("")

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow("labels", self.labels)
        form.addRow(self.voxels)
        form.addRow("recipe", self.recipes)
        form.addRow(self.recipe_label)
        form.addRow("normal", self.normals)
        self.body.addLayout(form)
        for buttons in (
            (self.measure_button, self.compare_button),
            (self.parts_button, self.export_button, self.command_button),
        ):
            row = QHBoxLayout()
            for button in buttons:
                row.addWidget(button)
            self.body.addLayout(row)
        self.body.addWidget(self.tabs, 1)

    def _connect(self) -> None:
        self.labels.currentTextChanged.connect(self._layer_changed)
        self.measure_button.clicked.connect(freely(self.measure))
        self.compare_button.clicked.connect(freely(self.compare))
        self.parts_button.clicked.connect(freely(self.show_parts))
        self.export_button.clicked.connect(freely(self.ask_export))
        self.command_button.clicked.connect(freely(self.command))
        for choice in (self.recipes, self.normals):
            choice.currentTextChanged.connect(freely(self._tell_recipe))
        self.figure_page.larger_button.clicked.connect(freely(self.enlarge))

    def recipe(self) -> Recipe:
        """Return the recipe that counts, with the normal that was chosen."""
        name = self.recipes.currentText()
        given = self.normals.currentText()
        overrides = () if given == NORMALS[0] else (f"cell.normal={given}",)
        if name == PLAIN:
            return plain_recipe("measure", overrides)
        if name != OWN:
            return load_recipe(name, overrides)
        own = own_recipe(self.labels.layer())
        if not overrides:
            return own
        return own.model_copy(update={"cell": own.cell.model_copy(update={"normal": given})})

    @told
    def measure(self) -> None:
        """Measure the labels that are chosen."""
        chosen, recipe = self.labels.layer(), self.recipe()
        now = self._now(chosen)
        self._states.pop(itself(chosen), None)

        def measure(watcher: Watcher) -> Measured:
            self._states[itself(chosen)] = state_of(now.data)
            watcher.stage_started("read")
            return measure_work(work_of(now, recipe, self.engine, new_scratch), watcher, scratch=new_scratch())

        self.start(measure, lambda found: self._done(chosen, found, None), f"{chosen.name}: measuring ...")

    @told
    def compare(self) -> None:
        """Measure the labels that are chosen before and after they were painted on, or corrected."""
        chosen, recipe = self.labels.layer(), self.recipe()
        now = self._now(self._corrected(chosen))

        def measure(watcher: Watcher) -> tuple[Measured, Measured]:
            watcher.stage_started("read")
            before, after = compared_works(now, recipe, self.engine, new_scratch)
            return (
                measure_work(before, watcher, scratch=new_scratch()),
                measure_work(after, watcher, scratch=new_scratch()),
            )

        self.start(
            measure,
            lambda found: self._done(chosen, found[1], found[0]),
            f"{chosen.name}: measuring before and after ...",
        )

    def _now(self, layer: Any) -> Snapshot:  # noqa: ANN401
        refuse_turned(layer)  # before anything is read
        refuse_other_voxel_size(layer)
        return snapshot_of(layer)

    def _corrected(self, layer: Any) -> Any:  # noqa: ANN401
        """Return the layer that the Correct panel shows of these labels, where it has them open.

        Raises
        ------
        CalibrationError
            If these labels were given another voxel size meanwhile.
        """
        file = origin_of(layer).file
        open_ones = [one for one in self.viewer.layers if isinstance(one.data, CorrectedArray)]
        found = next((one for one in open_ones if file is not None and origin_of(one).file == file), layer)
        refuse_other_voxel_size(found, spacing_of(layer))
        return found

    @told
    def show_parts(self) -> None:
        """Add dendrites, cracks and gaps of what was measured as layers."""
        report, layer = self._last().report, self.labels.layer()
        begin_um = begin_um_of(layer)
        parts = None if report.cell.parts is None else as_dask(report.cell.parts)
        for data, attributes, _ in parts_layers(report.labels, parts, origin_of(layer)):
            if attributes["name"] in self.viewer.layers:
                self.viewer.layers.remove(attributes["name"])
            place = begin_um[-len(attributes["scale"]) :]
            self.viewer.add_labels(data, **{**attributes, "visible": True, "translate": place})

    @told
    def ask_export(self) -> None:
        """Ask for a folder, and write the files there."""
        self._last()
        path = QFileDialog.getExistingDirectory(self, "Folder of the results")
        if path:
            self.export(Path(path))

    @told
    def export(self, folder: Path) -> None:
        """Write the files that ``micro run`` or ``micro measure`` would write with ``--out folder``."""
        measured, layer = self._last(), itself(self.labels.layer())
        data, before = layer.data, self._states.get(layer)

        def write(watcher: Watcher) -> tuple[BatchResult, bool]:
            batch = export(measured, folder, watcher)
            return batch, before is not None and state_of(data) != before

        self.start(write, self._exported, "writing ...")

    @told
    def command(self) -> None:
        """Copy the command that gives what was measured; where it needs files beside it, ask where they go."""
        work = self._last().work

        def look(watcher: Watcher) -> None:
            watcher.stage_started("looking at the labels")
            require_current(work, self.engine)

        # nobody paints while the folder is asked for: the labels are not looked at again
        self.start(look, lambda _: self._ask_command(work), "looking at the labels ...")

    def _ask_command(self, work: Work) -> None:
        folder = Path()
        if command_of(work, folder).files:
            path = QFileDialog.getExistingDirectory(self, "Folder for the recipe and the list of samples it needs")
            if not path:
                self.say("nothing was copied: this command needs a folder for its files")
                return
            folder = Path(path)
        self._save_command(work, folder, look=False)

    @told
    def save_command(self, folder: Path) -> None:
        """Copy the command, and save the files that it needs in a folder."""
        self._save_command(self._last().work, folder, look=True)

    def _save_command(self, work: Work, folder: Path, *, look: bool) -> None:
        def make(watcher: Watcher) -> Command:
            watcher.stage_started("writing down the command")
            if look:
                require_current(work, self.engine)
            command = command_of(work, folder)
            save_files(command, folder)
            return command

        self.start(make, self._copied, "writing down the command ...")

    def _copied(self, command: Command) -> None:
        QApplication.clipboard().setText(str(command))
        saved = f", with {' and '.join(command.files)} saved for it" if command.files else ""
        self.say(f"copied{saved}: {command}")

    def show_tables(self, measurements: pd.DataFrame, objects: dict[str, pd.DataFrame]) -> None:
        """Show tables; a click on a row of the objects flies to it."""
        shown = self.tabs.currentIndex()
        self.tabs.clear()
        columns = [] if "before" in measurements else [name for name in SHOWN if name in measurements]
        self.tables = {"measurements": TableView(measurements[columns] if columns else measurements)}
        for name, table in objects.items():
            self.tables[name] = TableView(table, self.fly_to)
        for name, view in self.tables.items():
            self.tabs.addTab(view, f"{name} ({len(view.table)})")
        if self.measured is not None:
            self.tabs.addTab(self.figure_page, "figures")
        self.tabs.setCurrentIndex(max(shown, 0))

    def fly_to(self, row: pd.Series[Any]) -> None:
        """Look at an object."""
        try:
            fly_to(self.viewer, self.labels.layer(), row)
        except (ValueError, MicroError) as error:
            self.complain(explained(error) if isinstance(error, MicroError) else "this row has no place")

    def _last(self) -> Measured:
        if self.measured is None:
            raise InputMissingError("nothing was measured yet; press Measure first")
        return self.measured

    def _done(self, layer: Any, measured: Measured, before: Measured | None) -> None:  # noqa: ANN401
        """Keep what was measured of a layer, and show it where the layer is still the one that is chosen."""
        self._known[itself(layer)] = (measured, before)
        if self.labels.currentText() == layer.name:
            self._show_known()
        elif layer in self.viewer.layers:
            self.say(f"{layer.name} is measured; choose it to see the tables")
        else:
            self.say(f"{layer.name} was removed while it was measured")

    def _show(self, measured: Measured, before: Measured | None) -> None:
        self.measured, self.before = measured, before
        objects = measured.report.results.objects
        if before is None:
            self.show_tables(measured.table, objects)
            said = f"{counted(len(measured.report.rows), 'value')} of {measured.work.source.name}."
        else:
            table = changes(before.table, measured.table)
            self.show_tables(table, objects)
            said = f"{counted(int((table['change'].abs() > 0).sum()), 'value')} moved; the figures show both."
        self.figure_page.show_figures(measured.figures, None if before is None else before.figures)
        self.say(said + "".join(f" Doubtful: {line}." for line in measured.report.doubts))

    def _exported(self, found: tuple[BatchResult, bool]) -> None:
        batch, changed = found
        self.say(". ".join([f"written: {batch.samples[0].folder}", *batch.notes, *([CHANGED] if changed else [])]))

    def _look_for_changes(self) -> None:
        """Say where the labels that are chosen are not those that were measured any more.

        All voxels of labels in memory are read for it: of large ones in another thread, unless that is busy.
        """
        chosen = self.labels.layer()
        layer, said = itself(chosen), self.message.text()
        if layer not in self._states:
            return
        data, before = layer.data, self._states[layer]

        def tell(now: object) -> None:
            if now != before and self.labels.currentText() == chosen.name:
                self.say(f"{said} {CHANGED}.")

        if self.busy or not isinstance(data, np.ndarray) or data.nbytes <= AT_ONCE_BYTES:
            tell(state_of(data))
        else:
            self.start(lambda _: state_of(data), tell, said)

    @told
    def enlarge(self) -> None:
        """Show the figure in a window of its own, before and after beside one another."""
        self._last()
        self.figure_page.enlarge()

    def _tell_recipe(self) -> None:
        """Say which recipe that is, and that a file without one is measured by the defaults."""
        try:
            recipe, origin = self.recipe(), origin_of(self.labels.layer())
        except Exception as error:
            self.recipe_label.setText("" if isinstance(error, InputMissingError) else explained(error))
            return
        if self.recipes.currentText() != OWN:
            where = "what micro measure takes by itself" if self.recipes.currentText() == PLAIN else "preset"
        elif origin.job is not None:
            where = "it made these labels"
        else:
            where = "not known, so the defaults" if origin.result is None else "from the run.json of these labels"
        self.recipe_label.setText(f"{recipe.name}, hash {recipe_hash(recipe)}: {where}")

    def _layer_changed(self, _: str) -> None:
        """Show what is known of the labels that are chosen."""
        self._tell_recipe()
        self._follower.follow(self.labels.layer() if self.labels.currentText() else None)
        self._show_known()
        if self.measured is not None:
            self._look_for_changes()

    def _show_known(self) -> None:
        """Show what was measured here, or the tables of a result, unless the voxels had another size then."""
        self.voxels.refresh()
        self.measured = self.before = None
        try:
            layer = self.labels.layer()
            known, origin = self._known.get(itself(layer)), origin_of(layer)
            result = None if isinstance(layer.data, CorrectedArray) else origin.result
            if known is not None and is_of_size(layer, known[0].report.labels.spacing):
                self._show(*known)
                return
            self.show_tables(pd.DataFrame(), {})
            if known is not None or (result is not None and not is_of_size(layer, origin.spacing)):
                self.say(OTHER_SIZE)
            elif result is not None:
                tables = read_tables(result)
                self.show_tables(tables.measurements, tables.objects)
                self.say(f"tables of {result}")
        except InputMissingError:
            return
        except Exception as error:
            self.complain(explained(error))

    def _voxels_set(self, text: str) -> None:
        self.say(f"{text}. {OTHER_SIZE}" if self.message.text() == OTHER_SIZE else text)
