"""Networks in ONNX files: what they must be, and what their metadata say about them."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Shape
from micro.errors import (
    InputMissingError,
    MissingPackageError,
    ParameterError,
    PhaseError,
    UnreadableFileError,
    UnsupportedFormatError,
)
from micro.model import FULL_SCALE, SSB_PHASES

__all__ = ["OnnxNetwork", "read_network"]

_TILE = {2: 512, 3: 96}
_OVERLAP = {2: 64, 3: 16}
_SUMS_TO_ONE = 1e-3  # half-precision networks round their probabilities to about that
_FIRST = b"\x08"  # every writer of protobuf begins with the first field, the version of the format
_EXTERNAL = b"\n\x08location\x12"  # how a tensor that lies in another file says so, in protobuf


@dataclass(frozen=True, eq=False)
class OnnxNetwork:
    """A network that labels pictures of one grey channel, and how it wants them.

    Attributes
    ----------
    name
        Name of the file.
    content
        The file's bytes.
    phases
        Phase of each output channel.
    axes
        2: it takes slices; 3: it takes volumes.
    tile
        Voxels along z, y and x that go in at once; 1 along z for slices.
    overlap
        Voxels at each end of a tile that are read for context only.
    margin
        Voxels at each end that the output lacks (a network that doesn't pad).
    grey_mean, grey_sd
        What goes in is (g - mean) / sd, where g is the corrected grey value on the scale from 0 to 1.
    voxel_um
        Voxel edge of the training; None where the file doesn't say.
    probabilities
        Whether the outputs are probabilities already; else softmax makes them such.
    """

    name: str
    content: bytes = field(repr=False)
    phases: tuple[str, ...] = ()
    axes: int = 3
    tile: Shape = (96, 96, 96)
    overlap: Shape = (16, 16, 16)
    margin: Shape = (0, 0, 0)
    grey_mean: float = 0.0
    grey_sd: float = 1.0
    voxel_um: float | None = None
    probabilities: bool = False

    @property
    def core(self) -> Shape:
        """Voxels along z, y and x that a tile answers for."""
        z, y, x = (tile - 2 * overlap for tile, overlap in zip(self.tile, self.overlap, strict=True))
        return (z, y, x)

    @cached_property
    def content_hash(self) -> str:
        """``sha256:`` over the file's bytes."""
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"

    @property
    def session(self) -> Any:  # noqa: ANN401
        """The runtime's own object; made when it is first asked for in a process."""
        return _session(_File(self.content_hash, self.content, self.name))

    def scores(self, grey: NDArray[np.generic]) -> NDArray[np.float32]:
        """Return the class scores of one tile of grey values (0 to 65535), shape (class, z, y, x) less the margins."""
        image = (grey.astype(np.float32) / np.float32(FULL_SCALE) - np.float32(self.grey_mean)) / np.float32(
            self.grey_sd
        )
        shaped = image[np.newaxis, np.newaxis] if self.axes == 3 else image[np.newaxis]
        session = self.session
        (out,) = session.run([session.get_outputs()[0].name], {session.get_inputs()[0].name: shaped})
        found: NDArray[np.float32] = np.asarray(out, np.float32)[0]
        return found if self.axes == 3 else found[:, np.newaxis]


def read_network(path: str | Path, *, phases: Sequence[str] | None = None) -> OnnxNetwork:
    """Read an ONNX network and see by a trial that it can label pictures.

    Its first input is float32 of shape (1, 1, y, x) or (1, 1, z, y, x): one picture, one grey channel. Its first
    output holds the class scores, (1, class, ...), of the same size or smaller by the same margin on both sides.
    The file's metadata may say ``phases`` ("void,SE,Li", one a class), ``tile`` and ``overlap`` in voxels ("96",
    or z, y, x), ``grey_mean`` and ``grey_sd`` (what goes in is (grey - mean) / sd; the grey scale is that
    of `micro.preprocess.preprocess`, from 0 to 1, with black at 0.125 and white at 0.875), and ``voxel_um``, the voxel
    edge of the training.

    Parameters
    ----------
    path
        A ``.onnx`` file that holds its weights.
    phases
        Phase of each class, where the metadata don't say.

    Raises
    ------
    MissingPackageError
        If onnxruntime is not installed.
    InputMissingError, UnreadableFileError
        If there is no such file, or it is no ONNX network.
    UnsupportedFormatError
        If the network takes or gives something else.
    PhaseError
        If nobody says which class is which phase, or it does not fit the classes.
    ParameterError
        If what the metadata say is impossible.
    """
    path = Path(path)
    network = OnnxNetwork(path.name, _content(path))
    metadata = {str(k): str(v) for k, v in network.session.get_modelmeta().custom_metadata_map.items()}
    if _EXTERNAL in network.content and "location" not in metadata:
        raise _scattered(path.name)
    fixed = _fixed_tile(path.name, network.session.get_inputs())
    network = _with_tile(network, fixed, metadata)
    network = replace(
        network,
        grey_mean=_number(path.name, metadata, "grey_mean", 0.0),
        grey_sd=_number(path.name, metadata, "grey_sd", 1.0, positive=True),
        voxel_um=_number(path.name, metadata, "voxel_um", 1.0, positive=True) if "voxel_um" in metadata else None,
    )
    classes, network = _tried(network)
    return replace(network, phases=_phases(path.name, metadata.get("phases"), phases, classes))


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            first = stream.read(1)
            if first != _FIRST:
                raise UnreadableFileError(f"{path.name} is no ONNX network; expected a file that ends in .onnx")
            return first + stream.read()
    except FileNotFoundError:
        raise InputMissingError(f"{path}: no such file; check the path") from None
    except UnreadableFileError:
        raise
    except OSError as error:
        raise UnreadableFileError(f"{path} can't be read: {error.strerror or error}; check the file") from error


@dataclass(frozen=True)
class _File:
    """A network's file, compared by the hash of its content."""

    content_hash: str
    content: bytes = field(repr=False, compare=False)
    name: str = field(compare=False)


@lru_cache(maxsize=2)
def _session(file: _File) -> Any:  # noqa: ANN401
    """Return the network, ready to run in the thread that asks; made once a process."""
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingPackageError(
            f"{file.name} is an ONNX network, and onnxruntime is not installed; "
            "install it with: pip install onnxruntime (in a clone: uv sync --extra onnx)"
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(file.content, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        if _EXTERNAL in file.content:
            raise _scattered(file.name) from error
        raise UnreadableFileError(
            f"{file.name} is no ONNX network that onnxruntime can load ({_reason(error)}); export it again"
        ) from error


def _scattered(name: str) -> UnsupportedFormatError:
    return UnsupportedFormatError(f"{name}: its weights lie in other files; save the network as one file")


def _fixed_tile(name: str, inputs: Sequence[Any]) -> tuple[int | None, ...]:
    """Return the lengths along the spatial axes that the input fixes, None where it takes any."""
    if len(inputs) != 1:
        listed = ", ".join(entry.name for entry in inputs) or "none"
        raise UnsupportedFormatError(f"{name}: a network with {len(inputs)} inputs ({listed}); expected one picture")
    shape, kind = inputs[0].shape, inputs[0].type
    found = f"an input of {kind.removeprefix('tensor(').removesuffix(')')}, shape {_listed(shape)}"
    expected = "expected float, shape (1, 1, y, x) or (1, 1, z, y, x): one picture of one grey channel"
    if kind != "tensor(float)" or len(shape) not in (4, 5):
        raise UnsupportedFormatError(f"{name}: {found}; {expected}")
    batch, channels, *spatial = shape
    if channels != 1 or (isinstance(batch, int) and batch not in (1, 0, -1)):
        raise UnsupportedFormatError(f"{name}: {found}; {expected}")
    return tuple(length if isinstance(length, int) and length > 0 else None for length in spatial)


def _with_tile(network: OnnxNetwork, fixed: tuple[int | None, ...], metadata: Mapping[str, str]) -> OnnxNetwork:
    """Return the network with its axes, tile and overlap."""
    axes, name = len(fixed), network.name
    stated = _lengths(name, metadata, "tile", axes) or (None,) * axes
    tile = []
    for axis, (own, said) in enumerate(zip(fixed, stated, strict=True)):
        if own is not None and said is not None and own != said:
            raise ParameterError(
                f"{name}: tile = {metadata['tile']} in its metadata, but the input is {own} voxels long along "
                f"{'zyx'[axis - axes]}; expected the same"
            )
        tile.append(own or said or _TILE[axes])
    overlap = _lengths(name, metadata, "overlap", axes) or tuple(min(_OVERLAP[axes], length // 4) for length in tile)
    if any(2 * over >= length for over, length in zip(overlap, tile, strict=True)):
        raise ParameterError(
            f"{name}: an overlap of {_listed(overlap)} voxels leaves nothing of a tile of {_listed(tile)}; "
            "expected less than half of it"
        )
    whole = (1, *tile) if axes == 2 else tuple(tile)
    around = (0, *overlap) if axes == 2 else tuple(overlap)
    return replace(network, axes=axes, tile=_shape(whole), overlap=_shape(around))


def _tried(network: OnnxNetwork) -> tuple[int, OnnxNetwork]:
    """Run the network on a tile of noise; return its number of classes, and the network with what was learned."""
    grey = np.random.default_rng(0).uniform(0, FULL_SCALE, network.tile).astype(np.uint16)
    try:
        scores = network.scores(grey)
    except Exception as error:
        raise UnsupportedFormatError(
            f"{network.name} does not run on a tile of {_listed(network.tile[-network.axes :])} voxels "
            f"({_reason(error)}); state the tile that it needs as 'tile' in its metadata"
        ) from error
    shape = scores.shape[1:]
    expected = f"expected class scores of shape (1, class, {', '.join('zyx'[-network.axes :])})"
    if scores.ndim != 4 or len(scores) < 2 or len(scores) > 255:
        raise UnsupportedFormatError(f"{network.name}: {_said(scores)}; {expected}, from 2 classes on")
    lost = [tile - out for tile, out in zip(network.tile, shape, strict=True)]
    if any(n < 0 or n % 2 or n // 2 > over for n, over in zip(lost, network.overlap, strict=True)):
        raise UnsupportedFormatError(
            f"{network.name}: {_said(scores)} from a tile of {_listed(network.tile)} with an overlap of "
            f"{_listed(network.overlap)}; {expected}, as large as the tile or smaller by no more than the overlap"
        )
    if not np.isfinite(scores).all():
        raise UnsupportedFormatError(f"{network.name} gives scores that are not finite; {expected}")
    sums = scores.sum(axis=0)
    already = bool(scores.min() >= 0 and np.abs(sums - 1).max() < _SUMS_TO_ONE)
    margin = _shape([n // 2 for n in lost])
    return len(scores), replace(network, margin=margin, probabilities=already)


def _phases(name: str, stated: str | None, given: Sequence[str] | None, classes: int) -> tuple[str, ...]:
    """Return the phase of each class, from the metadata, else from the user."""
    found = _names(stated) if stated else tuple(given or ())
    if stated and given and tuple(given) != found:
        raise PhaseError(
            f"{name}: its metadata say the phases {', '.join(found)}, not {', '.join(given)}; leave these out"
        )
    if not found:
        raise PhaseError(
            f"{name} does not say which of its {classes} classes is which phase; say it with --model-phases void,SE,Li "
            "in the order of the classes, or as 'phases' in its metadata"
        )
    for phase in found:
        SSB_PHASES[phase]
    if len(found) != classes or len(set(found)) != classes:
        raise PhaseError(
            f"{name} has {classes} classes, and the phases are {', '.join(found)}; expected one phase a class"
        )
    return found


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in re.split(r"[,;]", text) if part.strip())


def _number(name: str, metadata: Mapping[str, str], key: str, default: float, *, positive: bool = False) -> float:
    try:
        value = float(metadata.get(key, default))
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or (positive and value <= 0):
        kind = "a positive number" if positive else "a number"
        raise ParameterError(f"{name}: {key} = {metadata[key]!r} in its metadata; expected {kind}")
    return value


def _lengths(name: str, metadata: Mapping[str, str], key: str, axes: int) -> tuple[int, ...] | None:
    """Return one length an axis in voxels, or None where the metadata have no such key."""
    if key not in metadata:
        return None
    parts = _names(metadata[key])
    if len(parts) not in (1, axes) or not all(part.isdigit() for part in parts) or "0" in parts * (key == "tile"):
        raise ParameterError(
            f"{name}: {key} = {metadata[key]!r} in its metadata; expected one whole number of voxels, or one for each "
            f"of {', '.join('zyx'[-axes:])}"
        )
    return tuple(int(part) for part in parts) * (axes if len(parts) == 1 else 1)


def _shape(lengths: Sequence[int]) -> Shape:
    z, y, x = lengths
    return (z, y, x)


def _listed(lengths: Sequence[Any]) -> str:
    return f"({', '.join(str(length) for length in lengths)})"


def _said(scores: NDArray[np.float32]) -> str:
    return f"an output of shape {_listed((1, *scores.shape))}"


def _reason(error: Exception) -> str:
    """Return the first line of an error of onnxruntime without its codes."""
    line = (str(error).splitlines() or [type(error).__name__])[0]
    return re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", line).rstrip(". ")[:200]
