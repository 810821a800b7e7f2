"""Which part of an image strokes are trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_micro_ssb._camera import camera_of
from napari_micro_ssb._live import live_piece
from napari_micro_ssb._segmenting import Piece

if TYPE_CHECKING:
    from napari_micro_ssb._segment import SegmentPanel

__all__ = ["TrainedPiece"]


class TrainedPiece:
    """The slice that is looked at; of a large section the part around the window's middle.

    Parameters
    ----------
    panel
        Has the viewer, and tells the slice.
    """

    def __init__(self, panel: SegmentPanel) -> None:
        self._panel = panel
        self._last: Piece | None = None

    def of(self, image: Any) -> Piece:  # noqa: ANN401
        """Return what is trained on; of a large section the same part as before while the window's middle is in it."""
        data = image.data[0] if image.multiscale else image.data
        z, y, x = (1, *data.shape)[-3:]
        place, centre = self._panel.place(image), self._centre(image)
        wanted = live_piece((z, y, x), place, centre)
        last = self._last
        if last is not None and last.box[0] == wanted.box[0] and last.voxels == wanted.voxels:
            inside = all(span.start <= at < span.stop for span, at in zip(last.box[1:], centre, strict=True))
            whole = all(span.stop <= length for span, length in zip(last.box[1:], (y, x), strict=True))
            wanted = last if inside and whole else wanted
        self._last = wanted
        return wanted

    def _centre(self, image: Any) -> tuple[float, float]:  # noqa: ANN401
        place = image.world_to_data(camera_of(self._panel.viewer).center[-image.ndim :])
        return (float(place[-2]), float(place[-1]))
