"""Zeiss SEM and FIB-SEM: the pixel size among the parameters of tag 34118."""

from __future__ import annotations

from micro.io._calibration.calibration import UNKNOWN, Calibration, length_um
from micro.io._calibration.tags import TiffTags
from micro.model import unit_in_um

__all__ = ["ZEISS_TAG", "read_zeiss"]

ZEISS_TAG = 34118
_NAMES = ("ap_image_pixel_size", "ap_pixel_size")  # that of the stored image first


def read_zeiss(tags: TiffTags) -> Calibration:
    """Read the pixel size that the microscope wrote.

    Examples
    --------
    >>> read_zeiss(TiffTags({34118: {"ap_pixel_size": ("Pixel Size", 55.82, "nm")}})).x_um
    0.05582
    """
    fields = tags.values.get(ZEISS_TAG)
    if not isinstance(fields, dict):
        return UNKNOWN
    notes = []
    for name in _NAMES:
        entry = fields.get(name)
        if not isinstance(entry, tuple) or len(entry) < 2:
            continue
        value, unit = entry[1], str(entry[2]) if len(entry) > 2 else ""
        unit_um = unit_in_um(unit)
        edge_um = None if unit_um is None else length_um(value, unit_um)
        if edge_um is not None:
            return Calibration(y_um=edge_um, x_um=edge_um, where=f"Zeiss tag {ZEISS_TAG}, {name.upper()}")
        notes.append(f"Zeiss {name.upper()} of {value!r} {unit!r} is no length: it says nothing")
    return _unnamed(fields).noting(*notes)


def _unnamed(fields: dict[str, object]) -> Calibration:
    """Read the fourth of the nameless values at the head of the tag: metres a pixel (old SmartSEM)."""
    head = fields.get("")
    edge_um = length_um(head[3], 1e6) if isinstance(head, tuple) and len(head) > 3 else None
    if edge_um is None or not 1e-5 < edge_um < 1e3:
        return UNKNOWN
    return Calibration(y_um=edge_um, x_um=edge_um, where=f"Zeiss tag {ZEISS_TAG}, fourth value")
