"""``micro view``: a result in napari."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import napari
    from napari.layers import Layer

    from napari_micro_ssb._layers import LayerTuple

__all__ = ["open_in", "show_layers", "view"]


def view(
    result: Annotated[Path, typer.Argument(metavar="DIR", help="The --out of a run, one of its samples, or an image.")],
    *,
    sample: Annotated[str, typer.Option(metavar="NAME", help="Which sample of a run; by default the first.")] = "",
    screenshot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Save a picture of the window as PNG and close it.")
    ] = None,
) -> None:
    """Open a result in napari: image, phases, dendrites, cracks, gaps and tables."""
    from micro.errors import MissingPackageError

    try:
        import napari
    except ImportError as error:
        raise MissingPackageError(
            f"micro view needs napari ({error}); install it: pip install 'napari-micro-ssb[napari]' 'napari[all]'"
        ) from None
    path = _chosen(result.expanduser(), sample)
    viewer: Any = napari.Viewer(show=True, title=f"micro: {path.name}")
    open_in(viewer, path)
    if screenshot is None:
        napari.run()
        return
    from napari_micro_ssb._screenshot import save_screenshot

    save_screenshot(viewer, screenshot)
    viewer.close()


def open_in(viewer: napari.Viewer, path: Path) -> None:
    """Add the layers of a result or an image to a viewer, and of a result its tables beside them.

    Raises
    ------
    MicroError
        If there is nothing that can be read.
    """
    from napari_micro_ssb._reader import read_layers
    from napari_micro_ssb._result import find_result

    show_layers(viewer, read_layers(path), find_result(path))


def show_layers(viewer: napari.Viewer, layers: Iterable[LayerTuple], result: Path | None) -> list[Layer]:
    """Add what was read to a viewer, and the tables of ``result`` beside it; return the layers."""
    from napari.layers import Layer

    from napari_micro_ssb._pick import is_kind

    added = [viewer.add_layer(Layer.create(data, attributes, kind)) for data, attributes, kind in layers]
    if result is not None:
        viewer.layers.selection.active = next(layer for layer in added if is_kind(layer, "labels"))
        viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Measure")
    return added


def _chosen(result: Path, sample: str) -> Path:
    from micro.errors import InputMissingError
    from napari_micro_ssb._result import samples_in

    if not result.exists():
        raise InputMissingError(f"{result}: no such file or folder; expected the --out of a run, or one of its samples")
    samples = samples_in(result)
    if not sample:
        return samples[0] if samples else result
    for one in samples:
        if one.name == sample:
            return one
    known = ", ".join(one.name for one in samples) or "none"
    raise InputMissingError(f"{result}: no sample {sample!r}; finished samples: {known}")
