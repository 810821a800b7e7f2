"""What the automatic segmentation may be told."""

from __future__ import annotations

import itertools
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

__all__ = ["SegmentParams"]


class SegmentParams(BaseModel):
    """Parameters of `segment`, the same for recipe, command line and plugin."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    greys: tuple[str, ...] = Field(
        ("void", "Li", "SE"),
        min_length=2,
        max_length=6,
        description="Phases from the darkest to the brightest.",
    )
    levels: tuple[float, ...] | None = Field(
        None,
        description="Grey level of each phase on the normalised scale 0 to 1; empty: found in the image.",
    )
    shading: bool = Field(True, description="Follow a slow drift of brightness across the picture.")
    smoothing: float = Field(
        1.0, ge=0, le=10, description="How strongly neighbours agree; 0 is a plain classification."
    )
    iterations: int = Field(4, ge=0, le=30, description="Rounds of agreement between neighbours.")
    partial_volume_voxels: int = Field(
        2, ge=0, le=4, description="Thickest false skin of the middle phase between the two others."
    )
    object_voxels: float = Field(
        3.0, ge=0, le=8, description="Reach over which thin objects are judged as a whole, in finest voxels; 0: never."
    )
    blur_voxels: float = Field(
        0.7, ge=0, le=2, description="Blur with which edges of lithium are drawn anew, in finest voxels; 0: never."
    )
    rims: Literal["auto", "remove", "none"] = Field(
        "auto",
        description="Take bright rims around void off the picture and label it again; auto: where there are any.",
    )
    break_voxels: float = Field(
        4.0,
        ge=0,
        le=12,
        description="Breaks between pieces of metal up to this long, in finest voxels; 0: none closed.",
    )
    min_object_voxels: int = Field(12, ge=0, description="Smaller islands take the phase around them.")
    island_sigmas: float = Field(
        7.0,
        ge=0,
        le=20,
        description="Islands whose mean grey is nearer to what is around them, in sigmas, go; 0: none.",
    )
    metal_layer: bool = Field(True, description="Metal fills a border of the picture: tells which grey is the metal's.")
    metal_islands: bool = Field(True, description="Whether metal may lie in the electrolyte, away from the electrodes.")

    @field_validator("greys")
    @classmethod
    def _each_once(cls, greys: tuple[str, ...]) -> tuple[str, ...]:
        twice = next((name for name in greys if greys.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"{twice!r} is named twice; name each phase once, from the darkest to the brightest")
        return greys

    @model_validator(mode="after")
    def _a_level_each(self) -> SegmentParams:
        if self.levels is not None and len(self.levels) != len(self.greys):
            raise ValueError(f"levels has {len(self.levels)} values for {len(self.greys)} phases; give one for each")
        if self.levels is not None and any(after <= level for level, after in itertools.pairwise(self.levels)):
            order = ", ".join(self.greys)
            raise ValueError(f"levels = {list(self.levels)} do not rise; give a grey for each of {order}, from dark on")
        return self
