"""Segmentation learned from strokes, or by a network that somebody else trained."""

from micro.classify.onnx import OnnxNetwork, read_network
from micro.classify.tiles import classify_with_network

__all__ = ["OnnxNetwork", "classify_with_network", "read_network"]
