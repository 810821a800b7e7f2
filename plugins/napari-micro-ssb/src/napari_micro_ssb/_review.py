"""The Review panel: the samples of a run one after the other, and who has checked them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from qtpy.QtWidgets import QFileDialog, QFormLayout, QHBoxLayout, QLabel, QLineEdit, QProgressBar, QPushButton

from micro.blocks import Engine
from micro.errors import InputMissingError, MicroError, ParameterError
from micro_pipelines.review import ReviewItem, mark_sample, read_queue, renewed, reviewer, with_marks
from micro_pipelines.review_marks import read_marks
from napari_micro_ssb._labels_work import painted_voxels
from napari_micro_ssb._layers import LayerTuple
from napari_micro_ssb._origin import origin_of
from napari_micro_ssb._panel import Panel, freely, told
from napari_micro_ssb._pick import is_kind
from napari_micro_ssb._reader import read_layers
from napari_micro_ssb._snapshot import Snapshot, snapshot_of
from napari_micro_ssb._tables import TableView
from napari_micro_ssb._view import show_layers
from napari_micro_ssb._words import counted
from napari_micro_ssb._work import Watcher, explained

if TYPE_CHECKING:
    import napari

__all__ = ["ReviewPanel"]

CHECK, NOTE, TAKE_BACK = "Mark as checked", "Save the note", "Take back"


@dataclass(frozen=True)
class _Opened:
    """A sample as it was read for the viewer; ``why`` says why there is nothing to show."""

    item: ReviewItem
    layers: tuple[LayerTuple, ...] = ()
    why: str = ""


class ReviewPanel(Panel):
    """A queue over the folder of a run: look, correct, mark as checked, next."""

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__(napari_viewer)
        self.folder: Path | None = None
        self.items: tuple[ReviewItem, ...] = ()
        self.current: ReviewItem | None = None
        self._layers: list[Any] = []
        self._passed: set[str] = set()
        self.folder_button = QPushButton("Folder of a run ...")
        self.reload_button = QPushButton("Look again")
        self.reload_button.setToolTip("Read the folder anew: what has been run, corrected or marked meanwhile")
        self.where = QLabel("no folder yet")
        self.progress = QProgressBar()
        self.progress.setFormat("%v of %m checked")
        self.table = TableView(_table(()))
        self.details = QLabel()
        self.details.setWordWrap(True)
        self.name = QLineEdit(reviewer())
        self.name.setToolTip("Stands beside every mark")
        self.note = QLineEdit()
        self.note.setPlaceholderText("one line, or nothing")
        self.check_button = QPushButton(CHECK)
        self.other_button = QPushButton(NOTE)
        self.next_button = QPushButton("Next")
        self.next_button.setToolTip("Open the next sample that nobody has checked")
        self._lay_out()
        self.folder_button.clicked.connect(freely(self.ask_folder))
        self.reload_button.clicked.connect(freely(self.reload))
        self.check_button.clicked.connect(freely(self.check))
        self.other_button.clicked.connect(freely(self.note_only))
        self.next_button.clicked.connect(freely(self.next))
        self._show_item()
        self._begin_with_what_is_open()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.folder_button)
        top.addWidget(self.reload_button)
        self.where.setWordWrap(True)
        self._table_place = QHBoxLayout()
        self._table_place.addWidget(self.table)
        form = QFormLayout()
        form.addRow("checked by", self.name)
        form.addRow("note", self.note)
        bottom = QHBoxLayout()
        for button in (self.check_button, self.other_button, self.next_button):
            bottom.addWidget(button)
        self.body.addLayout(top)
        self.body.addWidget(self.where)
        self.body.addWidget(self.progress)
        self.body.addLayout(self._table_place, 1)
        self.body.addWidget(self.details)
        self.body.addLayout(form)
        self.body.addLayout(bottom)

    @told
    def ask_folder(self) -> None:
        """Ask for the folder of a run, and show its samples."""
        path = QFileDialog.getExistingDirectory(self, "The --out of micro run")
        if path:
            self.open_folder(Path(path))

    @told
    def open_folder(self, folder: Path) -> None:
        """Show the samples in the folder of a run."""

        def work(watcher: Watcher) -> tuple[ReviewItem, ...]:
            watcher.stage_started("looking through the samples")
            return read_queue(folder, progress=lambda done, total: watcher.blocks("", done, total))

        self.start(
            work, lambda items: self._show_folder(folder, items), f"{folder.name}: looking through the samples ..."
        )

    @told
    def reload(self) -> None:
        """Read the folder anew."""
        self.open_folder(self._run())

    @told
    def next(self) -> None:
        """Open the next sample that nobody has checked; one that was passed over comes again after all others."""
        self._run()
        waiting = [item for item in self.items if not item.checked]
        if not waiting:
            self.say(f"all {len(self.items)} samples are checked")
            return
        here = None if self.current is None else self.current.sample
        fresh = [item for item in waiting if item.sample not in self._passed and item.sample != here]
        if not fresh:
            self._passed.clear()
            fresh = [item for item in waiting if item.sample != here]
        if not fresh:
            self.say("no other sample is left to check")
            return
        self.open_item(fresh[0])

    @told
    def open_item(self, item: ReviewItem) -> None:
        """Show a sample in the place of the one that was shown: image, phases, dendrites, cracks, gaps and tables."""
        folder = self._run()
        self._refuse_to_forget()
        painted = [snapshot_of(layer) for layer in self._shown() if is_kind(layer, "labels")]

        def work(watcher: Watcher) -> _Opened:
            watcher.stage_started(f"opening {item.sample}")
            _require_there(folder, item)
            _refuse_to_close(painted)
            return _read(renewed(item))

        self.start(work, self._show_opened, f"opening {item.sample} ...")

    @told
    def check(self) -> None:
        """Write that the sample that is shown was checked."""
        self._mark(checked=True)

    @told
    def note_only(self) -> None:
        """Write a note and leave the sample unchecked; takes a mark back."""
        item = self._shown_item()
        if not item.checked and not self.note.text().strip():
            raise ParameterError("the note is empty; write what there is to say, or mark the sample as checked")
        self._mark(checked=False)

    def _mark(self, *, checked: bool) -> None:
        folder, item, by, note = self._run(), self._shown_item(), self.name.text(), self.note.text()

        def work(_: Watcher) -> tuple[ReviewItem, tuple[ReviewItem, ...]]:
            _require_there(folder, item)
            marked = mark_sample(folder, item, checked=checked, by=by, note=note)
            others = [marked if one.sample == marked.sample else one for one in self.items]
            return marked, with_marks(others, read_marks(folder))

        self.start(work, self._show_marked, f"{item.sample}: writing ...")

    def _run(self) -> Path:
        if self.folder is None:
            raise InputMissingError("no folder yet; choose the --out of a run")
        return self.folder

    def _shown_item(self) -> ReviewItem:
        if self.current is None:
            raise InputMissingError("no sample is open; press Next, or choose one in the table")
        return self.current

    def _shown(self) -> list[Any]:
        """Return the layers in the viewer that belong to samples of this run, those of the Correct panel too."""
        results = {item.folder for item in self.items if item.folder is not None}
        return [one for one in self.viewer.layers if one in self._layers or origin_of(one).result in results]

    def _refuse_to_forget(self) -> None:
        """Refuse to go on while a note is in the field only."""
        if self.current is None:
            return
        saved = "" if self.current.mark is None else self.current.mark.note
        if self.note.text().strip() not in ("", saved):
            raise ParameterError(f"the note on {self.current.sample} is not saved yet; save it, or empty the field")

    def _show_folder(self, folder: Path, items: tuple[ReviewItem, ...]) -> None:
        if folder != self.folder:
            self.current = None
            self._passed.clear()
        self.folder, self.items = folder, items
        if self.current is not None:
            self.current = next((item for item in items if item.sample == self.current.sample), None)
        self.where.setText(str(folder))
        self._show_queue()
        self._show_item()
        self.say(f"{counted(len(items), 'sample')}; press Next, or choose one in the table")

    def _show_opened(self, opened: _Opened) -> None:
        for layer in self._shown():
            if layer in self.viewer.layers:  # the corrected layer may have gone with the one that it corrects
                self.viewer.layers.remove(layer)
        self.current = opened.item
        self._passed.add(opened.item.sample)
        self.items = tuple(opened.item if one.sample == opened.item.sample else one for one in self.items)
        self._layers = show_layers(self.viewer, opened.layers, opened.item.folder if opened.layers else None)
        self._show_place()
        if opened.layers:
            self.viewer.reset_view()
        self._show_item()
        if opened.why:
            self.say(f"{opened.item.sample}: {opened.why}")
        elif opened.item.folder is None:
            self.say(f"{opened.item.sample} failed; this is its input")
        else:
            self.say("look, correct where it is wrong, and mark it as checked")

    def _show_marked(self, found: tuple[ReviewItem, tuple[ReviewItem, ...]]) -> None:
        self.current, self.items = found
        self._show_queue()
        self._show_item()
        said = "checked" if self.current.checked else "noted"
        self.say(f"{self.current.sample}: {said}; {_left(self.items)}")

    def _show_queue(self) -> None:
        old, self.table = self.table, TableView(_table(self.items), self._chosen)
        self._table_place.replaceWidget(old, self.table)
        old.deleteLater()
        self.progress.setRange(0, max(len(self.items), 1))
        self.progress.setValue(sum(item.checked for item in self.items))
        self._show_place()

    def _show_place(self) -> None:
        """Mark the sample that is open in the table."""
        for row, item in enumerate(self.items):
            if self.current is not None and item.sample == self.current.sample:
                self.table.choose(row)

    def _chosen(self, row: pd.Series[Any]) -> None:
        self.open_item(next(item for item in self.items if item.sample == row["sample"]))

    def _show_item(self) -> None:
        item = self.current
        for widget in (self.check_button, self.other_button, self.note):
            widget.setEnabled(item is not None)
        self.other_button.setText(TAKE_BACK if item is not None and item.checked else NOTE)
        self.note.setText("" if item is None or item.mark is None else item.mark.note)
        self.details.setText("" if item is None else _details(item))

    def _begin_with_what_is_open(self) -> None:
        """Take the run whose sample is in the viewer already."""
        for layer in self.viewer.layers:
            result = origin_of(layer).result
            if result is not None and (result.parent / "failures.csv").is_file():
                self.open_folder(result.parent)
                return


def _read(item: ReviewItem) -> _Opened:
    """Read the result of a sample; of one that failed its input, as far as that can be shown."""
    place = item.folder or item.source
    if place is None:
        return _Opened(item, why="it failed, and its input is not there any more")
    try:
        return _Opened(item, tuple(read_layers(place)))
    except MicroError as error:
        if not item.failure:
            raise
        return _Opened(item, why=f"it failed, and there is nothing to show: {explained(error)}")


def _require_there(folder: Path, item: ReviewItem) -> None:
    """Refuse to write beside, or to take out of the viewer, what lies on the disk no more."""
    for place, what in ((folder / "failures.csv", "the run"), (item.folder, f"the result of {item.sample}")):
        if place is not None and not place.exists():
            raise InputMissingError(
                f"{what} isn't there any more, or can't be reached: {place}; nothing was written, and your note "
                "stays in its field: put the folder back and try again, or press Look again"
            )


def _refuse_to_close(layers: list[Snapshot]) -> None:
    """Refuse to take labels away that were painted on with napari's own brush, which are stored nowhere."""
    for layer in layers:
        voxels = painted_voxels(layer, Engine())
        if voxels:
            raise ParameterError(
                f"{layer.name}: {counted(voxels, 'voxel')} are not what its file holds: painted with napari's own "
                "brush, they are stored nowhere. Export them from the Measure panel, then remove this layer"
            )


def _table(items: tuple[ReviewItem, ...]) -> pd.DataFrame:
    rows = [(item.sample, _status(item), _why(item), item.state) for item in items]
    return pd.DataFrame(rows, columns=["sample", "review", "why look", "state"])


def _status(item: ReviewItem) -> str:
    if item.mark is None:
        return "to do"
    if item.checked:
        return f"checked, {item.mark.by}"
    return "changed since it was checked" if item.changed else f"to do, note of {item.mark.by}"


def _why(item: ReviewItem) -> str:
    if item.failure:
        return f"failed: {item.failure}"
    unsure = [] if item.unsure_share is None else [f"unsure of {item.unsure_share:.0%}"]
    warned = [counted(len(item.warnings), "warning")] if item.warnings and not item.doubts else []
    edited = [counted(item.edits, "edit")] if item.edits else []
    return "; ".join([*item.doubts, *unsure, *warned, *edited])


def _details(item: ReviewItem) -> str:
    lines = [f"{item.sample}{f', {item.state}' if item.state else ''}"]
    lines += [f"failed: {item.failure}"] if item.failure else []
    lines += [f"- {line}" for line in item.warnings or item.doubts]
    if item.unsure_share is not None:
        lines.append(f"- the model is not sure of {item.unsure_share:.1%} of the voxels")
    if item.edits:
        lines.append(f"- {counted(item.edits, 'edit')} by hand, to be seen in the Correct panel")
    if item.mark is not None:
        said = "checked" if item.mark.checked else "noted"
        changed = "; the labels have changed since" if item.changed else ""
        lines.append(f"{said} by {item.mark.by}, {item.mark.time}{changed}")
    return "\n".join(lines)


def _left(items: tuple[ReviewItem, ...]) -> str:
    return f"{sum(item.checked for item in items)} of {len(items)} checked"
