"""Segmentation learned from strokes, or by a network that somebody else trained."""
