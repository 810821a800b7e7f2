r"""ImageJ: pixels per unit in the resolution tags, the unit and the slice spacing in the description."""

from __future__ import annotations

from micro.io._calibration.calibration import UNKNOWN, Calibration, length_um
from micro.io._calibration.resolution import from_density
from micro.io._calibration.tags import TiffTags
from micro.model import unit_in_um

__all__ = ["imagej_fields", "read_imagej"]

_PRINT_UNITS = {"inch": 25400.0, "cm": 10000.0}


def imagej_fields(description: str) -> dict[str, str]:
    """Return the ``key=value`` lines of an ImageJ description; empty where it is none.

    Examples
    --------
    >>> imagej_fields("ImageJ=1.54f\\nimages=3\\nunit=nm\\n")["unit"]
    'nm'
    """
    if not description.startswith("ImageJ="):
        return {}
    lines = (line.partition("=") for line in description.splitlines())
    return {key.strip(): value.strip() for key, mark, value in lines if mark}


def read_imagej(tags: TiffTags) -> Calibration:
    r"""Read the voxel size that ImageJ wrote.

    Examples
    --------
    >>> text = "ImageJ=1.54f\nimages=3\nslices=3\nunit=nm\nspacing=50\n"
    >>> read_imagej(TiffTags({270: text, 282: (4, 100), 283: (2, 100)})).spacing(slices=3)
    Spacing(z=0.05, y=0.05, x=0.025)
    """
    fields = imagej_fields(tags.description)
    unit = fields.get("unit", "").strip('"')
    density = tags.resolution
    if not fields or not unit or density is None:
        return UNKNOWN
    unit_um = unit_in_um(unit)
    if unit_um is None:
        if unit.lower() in {"pixel", "pixels"}:
            return UNKNOWN
        return Calibration(notes=(f"ImageJ's unit {unit!r} is no length: it says nothing",))
    if unit.lower() in _PRINT_UNITS:
        return from_density(
            density, unit_um, f"{density[1]:g} pixels per {unit}", "ImageJ description and resolution tags"
        )
    y_um = length_um(1 / density[0], unit_in_um(fields.get("yunit", unit)) or unit_um)
    x_um = length_um(1 / density[1], unit_um)
    z_um = length_um(fields.get("spacing"), unit_in_um(fields.get("zunit", unit)) or unit_um)
    notes: tuple[str, ...] = ()
    if "spacing" in fields and z_um is None:
        notes = (f"ImageJ's spacing of {fields['spacing']!r} between slices is no length: it says nothing",)
    where = f"ImageJ description (unit {unit}{', spacing' if z_um else ''}) and resolution tags"
    return Calibration(z_um=z_um, y_um=y_um, x_um=x_um, where=where, notes=notes)
