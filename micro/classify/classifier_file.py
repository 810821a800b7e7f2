"""A classifier as one file: a zip of plain arrays and a JSON header, nothing that could run code."""

from __future__ import annotations

import dataclasses
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from micro import __version__
from micro.classify.model import Classifier
from micro.classify.network import Network
from micro.classify.params import TrainParams
from micro.classify.plan import plan_features
from micro.errors import InputMissingError, MicroError, UnreadableFileError, UnsupportedFormatError
from micro.io import atomic_path
from micro.model import Spacing

__all__ = ["FORMAT_VERSION", "read_classifier", "write_classifier"]

FORMAT = "micro classifier"
FORMAT_VERSION = 1
_ARRAYS = tuple(field.name for field in dataclasses.fields(Network))


def write_classifier(classifier: Classifier, path: Path) -> Path:
    """Write a classifier to one file, which `read_classifier` reads; the same classifier gives the same bytes.

    Raises
    ------
    OutputError
        If the file can't be written.

    Examples
    --------
    See `read_classifier`.
    """
    header = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "written_by": __version__,
        "phases": list(classifier.phases),
        "train": classifier.params.model_dump(mode="json"),
        "spacing_um": list(classifier.spacing.um),
        "is_2d": classifier.is_2d,
        "levels": list(classifier.levels),
        "widths": list(classifier.widths),
        "facts": dict(classifier.facts),
        "preprocess": dict(classifier.preprocess),
    }
    text = json.dumps(header, ensure_ascii=False, indent=1).encode("utf-8")
    arrays = {name: getattr(classifier.network, name).astype("<f4") for name in _ARRAYS}
    with atomic_path(Path(path)) as beside, beside.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, header=np.frombuffer(text, np.uint8), **arrays)
    return Path(path)


def read_classifier(path: Path) -> Classifier:
    """Read a classifier of `write_classifier`.

    Raises
    ------
    InputMissingError
        If there is no such file.
    UnreadableFileError
        If it is no classifier, or damaged.
    UnsupportedFormatError
        If a newer version of micro wrote it.

    Examples
    --------
    >>> import tempfile
    >>> network = Network(*(np.zeros(shape, np.float32) for shape in ((5,), (5,), (1, 4, 5), (1, 4), (1, 3, 4),
    ...                     (1, 3), (1, 2, 3), (1, 2))))
    >>> params = TrainParams(scales=(1,), hidden=(4, 3), networks=1)
    >>> made = Classifier(("void", "SE"), params, Spacing(1, 1, 1), True, network, (9e3, 5e4), (1e3, 1e3))
    >>> read_classifier(write_classifier(made, Path(tempfile.mkdtemp()) / "cell.classifier")).phases
    ('void', 'SE')
    """
    path = Path(path)
    if not path.is_file():
        raise InputMissingError(f"no classifier at {path}; expected a file that `micro train` wrote")
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            header = json.loads(bytes(file["header"]).decode("utf-8"))
            _check_version(path, header)
            network = Network(*(_array(file, name) for name in _ARRAYS))
        return _assemble(header, network)
    except MicroError:
        raise
    except _BROKEN as error:
        what = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UnreadableFileError(
            f"{path} is no classifier, or is damaged ({what}); expected a file that `micro train` wrote"
        ) from error


_BROKEN = (
    OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile, zlib.error,
    NotImplementedError, ValidationError,
)  # fmt: skip
"""What numpy, zipfile, zlib and JSON raise for bytes that are not theirs."""


def _check_version(path: Path, header: Any) -> None:  # noqa: ANN401
    if header["format"] != FORMAT:
        raise ValueError("another format")
    if header["version"] > FORMAT_VERSION:
        raise UnsupportedFormatError(
            f"{path} is a classifier of format {header['version']}, written by micro {header['written_by']}; this is "
            f"micro {__version__}, which reads up to format {FORMAT_VERSION}: update micro, or train again"
        )


def _array(file: Any, name: str) -> NDArray[np.float32]:  # noqa: ANN401
    array = file[name]
    if array.dtype != np.dtype("<f4") or not np.isfinite(array).all():
        raise ValueError(f"{name} holds no finite float32 numbers")
    return np.ascontiguousarray(array, np.float32)


def _assemble(header: dict[str, Any], network: Network) -> Classifier:
    """Put a classifier together, and refuse weights that do not fit its features and phases."""
    params = TrainParams.model_validate(header["train"])
    spacing = Spacing(*header["spacing_um"])
    phases = tuple(str(name) for name in header["phases"])
    features = len(plan_features(params, spacing, is_2d=bool(header["is_2d"])).names)
    one, two, count = *params.hidden, params.networks
    wanted = {
        "mean": (features,), "scale": (features,),
        "first": (count, one, features), "first_bias": (count, one),
        "second": (count, two, one), "second_bias": (count, two),
        "last": (count, len(phases), two), "last_bias": (count, len(phases)),
    }  # fmt: skip
    for name, shape in wanted.items():
        if getattr(network, name).shape != shape:
            raise ValueError(f"{name} has the shape {getattr(network, name).shape} instead of {shape}")
    levels = tuple(float(level) for level in header["levels"])
    widths = tuple(float(width) for width in header["widths"])
    if len(levels) != len(phases) or len(widths) != len(phases):
        raise ValueError(f"{len(levels)} grey levels for {len(phases)} phases")
    is_2d = bool(header["is_2d"])
    return Classifier(phases, params, spacing, is_2d, network, levels, widths, header["facts"], header["preprocess"])
