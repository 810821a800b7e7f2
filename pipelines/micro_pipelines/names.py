"""Names in the folder of a sample, for those that only look for its files."""

from __future__ import annotations

__all__ = ["LABELS_ZARR", "PROBABILITIES_ZARR"]

LABELS_ZARR = "labels.ome.zarr"
"""Name of the OME-Zarr with a sample's image and labels."""

PROBABILITIES_ZARR = "probabilities.ome.zarr"
"""Name of the OME-Zarr with the probabilities of a sample's phases, which are written on request."""
