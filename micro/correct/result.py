"""The corrected labels as a file that everything else reads, and what they say about how they came about."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import micro
from micro.correct.journal import read_records
from micro.correct.log import Log, Logged
from micro.correct.session import JOURNAL_NAME, Correction, corrections_folder
from micro.errors import JournalError, ParameterError
from micro.io import atomic_path, write_ome_zarr
from micro.model import Labels, PhaseSet, Step

__all__ = [
    "CORRECT_STEP",
    "automatic_path",
    "corrected_labels",
    "corrected_path",
    "corrections_beside",
    "write_corrected",
]

CORRECT_STEP = "correct by hand"
"""Name of the step in the history of corrected labels."""

_SUFFIX = "_corrected.ome.zarr"
_FOLDER = re.compile(r"(.+)\.corrections(?:\.\d+)?")
"""A folder of corrections, or one that was set aside."""
_COLUMNS = ("edit", "time", "tool", "voxels", "from", "to", "undone", "parameters")


def corrected_path(labels: Path) -> Path:
    """Return where the corrected labels of a label file or folder are written: beside it.

    Examples
    --------
    >>> corrected_path(Path("cell 3") / "labels.ome.zarr").name, corrected_path(Path("a.tif")).name
    ('labels_corrected.ome.zarr', 'a_corrected.ome.zarr')
    """
    name = labels.name
    for ending in (".ome.zarr", ".zarr", ".ome.tif", ".ome.tiff"):
        if name.lower().endswith(ending):
            return labels.with_name(name[: -len(ending)] + _SUFFIX)
    return labels.with_name(labels.stem + _SUFFIX)


def automatic_path(corrected: Path) -> Path | None:
    """Return the automatic labels that corrected ones lie beside; None where there are none.

    They are known by their corrections, also by those that were set aside.

    Examples
    --------
    >>> automatic_path(Path("nowhere") / "labels_corrected.ome.zarr") is None
    True
    """
    if not corrected.name.endswith(_SUFFIX):
        return None
    for folder in sorted(corrected.parent.glob("*.corrections*")):
        found = _FOLDER.fullmatch(folder.name)
        automatic = corrected.with_name(found[1] if found else folder.name)
        if found and corrected_path(automatic).name == corrected.name and automatic.exists():
            return automatic
    return None


def corrected_labels(correction: Correction) -> Labels:
    """Return the corrected labels, lazily, with the edits as a step of their history.

    The step names the tools with their edits and voxels, what went from phase to phase, and how many voxels differ from
    the automatic labels in the end, by phase before and after. Without an edit that counts there is no step.

    Examples
    --------
    >>> import tempfile
    >>> from micro.correct import CorrectedArray
    >>> from micro.model import Spacing
    >>> automatic = Labels(np.full((4, 5), 2, np.uint8), Spacing.parse("25nm"))
    >>> with Correction(automatic, Path(tempfile.mkdtemp())) as correction:
    ...     CorrectedArray(correction, tool="paint")[0, 0, :3] = 3
    ...     step = corrected_labels(correction).history[-1]
    >>> step.parameters["tools"][0]["moved"], step.parameters["changed"]
    ({'SE > Li': 3}, {'voxels': 3, 'before': {'SE': 3}, 'after': {'Li': 3}})
    """
    labels = correction.automatic
    active = correction.log.active
    if not active:
        return labels
    parameters = {
        "edits": len(active),
        "tools": _by_tool(active, labels.phases),
        "changed": _changed(correction),
        "first": active[0].time,
        "last": active[-1].time,
        "journal": correction.journal_id,
        "entries": correction.records,
    }
    step = Step(CORRECT_STEP, parameters, version=micro.__version__, input_hash=correction.identity.content)
    return labels.after(step, correction.lazy())


def write_corrected(correction: Correction, path: Path) -> Path:
    """Write the corrected labels as OME-Zarr, by custom to `corrected_path`, and the list of edits beside them.

    The labels lie at the root, with voxel size, phases and history; ``micro measure`` reads them like any others. The
    list (``..._corrections.csv``) has a row an edit, those that were undone included.

    Raises
    ------
    OutputError
        If they can't be written; files that are there are replaced only when the new ones are whole.
    ParameterError
        If the labels were edited meanwhile; files that are there stay as they are.
    """
    seen = correction.revision
    correction.flush()

    def check() -> None:
        if correction.revision != seen:
            raise ParameterError(f"{path}: the labels were edited while they were written; write them again")

    name = path.name.removesuffix(_SUFFIX) if path.name.endswith(_SUFFIX) else path.stem
    with atomic_path(path.with_name(f"{name}_corrections.csv")) as beside:
        _write_log(beside, correction.log, correction.automatic.phases)
        return write_ome_zarr(path, None, corrected_labels(correction), check=check)


def corrections_beside(labels: Path) -> str:
    """Return what is to be known about corrections that lie beside a label file, or nothing.

    Automatic labels that were corrected are measured as they are, and corrected labels may be older than the last edit:
    either is told. Nothing is opened for writing.

    Parameters
    ----------
    labels
        A label file or folder.
    """
    found = _records_of(corrections_folder(labels))
    if found is not None:
        _, _, log = found
        if log.active:
            return (
                f"{len(log.active)} corrections by hand lie beside {labels.name} and are not in it; "
                f"to measure them, write {corrected_path(labels).name} from the viewer and give that"
            )
        return ""
    automatic = automatic_path(labels)
    return "" if automatic is None else _stale(labels, automatic)


def _stale(labels: Path, automatic: Path) -> str:
    from micro.io import open_source

    folder = corrections_folder(automatic)
    found = _records_of(folder)
    step = next((step for step in open_source(labels).history if step.operation == CORRECT_STEP), None)
    if found is None:
        if step is None or folder.exists():
            return ""
        return (
            f"{labels.name} holds corrections that were set aside since; to measure without them, give "
            f"{automatic.name}, or correct it anew and write {labels.name} again from the viewer"
        )
    journal, records, _ = found
    known = {} if step is None else step.parameters
    # after Set aside another journal may have as many entries
    if known.get("entries", 0) == records and known.get("journal", journal) == journal:
        return ""
    return f"{labels.name} is older than the last corrections in {folder.name}; write it again from the viewer"


def _records_of(folder: Path) -> tuple[str, int, Log] | None:
    """Return the name of a journal, how many entries it has, and its edits; None where there is none."""
    try:
        header, records = read_records(folder / JOURNAL_NAME)
    except (OSError, JournalError):
        return None
    return str(header.get("id", "")), len(records), Log(records)


def _by_tool(edits: Sequence[Logged], phases: PhaseSet) -> list[dict[str, Any]]:
    tools: dict[str, dict[str, Any]] = {}
    for edit in edits:
        entry = tools.setdefault(edit.tool, {"tool": edit.tool, "edits": 0, "voxels": 0, "moved": {}})
        entry["edits"] += 1
        entry["voxels"] += edit.voxels
        for (before, after), voxels in edit.moved.items():
            name = f"{_name(phases, before)} > {_name(phases, after)}"
            entry["moved"][name] = entry["moved"].get(name, 0) + voxels
    return list(tools.values())


def _changed(correction: Correction) -> dict[str, Any]:
    """Return how many voxels differ from the automatic labels, by what they were and what they are."""
    before, after = np.zeros(256, np.int64), np.zeros(256, np.int64)
    for old, new in correction.touched():
        differs = old != new
        before += np.bincount(old[differs], minlength=256)
        after += np.bincount(new[differs], minlength=256)
    phases = correction.automatic.phases
    return {"voxels": int(before.sum()), "before": _named(before, phases), "after": _named(after, phases)}


def _named(counts: np.ndarray[tuple[int], np.dtype[np.int64]], phases: PhaseSet) -> Mapping[str, int]:
    return {_name(phases, int(value)): int(counts[value]) for value in np.flatnonzero(counts)}


def _name(phases: PhaseSet, value: int) -> str:
    return phases.name_of(value) if value else "unlabelled"


def _write_log(path: Path, log: Log, phases: PhaseSet) -> None:
    """Write a row an edit and pair of phases."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(_COLUMNS)
        for edit in log.edits:
            given = "; ".join(f"{name}={value}" for name, value in edit.parameters.items())
            for (before, after), voxels in sorted(edit.moved.items()):
                names = (_name(phases, before), _name(phases, after))
                table.writerow((edit.number, edit.time, edit.tool, voxels, *names, int(edit.undone), given))
