"""From grey values to phases."""

from micro.segment.levels import GreyLevels
from micro.segment.params import SegmentParams
from micro.segment.segment import find_levels, segment

__all__ = ["GreyLevels", "SegmentParams", "find_levels", "segment"]
