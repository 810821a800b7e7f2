"""What the preprocessing may be told."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["PreprocessParams"]


class PreprocessParams(BaseModel):
    """Parameters of `preprocess`, the same for recipe, command line and plugin."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tilt_deg: float | None = Field(
        None, ge=10, le=90, description="Angle between beam and face in degrees; y is foreshortened by its sine."
    )
    align: Literal["auto", "none", "neighbours", "fiducial"] = Field(
        "auto", description="Put slices in line: where they jitter, never, always, or on a mark."
    )
    fiducial: tuple[int, int, int, int] | None = Field(
        None, description="First and last y, first and last x of a mark in the middle slice, in voxels."
    )
    low_percent: float = Field(0.1, ge=0, lt=50, description="Percentile of the whole stack that becomes black.")
    high_percent: float = Field(99.9, gt=50, le=100, description="Percentile of the whole stack that becomes white.")
    slice_brightness: bool | Literal["auto"] = Field(
        "auto", description="Bring every slice to the brightness of the stack."
    )
    stripes: Literal["auto", "none", "columns", "rows", "rings"] = Field(
        "auto",
        description="Stripes to remove: columns (curtains along y), rows (along x), or CT rings.",
    )
    stripe_window: int = Field(
        31, ge=5, description="Width in voxels over which true grey values may vary across stripes."
    )
    ring_centre: tuple[float, float] | None = Field(
        None, description="Axis of rotation in voxels (y, x); empty: where rings are strongest, by default the middle."
    )
    cupping: Literal["auto", "none", "remove"] = Field(
        "auto", description="A rim of a CT slice that is brighter, or darker, than its middle."
    )
    fringes: Literal["auto", "none", "remove"] = Field(
        "auto", description="Phase-contrast fringes, bright and dark rims along every edge of a CT."
    )
    charging: Literal["auto", "none", "limit"] = Field(
        "none", description="Bright rims of pores in electron images: no brighter than what lies behind them."
    )
    denoise: Literal["none", "gaussian", "bilateral"] = Field("bilateral", description="How noise is taken out.")
    denoise_voxels: float = Field(1.2, gt=0, le=5, description="Reach of the denoising in voxels of the finest axis.")
    sharpen: float = Field(
        1.3, ge=0, le=3, description="How much of the blur to undo after denoising, so that thin layers are not lost."
    )

    @model_validator(mode="after")
    def _fiducial_has_a_box(self) -> PreprocessParams:
        if self.align == "fiducial" and self.fiducial is None:
            raise ValueError('align = "fiducial" needs the box of the mark: fiducial = [y0, y1, x0, x1] in voxels')
        return self
