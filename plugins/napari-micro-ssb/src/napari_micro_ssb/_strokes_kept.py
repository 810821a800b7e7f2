"""Strokes that outlive the window: written to the user's folder after each pause, and brought back when asked for."""

from __future__ import annotations

import hashlib
import threading
import weakref
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_data_path

from micro.errors import InputMissingError, OutputError
from micro.io import atomic_path
from micro_pipelines.sources import safe_name
from napari_micro_ssb._live import painted_slices
from napari_micro_ssb._origin import origin_of
from napari_micro_ssb._pick import itself
from napari_micro_ssb._strokes import as_strokes
from napari_micro_ssb._work import explained

__all__ = ["KeptStrokes", "read_kept", "strokes_folder", "write_kept"]

_ENDING = ".strokes.npz"


def strokes_folder() -> Path:
    """Return the folder of this user's strokes, made or not."""
    return user_data_path("micro", appauthor=False) / "strokes"


def write_kept(strokes: NDArray[np.uint8], path: Path) -> None:
    """Write strokes of shape (z, y, x): the slices that have any, compressed; whole or not at all.

    Raises
    ------
    OutputError
        If they can't be written.
    """
    painted = np.array(painted_slices(strokes), dtype=np.intp)
    with atomic_path(path) as beside, beside.open("wb") as stream:
        np.savez_compressed(stream, shape=strokes.shape, slices=painted, values=strokes[painted])


def read_kept(path: Path) -> NDArray[np.uint8]:
    """Return strokes of shape (z, y, x) that `write_kept` wrote.

    Raises
    ------
    OutputError
        If the file can't be read, or is no such file.
    """
    try:
        with np.load(path, allow_pickle=False) as kept:
            strokes = np.zeros(kept["shape"], np.uint8)
            strokes[kept["slices"]] = kept["values"]
    except (OSError, EOFError, ValueError, KeyError, IndexError, TypeError, BadZipFile) as error:
        raise OutputError(f"{path} can't be read: {error}; remove it, or begin with New strokes") from error
    return strokes


class KeptStrokes:
    """Keeps the strokes of layers in files, one for each layer, named after the image and the time.

    Parameters
    ----------
    complain
        Called with a line, in any thread, where strokes can't be written.
    """

    def __init__(self, complain: Callable[[str], None]) -> None:
        self._complain = complain
        self._files: weakref.WeakKeyDictionary[Any, Path] = weakref.WeakKeyDictionary()
        self._changed: weakref.WeakSet[Any] = weakref.WeakSet()
        self._one_at_a_time = threading.Lock()

    def before(self, image: Any, layers: Iterable[Any]) -> tuple[Path, ...]:  # noqa: ANN401
        """Return the files of earlier strokes on an image, the newest last, without those of layers in the viewer."""
        key, shown = _key_of(image), {self._files.get(itself(layer)) for layer in layers}
        found = strokes_folder().glob(f"*-{key}-*{_ENDING}")
        return tuple(sorted((path for path in found if path not in shown), key=lambda path: path.name.split(key)[-1]))

    def newest(self, image: Any, layers: Iterable[Any]) -> Path:  # noqa: ANN401
        """Return the file of the last strokes on an image.

        Raises
        ------
        InputMissingError
            If there are none.
        """
        found = self.before(image, layers)
        if not found:
            raise InputMissingError(f"no strokes on {image.name} are kept; begin with New strokes")
        return found[-1]

    def follow(self, layer: Any, image: Any, path: Path | None = None) -> None:  # noqa: ANN401
        """Keep the strokes of a layer from now on, in the file that they came from or in a new one."""
        now = f"{datetime.now().astimezone():%Y%m%d-%H%M%S-%f}"
        self._files[layer] = path or strokes_folder() / f"{safe_name(image.name)}-{_key_of(image)}-{now}{_ENDING}"

    def follows(self, layer: Any) -> bool:  # noqa: ANN401
        """Return whether the strokes of a layer are kept, whatever it is called by now."""
        return layer in self._files

    def painted(self, layer: Any) -> None:  # noqa: ANN401
        """Remember that a layer has changed since it was written."""
        if layer in self._files:
            self._changed.add(layer)

    def write(self) -> None:
        """Write the layers that have changed, in another thread; what is painted meanwhile comes with the next call."""
        changed = [(layer.data, layer.name, self._files[layer]) for layer in self._changed]
        self._changed.clear()
        if changed:
            # no daemon: a program that ends waits for it
            threading.Thread(target=self._write, args=(changed,), name="micro-strokes").start()

    def _write(self, changed: list[tuple[Any, str, Path]]) -> None:
        with self._one_at_a_time:
            for drawn, name, path in changed:
                try:
                    write_kept(as_strokes(drawn, name), path)
                except Exception as error:
                    self._complain(f"the strokes are not kept: {explained(error)}")


def _key_of(image: Any) -> str:  # noqa: ANN401
    """Return what tells an image from others: a hash of where it lies, or of its name, and of its shape."""
    data = image.data[0] if image.multiscale else image.data
    paths = [str(path.resolve()) for path in origin_of(image).paths]
    told = repr((paths or image.name, tuple(data.shape)))
    return hashlib.sha256(told.encode()).hexdigest()[:12]
