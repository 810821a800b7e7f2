"""How many slices a TIFF means, by what its first page says about channels and time points."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

from micro.errors import UnsupportedFormatError
from micro.io._calibration.imagej import imagej_fields
from micro.io._calibration.ome import ome_pixels

__all__ = ["Planes", "planes_of"]

_MOST_CHANNELS = 7


@dataclass(frozen=True, slots=True)
class Planes:
    """The flavour of a TIFF and the number of its slices (None: as many as it has pages)."""

    flavour: str
    count: int | None = None


def planes_of(description: str, name: str) -> Planes:
    """Return flavour and number of slices that the description of the first page states.

    Raises
    ------
    UnsupportedFormatError
        If there is more than one channel or time point.

    Examples
    --------
    >>> planes_of("ImageJ=1.54f\\nimages=12\\nslices=12\\n", "a.tif")
    Planes(flavour='ImageJ TIFF', count=12)
    """
    if fields := imagej_fields(description):
        channels = _number(fields, "channels")
        # ImageJ shows no more than 7 channels; other programs write more where slices are meant.
        _single(name, channels=1 if channels > _MOST_CHANNELS else channels, times=_number(fields, "frames"))
        return Planes("ImageJ TIFF", max(_number(fields, "images"), _number(fields, "slices")))
    if pixels := ome_pixels(description):
        slices, channels, times = (_number(pixels, f"Size{axis}") for axis in "ZCT")
        samples = 1 if channels == 1 or slices * times > 1 else channels
        _single(name, channels=1 if samples in {3, 4} else channels, times=times)
        return Planes("OME-TIFF", slices)
    if described := _shaped(description):
        return Planes("TIFF", _shaped_planes(described, name))
    return Planes("TIFF")


def _single(name: str, *, channels: int, times: int) -> None:
    if channels > 1:
        raise UnsupportedFormatError(
            f"{name}: {channels} channels; expected one, save it alone (ImageJ: Image > Color > Split Channels), or "
            "mark them as slices if that is what they are (Image > Properties)"
        )
    if times > 1:
        raise UnsupportedFormatError(
            f"{name}: {times} time points; expected one, save it alone, or mark them as slices if that is what they "
            "are (ImageJ: Image > Properties)"
        )


def _number(fields: dict[str, str], key: str) -> int:
    try:
        return max(int(fields.get(key, "1")), 1)
    except ValueError:
        return 1


def _shaped(description: str) -> dict[str, object]:
    """Return the JSON that tifffile writes into the description of its own files, or nothing."""
    if not description.startswith('{"shape":'):
        return {}
    try:
        found = json.loads(description)
    except ValueError:
        return {}
    shape = found.get("shape")
    good = isinstance(shape, list) and all(isinstance(n, int) and n > 0 for n in shape)
    return found if good and len(shape) >= 2 else {}


def _shaped_planes(described: dict[str, object], name: str) -> int | None:
    shape, axes = described["shape"], described.get("axes")
    if not isinstance(shape, list) or not isinstance(axes, str) or len(axes) != len(shape):
        # The last axes are rows and columns, and samples where the page has some: told by the pages,
        # unless there is one page for all slices.
        truncated = described.get("truncated") and isinstance(shape, list) and len(shape) > 2
        return math.prod(shape[:-2]) if truncated and isinstance(shape, list) else None
    lengths: dict[str, int] = dict(zip(axes.upper(), shape, strict=True))
    _single(name, channels=lengths.get("C", 1), times=lengths.get("T", 1))
    return math.prod(n for axis, n in lengths.items() if axis not in "YXSCT")
