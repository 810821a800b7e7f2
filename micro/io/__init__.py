"""Reading and writing image files: lazily, with the voxel size that they state."""

from micro.io._calibration.calibration import Calibration
from micro.io._opened import Opened, Reader, SliceHeader, SliceReader
from micro.io._stack import Stack
from micro.io.atomic import atomic_folder, atomic_path
from micro.io.fingerprint import fingerprint
from micro.io.info import FileInfo, inspect
from micro.io.labels import read_labels
from micro.io.levels import read_coarser
from micro.io.mapping import parse_mapping
from micro.io.natural import natural_sorted
from micro.io.readers import ImageSource, open_source, readers, source_name
from micro.io.volumes import read_volume
from micro.io.write_ome_zarr import LABELS_NAME, write_ome_zarr
from micro.io.write_probabilities import write_probabilities
from micro.io.write_tiff import imagej_can_hold, write_tiff

__all__ = [
    "LABELS_NAME",
    "Calibration",
    "FileInfo",
    "ImageSource",
    "Opened",
    "Reader",
    "SliceHeader",
    "SliceReader",
    "Stack",
    "atomic_folder",
    "atomic_path",
    "fingerprint",
    "imagej_can_hold",
    "inspect",
    "natural_sorted",
    "open_source",
    "parse_mapping",
    "read_coarser",
    "read_labels",
    "read_volume",
    "readers",
    "source_name",
    "write_ome_zarr",
    "write_probabilities",
    "write_tiff",
]
