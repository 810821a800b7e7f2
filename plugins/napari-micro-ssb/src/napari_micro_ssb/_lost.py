"""Files that go while a viewer shows them: told in a line, where napari would open a dialog with a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any
from weakref import WeakMethod

from micro.errors import MicroError

__all__ = ["follow_lost", "tell_lost"]

_FOLLOWERS: list[WeakMethod[Callable[[str], Any]]] = []


def follow_lost(told: Callable[[str], Any]) -> None:
    """Call a method with a line whenever a slice can't be read; it is forgotten with its object."""
    _FOLLOWERS.append(WeakMethod(told))


def tell_lost(error: Exception) -> None:
    """Tell all panels, or napari where there is none, that a slice can't be read and is shown empty."""
    why = " ".join(str(error).split()) if isinstance(error, MicroError) else f"{type(error).__name__}: {error}"
    line = f"a slice can't be read and is shown empty: {why}. Put the file back, or remove the layer"
    heard = [method for method in (reference() for reference in _FOLLOWERS) if method is not None]
    _FOLLOWERS[:] = [WeakMethod(method) for method in heard]
    for method in heard:
        method(line)
    if not heard and "napari" in sys.modules:
        from napari.utils.notifications import show_warning

        show_warning(line)
