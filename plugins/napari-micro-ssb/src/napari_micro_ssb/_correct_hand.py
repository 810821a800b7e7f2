"""What the mouse does on the corrected layer, by the tool that is chosen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from micro.correct import Logged, Pen, brush_edit, fill_edit, relabel_edit
from micro.errors import ParameterError
from napari_micro_ssb._correct_form import BOX, ERASER, FILL, LOOK, OBJECT
from napari_micro_ssb._correct_layer import Place, dragged, place_of
from napari_micro_ssb._correct_view import words_of
from napari_micro_ssb._words import counted
from napari_micro_ssb._work import Watcher, explained

if TYPE_CHECKING:
    from napari_micro_ssb._correct import CorrectPanel

__all__ = ["NOTHING", "Hand"]

NOTHING = "nothing changes there"

_FLUSH_AFTER = 200
"""After so many entries the overlay is written at the end of a stroke: after a crash no more are replayed."""


class Hand:
    """Follows the mouse for a panel: every stamp of the brush is an entry of the journal, every stroke one edit.

    Parameters
    ----------
    panel
        Has the labels, the form and the message line.
    """

    def __init__(self, panel: CorrectPanel) -> None:
        self._panel = panel
        self._stroke: int | None = None

    def drag(self, _: Any, event: Any) -> Iterator[None]:  # noqa: ANN401
        """Follow the mouse from a press to its release; a generator, as napari wants it."""
        panel, tool = self._panel, self._panel.form.tool
        if tool == LOOK or event.button != 1 or panel.correction is None:
            return
        if panel.busy:
            panel.complain("something is still being done; stop it, or wait")
        elif tool in (FILL, OBJECT):
            self._click(tool, event)
        elif tool == BOX:
            yield from dragged(panel.layer, event, step=_nothing, end=self._select, failed=self._failed)
        else:
            yield from dragged(panel.layer, event, step=self._stamp, end=self._end, failed=self._failed)

    def one_tool(self) -> None:
        """Lay the panel's tool down where napari's own is taken up: one press of the mouse does one thing."""
        layer = self._panel.layer
        if layer is not None and layer.mode != "pan_zoom":
            self._panel.form.show_tool(LOOK)

    def _stamp(self, last: Place, here: Place) -> None:
        panel, pen = self._panel, self._pen_at(here)
        if panel.form.tool == ERASER:
            pen = Pen(0, pen.only, pen.across)
        points = [last.point, here.point] if last != here else [here.point]
        correction = panel.opened()
        edit = brush_edit(correction, points, panel.form.brush_um.value() / 2, pen)
        # The disk is waited for at the end of the stroke: a stamp outlives the program at once, power later.
        done = None if edit is None else correction.apply(edit, stroke=self._stroke, sync=False)
        if done is not None:
            self._stroke = done.number
            panel.layer.refresh(thumbnail=False, extent=False, highlight=False)

    def _end(self, _: Place, last: Place) -> None:
        panel, correction = self._panel, self._panel.opened()
        correction.sync()
        done = correction.log.to_undo
        if self._stroke is not None and done is not None and done.number == self._stroke:
            panel.remember(round(last.point[last.across]))
            panel.say(words_of(done, panel.form.phases))
        else:
            panel.say(NOTHING)
        self._stroke = None
        if correction.behind > _FLUSH_AFTER:
            correction.flush()
        panel.refresh()

    def _failed(self, error: Exception) -> None:
        self._stroke = None
        self._panel.complain(explained(error))
        if self._panel.layer is not None:
            with suppress(Exception):  # it reads the labels, and that may be what fails
                self._panel.layer.refresh()

    def _select(self, first: Place, last: Place) -> None:
        self._panel.box.show(self._panel.layer, first, last)

    def _click(self, tool: str, event: Any) -> None:  # noqa: ANN401
        try:
            place = place_of(self._panel.layer, event)
            voxel = place.voxel(self._panel.opened().shape)
            if voxel is None:
                raise ParameterError("this is outside of the labels; click on a voxel of them")
            if tool == FILL:
                self._fill(voxel, self._pen_at(place))
            else:
                self._relabel(voxel, self._pen_at(place))
        except Exception as error:
            self._failed(error)

    def _fill(self, voxel: tuple[int, int, int], pen: Pen) -> None:
        edit, bounded = fill_edit(self._panel.opened(), voxel, pen)
        self._panel.apply(edit, more="; it goes on beyond the 96 voxels that a fill reaches" if bounded else "")

    def _relabel(self, voxel: tuple[int, int, int], pen: Pen) -> None:
        correction = self._panel.opened()
        revision = correction.revision

        def work(watcher: Watcher) -> Logged | None:
            edit, voxels = relabel_edit(
                correction,
                voxel,
                pen,
                progress=lambda blocks: watcher.stage_started(f"following the object: {counted(blocks, 'block')}"),
            )
            watcher.stage_started(f"relabelling {counted(voxels, 'voxel')} ...")
            return correction.apply(edit, revision=revision)

        self._panel.start(work, self._panel.applied, "following the object ...")

    def _pen_at(self, place: Place) -> Pen:
        panel = self._panel
        solid = panel.form.solid.isChecked() and not panel.opened().automatic.is_2d
        return Pen(panel.form.phase.value, panel.form.only_values, None if solid else place.across)


def _nothing(*_: object) -> None:
    """Do nothing on the way: a box counts by its ends."""
