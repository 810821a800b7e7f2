"""What is read off a cell: numbers with units, intervals and definitions, objects, profiles and maps."""

from micro.measure.definitions import DEFINITIONS, definition
from micro.measure.distributions import DISTRIBUTION_COLUMNS, distribution_table, even_edges
from micro.measure.intervals import Interval, Spread, fraction_interval, poisson_interval, ratio_spread, value_interval
from micro.measure.loss import contact_loss, with_contact_loss
from micro.measure.measure import BUILT_IN, MEASUREMENTS, WHOLE, measure
from micro.measure.params import MeasureParams
from micro.measure.protocol import BlockMeasurement, BlockView, Context, ObjectTable
from micro.measure.resolution import coarsen, resolution_check, with_resolution
from micro.measure.results import PROFILE_COLUMNS, ContactMap, Findings, Results, ThicknessMap
from micro.measure.roughness import Roughness, roughness_of
from micro.measure.scene import ObjectView, Scene, WholeMeasurement, map_objects
from micro.measure.spots import contact_spots
from micro.measure.surface import surface_area
from micro.measure.sweep import threshold_sweep, with_sweep

__all__ = [
    "BUILT_IN",
    "DEFINITIONS",
    "DISTRIBUTION_COLUMNS",
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
    "Roughness",
    "Scene",
    "Spread",
    "ThicknessMap",
    "WholeMeasurement",
    "coarsen",
    "contact_loss",
    "contact_spots",
    "definition",
    "distribution_table",
    "even_edges",
    "fraction_interval",
    "map_objects",
    "measure",
    "poisson_interval",
    "ratio_spread",
    "resolution_check",
    "roughness_of",
    "surface_area",
    "threshold_sweep",
    "value_interval",
    "with_contact_loss",
    "with_resolution",
    "with_sweep",
]
