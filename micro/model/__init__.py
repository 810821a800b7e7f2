"""The types that everything else speaks: spacing, volumes, phases, labels, measurements."""

from micro.model.grey import BLACK, FULL_SCALE, WHITE
from micro.model.labels import Labels
from micro.model.measurement import TABLE_COLUMNS, Measurement, to_table
from micro.model.phases import SSB_PHASES, UNLABELLED, Phase, PhaseSet
from micro.model.spacing import Spacing, unit_in_um
from micro.model.step import Step
from micro.model.volume import Volume, as_zyx

__all__ = [
    "BLACK",
    "FULL_SCALE",
    "SSB_PHASES",
    "TABLE_COLUMNS",
    "UNLABELLED",
    "WHITE",
    "Labels",
    "Measurement",
    "Phase",
    "PhaseSet",
    "Spacing",
    "Step",
    "Volume",
    "as_zyx",
    "to_table",
    "unit_in_um",
]
