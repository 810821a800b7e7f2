"""What a file says about the size of its voxels."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from micro.io._calibration.tilt import Tilt
from micro.model import Spacing

__all__ = ["UNKNOWN", "Calibration", "length_um"]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Edges of a voxel in um, each None where the file does not say it.

    ``where`` tells where they were read; ``notes`` what was found and not believed; ``tilt`` how the stage stood.

    Examples
    --------
    >>> Calibration(y_um=0.5, x_um=0.25).spacing(slices=1)
    Spacing(z=0.25, y=0.5, x=0.25)
    >>> Calibration(y_um=0.5, x_um=0.25).spacing(slices=10) is None
    True
    """

    z_um: float | None = None
    y_um: float | None = None
    x_um: float | None = None
    where: str = ""
    notes: tuple[str, ...] = ()
    tilt: Tilt | None = None

    @property
    def in_plane(self) -> bool:
        """Whether the edges along y and x are both known."""
        return self.y_um is not None and self.x_um is not None

    def spacing(self, *, slices: int) -> Spacing | None:
        """Return the spacing of an image of so many slices, or None where an edge is missing.

        In a single section z takes the smaller of the others, which cancels in every 2-D result.
        """
        if self.y_um is None or self.x_um is None:
            return None
        if slices == 1:
            return Spacing(min(self.y_um, self.x_um), self.y_um, self.x_um)
        return None if self.z_um is None else Spacing(self.z_um, self.y_um, self.x_um)

    def noting(self, *notes: str) -> Calibration:
        """Return the calibration with ``notes`` put before its own."""
        return replace(self, notes=(*notes, *self.notes))


UNKNOWN = Calibration()
"""A file that says nothing."""


def length_um(value: object, unit_um: float) -> float | None:
    """Return ``value`` in um, or None where it is no positive, finite number.

    Examples
    --------
    >>> length_um("25", 0.001)
    0.025
    >>> length_um(-1, 1.0) is None
    True
    """
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    # Divide where that is exact (nm -> um), so that 25 nm is 0.025 um to the last digit.
    length = number / round(1 / unit_um) if unit_um < 1 else number * unit_um
    return length if math.isfinite(length) and length > 0 else None
