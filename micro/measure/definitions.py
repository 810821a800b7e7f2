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
    "contact_loss/v1": (
        "1 - CF(t) / CF(t0): contact fraction of this state over that of the first state of the same sample; the "
        "interval combines those of the two on the logarithmic scale, as independent (Donner & Zou 2012)."
    ),
    "contact_spot_density/3D/v2": (
        "Connected patches of columns in contact (corners included) on the contact map, over the area of the "
        "interface seen there, on the reference interface; those that one side of the picture cuts count half for each "
        "such axis, those cut at both ends nothing (mean of the associated point rules, Gundersen 1977)."
    ),
    "contact_spot_density/2D/v2": (
        "Connected runs of columns in contact over the length of the interface seen there: per mm, because a "
        "section cuts some of the spots only; those at an end of the section count half."
    ),
    "contact_spot_area/v2": (
        "Area of a contact spot on the reference interface (columns along the normal's axis over the cosine of its "
        "tilt); mean and 95th percentile by number of those that the picture holds whole, each for those like it that "
        "the border cuts (Miles 1974, Lantuejoul 1980); the mean's interval takes spots as independent."
    ),
    "contact_spot_length/v2": (
        "Length of a contact spot along the reference interface in the section; mean and 95th percentile as for "
        "contact_spot_area."
    ),
    "interface_roughness/Sq/v1": (
        "Root mean square height of the anode body's surface about the reference interface (ISO 25178-2, Sq), "
        "after a Gaussian filter (ISO 16610-61) with the cut-off wavelength that the note states, and less its own "
        "least-squares plane; pits of gaps included; n is the number of columns."
    ),
    "interface_roughness/Rq/v1": "The same of the profile in a section (ISO 21920-2, Rq).",
    "interface_developed_ratio/Sdr/v2": (
        "Area of the anode body's surface, filtered as for Sq, over that of the reference interface levelled to "
        "it, less 1 (ISO 25178-2, Sdr), where at least .99 of the filter falls on known columns (everywhere, should "
        "that be less than half of the surface)."
    ),
    "interface_developed_ratio/length/v2": (
        "Length of the anode body's profile in the section, filtered as for Rq, over that of the reference "
        "interface levelled to it, less 1, where at least .99 of the filter falls on known columns (everywhere, "
        "should that be less than half of the profile)."
    ),
    "reference_residual/v1": (
        "Scatter about the reference interface along the normal's axis: of the anode body's surface (1.4826 times "
        "the median absolute deviation), of the points of a drawn line (root mean square), or, where the reference "
        "is the first state's, that of its surface; the note says where the reference comes from."
    ),
    "dendrite_depth_max/v1": (
        "Greatest height of a voxel centre of joined dendrites above the reference interface, perpendicular to it; "
        "n is the number of voxels."
    ),
    "dendrite_depth_p95/v1": (
        "95th percentile by volume of the heights of joined dendrites' voxel centres above the reference interface "
        "(resolved to 1/32 of the voxel's edge along the normal's axis)."
    ),
    "dendrite_depth_mean/v2": (
        "Mean by volume of the heights of joined dendrites' voxel centres above the reference interface; the interval "
        "takes whole dendrites as clusters (jackknife, Cochran 1977, section 6.17)."
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
    "dendrite_depth_relative/v1": (
        "Greatest share of the way from the reference interface to the far electrode that a joined dendrite's voxel "
        "centre has come: height over height plus distance left (the local thickness of the electrolyte); 1 where it "
        "touches the electrode; n is the number of joined dendrites."
    ),
    "dendrite_far_distance_min/v1": (
        "Least distance of a joined dendrite's voxel centre from the far reference (cathode or counter electrode), "
        "perpendicular to it, 0 where it touches; n is the number of joined dendrites."
    ),
    "short_circuit/v1": (
        "1 where metal that is joined to the anode touches the cathode or the counter electrode by faces, edges or "
        "corners of voxels, else 0; n is the number of pieces that do (the anode body is one)."
    ),
    "dendrite_length_mean/v2": (
        "Mean length of the joined dendrites, from the reference interface to the deepest voxel along the path through "
        "the dendrite's middle (cheapest for 1 / distance to the wall squared, smoothed over its own radius); of those "
        "that the picture holds whole, each for those like it that the border cuts (Miles 1974, Lantuejoul 1980); the "
        "interval takes whole dendrites as clusters; in a section, of what it shows of them."
    ),
    "dendrite_thickness_mean/v3": (
        "Mean local thickness along the paths of the joined dendrites (Hildebrand & Ruegsegger 1997, with balls "
        "centred on the path, their walls between the last voxel inside and the first outside, in a volume where the "
        "rod of the same volume has them), by length; the interval takes whole dendrites as clusters."
    ),
    "dendrite_tortuosity/v2": (
        "Sum of the joined dendrites' lengths over the sum of the straight distances between their ends, of those that "
        "the picture holds whole, weighted as for dendrite_length_mean; the interval takes whole dendrites as "
        "clusters; in a section, of what it shows of them."
    ),
    "dendrite_orientation/v2": (
        "Mean angle between the local direction of filament tissue and the reference normal, by volume, joined and "
        "isolated (structure tensor of the surface by area, Bigun & Granlund 1987, in a window that reaches a "
        "dendrite's thickness); "
        "directions at random read 57 degrees (in a section 45); the interval takes whole dendrites as clusters."
    ),
    "dendrite_vertical_fraction/v2": (
        "Filament tissue within 30 degrees of the reference normal over all that has a direction, by volume; "
        "directions at random read 0.13 (in a section 0.33); the interval takes whole dendrites as clusters."
    ),
    "dendrite_lateral_fraction/v2": (
        "Filament tissue more than 60 degrees off the reference normal over all that has a direction, by volume; "
        "directions at random read 0.50 (in a section 0.33); the interval takes whole dendrites as clusters."
    ),
    "dendrite_flame_fraction/v3": (
        "Share of dendrite volume in bins of depth that are neither network nor stripe; bins with less metal than half "
        "a piece of filament as long as thick are left out; n is the number of voxels."
    ),
    "dendrite_stripe_fraction/v3": (
        "Share of dendrite volume in bins of depth with more lateral than vertical tissue that are no network; bins "
        "with less metal than half a piece of filament as long as thick are left out; n is the number of voxels."
    ),
    "dendrite_network_fraction/v3": (
        "Share of dendrite volume in bins of depth where metal encloses at least 0.2 of what it and the enclosed "
        "electrolyte cover, or (in a volume) has at least 0.1 loops more than ends in a piece as long as it is thick "
        "and more lateral than vertical tissue; bins with less metal than half such a piece are left out; n is the "
        "number of voxels."
    ),
    "dendrite_euler_density/v1": (
        "Euler number (pieces less loops plus cavities) of all dendrites over the volume of the SE region, from the "
        "voxels' corners (Ohser & Muecklich 2000), voxels joined by faces, edges or corners; n is the number of "
        "dendrites."
    ),
    "dendrite_enclosed_fraction/v1": (
        "Electrolyte that metal encloses in a section, over it and the dendrites' area; in a volume over all sections "
        "that hold the normal's axis, along both axes across it; n is the number of enclosed regions."
    ),
    "dendrite_fragment_density/3D/v1": (
        "Fragments over the volume of the SE region. A fragment is a body of electrolyte or interphase, joined by "
        "faces, of 27 voxels and more, that has nothing but metal and void beside it, a dendrite among them, and does "
        "not reach the border of the picture; each counts for those like it that the border cuts (Miles 1974, "
        "Lantuejoul 1980)."
    ),
    "dendrite_fragment_density/2D/v1": (
        "Regions of electrolyte that metal encloses in the section, of 9 pixels and more, over the area of the SE "
        "region: not bodies in space, which a section can't tell; each counts for those like it that the border cuts."
    ),
    "dendrite_fragment_diameter/3D/v2": (
        "Mean by number of the fragments' diameters, each of the sphere of the same volume; fragments as in "
        "dendrite_fragment_density/3D; the interval takes them as independent."
    ),
    "dendrite_fragment_diameter/2D/v2": (
        "Mean by number of the diameters (of the circle of the same area) of the regions of electrolyte that metal "
        "encloses in the section; regions as in dendrite_fragment_density/2D: those of spheres cut at random read pi/4 "
        "of the spheres' diameter; the interval takes them as independent."
    ),
    "crack_density/P32/v2": (
        "Area of the cracks' mid-surfaces in the SE region over the volume of the SE region (Dershowitz & Herda 1992, "
        "P32); each voxel adds its volume over the local aperture along the sheet's normal, so that the rim adds "
        "nothing and a junction counts once; n is the number of cracks with SE as host."
    ),
    "crack_density/P21/v2": (
        "Length of the cracks' traces in the SE region over the area of the SE region (Dershowitz & Herda 1992, P21); "
        "each pixel adds its area over the local aperture across the trace, so that the ends add nothing and a "
        "junction counts once; n is the number of traces with SE as host."
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
    "crack_aperture_mean/v2": (
        "Volume over mid-surface area (in a section area over trace length) of the cracks in the SE region; "
        "n is the number of cracks."
    ),
    "crack_aperture_median/v1": (
        "Local aperture that half of the cracks' mid-surface in the SE region (in a section trace length) stays below; "
        "the local aperture is volume over mid-surface within 9 mean voxel edges; resolved to 1/32 of the mean edge."
    ),
    "crack_aperture_p95/v1": "As crack_aperture_median, for 95 % of the mid-surface (trace length).",
    "crack_below_resolution/v1": (
        "Share of the cracks' mid-surface (trace length) in the SE region whose local aperture is below two voxel "
        "edges along the sheet's normal."
    ),
    "crack_orientation_mean/3D/v1": (
        "Mean by mid-surface area of the angle between the crack's plane and the interface's normal, over the SE "
        "region: 0 a crack that runs along the normal, 90 one along the interface; 32.7 when all directions are "
        "alike. The interval takes whole cracks as clusters (jackknife, Cochran 1977, section 6.17)."
    ),
    "crack_orientation_mean/2D/v1": (
        "Mean by length of the angle between the crack's trace and the interface's normal, over the SE region: 0 a "
        "trace along the normal, 90 one along the interface; 45 when all directions are alike. The interval takes "
        "whole traces as clusters (jackknife, Cochran 1977, section 6.17)."
    ),
    "crack_alignment/3D/v1": (
        "(3 <cos² a> - 1) / 2 by mid-surface area, with a the angle between the crack's and the interface's normals "
        "(Hermans' orientation factor): 1 all along the interface, 0 no preference, -0.5 all along the normal."
    ),
    "crack_alignment/2D/v1": (
        "2 <cos² a> - 1 by trace length, with a the angle between the trace's and the interface's normals: 1 all along "
        "the interface, 0 no preference, -1 all along the normal."
    ),
    "crack_depth_min/v1": (
        "Least height of a voxel centre of cracks with SE as host above the reference interface; below zero where a "
        "crack reaches through it; n is the number of cracks."
    ),
    "crack_depth_mean/v1": (
        "Mean by mid-surface area (trace length) of the height above the reference interface, over the SE region; the "
        "interval takes whole cracks as clusters."
    ),
    "crack_depth_max/v1": "As crack_depth_min, the greatest height.",
    "crack_intensity/3D/v1": (
        "Crack density parameter 2/pi sum(A^2 / P) / V (Budiansky & O'Connell 1976), with A a crack's mid-surface and "
        "P its perimeter, over the cracks with SE as host and V the volume of the SE region; sum(a^3) / V for discs "
        "of radius a. The interval takes the cracks as independent (compound Poisson)."
    ),
    "crack_intensity/2D/v1": (
        "The same for a plane with line cracks: sum(a^2) / A (Bristow 1960; Kachanov 1992), with a half the length of "
        "a trace with SE as host and A the area of the SE region."
    ),
    "crack_metal_filling/v1": (
        "V_metal / (V_metal + V_void) of the cracks with SE as host: V_void the cracks' own voxels, V_metal the "
        "dendrite voxels, joined or isolated, that go on in a crack's sheet, no thicker than it, from where they "
        "touch it; the interval takes whole cracks as clusters."
    ),
    "crack_area/v1": (
        "Area of the mid-surfaces of the cracks whose host phase_a names (SE, anode side, far side; unknown without an "
        "interface), in the whole picture; n is their number."
    ),
    "crack_length/v1": "The same in a section: length of the traces.",
    "layer_thickness/v1": (
        "From the first to the last voxel of the layer in each column along the normal's axis, times the cosine "
        "between that axis and the reference normal; over the columns that hold the layer (n)."
    ),
    "layer_thickness/SE/v1": (
        "From the reference interface to the first voxel of the cathode or counter electrode in each column along the "
        "normal's axis, times the cosine between that axis and the reference normal; over the columns that hold both "
        "(n)."
    ),
    "gap_thickness/v1": "Voxels of gaps in each column that has some, as a length along the reference normal.",
    "gap_volume/v1": "Volume of the gaps.",
    "gap_area/v1": "Area of the gaps in the section.",
    "pore_size/3D/v2": (
        "Local thickness of the pores, the diameter of the largest ball in them that holds the voxel (Hildebrand & "
        "Rüegsegger 1997), weighted by volume: half of the pore volume lies below d50, where half of what is of a size "
        "counts as below it (mid-distribution, Ma, Genton & Parzen 2011). Cracks and gaps are outside."
    ),
    "pore_size/2D/v2": (
        "The same in a section, with the largest disc and weighted by area: not the size of the pores in space, which "
        "a section mostly cuts beside their middle."
    ),
    "particle_size/3D/v1": (
        "Diameter of the ball of a particle's volume, weighted by volume; touching particles are split by the "
        "watershed of the distance map; those that the picture cuts are left out, and each other one counts for those "
        "like it that were cut (Miles 1974; Lantuéjoul 1980); the interval takes particles as independent; n is their "
        "number."
    ),
    "particle_size/2D/v1": (
        "The same in a section, with discs and areas: not the size in space, as a section cuts particles beside their "
        "middle."
    ),
    "tortuosity/3D/v1": (
        "Tortuosity factor eps D0 / Deff of the phase along the normal's axis, eps the share of the box that is phase "
        "and joined by faces to both ends (Cooper et al. 2016; with all of the phase: divide by "
        "percolating_fraction); the box is the largest that lies whole in the SE region; n is its number of voxels."
    ),
    "tortuosity/2D/v1": (
        "The same within a section: paths that leave it are missing, so it is no estimate of the tortuosity in space."
    ),
    "effective_diffusivity/3D/v1": (
        "Deff / D0 of the phase along the normal's axis: steady diffusion through the box of tortuosity between two "
        "concentrations on its ends, no flow through its sides or into other phases."
    ),
    "effective_diffusivity/2D/v1": "The same within a section, which lets through less than the volume.",
    "percolating_fraction/3D/v1": "Share of the phase in the box of tortuosity that is joined by faces to both ends.",
    "percolating_fraction/2D/v1": "The same within a section, in which less is joined than in space.",
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
