"""A session from the image to the checked result, in two programs: the first is killed while it corrects.

``python walk.py first|second FOLDER``, with ``cell.tif`` and ``cell_strokes.tif`` in the folder. It needs no pytest, so
that a plain environment with the wheels can run it, too.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def until(done: Callable[[], bool], what: Callable[[], str], seconds: float = 280) -> None:
    """Let Qt work until something is done."""
    from qtpy.QtWidgets import QApplication

    began = time.monotonic()
    while not done():
        QApplication.processEvents()
        time.sleep(0.01)
        assert time.monotonic() - began < seconds, what()
    for _ in range(5):
        QApplication.processEvents()


def wait(panel: Any) -> str:
    """Let a panel finish, and return what it says."""
    until(lambda: not panel.busy, panel.message.text)
    return str(panel.message.text())


def docked(viewer: Any, name: str) -> Any:
    """Return a panel as napari's menu opens it."""
    return viewer.window.add_plugin_dock_widget("napari-micro-ssb", name)[1]


def first(viewer: Any, folder: Path) -> None:
    """Open, paint strokes, train, segment, measure, export, correct, and be killed."""
    from micro.io import read_labels

    viewer.open(str(folder / "cell.tif"), plugin="napari-micro-ssb")
    segment = docked(viewer, "Segment")
    segment.recipes.setCurrentText("sem")
    segment.form.widgets["train.steps"].setValue(200)
    tab = segment.strokes
    until(lambda: "at once" in tab.ready_label.text(), tab.ready_label.text)
    tab.new_button.click()
    drawn = np.asarray(read_labels(folder / "cell_strokes.tif").data)[0]
    for y, x in np.argwhere(drawn)[::3]:
        viewer.layers["strokes"].paint((int(y), int(x)), int(drawn[y, x]))
    until(lambda: tab.found is not None and not segment.busy, segment.message.text)
    np.save(folder / "strokes.npy", viewer.layers["strokes"].data)
    tab.train(folder / "mein Modell.micro")
    assert "saved mein Modell.micro" in wait(segment)
    segment.run_button.click()
    assert "SE" in wait(segment)
    measure = docked(viewer, "Measure")
    measure.labels.setCurrentText("cell phases")
    measure.measure_button.click()
    assert "values of cell" in wait(measure)
    measure.export(folder / "run")
    assert "written" in wait(measure)

    viewer.layers.clear()
    viewer.open(str(folder / "run" / "cell"), plugin="napari-micro-ssb")
    correct = docked(viewer, "Correct")
    correct.labels.setCurrentText("cell phases")
    correct.begin()
    for row in range(30, 70, 10):
        correct.layer.data[row : row + 5, 40:90] = 1
        correct.layer.data.stroke = None
    np.save(folder / "seen.npy", np.asarray(correct.layer.data))
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


def second(viewer: Any, folder: Path) -> None:
    """Recover, compare before and after, export, and check the sample."""
    from micro.io import read_labels
    from micro_pipelines import read_queue

    seen = np.load(folder / "seen.npy")
    viewer.open(str(folder / "cell.tif"), plugin="napari-micro-ssb")
    segment = docked(viewer, "Segment")
    segment.strokes.last_button.click()
    assert np.array_equal(viewer.layers["strokes"].data, np.load(folder / "strokes.npy")), segment.message.text()
    wait(segment)
    viewer.layers.clear()
    viewer.open(str(folder / "run" / "cell"), plugin="napari-micro-ssb")
    correct = docked(viewer, "Correct")
    correct.labels.setCurrentText("cell phases")
    assert "4 edits by hand beside these labels" in correct.state.text(), correct.state.text()
    correct.begin()
    assert "recovered" in correct.message.text(), correct.message.text()
    assert np.array_equal(np.asarray(correct.layer.data), seen)
    measure = docked(viewer, "Measure")
    measure.labels.setCurrentText("cell phases corrected")
    measure.compare_button.click()
    assert "moved" in wait(measure)
    measure.export(folder / "after")
    assert "written" in wait(measure)
    assert np.array_equal(np.asarray(read_labels(folder / "after" / "cell" / "labels.tif").data)[0], seen)

    review = docked(viewer, "Review")
    assert "1 sample" in wait(review)
    review.next_button.click()
    assert "mark it as checked" in wait(review)
    assert correct.correction is None
    review.note.setText("walked through")
    review.check_button.click()
    assert "cell: checked; 1 of 1 checked" in wait(review)
    (item,) = read_queue(folder / "run")
    assert item.checked
    assert item.edits == 4


if __name__ == "__main__":
    import napari

    window = napari.Viewer(show=True)
    window.window.resize(1500, 900)
    {"first": first, "second": second}[sys.argv[1]](window, Path(sys.argv[2]))
    window.close()
    sys.stdout.write("walked\n")
