"""Phantoms as files: the image, its truth, and what the truth measures."""

from __future__ import annotations

import json
from pathlib import Path

import tifffile

from micro.io import atomic_path, write_tiff
from micro.model import Labels
from micro.phantoms.build_truth import BUILD_DEFINITIONS
from micro.phantoms.phantom import Phantom
from micro.phantoms.strokes import strokes_of
from micro.phantoms.truth import DEFINITIONS

__all__ = ["phantom_name", "write_phantom"]

PAINTED_SHARE = 1e-3
"""Share of the voxels that the strokes of a phantom paint, at most."""


def phantom_name(phantom: Phantom) -> str:
    """Return the stem of the phantom's files: kind, cell (not ``half``), seed, and state (not ``cycled``)."""
    cell = "" if phantom.cell == "half" else f"-{phantom.cell}"
    state = "" if phantom.state == "cycled" else f"-{phantom.state}"
    return f"{phantom.kind}{cell}-seed{phantom.seed}{state}"


def write_phantom(
    phantom: Phantom, folder: Path, *, name: str | None = None, strokes: bool = False
) -> tuple[Path, ...]:
    """Write a phantom into ``folder``: ``<name>.tif``, ``<name>_truth.tif``, ``<name>_truth.json``.

    Both TIFFs open in ImageJ with their voxel size; the labels are compressed (zlib). The JSON holds
    each true value with its unit and definition.

    Parameters
    ----------
    name
        Stem of the files; by default ``<kind>-seed<seed>``, with ``-<state>`` where it is not ``cycled``.
    strokes
        Whether to write ``<name>_strokes.tif`` too: what a person might paint on it, to train a classifier from.

    Raises
    ------
    OutputError
        If the folder can't be written.

    Examples
    --------
    >>> import tempfile
    >>> from micro.phantoms import make_phantom
    >>> small = make_phantom("sem", seed=3, shape=(96, 128))
    >>> [path.name for path in write_phantom(small, Path(tempfile.mkdtemp()))]
    ['sem-seed3.tif', 'sem-seed3_truth.tif', 'sem-seed3_truth.json']
    """
    stem = phantom_name(phantom) if name is None else name
    image = write_tiff(Path(folder) / f"{stem}.tif", phantom.volume)
    truth = _write_compressed(Path(folder) / f"{stem}_truth.tif", phantom.truth)
    values = Path(folder) / f"{stem}_truth.json"
    with atomic_path(values) as beside:
        beside.write_text(_as_json(phantom), encoding="utf-8", newline="\n")
    if not strokes:
        return image, truth, values
    painted = strokes_of(phantom.truth, seed=phantom.seed, share=PAINTED_SHARE)
    return image, truth, values, _write_compressed(Path(folder) / f"{stem}_strokes.tif", painted)


def _write_compressed(path: Path, labels: Labels) -> Path:
    z_um, y_um, x_um = labels.spacing.um
    with atomic_path(path) as beside:
        tifffile.imwrite(
            beside,
            labels.data.compute(),
            imagej=True,
            compression="zlib",
            resolution=(1 / x_um, 1 / y_um),
            metadata={"axes": "ZYX", "unit": "um", "spacing": z_um},
        )
    return path


def _as_json(phantom: Phantom) -> str:
    spacing = phantom.volume.spacing
    half = phantom.cell == "half"
    definitions = DEFINITIONS if half else BUILD_DEFINITIONS
    record = {
        "kind": phantom.kind,
        **({} if half else {"cell": phantom.cell}),
        "seed": phantom.seed,
        "state": phantom.state,
        "noise": phantom.volume.history[0].parameters["noise"],
        "normal": phantom.normal,
        "shape_zyx": list(phantom.volume.shape),
        "voxel_size_um": {"z": spacing.z, "y": spacing.y, "x": spacing.x},
        "labels": {phase.name: phase.value for phase in phantom.truth.phases if phase.value <= 5},
        "values": {
            name: {"value": phantom.values[name], "unit": unit, "definition": definition}
            for name, (unit, definition) in definitions.items()
            if name in phantom.values
        },
    }
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"
