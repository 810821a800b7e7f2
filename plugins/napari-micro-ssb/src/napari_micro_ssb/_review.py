"""The Review panel: the samples of a run one after the other, and who has checked them."""

from __future__ import annotations

from collections.abc import Callable
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
from napari_micro_ssb._review_words import details, left, table
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
        self.table = TableView(table(()))
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
        if folder != self.folder:
            self._refuse_to_forget()

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
        folder, items, here, passed = self._run(), self.items, self.current, frozenset(self._passed)
        self._refuse_to_forget()
        painted = self._painted()

        def work(watcher: Watcher) -> tuple[tuple[ReviewItem, ...], _Opened | None]:
            watcher.stage_started("looking for the next sample")
            _require_run(folder)
            queue = _renewed_queue(folder, items, here, watcher)
            item = _next_of(queue, here, passed)
            return queue, None if item is None else _opened(folder, item, painted)

        self.start(work, self._show_next, "looking for the next sample ...")

    @told
    def open_item(self, item: ReviewItem) -> None:
        """Show a sample in the place of the one that was shown: image, phases, dendrites, cracks, gaps and tables."""
        folder = self._run()
        self._refuse_to_forget()
        painted = self._painted()

        def work(watcher: Watcher) -> _Opened:
            watcher.stage_started(f"opening {item.sample}")
            return _opened(folder, item, painted)

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

    def _painted(self) -> list[Snapshot]:
        """Return the labels that leave the viewer with the sample, as they are now."""
        return [snapshot_of(layer) for layer in self._shown() if is_kind(layer, "labels")]

    def _unsaved(self) -> str:
        """Return the note that is in the field only."""
        saved = "" if self.current is None or self.current.mark is None else self.current.mark.note
        written = self.note.text().strip()
        return "" if self.current is None or written == saved else written

    def _refuse_to_forget(self) -> None:
        """Refuse to go on while a note is in the field only."""
        if self.current is not None and self._unsaved():
            raise ParameterError(f"the note on {self.current.sample} is not saved yet; save it, or empty the field")

    def _show_folder(self, folder: Path, items: tuple[ReviewItem, ...]) -> None:
        there = folder == self.folder and self.current is not None
        again = _same_in(items, self.current) if there else None
        if again is None:
            self._refuse_to_forget()
        if folder != self.folder:
            self._passed.clear()
        self.folder = folder
        self.where.setText(str(folder))
        self._show_again(items, again)
        self.say(f"{counted(len(items), 'sample')}; press Next, or choose one in the table")

    def _show_again(self, items: tuple[ReviewItem, ...], current: ReviewItem | None) -> None:
        """Show the queue and the sample that is open as they are now; a note that isn't saved stays in its field."""
        unsaved = self._unsaved()
        self.items, self.current = items, current
        self._show_queue()
        self._show_item()
        if unsaved:
            self.note.setText(unsaved)

    def _show_next(self, found: tuple[tuple[ReviewItem, ...], _Opened | None]) -> None:
        items, opened = found
        self._show_again(items, _same_in(items, self.current))
        if opened is None:
            done = all(item.checked for item in items)
            self.say(f"all {len(items)} samples are checked" if done else "no other sample is left to check")
            return
        if opened.item.sample in self._passed:
            self._passed.clear()
        self._show_opened(opened)

    def _show_opened(self, opened: _Opened) -> None:
        self._refuse_to_forget()  # it may have been written while this was read
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
        self.say(f"{self.current.sample}: {said}; {left(self.items)}")

    def _show_queue(self) -> None:
        old, self.table = self.table, TableView(table(self.items), self._chosen)
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
        self.details.setText("" if item is None else details(item))

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


def _opened(folder: Path, item: ReviewItem, painted: list[Snapshot]) -> _Opened:
    """Read a sample as it is now, where the labels that are shown may go."""
    _require_there(folder, item)
    _refuse_to_close(painted)
    return _read(renewed(item))


def _renewed_queue(
    folder: Path, items: tuple[ReviewItem, ...], here: ReviewItem | None, watcher: Watcher
) -> tuple[ReviewItem, ...]:
    """Return the queue with what became of the sample that is left; of all, before all of them count as checked."""

    def queue(renew: Callable[[int, ReviewItem], ReviewItem]) -> tuple[ReviewItem, ...]:
        return with_marks([renew(number, item) for number, item in enumerate(items)], read_marks(folder))

    def told_and_renewed(number: int, item: ReviewItem) -> ReviewItem:
        watcher.blocks("", number, len(items))
        return renewed(item)

    found = queue(lambda _, item: renewed(item) if here is not None and item.sample == here.sample else item)
    return queue(told_and_renewed) if all(item.checked for item in found) else found


def _next_of(items: tuple[ReviewItem, ...], here: ReviewItem | None, passed: frozenset[str]) -> ReviewItem | None:
    """Return the next sample that nobody has checked, one that was passed over after all others."""
    waiting = [item for item in items if not item.checked and (here is None or item.sample != here.sample)]
    fresh = [item for item in waiting if item.sample not in passed]
    return next(iter([*fresh, *waiting]), None)


def _same_in(items: tuple[ReviewItem, ...], item: ReviewItem | None) -> ReviewItem | None:
    """Return what a queue knows of a sample."""
    return next((one for one in items if item is not None and one.sample == item.sample), None)


def _require_there(folder: Path, item: ReviewItem) -> None:
    """Refuse to write beside, or to take out of the viewer, what lies on the disk no more."""
    _require_run(folder)
    _require_place(item.folder, f"the result of {item.sample}")


def _require_run(folder: Path) -> None:
    _require_place(folder / "failures.csv", "the run")


def _require_place(place: Path | None, what: str) -> None:
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
