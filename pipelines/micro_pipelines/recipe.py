"""A recipe: everything that decides what a run does to an image."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from micro.cell import CellParams
from micro.classify import TrainParams
from micro.measure import MeasureParams
from micro.preprocess import PreprocessParams
from micro.report import ReportParams
from micro.segment import SegmentParams

__all__ = ["Recipe"]


class Recipe(BaseModel):
    """A named, versioned set of parameters, one section a stage; each section is that stage's own class.

    Examples
    --------
    >>> Recipe(name="mine").cell.normal
    'auto'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, description="Name of the recipe.")
    version: int = Field(1, ge=1, description="Goes up with every change that can change a number.")
    description: str = Field("", description="What it is for, in a sentence.")
    modality: Literal["", "sem", "fibsem", "xct"] = Field("", description="How the image was taken.")
    preprocess: PreprocessParams = PreprocessParams()
    segment: SegmentParams = SegmentParams()
    train: TrainParams = TrainParams()
    cell: CellParams = CellParams()
    measure: MeasureParams = MeasureParams()
    report: ReportParams = ReportParams()
