"""The napari plugin of micro.

Names are loaded when they are first used: the command line looks in here for ``micro view``, and must not wait.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_micro_ssb._reader import LayerTuple, napari_get_reader, read_layers

__all__ = ["LayerTuple", "napari_get_reader", "read_layers"]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}._reader"), name)
