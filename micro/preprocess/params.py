"""What the preprocessing may be told."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["PreprocessParams"]


class PreprocessParams(BaseModel):
    """Parameters of `preprocess`, the same for recipe, command line and plugin."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low_percent: float = Field(0.1, ge=0, lt=50, description="Percentile of the whole stack that becomes black.")
    high_percent: float = Field(99.9, gt=50, le=100, description="Percentile of the whole stack that becomes white.")
    slice_brightness: bool = Field(False, description="Bring every slice to the brightness of the stack.")
    stripes: Literal["none", "columns", "rows", "rings"] = Field(
        "none",
        description="Stripes to remove: columns (curtains along y), rows (along x), or CT rings about the centre.",
    )
    stripe_window: int = Field(
        31, ge=5, description="Width in voxels over which true grey values may vary across stripes."
    )
    denoise: Literal["none", "gaussian", "bilateral"] = Field("bilateral", description="How noise is taken out.")
    denoise_voxels: float = Field(1.2, gt=0, le=5, description="Reach of the denoising in voxels of the finest axis.")
    sharpen: float = Field(
        1.3, ge=0, le=3, description="How much of the blur to undo after denoising, so that thin layers are not lost."
    )
