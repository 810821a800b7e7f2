"""What a section can't know, row by row."""

from __future__ import annotations

from micro.measure.protocol import Context
from micro.model import Measurement

__all__ = ["AS_IN_VOLUMES", "SECTION_NOTES", "with_section_note"]

_SIZES = "of the section, which cuts objects off their middle: in space they are larger (spheres: 4/pi on average)"
_PATHS = "of what the section shows: in space a dendrite is longer, and winds out of the section"
_DIRECTION = "of directions in the section's plane: in space they lean more"
_FORM = "forms of what the section shows"
_APERTURE = "across the trace: a crack that the section cuts at a slant seems wider than it is"
_SEEN = "of what the section shows of the cracks"

SECTION_NOTES: dict[str, str] = {
    "contact_spot_density": "number over length: a section doesn't tell how many spots there are in an area",
    "contact_spot_length_mean": "chords of spots: in space they are wider",
    "contact_spot_length_p95": "chords of spots: in space they are wider",
    "interface_roughness": "of a profile (Rq): a section doesn't tell Sq of the surface",
    "interface_developed_ratio": "of a profile's length: the surface's area is developed more",
    "dendrite_count_density": "number over length: a section doesn't tell how many dendrites stand on an area",
    "isolated_depth_max": "what a section shows apart may be joined beside it",
    "crack_aperture_mean": _APERTURE,
    "crack_aperture_median": _APERTURE,
    "crack_aperture_p95": _APERTURE,
    "crack_below_resolution": _APERTURE,
    "crack_depth_min": _SEEN,
    "crack_depth_mean": _SEEN,
    "crack_depth_max": _SEEN,
    "crack_length": "of traces: a section doesn't tell the area of the cracks",
    "crack_metal_filling": _SEEN,
    "gap_area": "of the section: a section doesn't tell the gaps' volume",
    "dendrite_length_mean": _PATHS,
    "dendrite_thickness_mean": "across what the section shows: a filament that it cuts off its middle seems thinner",
    "dendrite_tortuosity": _PATHS,
    "dendrite_orientation": _DIRECTION,
    "dendrite_vertical_fraction": _DIRECTION,
    "dendrite_lateral_fraction": _DIRECTION,
    "dendrite_flame_fraction": _FORM,
    "dendrite_stripe_fraction": _FORM,
    "dendrite_network_fraction": _FORM,
    "dendrite_enclosed_fraction": "enclosed in the section: in space it may be open",
    "dendrite_fragment_diameter_mean": "regions of the section: a section can't tell what is enclosed in space",
    **{f"{one}_size_{which}": _SIZES for one in ("pore", "particle") for which in ("mean", "d10", "d50", "d90")},
}
"""What is said of a metric in a section, where its own measurement doesn't say it."""

AS_IN_VOLUMES = frozenset(
    {
        "contact_fraction",
        "contact_fraction_projected",
        "contact_loss",
        "interface_length",
        "reference_residual",
        "gap_thickness_mean",
        "gap_thickness_p95",
        "phase_fraction",
        "porosity",
        "porosity_pore",
        "relative_density",
        "dendrite_fraction",
        "layer_thickness_mean",
        "layer_thickness_sd",
        "layer_thickness_min",
        "layer_thickness_max",
    }
)
"""What sections that hold the normal tell as volumes do, on average over many of them (shares: Delesse 1847)."""


def with_section_note(context: Context, row: Measurement) -> Measurement:
    """Return the row with what a section doesn't tell about it; of a volume as it is.

    A row without a value says why by itself.
    """
    note = SECTION_NOTES.get(row.metric, "")
    if not context.is_2d or row.value is None or not note or note in row.note:
        return row
    return row.noted(note)
