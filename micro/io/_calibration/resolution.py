"""Resolution tags with a real unit, unless they only say how large to print the picture."""

from __future__ import annotations

from micro.io._calibration.calibration import UNKNOWN, Calibration
from micro.io._calibration.tags import TiffTags

__all__ = ["from_density", "read_resolution"]

_INCH_UM = 25400.0
_UNITS = {2: ("inch", _INCH_UM), 3: ("cm", 10000.0)}
_COARSEST_UM = 64.0  # nobody images a cell at coarser pixels; 72 to 396 dpi are screens and printers
_PRINT_DPI = (400, 450, 480, 500, 600, 720, 750, 800, 900, 1000, 1200, 1440, 1500, 1800, 2000, 2400, 2880, 3000)
_PRINT_DPI_FINE = (3600, 4000, 4800, 5760, 7200, 9600)


def read_resolution(tags: TiffTags) -> Calibration:
    """Read XResolution and YResolution where ResolutionUnit is inch or centimetre.

    Examples
    --------
    >>> read_resolution(TiffTags({282: (200000, 1), 283: (100000, 1), 296: 3})).y_um
    0.1
    >>> read_resolution(TiffTags({282: (300, 1), 283: (300, 1), 296: 2})).in_plane
    False
    """
    density = tags.resolution
    if density is None or tags.resolution_unit not in _UNITS:
        return UNKNOWN
    name, unit_um = _UNITS[tags.resolution_unit]
    return from_density(density, unit_um, f"{density[1]:g} pixels per {name}", "resolution tags 282, 283, 296")


def from_density(density: tuple[float, float], unit_um: float, found: str, where: str) -> Calibration:
    """Return the pixel size of ``density`` pixels per unit along y and x; a print resolution says nothing."""
    y_um, x_um = unit_um / density[0], unit_um / density[1]
    if _only_for_print(y_um) or _only_for_print(x_um):
        return Calibration(notes=(f"the resolution of {found} is one of screens and printers: it says nothing",))
    return Calibration(y_um=y_um, x_um=x_um, where=where)


def _only_for_print(edge_um: float) -> bool:
    dpi = _INCH_UM / edge_um
    # Half a part in a thousand: resolutions in pixels per cm or m are rounded (118.11/cm is 300 dpi).
    return edge_um > _COARSEST_UM or any(abs(dpi / p - 1) < 5e-4 for p in (*_PRINT_DPI, *_PRINT_DPI_FINE))
