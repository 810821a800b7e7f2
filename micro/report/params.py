"""What the figures and the report may be told."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["FigureName", "ReportParams"]

FigureName = Literal["overlay", "sections", "contact_map", "depth_profile", "dendrite_form", "thickness", "cracks"]


class ReportParams(BaseModel):
    """Parameters of `write_figures` and `write_report`, the same for recipe, command line and plugin.

    Examples
    --------
    >>> ReportParams(width_mm=180).dpi
    300
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    figures: tuple[FigureName, ...] = Field(
        default=("overlay", "sections", "contact_map", "depth_profile", "dendrite_form", "thickness", "cracks"),
        description="Figures to draw; one that a sample has no data for is left out.",
    )
    width_mm: float = Field(
        default=85.0, ge=60, le=250, description="Width of a figure in mm: one column of a journal is 85."
    )
    dpi: int = Field(default=300, ge=50, le=1200, description="Dots per inch of the PNG files.")
    page_dpi: int = Field(
        default=200, ge=50, le=600, description="Dots per inch of the pictures inside the HTML report."
    )
    font_pt: float = Field(default=7.0, ge=6.5, le=12, description="Size of all text in the figures, in points.")
    overlay_opacity: float = Field(
        default=0.7, gt=0, le=1, description="How strongly the phase colours cover the grey picture, 0 to 1."
    )
    headline: tuple[str, ...] = Field(
        default=(
            "contact_fraction",
            "dendrite_depth_max",
            "dendrite_fraction",
            "crack_density",
            "porosity",
        ),
        description="Metrics of the report's first table, its summary plot and the table for a paper; "
        "metric:phase where a metric has a phase.",
    )
