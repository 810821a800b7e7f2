"""Everything that touches voxels runs here: block tasks with halos, and the kernels that they share."""

from micro.blocks.components import Components, label_components
from micro.blocks.distance import distance_um, within_um
from micro.blocks.engine import DEFAULT_BLOCK, Done, Engine, Source, as_dask, read_region
from micro.blocks.grid import Block, Region, Shape, split
from micro.blocks.kernels import gaussian, gaussian_reach, kernel, smooth_axis

__all__ = [
    "DEFAULT_BLOCK",
    "Block",
    "Components",
    "Done",
    "Engine",
    "Region",
    "Shape",
    "Source",
    "as_dask",
    "distance_um",
    "gaussian",
    "gaussian_reach",
    "kernel",
    "label_components",
    "read_region",
    "smooth_axis",
    "split",
    "within_um",
]
