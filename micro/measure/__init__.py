"""What is read off a cell: numbers with units, intervals and definitions, objects, profiles and maps."""

from micro.measure.definitions import DEFINITIONS, definition
from micro.measure.intervals import Interval, Spread, fraction_interval, poisson_interval, ratio_spread, value_interval
from micro.measure.measure import BUILT_IN, MEASUREMENTS, measure
from micro.measure.params import MeasureParams
from micro.measure.protocol import BlockMeasurement, BlockView, Context, ObjectTable
from micro.measure.results import PROFILE_COLUMNS, ContactMap, Findings, Results, ThicknessMap
from micro.measure.surface import surface_area

__all__ = [
    "BUILT_IN",
    "DEFINITIONS",
    "MEASUREMENTS",
    "PROFILE_COLUMNS",
    "BlockMeasurement",
    "BlockView",
    "ContactMap",
    "Context",
    "Findings",
    "Interval",
    "MeasureParams",
    "ObjectTable",
    "Results",
    "Spread",
    "ThicknessMap",
    "definition",
    "fraction_interval",
    "measure",
    "poisson_interval",
    "ratio_spread",
    "surface_area",
    "value_interval",
]
