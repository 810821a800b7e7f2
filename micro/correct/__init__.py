"""Correcting labels by hand: tools, a journal that loses nothing, and the labels that come of it.

It lies above `micro.io` and `micro.blocks`, which read, write and label voxels, and beside `micro.classify`: neither
knows the other. It lies below `micro.cell` and `micro.measure`, which see final labels only and need not know whether a
person had a hand in them.
"""

from micro.correct.array import CorrectedArray
from micro.correct.brush import Stamp, painted, stamp
from micro.correct.fill import connected, holes_filled, smoothed
from micro.correct.interpolate import between
from micro.correct.journal import Journal, Record, read_records
from micro.correct.log import Log, Logged
from micro.correct.objects import ObjectMask, object_at
from micro.correct.patch import Change, Edit, Patch
from micro.correct.result import (
    CORRECT_STEP,
    automatic_path,
    corrected_labels,
    corrected_path,
    corrections_beside,
    write_corrected,
)
from micro.correct.session import JOURNAL_NAME, Correction, Recovery, corrections_folder, holds_corrections
from micro.correct.tools import (
    Pen,
    brush_edit,
    fill_edit,
    holes_edit,
    interpolate_edit,
    relabel_edit,
    smooth_edit,
)

__all__ = [
    "CORRECT_STEP",
    "JOURNAL_NAME",
    "Change",
    "CorrectedArray",
    "Correction",
    "Edit",
    "Journal",
    "Log",
    "Logged",
    "ObjectMask",
    "Patch",
    "Pen",
    "Record",
    "Recovery",
    "Stamp",
    "automatic_path",
    "between",
    "brush_edit",
    "connected",
    "corrected_labels",
    "corrected_path",
    "corrections_beside",
    "corrections_folder",
    "fill_edit",
    "holds_corrections",
    "holes_edit",
    "holes_filled",
    "interpolate_edit",
    "object_at",
    "painted",
    "read_records",
    "relabel_edit",
    "smooth_edit",
    "smoothed",
    "stamp",
    "write_corrected",
]
