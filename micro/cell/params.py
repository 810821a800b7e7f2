"""What the anatomy of the cell may be told."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["CellParams", "ReferenceShape"]

NormalName = Literal["auto", "none", "+z", "-z", "+y", "-y", "+x", "-x"]

ReferenceShape = Literal["auto", "plane", "curved"]


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
    reference: ReferenceShape = Field(
        "auto",
        description="Reference interface: a plane, curved (bowed, quadratic), or auto: curved where it clearly is.",
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
