"""What the anatomy of the cell may be told."""

from __future__ import annotations

import math
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["CellParams", "ReferenceShape"]

NormalName = Literal["auto", "none", "+z", "-z", "+y", "-y", "+x", "-x"]

ReferenceShape = Literal["auto", "plane", "curved"]

ReferenceName = Literal["auto", "plane", "curved", "first-state"]


class CellParams(BaseModel):
    """Parameters of `anatomy`, the same for recipe, command line and plugin. Lengths in um.

    An empty length is derived from the voxel size, as its description says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    normal: NormalName = Field(
        "auto", description="Direction from the anode into the electrolyte; none for a plan view."
    )
    body_radius_um: float | None = Field(
        None, gt=0, description="Metal thinner than twice this falls off the anode body; empty: 8 voxels."
    )
    reference: ReferenceName = Field(
        "auto",
        description="Reference interface: a plane, curved (bowed, quadratic), auto: curved where it clearly is; "
        "or that of the first state.",
    )
    reference_thickness_um: float | None = Field(
        None,
        gt=0,
        description="Thickness of the anode: the reference is a plane that far from its side; empty: fitted.",
    )
    reference_line: tuple[tuple[float, ...], ...] = Field(
        (), description="Points (z, y, x) or (y, x) in voxels, the reference drawn through them; empty: fitted."
    )
    tolerance_um: float | None = Field(
        None,
        ge=0,
        description="Metal this far beyond the interface is a dendrite; empty: the larger of 2 voxels and 3 residuals.",
    )
    band_um: float | None = Field(
        None,
        gt=0,
        description="Void this close to the interface may be a gap; empty: the larger of 12 voxels and 3 residuals.",
    )
    crack_thickness_max_um: float | None = Field(None, gt=0, description="Thickest crack; empty: 8 voxels.")
    crack_extent_min_um: float | None = Field(None, gt=0, description="Shortest crack; empty: 12 voxels.")
    crack_aspect_min: float = Field(5.0, ge=1, description="A crack's extent over its thickness, at least.")
    crack_planarity_max: float = Field(
        0.75, gt=0, le=1, description="A crack's least extent over its second, at most (3-D); 1 takes any shape."
    )
    crack_branching_max: float = Field(
        3.0, ge=1, description="A crack's mid-surface (2-D: trace) over that of a straight one as large, at most."
    )

    @model_validator(mode="after")
    def _one_reference(self) -> Self:
        given = [
            name
            for name, is_given in (
                ("reference = first-state", self.reference == "first-state"),
                ("reference_thickness_um", self.reference_thickness_um is not None),
                ("reference_line", bool(self.reference_line)),
            )
            if is_given
        ]
        if len(given) > 1:
            raise ValueError(f"the reference interface is given more than once: {', '.join(given)}; expected one")
        lengths = {len(point) for point in self.reference_line}
        if self.reference_line and (len(self.reference_line) < 2 or lengths not in ({2}, {3})):
            raise ValueError("reference_line: expected two points or more, all (y, x) or all (z, y, x)")
        if not all(math.isfinite(part) for point in self.reference_line for part in point):
            raise ValueError("reference_line: expected finite numbers, in voxels")
        return self

    @property
    def shape(self) -> ReferenceShape:
        """The shape of a reference that is fitted or drawn."""
        return "auto" if self.reference == "first-state" else self.reference
