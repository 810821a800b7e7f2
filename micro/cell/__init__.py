"""The anatomy of a cell: anode body, reference interface, dendrites, gaps, cracks."""

from micro.cell.anatomy import anatomy, split_phases
from micro.cell.bow import Bow
from micro.cell.cell import SE_REGION, Cell, Normal, Part, ReferencePlane
from micro.cell.given import FIRST_STATE, THICKNESS, normal_of
from micro.cell.params import CellParams

__all__ = [
    "FIRST_STATE",
    "SE_REGION",
    "THICKNESS",
    "Bow",
    "Cell",
    "CellParams",
    "Normal",
    "Part",
    "ReferencePlane",
    "anatomy",
    "normal_of",
    "split_phases",
]
