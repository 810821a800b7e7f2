"""Everything that touches voxels runs here: block tasks with halos, and the kernels that they share."""

from micro.blocks.boxes import box_of, grown_box
from micro.blocks.budget import Budget, parse_bytes
from micro.blocks.by_id import ids_among, looked_up, relabelled
from micro.blocks.components import Components, label_components
from micro.blocks.distance import distance_um, within_um
from micro.blocks.engine import DEFAULT_BLOCK, Done, Engine, Source, as_dask, read_region, store_of
from micro.blocks.grid import Block, Region, Shape, split
from micro.blocks.heap import memory_kept
from micro.blocks.kernels import gaussian, gaussian_reach, kernel, smooth_axis
from micro.blocks.pool import Pool
from micro.blocks.scratch import clear_scratch, scratch_folder
from micro.blocks.sparse import SparseArray
from micro.blocks.thickness import Radii, ball_radii, largest_balls, local_thickness

__all__ = [
    "DEFAULT_BLOCK",
    "Block",
    "Budget",
    "Components",
    "Done",
    "Engine",
    "Pool",
    "Radii",
    "Region",
    "Shape",
    "Source",
    "SparseArray",
    "as_dask",
    "ball_radii",
    "box_of",
    "clear_scratch",
    "distance_um",
    "gaussian",
    "gaussian_reach",
    "grown_box",
    "ids_among",
    "kernel",
    "label_components",
    "largest_balls",
    "local_thickness",
    "looked_up",
    "memory_kept",
    "parse_bytes",
    "read_region",
    "relabelled",
    "scratch_folder",
    "smooth_axis",
    "split",
    "store_of",
    "within_um",
]
