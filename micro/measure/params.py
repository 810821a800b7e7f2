"""What the measurements may be told."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["MeasureParams"]


class MeasureParams(BaseModel):
    """Parameters of `measure`, the same for recipe, command line and plugin. Lengths in um.

    An empty length is derived from the voxel size, as its description says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile_bin_um: float | None = Field(
        None, gt=0, description="Bin of the profiles along the normal; empty: 4 voxels along the normal's axis."
    )
    crack_window_um: float | None = Field(
        None,
        gt=0,
        description="Radius over which a crack counts as flat, to be wider than a crack is thick; "
        "empty: 10 times the voxel's mean edge.",
    )
    roughness_smoothing_um: float | None = Field(
        None,
        gt=0,
        description="Smoothing length of the interface's roughness; empty: 10 times the voxel's longest edge.",
    )
    cut_columns_max: float = Field(
        0.01, ge=0, le=1, description="A layer that touches the picture's edge in more of its columns than this is cut."
    )
    resolution_check: bool = Field(
        True, description="Measure again at half the resolution and report what moves; an eighth (2-D: a quarter) more."
    )
    pore_size_max_um: float | None = Field(
        None,
        gt=0,
        description="Thicker pores count as this thick; more costs time and memory; empty: 64 times the mean edge.",
    )
    particles: tuple[str, ...] = Field(
        ("cathode",), description="Phases that are split into particles, to measure their sizes; empty: none."
    )
    transport: tuple[str, ...] = Field(
        ("SE",), description="Phases whose tortuosity and effective diffusivity are measured; empty: none."
    )
    transport_voxels_max: int = Field(
        2**23,
        ge=2**12,
        description="Largest box in which diffusion is solved, at 35 bytes a voxel; of a larger one its middle.",
    )
    extra: tuple[str, ...] = Field((), description="Further measurements of the entry-point group micro.measurements.")
