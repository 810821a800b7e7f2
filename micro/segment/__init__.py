"""From grey values to phases."""

from micro.segment.params import SegmentParams

__all__ = ["SegmentParams"]
