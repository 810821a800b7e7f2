"""The tags of a TIFF page that may tell the size of a pixel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

__all__ = ["TiffTags"]


@dataclass(frozen=True)
class TiffTags:
    """Tag values of the first page by number, as tifffile decodes them."""

    values: dict[int, Any]

    @property
    def description(self) -> str:
        """Text of ImageDescription (270), or empty."""
        text = self.values.get(270, "")
        return text if isinstance(text, str) else ""

    @property
    def resolution(self) -> tuple[float, float] | None:
        """Pixels per unit along y and x (283, 282), or None where they are missing or no numbers above 0."""
        pair = (_ratio(self.values.get(283)), _ratio(self.values.get(282)))
        return None if pair[0] is None or pair[1] is None else (pair[0], pair[1])

    @property
    def resolution_unit(self) -> int:
        """ResolutionUnit (296): 1 none, 2 inch, 3 centimetre; inch where the tag is missing."""
        try:
            return int(self.values.get(296, 2))
        except (TypeError, ValueError):
            return 1


def _ratio(value: object) -> float | None:
    if not (isinstance(value, tuple) and len(value) == 2 and value[1]):
        return None
    number = float(value[0]) / float(value[1])
    return number if math.isfinite(number) and number > 0 else None
