"""Corrections and features of the slice that is looked at, computed before anybody has painted."""

from __future__ import annotations

import threading
import time

from micro_pipelines.recipe import Recipe
from napari_micro_ssb._live import Live
from napari_micro_ssb._sample import Asked, Samples
from napari_micro_ssb._segmenting import Piece
from napari_micro_ssb._work import Stopped, Watcher, explained

__all__ = ["Preparation"]


class Preparation:
    """Prepares one slice at a time in a thread of its own; another slice ends what is under way.

    Parameters
    ----------
    live
        What the first update of the slice will ask.
    samples
        Makes the sample.
    """

    def __init__(self, live: Live, samples: Samples) -> None:
        self._live, self._samples = live, samples
        self._asked: Asked | None = None
        self._how: tuple[object, ...] | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._began = 0.0
        self._error = ""

    def begin(self, asked: Asked, piece: Piece, recipe: Recipe) -> None:
        """Prepare a slice, unless that is done or under way."""
        how = (piece, recipe.modality, recipe.preprocess, recipe.train)
        if asked.like(self._asked) and self._how == how:
            return
        self.end()
        self._asked, self._how = asked, how
        self._stop, self._error, self._began = threading.Event(), "", time.monotonic()
        # it may be in a kernel for a second when the program ends, which does not wait for it
        self._thread = threading.Thread(
            target=self._work, args=(self._stop, asked, piece, recipe), daemon=True, name="micro-prepare"
        )
        self._thread.start()

    def end(self, *_: object) -> None:
        """Let what is under way end at the next block."""
        self._stop.set()
        self._asked = self._how = None

    @property
    def busy(self) -> bool:
        """Whether a slice is being prepared."""
        return self._thread is not None and self._thread.is_alive() and not self._stop.is_set()

    @property
    def words(self) -> str:
        """Say how far it is."""
        if self._asked is None:
            return ""
        if self.busy:
            return (
                f"this slice is being corrected, {time.monotonic() - self._began:.0f} s so far; you can paint meanwhile"
            )
        return self._error or "this slice is corrected: strokes show what they make of it at once"

    def _work(self, stop: threading.Event, asked: Asked, piece: Piece, recipe: Recipe) -> None:
        try:
            sample = self._samples.of(asked)
            self._live.prepare(sample, piece, recipe, Watcher(lambda *_: None, stop.is_set))
        except Stopped:
            return
        except Exception as error:
            if not stop.is_set():
                self._error = f"this slice can't be prepared: {explained(error)}"
