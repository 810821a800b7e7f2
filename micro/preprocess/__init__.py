"""Corrections that come before the segmentation."""

from micro.preprocess.params import PreprocessParams
from micro.preprocess.preprocess import BLACK, WHITE, preprocess

__all__ = ["BLACK", "WHITE", "PreprocessParams", "preprocess"]
