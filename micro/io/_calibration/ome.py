"""OME-XML: PhysicalSizeX, Y and Z with their units, and how the planes are counted."""

from __future__ import annotations

from xml.etree import ElementTree

from micro.io._calibration.calibration import UNKNOWN, Calibration, length_um
from micro.io._calibration.tags import TiffTags
from micro.model import unit_in_um

__all__ = ["ome_pixels", "read_ome"]


def ome_pixels(description: str) -> dict[str, str]:
    """Return the attributes of the first Pixels element of an OME-XML text; empty where there is none.

    Examples
    --------
    >>> ome_pixels('<OME><Image><Pixels SizeX="4" SizeZ="3"/></Image></OME>')["SizeZ"]
    '3'
    """
    text = description.strip()
    if not text.endswith("OME>"):
        return {}
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return {}
    for element in root.iter():
        if element.tag.rpartition("}")[2] == "Pixels":
            return dict(element.attrib)
    return {}


def read_ome(tags: TiffTags) -> Calibration:
    """Read the voxel size of an OME-TIFF; a missing unit is um, as the schema says.

    Examples
    --------
    >>> pixels = '<Pixels PhysicalSizeX="25" PhysicalSizeXUnit="nm" PhysicalSizeY="0.05" PhysicalSizeZ="0.1"/>'
    >>> read_ome(TiffTags({270: f"<OME><Image>{pixels}</Image></OME>"})).x_um
    0.025
    """
    pixels = ome_pixels(tags.description)
    edges: dict[str, float | None] = {}
    notes = []
    for axis in "ZYX":
        found = pixels.get(f"PhysicalSize{axis}")
        unit = pixels.get(f"PhysicalSize{axis}Unit", "µm")
        unit_um = unit_in_um(unit)
        edges[axis] = None if found is None or unit_um is None else length_um(found, unit_um)
        if found is not None and edges[axis] is None:
            notes.append(f"OME PhysicalSize{axis} of {found!r} {unit!r} is no length: it says nothing")
    if edges["X"] is None or edges["Y"] is None:
        return UNKNOWN.noting(*notes)
    return Calibration(edges["Z"], edges["Y"], edges["X"], "OME-XML PhysicalSize", tuple(notes))
