"""Corrections that come before the segmentation."""

from micro.preprocess.params import PreprocessParams

__all__ = ["PreprocessParams"]
