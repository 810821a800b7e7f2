"""Corrections that come before the segmentation."""

from micro.preprocess.align import straighten, unlabel_missing
from micro.preprocess.follow import follow, follow_back, slice_shifts
from micro.preprocess.params import PreprocessParams
from micro.preprocess.preprocess import preprocess

__all__ = ["PreprocessParams", "follow", "follow_back", "preprocess", "slice_shifts", "straighten", "unlabel_missing"]
