"""Everything that touches voxels runs here: block tasks with halos, and the kernels that they share."""

from micro.blocks.engine import DEFAULT_BLOCK, Done, Engine, Source, read_region
from micro.blocks.grid import Block, Region, Shape, split

__all__ = ["DEFAULT_BLOCK", "Block", "Done", "Engine", "Region", "Shape", "Source", "read_region", "split"]
