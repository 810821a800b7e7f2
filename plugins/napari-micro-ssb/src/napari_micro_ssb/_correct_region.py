"""What is done to a region of the corrected labels at once: between slices, and in a box."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from micro.correct import Edit, Logged, Pen, holes_edit, interpolate_edit, smooth_edit
from napari_micro_ssb._correct_view import across_of, slice_of
from napari_micro_ssb._panel import told
from napari_micro_ssb._work import Watcher

if TYPE_CHECKING:
    from napari_micro_ssb._correct import CorrectPanel

__all__ = ["RegionTools"]


class RegionTools:
    """Interpolates, smooths and fills holes for a panel, each as one edit.

    Parameters
    ----------
    panel
        Has the labels, the form, the box and the message line.
    """

    def __init__(self, panel: CorrectPanel) -> None:
        self._panel = panel

    # What a `told` method needs of a panel.
    def complain(self, text: str) -> None:
        """Show what is wrong in the panel's message line."""
        self._panel.complain(text)

    @told
    def interpolate(self) -> None:
        """Carry what was drawn in two slices over to those between them."""
        correction, pen = self._panel.opened(), self._flat_pen()
        first, last = (box.value() for box in self._panel.form.slices)
        self._edit(lambda _: interpolate_edit(correction, first, last, pen), "interpolating ...")

    @told
    def smooth(self) -> None:
        """Smooth the outline of the phase in the box."""
        correction, (region, across) = self._panel.opened(), self._region()
        pen = Pen(self._panel.form.phase.value, self._panel.form.only_values, across)
        sigma_um = self._panel.form.smooth_um.value()

        def smooth(watcher: Watcher) -> Edit:
            return smooth_edit(
                correction, region, sigma_um, pen, progress=lambda done, total: watcher.blocks("smoothing", done, total)
            )

        self._edit(smooth, "smoothing ...", self._panel.box.words(across_of(self._panel.viewer, correction)))

    @told
    def fill_holes(self) -> None:
        """Fill the holes of the phase in the box."""
        correction, (region, across) = self._panel.opened(), self._region()
        pen = Pen(self._panel.form.phase.value, self._panel.form.only_values, across)
        where = self._panel.box.words(across_of(self._panel.viewer, correction))
        self._edit(lambda _: holes_edit(correction, region, pen), "filling holes ...", where)

    def _edit(self, make: Callable[[Watcher], Edit], doing: str, where: str = "") -> None:
        """Make an edit in another thread and write it to the journal, unless the labels were edited meanwhile.

        ``where`` is said after what the edit was.
        """
        correction = self._panel.opened()
        revision = correction.revision

        def work(watcher: Watcher) -> Logged | None:
            edit = make(watcher)
            watcher.stage_started(doing)
            return correction.apply(edit, revision=revision)

        self._panel.start(work, lambda done: self._panel.applied(done, where), doing)

    def _flat_pen(self) -> Pen:
        return Pen(
            self._panel.form.phase.value,
            self._panel.form.only_values,
            across_of(self._panel.viewer, self._panel.opened()),
        )

    def _region(self) -> tuple[Any, int | None]:
        """Return the box for smoothing and holes, and the axis that they do not cross."""
        correction = self._panel.opened()
        across = across_of(self._panel.viewer, correction)
        solid = self._panel.form.solid.isChecked() and not correction.automatic.is_2d
        depth = self._panel.form.depth_slices.value() if solid else 0
        region = self._panel.box.region(
            correction.shape, across, slice_of(self._panel.viewer, self._panel.layer, across), depth
        )
        return region, None if solid else across
