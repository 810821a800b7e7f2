"""The edge lengths of a voxel."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from micro.errors import CalibrationError

__all__ = ["UNIT_UM", "Spacing", "unit_in_um"]

UNIT_UM: dict[str, float] = {
    "pm": 1e-6,
    "angstrom": 1e-4,
    "å": 1e-4,
    "nm": 1e-3,
    "nanometer": 1e-3,
    "nanometre": 1e-3,
    "um": 1.0,
    "µm": 1.0,
    "μm": 1.0,
    "micron": 1.0,
    "microns": 1.0,
    "micrometer": 1.0,
    "micrometre": 1.0,
    "mm": 1e3,
    "millimeter": 1e3,
    "millimetre": 1e3,
    "cm": 1e4,
    "centimeter": 1e4,
    "inch": 25400.0,
    "m": 1e6,
    "meter": 1e6,
    "metre": 1e6,
}
"""Micrometres in one unit, by the names that files use (lower case)."""


def unit_in_um(unit: str) -> float | None:
    r"""Return how many um one ``unit`` is, or None where the name is no length.

    Examples
    --------
    >>> unit_in_um("nm")
    0.001
    >>> unit_in_um("pixel") is None
    True
    """
    return UNIT_UM.get(unit.strip().replace("\\u00B5", "µ").lower())


SMALLEST_UM, LARGEST_UM = 1e-5, 1e3
"""No picture of a cell has voxels smaller than a tenth of an angstrom or larger than a millimetre."""


@dataclass(frozen=True, slots=True)
class Spacing:
    """Edge lengths of a voxel in um, along z, y and x; positive and finite, with no default.

    ``z_is_said`` is False where the text gave y and x only: it holds for a section, and for nothing else.

    Raises
    ------
    CalibrationError
        If an edge is not a positive, finite number, or one that no picture of a cell has.

    Examples
    --------
    >>> Spacing(0.5, 0.25, 0.25).voxel_volume_um3
    0.03125
    >>> Spacing.parse("50, 25, 25 nm")
    Spacing(z=0.05, y=0.025, x=0.025)
    """

    z: float
    y: float
    x: float
    z_is_said: bool = field(default=True, compare=False, repr=False, kw_only=True)

    def __post_init__(self) -> None:
        for axis in "zyx":
            edge = getattr(self, axis)
            if not (isinstance(edge, int | float) and math.isfinite(edge) and edge > 0):
                raise CalibrationError(f"voxel size along {axis} is {edge!r}; expected a positive, finite length in um")
            if not SMALLEST_UM <= edge <= LARGEST_UM:
                raise CalibrationError(
                    f"voxel size along {axis} is {edge:g} um; expected {SMALLEST_UM:g} to {LARGEST_UM:g} um: "
                    "is the unit right?"
                )
            object.__setattr__(self, axis, float(edge))

    @classmethod
    def parse(cls, text: str) -> Spacing:
        """Read ``"0.05,0.025,0.025um"`` (z, y, x), ``"0.1,0.1um"`` (y, x) or ``"65nm"`` (all).

        With two lengths (a 2-D image) z takes the smaller of them, which cancels in every 2-D result. What reads a
        volume refuses them.

        Raises
        ------
        CalibrationError
            If the text has no unit, an unknown one, or not one, two or three numbers.
        """
        match = re.fullmatch(r"\s*([-+0-9.eE,;x \t]*[0-9.])\s*([^\d\s.,;]+)\s*", text)
        unit = unit_in_um(match[2]) if match else None
        if match is None or unit is None:
            raise CalibrationError(
                f"voxel size {text!r} is not understood; expected lengths with a unit, "
                "such as 0.05,0.025,0.025um (z,y,x) or 65nm"
            )
        try:
            edges = [_to_um(part, unit) for part in re.split(r"\s*[,;x]\s*|\s+", match[1].strip())]
        except ValueError:
            edges = []
        count = len(edges)
        if count == 1:
            edges *= 3
        elif count == 2:
            edges = [min(edges), *edges]
        if len(edges) != 3:
            raise CalibrationError(f"voxel size {text!r} needs one, two (y,x) or three (z,y,x) lengths")
        return cls(*edges, z_is_said=count != 2)

    @property
    def um(self) -> tuple[float, float, float]:
        """The three edges in um, in the order z, y, x."""
        return (self.z, self.y, self.x)

    @property
    def voxel_volume_um3(self) -> float:
        """Volume of one voxel in um3."""
        return self.z * self.y * self.x

    @property
    def face_areas_um2(self) -> tuple[float, float, float]:
        """Areas in um2 of the voxel faces whose normals lie along z, y and x."""
        return (self.y * self.x, self.z * self.x, self.z * self.y)

    def scaled(self, factor: float) -> Spacing:
        """Return the spacing with every edge multiplied by ``factor``."""
        return Spacing(self.z * factor, self.y * factor, self.x * factor)

    def permuted(self, order: tuple[int, int, int]) -> Spacing:
        """Return the spacing of the array transposed with ``order``."""
        return Spacing(*(self.um[axis] for axis in order))

    def __str__(self) -> str:
        return f"{self.z:g} x {self.y:g} x {self.x:g} um (z, y, x)"


def _to_um(number: str, unit_um: float) -> float:
    # Divide where that is exact (nm -> um), so that 25 nm is 0.025 um to the last digit.
    value = float(number)
    return value / round(1 / unit_um) if unit_um < 1 else value * unit_um
