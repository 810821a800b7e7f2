"""What is read off a cell: numbers with units, intervals and definitions, objects, profiles and maps."""

from micro.measure.definitions import DEFINITIONS, definition
from micro.measure.intervals import Interval, Spread, fraction_interval, poisson_interval, ratio_spread, value_interval
from micro.measure.measure import BUILT_IN, MEASUREMENTS, WHOLE, measure
from micro.measure.params import MeasureParams
from micro.measure.protocol import BlockMeasurement, BlockView, Context, ObjectTable
from micro.measure.resolution import coarsen, resolution_check, with_resolution
from micro.measure.results import PROFILE_COLUMNS, ContactMap, Findings, Results, ThicknessMap
from micro.measure.scene import ObjectView, Scene, WholeMeasurement, map_objects
from micro.measure.surface import surface_area
from micro.measure.sweep import threshold_sweep, with_sweep

__all__ = [
    "BUILT_IN",
    "DEFINITIONS",
    "MEASUREMENTS",
    "PROFILE_COLUMNS",
    "WHOLE",
    "BlockMeasurement",
    "BlockView",
    "ContactMap",
    "Context",
    "Findings",
    "Interval",
    "MeasureParams",
    "ObjectTable",
    "ObjectView",
    "Results",
    "Scene",
    "Spread",
    "ThicknessMap",
    "WholeMeasurement",
    "coarsen",
    "definition",
    "fraction_interval",
    "map_objects",
    "measure",
    "poisson_interval",
    "ratio_spread",
    "resolution_check",
    "surface_area",
    "threshold_sweep",
    "value_interval",
    "with_resolution",
    "with_sweep",
]
