"""What the comparison may be told."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from micro.model import Spacing

__all__ = ["CompareParams"]

REACH_VOXELS = 32
"""Finest voxels that a boundary is looked for, unless the caller says otherwise."""


class CompareParams(BaseModel):
    """Parameters of `compare`, the same for library and command line. Lengths in um.

    Examples
    --------
    >>> CompareParams().reach(Spacing.parse("50nm"), (1, 40, 40))
    1.6
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reach_um: float | None = Field(
        None, gt=0, description="Farthest that the counterpart of a boundary is looked for; empty: 32 voxels."
    )
    object_share: float = Field(
        0.5, gt=0, le=1, description="An object counts as found when this share of its voxels carries its phase."
    )

    def reach(self, spacing: Spacing, shape: tuple[int, ...]) -> float:
        """Return the reach in um; by default so many of the finest voxels that the picture has."""
        if self.reach_um is not None:
            return self.reach_um
        finest = min((e for e, n in zip(spacing.um, shape, strict=True) if n > 1), default=min(spacing.um))
        return finest * REACH_VOXELS
