"""What the panel for corrections stands on: a message line, and work in another thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtWidgets import QLabel, QProgressBar, QVBoxLayout, QWidget
from superqt.utils import FunctionWorker

from napari_micro_ssb._work import explained

if TYPE_CHECKING:
    import napari

__all__ = ["BasePanel"]


class _Bridge(QObject):
    """Carries progress from the worker's thread to the window's."""

    progress = Signal(str)


class BasePanel(QWidget):
    """A dock widget with a message line and a bar that moves while something is being done.

    Parameters
    ----------
    viewer
        The viewer that it stands beside.
    """

    def __init__(self, viewer: napari.Viewer) -> None:
        super().__init__()
        self.viewer = viewer
        self.body = QVBoxLayout()
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.hide()
        outer = QVBoxLayout(self)
        outer.addLayout(self.body, 100)  # napari puts a stretch of one below
        outer.addWidget(self.bar)
        outer.addWidget(self.message)
        self._bridge = _Bridge()
        self._bridge.progress.connect(self.message.setText)
        self._worker: FunctionWorker[Any] | None = None
        self._then: Callable[[Any], None] | None = None

    @property
    def busy(self) -> bool:
        """Whether something is being done."""
        return self._worker is not None

    def say(self, text: str) -> None:
        """Show a line."""
        self.message.setStyleSheet("")
        self.message.setText(text)

    def complain(self, text: str) -> None:
        """Show what is wrong, in a colour of its own."""
        self.message.setStyleSheet("color: #E69F00; font-weight: bold")
        self.message.setText(text)

    def start(self, work: Callable[[Callable[[str], None]], Any], then: Callable[[Any], None], doing: str) -> None:
        """Do ``work`` in another thread, then call ``then`` with what it returned, in this one.

        While something is done already, nothing is started and the message says so.
        """
        if self._worker is not None:
            self.complain("something is still being done; wait until it is done")
            return
        worker: FunctionWorker[Any] = FunctionWorker(work, self._bridge.progress.emit)
        worker.returned.connect(self._returned)
        worker.errored.connect(self._failed)
        self._worker, self._then = worker, then
        self.say(doing)
        self.bar.show()
        worker.start()

    def _returned(self, found: Any) -> None:  # noqa: ANN401
        then = self._then
        self._free()
        try:
            if then is not None:
                then(found)
        except Exception as error:
            self.complain(explained(error))

    def _failed(self, error: Exception) -> None:
        self._free()
        self.complain(explained(error))

    def _free(self) -> None:
        self._worker = self._then = None
        self.bar.hide()
