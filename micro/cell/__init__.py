"""The anatomy of a cell: anode body, reference interface, dendrites, gaps, cracks."""

from micro.cell.anatomy import anatomy, split_phases
from micro.cell.cell import SE_REGION, Cell, Normal, Part, ReferencePlane
from micro.cell.params import CellParams

__all__ = ["SE_REGION", "Cell", "CellParams", "Normal", "Part", "ReferencePlane", "anatomy", "split_phases"]
