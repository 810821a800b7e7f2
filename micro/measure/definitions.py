"""What every value means: one sentence a definition id, with formula and source."""

from __future__ import annotations

from micro.errors import UnknownNameError

__all__ = ["DEFINITIONS", "definition"]

DEFINITIONS: dict[str, str] = {
    "phase_fraction/v1": (
        "Voxels of the phase over all labelled voxels of the row's roi (label 0 counts in neither); "
        "n is the number of labelled voxels."
    ),
    "porosity/v1": (
        "(pores + cracks + gaps) / labelled voxels of the roi, by voxels (volume fraction; in a section the area "
        "fraction, equal by Delesse's principle); n is the number of labelled voxels."
    ),
    "porosity_pore/v1": "Void that is neither crack nor gap over the labelled voxels of the SE region.",
    "relative_density/v1": "SE / (SE + void + crack) by voxels of the roi, with 1 the dense electrolyte.",
    "contact_fraction/v1": (
        "P(Li|SE) / (P(Li|SE) + P(Li|void)); P(A|B) = sum of the signed voxel-face vectors from A to B along the "
        "reference normal, A the anode body (divergence theorem: the projected area of the patch, exact at every tilt "
        "and voxel shape); n is the number of faces."
    ),
    "contact_fraction_projected/v1": (
        "Columns along the normal's axis whose outermost voxel of the anode body meets SE, interphase or a dendrite, "
        "over those and the ones that meet void or crack; n is the number of these columns."
    ),
    "interface_area/v1": "P(Li|SE) + P(Li|void): the interface's area projected along the reference normal.",
    "interface_length/v1": "The same in a section: the interface's length projected along the reference normal.",
    "dendrite_depth_max/v1": (
        "Greatest height of a voxel centre of joined dendrites above the reference interface, perpendicular to it; "
        "n is the number of voxels."
    ),
    "dendrite_depth_p95/v1": (
        "95th percentile by volume of the heights of joined dendrites' voxel centres above the reference interface "
        "(resolved to 1/32 of the voxel's edge along the normal's axis)."
    ),
    "dendrite_depth_mean/v1": (
        "Mean by volume of the heights of joined dendrites' voxel centres above the reference interface; the interval "
        "takes whole dendrites as clusters (ratio estimator, Cochran 1977, section 6.5)."
    ),
    "isolated_depth_max/v1": "As dendrite_depth_max, for metal in the electrolyte that is not joined to the anode.",
    "dendrite_count_density/3D/v2": (
        "Joined dendrites over the area of the reference interface within the picture; those that one side of the "
        "picture cuts count half, those cut at both ends nothing (mean of the associated point rules, Gundersen 1977)."
    ),
    "dendrite_count_density/2D/v2": (
        "Joined dendrites over the length of the reference interface within the section: per mm, not per mm2, "
        "because a section cuts some of the dendrites only; those at an end of the section count half."
    ),
    "dendrite_fraction/v1": "Voxels of dendrites, joined and isolated, over the labelled voxels of the SE region.",
    "dendrite_isolated_fraction/v1": "Isolated over all dendrite voxels.",
    "crack_density/P32/v1": (
        "Area of the cracks' mid-surfaces over the volume of the SE region (Dershowitz & Herda 1992, P32); cracks with "
        "SE as host; each voxel adds its volume over the local aperture, so that the rim adds nothing and a junction "
        "counts once."
    ),
    "crack_density/P21/v1": (
        "Length of the cracks' traces over the area of the SE region (Dershowitz & Herda 1992, P21); each pixel adds "
        "its area over the local aperture, so that the ends add nothing and a junction counts once."
    ),
    "crack_porosity/P33/v1": "Voxels of cracks with SE as host over the labelled voxels of the SE region (P33).",
    "crack_porosity/P22/v1": "Pixels of cracks with SE as host over the labelled pixels of the SE region (P22).",
    "crack_count_density/P30/v2": (
        "Cracks with SE as host over the volume of the SE region (P30); those that one side of the picture cuts count "
        "half for each such axis, those cut at both ends nothing (mean of the associated point rules, Gundersen 1977)."
    ),
    "crack_count_density/P20/v2": (
        "Crack traces with SE as host over the area of the SE region (P20); those that the picture cuts count as in P30"
        "."
    ),
    "crack_aperture_mean/v1": "Volume over mid-surface area of the cracks with SE as host.",
    "layer_thickness/v1": (
        "From the first to the last voxel of the layer in each column along the normal's axis, times the cosine "
        "between that axis and the reference normal; over the columns that hold the layer (n)."
    ),
    "gap_thickness/v1": "Voxels of gaps in each column that has some, as a length along the reference normal.",
    "gap_volume/v1": "Volume of the gaps.",
    "gap_area/v1": "Area of the gaps in the section.",
    "profile/v1": (
        "Voxels of the phase or part over the labelled voxels whose centres lie in the bin of height above the "
        "reference interface."
    ),
}
"""Definition id to its meaning; the report prints those that its table uses."""


def definition(name: str) -> str:
    """Return what the definition id ``name`` means.

    Raises
    ------
    UnknownNameError
        If no definition has that id.

    Examples
    --------
    >>> definition("gap_volume/v1")
    'Volume of the gaps.'
    """
    try:
        return DEFINITIONS[name]
    except KeyError:
        raise UnknownNameError(f"no definition {name!r}; known: {', '.join(sorted(DEFINITIONS))}") from None
