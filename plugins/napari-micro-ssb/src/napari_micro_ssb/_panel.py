"""What every panel has: a message line, progress, and errors that never become a dialog."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar

from qtpy.QtCore import QEvent, QObject, Qt, QTimer, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget
from superqt.utils import FunctionWorker

from napari_micro_ssb._lost import follow_lost
from napari_micro_ssb._work import Stopped, Watcher, explained

if TYPE_CHECKING:
    import napari

__all__ = ["Panel", "freely", "row_of", "told"]


LATE_MS = 1500
"""So long after its beginning the progress of something is shown."""


class _Complains(Protocol):
    def complain(self, text: str) -> None: ...


P = TypeVar("P", bound=_Complains)
Rest = ParamSpec("Rest")


def told(method: Callable[Concatenate[P, Rest], None]) -> Callable[Concatenate[P, Rest], None]:
    """Return a panel's method with its errors in the panel's message line."""

    @functools.wraps(method)
    def run(panel: P, *args: Rest.args, **kwargs: Rest.kwargs) -> None:
        try:
            method(panel, *args, **kwargs)
        except Exception as error:
            panel.complain(explained(error))

    return run  # type: ignore[return-value]


def freely(method: Callable[[], None]) -> Callable[..., None]:
    """Return a method as a slot that takes whatever a signal gives and passes none of it on."""

    def run(*_: object) -> None:
        method()

    return run


def row_of(*widgets: QWidget) -> QHBoxLayout:
    """Return widgets beside one another."""
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget)
    return row


class _Bridge(QObject):
    """Carries progress from the worker's thread to the window's."""

    progress = Signal(str, int, int)
    lost = Signal(str)


def _silent_when_gone(signal: Any) -> Callable[..., None]:  # noqa: ANN401
    """Return what emits a signal, for any thread, and nothing once Qt has taken the panel away."""

    def emit(*what: object) -> None:
        with suppress(RuntimeError):
            signal.emit(*what)

    return emit


class Panel(QWidget):
    """A dock widget with a message line, a progress bar and a button that ends what is being done.

    Parameters
    ----------
    viewer
        The viewer that it stands beside.
    """

    def __init__(self, viewer: napari.Viewer) -> None:
        super().__init__()
        self.viewer = viewer
        self.closed = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.body = QVBoxLayout()
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.bar = QProgressBar()
        self.stop_button = QPushButton("Stop")
        self.stop_button.clicked.connect(freely(self.stop))
        self._progress_row = QWidget()
        row = QHBoxLayout(self._progress_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.bar)
        row.addWidget(self.stop_button)
        self._progress_row.hide()
        outer = QVBoxLayout(self)
        outer.addLayout(self.body, 1)
        outer.addWidget(self._progress_row)
        outer.addWidget(self.message)
        # what is done in a second needs no progress bar, which would be drawn more often than anything else
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.setInterval(LATE_MS)
        self._late.timeout.connect(self._progress_row.show)
        self._bridge = _Bridge()
        self._bridge.progress.connect(self._show_progress)
        self._bridge.lost.connect(self.complain)
        follow_lost(self.complain_anywhere)
        self._gone = threading.Event()  # outlives the panel, whose window may be closed in the middle of something
        self.destroyed.connect(freely(self._gone.set))
        self._worker: FunctionWorker[Any] | None = None
        self._then: Callable[[Any], None] | None = None
        self._at_end: Callable[[], None] | None = None

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

    def start(
        self,
        work: Callable[[Watcher], Any],
        then: Callable[[Any], None],
        doing: str,
        *,
        at_end: Callable[[], None] | None = None,
    ) -> None:
        """Do ``work`` in another thread, then call ``then`` with what it returned, in this one.

        ``at_end`` is called before that, and also where the work failed, was stopped or couldn't begin. While something
        is done already, nothing is started and the message says so.
        """
        if self._worker is not None:
            self.complain("something is still being done; stop it, or wait")
            if at_end is not None:
                at_end()
            return
        self._at_end = at_end
        watcher = Watcher(_silent_when_gone(self._bridge.progress), self._is_over)
        worker: FunctionWorker[Any] = FunctionWorker(work, watcher)
        worker.returned.connect(self._returned)
        worker.errored.connect(self._failed)
        worker.finished.connect(self._ended)
        self._worker, self._then = worker, then
        self.say(doing)
        self.bar.setRange(0, 0)
        self._late.start()
        worker.start()

    def complain_anywhere(self, text: str) -> None:
        """Show what is wrong, from whichever thread."""
        _silent_when_gone(self._bridge.lost)(text)

    def stop(self) -> None:
        """Ask for an end of what is being done; it comes after the block at hand."""
        if self._worker is not None:
            self._worker.quit()
            self.say("stopping ...")

    def changeEvent(self, event: QEvent) -> None:
        """Hear when the dock is closed by itself: napari takes the panel out of it, and Qt says no more than that."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ParentChange:
            self.closed = self.parent() is None
            if self.closed:
                self.leave()

    def leave(self) -> None:
        """End what is being done; the panel's dock was closed."""
        self.stop()

    def _is_over(self) -> bool:
        return self._gone.is_set() or self._worker is None or self._worker.abort_requested

    def _show_progress(self, what: str, done: int, total: int) -> None:
        if self._worker is not None and not self._worker.abort_requested:
            self.bar.setRange(0, total)
            self.bar.setValue(done)
            self.message.setText(what)

    def _returned(self, found: Any) -> None:  # noqa: ANN401
        then, self._then = self._then, None
        self._free()
        if then is None:
            return
        try:
            then(found)
        except Exception as error:
            self.complain(explained(error))

    def _failed(self, error: Exception) -> None:
        self._free()
        if isinstance(error, Stopped):
            self.stopped()
        else:
            self.complain(explained(error))

    def stopped(self) -> None:
        """Say that what was being done was ended."""
        self.say("stopped")

    def _ended(self) -> None:
        if self._worker is not None and self._worker.abort_requested:
            self._free()
            self.stopped()

    def _free(self) -> None:
        self._worker = None
        self._late.stop()
        self._progress_row.hide()
        end, self._at_end = self._at_end, None
        if end is not None:
            end()
