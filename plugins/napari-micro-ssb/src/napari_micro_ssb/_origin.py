"""Where a layer comes from, and how large its voxels are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from micro.errors import CalibrationError, MissingCalibrationError, ParameterError
from micro.model import PhaseSet, Spacing
from micro.model.spacing import unit_in_um

if TYPE_CHECKING:
    # a file is opened without them
    from micro_pipelines.job import Job
    from micro_pipelines.sources import Source

__all__ = [
    "KEY",
    "LayerLike",
    "Origin",
    "begin_um_of",
    "edges_text",
    "given_voxel_size",
    "is_of_size",
    "origin_of",
    "refuse_other_voxel_size",
    "refuse_turned",
    "same_edges",
    "spacing_of",
]

KEY = "micro"
"""Key of a layer's metadata under which its `Origin` stands."""


class LayerLike(Protocol):
    """What is asked of a napari layer here."""

    name: str
    data: Any
    scale: Any
    units: Any
    metadata: Any
    ndim: int


@dataclass(frozen=True)
class Origin:
    """Where a layer comes from.

    Attributes
    ----------
    paths
        The file, the folder, or all slices.
    spacing
        Voxel edges as the source states them; None where it doesn't.
    phases
        Phases of a label layer.
    result
        The folder of the finished sample that it belongs to.
    source, job
        Of labels that were made here: from what, and by what; ``job.made`` are the labels as they were made.
    helper
        Whether it shows something beside the labels that count: strokes, a preview, one part of a cell.
    content
        Of an image, what tells its voxels from others: a layer that shows other ones stands for its file no more.
    kept
        Of labels in memory, the file that the Correct panel keeps of them, which their corrections lie beside.
    """

    paths: tuple[Path, ...] = ()
    spacing: Spacing | None = None
    phases: PhaseSet | None = None
    result: Path | None = None
    source: Source | None = None
    job: Job | None = None
    helper: bool = False
    content: str | None = None
    kept: Path | None = None

    @property
    def file(self) -> Path | None:
        """The one file of labels, which corrections lie beside; None where there is none."""
        return self.paths[0] if len(self.paths) == 1 else self.kept


def origin_of(layer: LayerLike) -> Origin:
    """Return where a layer comes from; of one that another program made nothing is known."""
    found = layer.metadata.get(KEY)
    return found if isinstance(found, Origin) else Origin()


def spacing_of(layer: LayerLike) -> Spacing:
    """Return the voxel edges of a layer in um, from its scale and units.

    Raises
    ------
    MissingCalibrationError
        If its units are no lengths.
    """
    edges = _in_um(layer, layer.scale)
    if len(edges) == 2:
        # the thickness of a section isn't known; a wrong edge is refused under its own name
        edges = [min((edge for edge in edges if edge > 0), default=1.0), *edges]
    return Spacing(*edges[-3:])


def begin_um_of(layer: Any) -> tuple[float, ...]:  # noqa: ANN401
    """Return where the first voxel of a layer lies along its axes, in um: other than 0 for a crop or a tile.

    Raises
    ------
    MissingCalibrationError
        If its units are no lengths.
    """
    return tuple(_in_um(layer, layer.translate))


def refuse_turned(layer: Any) -> None:  # noqa: ANN401
    """Refuse a layer that is shown turned, sheared or through an affine transform: voxels are taken as they lie.

    Raises
    ------
    ParameterError
        If it is.
    """
    rotate, shear, affine = (getattr(layer, name, None) for name in ("rotate", "shear", "affine"))
    for what, found, plain in (
        ("turned (rotate)", rotate, np.eye(layer.ndim)),
        ("sheared (shear)", shear, 0.0),
        ("moved by an affine transform", getattr(affine, "affine_matrix", None), np.eye(layer.ndim + 1)),
    ):
        if found is not None and not np.allclose(np.asarray(found, dtype=float), plain, rtol=0, atol=1e-9):
            raise ParameterError(
                f"{layer.name}: is shown {what}, and lengths along its voxels would not be those of the picture; "
                "expected a layer that lies straight: undo it, or turn the voxels themselves"
            )


def refuse_other_voxel_size(layer: LayerLike, wanted: Spacing | None = None) -> None:
    """Refuse a voxel size for labels that were found or are corrected at another one: it belongs to their job or edits.

    Parameters
    ----------
    layer
        A layer; those that have no voxel size of their own are let through.
    wanted
        The voxel size; by default that which the layer is shown with.

    Raises
    ------
    CalibrationError
        If it is another one.
    """
    from micro.correct import CorrectedArray

    shown, made = wanted or spacing_of(layer), getattr(origin_of(layer).job, "made", None)
    if isinstance(layer.data, CorrectedArray):
        own, what = layer.data.correction.automatic.spacing, "are being corrected"
        do = "press Set aside in the Correct panel, set it for the automatic labels, and correct them anew"
    elif made is not None:
        own, what = made[1].spacing, "were found"
        do = "set it for the image and press Run on all"
    else:
        return
    if not same_edges(own, shown, layer.ndim):
        known = edges_text(own, layer.ndim)
        raise CalibrationError(
            f"{layer.name}: these labels {what} with voxels of {known}, not {edges_text(shown, layer.ndim)}; "
            f"keep their voxel size, or for another one {do}"
        )


def same_edges(one: Spacing, two: Spacing, ndim: int) -> bool:
    """Return whether two voxel sizes agree along the axes of a layer; z of a section is a stand-in.

    Examples
    --------
    >>> one, two = Spacing(1, 0.1, 0.1), Spacing(2, 0.1, 0.1)
    >>> same_edges(one, two, 2), same_edges(one, two, 3)
    (True, False)
    """
    return bool(np.allclose(one.um[-ndim:], two.um[-ndim:], rtol=1e-9, atol=0))


def is_of_size(layer: LayerLike, spacing: Spacing | None) -> bool:
    """Return whether the voxels of a layer have this size; not where one of the two isn't known."""
    try:
        return spacing is not None and same_edges(spacing, spacing_of(layer), layer.ndim)
    except CalibrationError:
        return False


def edges_text(spacing: Spacing, ndim: int) -> str:
    """Return the edges of a voxel along the axes of a layer, as the panels show them.

    Examples
    --------
    >>> edges_text(Spacing(1, 0.1, 0.05), 2)
    '0.1 x 0.05 um'
    """
    return f"{' x '.join(f'{edge:g}' for edge in spacing.um[-ndim:])} um"


def _in_um(layer: LayerLike, lengths: Any) -> list[float]:  # noqa: ANN401
    """Return lengths along a layer's axes, given in its units, in um."""
    found = []
    for length, unit in zip(lengths, layer.units, strict=True):
        um = unit_in_um(str(unit))
        if um is None:
            example = "0.05,0.05um" if layer.ndim == 2 else "0.1,0.05,0.05um"
            raise MissingCalibrationError(
                f"{layer.name}: how large a voxel is isn't known; enter the voxel size above, such as {example}"
            )
        found.append(float(length) * um)
    return found


def given_voxel_size(layer: LayerLike) -> Spacing | None:
    """Return the voxel edges that the user gave a layer; None where they are those of its file.

    Raises
    ------
    MissingCalibrationError
        If nobody said how large a voxel is.
    """
    shown, stated = spacing_of(layer), origin_of(layer).spacing
    return None if stated is not None and same_edges(shown, stated, layer.ndim) else shown
