"""Labels that lie in memory, written to a folder so that corrections can lie beside them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QFileDialog

from micro.blocks import Engine
from micro.errors import InputMissingError
from napari_micro_ssb._correct_source import keep
from napari_micro_ssb._origin import KEY, origin_of
from napari_micro_ssb._phase_values import phase_values
from napari_micro_ssb._pick import itself
from napari_micro_ssb._snapshot import snapshot_of

if TYPE_CHECKING:
    from napari_micro_ssb._correct import CorrectPanel

__all__ = ["Keeper"]


class Keeper:
    """Writes labels in memory for a panel, which opens the file then.

    Parameters
    ----------
    panel
        Has the viewer and the message line.
    """

    def __init__(self, panel: CorrectPanel) -> None:
        self._panel = panel

    def begin(self, shown: Any, folder: Path | None) -> None:  # noqa: ANN401
        """Save labels and open them; without a folder one is asked for, once it is known that they are labels."""
        if folder is not None:
            self._save(shown, folder)
            return
        now = snapshot_of(shown, copy=False)
        self._panel.start(lambda _: phase_values(now, Engine()), lambda _: self._ask(shown), f"{now.name}: looking ...")

    def _ask(self, shown: Any) -> None:  # noqa: ANN401
        folder = QFileDialog.getExistingDirectory(self._panel, "Where to keep these labels and their corrections")
        if folder:
            self._save(shown, Path(folder))
        else:
            self._panel.say(
                "nothing was opened: labels in memory need a folder, in which they and the journal are kept"
            )

    def _save(self, shown: Any, folder: Path) -> None:  # noqa: ANN401
        """Save labels in another thread, and open them then; nobody paints on them meanwhile."""
        panel, now, layer = self._panel, snapshot_of(shown, copy=False), itself(shown)
        editable = layer.editable

        def paint_again() -> None:
            layer.editable = editable

        def then(path: Path) -> None:
            if layer not in panel.viewer.layers:
                raise InputMissingError(f"{now.name} was removed while it was saved; open {path} to correct it")
            layer.metadata[KEY] = replace(origin_of(layer), kept=path)
            panel.open_labels(shown, path)

        layer.editable = False
        panel.start(lambda _: keep(now, folder), then, f"{now.name}: saving ...", at_end=paint_again)
