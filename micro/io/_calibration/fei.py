"""FEI and Thermo Fisher: pixel size and picture height in the sections of tag 34682 (or 34680)."""

from __future__ import annotations

from collections.abc import Mapping

from micro.io._calibration.calibration import UNKNOWN, Calibration, length_um
from micro.io._calibration.tags import TiffTags

__all__ = ["fei_rows", "read_fei"]

_TAGS = (34682, 34680)


def read_fei(tags: TiffTags) -> Calibration:
    """Read PixelWidth and PixelHeight, in metres, of the scan that made the picture.

    Examples
    --------
    >>> found = read_fei(TiffTags({34682: {"EScan": {"PixelWidth": 1.349e-9, "PixelHeight": 1.349e-9}}}))
    >>> round(found.x_um * 1000, 3)
    1.349
    """
    tag, sections = _sections(tags)
    beam = _section(sections, "Beam").get("Scan")
    notes = []
    for name in ("Scan", *([beam] if isinstance(beam, str) else []), "EScan", "IScan"):
        scan = _section(sections, name)
        if "PixelWidth" not in scan or "PixelHeight" not in scan:
            continue
        y_um, x_um = length_um(scan["PixelHeight"], 1e6), length_um(scan["PixelWidth"], 1e6)
        if y_um is not None and x_um is not None:
            where = f"FEI tag {tag}, [{name}] PixelWidth and PixelHeight"
            return Calibration(y_um=y_um, x_um=x_um, where=where)
        notes.append(f"FEI [{name}] PixelWidth of {scan['PixelWidth']!r} m is no length: it says nothing")
    return UNKNOWN.noting(*dict.fromkeys(notes))


def fei_rows(tags: TiffTags, height: int) -> int:
    """Return how many of ``height`` rows are picture; the rest is the data bar beneath.

    ResolutionY tells; DatabarHeight is asked only where that is missing, since it may say 0 over a bar.

    Examples
    --------
    >>> fei_rows(TiffTags({34682: {"Image": {"ResolutionY": 1024}, "PrivateFei": {"DatabarHeight": 0}}}), 1094)
    1024
    """
    _, sections = _sections(tags)
    rows = _section(sections, "Image").get("ResolutionY")
    if isinstance(rows, int) and 0 < rows <= height:
        return rows
    bar = _section(sections, "PrivateFei").get("DatabarHeight")
    return height - bar if isinstance(bar, int) and 0 < bar < height else height


def _sections(tags: TiffTags) -> tuple[int, Mapping[str, object]]:
    for tag in _TAGS:
        value = tags.values.get(tag)
        if isinstance(value, dict):
            return tag, value
    return 0, {}


def _section(sections: Mapping[str, object], name: str) -> Mapping[str, object]:
    section = sections.get(name)
    return section if isinstance(section, dict) else {}
