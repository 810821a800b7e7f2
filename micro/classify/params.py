"""What the training from strokes may be told."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator

__all__ = ["FEATURE_KINDS", "FeatureKind", "TrainParams"]

FeatureKind = Literal["grey", "gaussian", "gradient", "hessian"]
FEATURE_KINDS: tuple[FeatureKind, ...] = get_args(FeatureKind)
"""The kinds of features in the order in which they are computed."""


class TrainParams(BaseModel):
    """Parameters of `train`, the same for recipe, command line and plugin.

    Examples
    --------
    >>> TrainParams(scales=(4, 1)).scales
    (1.0, 4.0)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scales: tuple[Annotated[float, Field(ge=0.5, le=64)], ...] = Field(
        (1.0, 2.0, 4.0, 8.0, 16.0),
        min_length=1,
        max_length=8,
        description="Sizes at which the picture is looked at (Gaussian sigma), in voxels of the finest axis.",
    )
    features: tuple[FeatureKind, ...] = Field(
        FEATURE_KINDS,
        min_length=1,
        description="What is looked at: the grey itself, and at every size the mean grey (gaussian), "
        "its slope (gradient) and its curvatures (hessian: tells sheets, threads and blobs apart).",
    )
    hidden: tuple[Annotated[int, Field(ge=2, le=256)], Annotated[int, Field(ge=2, le=256)]] = Field(
        (32, 16), description="Neurons in the two hidden layers of a network."
    )
    networks: int = Field(3, ge=1, le=16, description="Networks that are trained apart and then averaged.")
    steps: int = Field(1500, ge=10, le=100_000, description="Steps of the training, of 128 stroke voxels each.")
    weight_decay: float = Field(0.03, ge=0, le=1, description="How strongly large weights are held back.")
    caution: float = Field(
        1.0,
        ge=0,
        le=5,
        description="How little the larger sizes are trusted: few strokes show few surroundings; 0 trusts all alike.",
    )
    image_shares: float = Field(
        0.5,
        ge=0,
        le=1,
        description="How far the phases' shares are taken from the image: 0 all phases are as likely, 1 as it shows.",
    )
    voxels_per_phase: int = Field(
        20_000, ge=10, description="At most this many stroke voxels of a phase are used, drawn evenly over the strokes."
    )
    held_out: float = Field(
        0.25,
        gt=0,
        le=0.5,
        description="Share of the strokes kept apart in turn, as whole strokes, to tell how good the training is.",
    )
    seed: int = Field(0, ge=0, lt=2**31, description="Start of the random numbers; the same seed, the same classifier.")

    @field_validator("scales")
    @classmethod
    def _in_order(cls, scales: tuple[float, ...]) -> tuple[float, ...]:
        if len(set(scales)) != len(scales):
            raise ValueError("a scale is given twice")
        return tuple(sorted(scales))

    @field_validator("features")
    @classmethod
    def _known_order(cls, features: tuple[FeatureKind, ...]) -> tuple[FeatureKind, ...]:
        return tuple(kind for kind in FEATURE_KINDS if kind in features)
