"""Corrections that come before the segmentation."""

from micro.preprocess.align import straighten, unlabel_missing
from micro.preprocess.params import PreprocessParams
from micro.preprocess.preprocess import preprocess

__all__ = ["PreprocessParams", "preprocess", "straighten", "unlabel_missing"]
