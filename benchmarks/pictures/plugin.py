"""The pictures of docs/plugin.md, on a machine with a display: uv run python benchmarks/pictures/plugin.py."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import napari
import numpy as np
from PIL import Image

from micro.phantoms import make_phantom, strokes_of
from micro_pipelines.cli import main as micro
from napari_micro_ssb._samples import example_path
from napari_micro_ssb._screenshot import settle
from napari_micro_ssb._view import open_in

IMAGES = Path(__file__).resolve().parents[2] / "docs/images"
SIZE = (1280, 800)


def wait(panel: Any) -> None:  # noqa: ANN401
    """Let a panel finish."""
    settle(3)
    while panel.busy:
        settle(3)
    settle(20)


def shoot(viewer: napari.Viewer, name: str) -> None:
    """Write a picture of the window, in few colours, since documents hold it."""
    settle(30)
    picture = np.asarray(viewer.screenshot(canvas_only=False, flash=False))[..., :3]
    if picture.std() <= 5:
        raise SystemExit(f"{name}: nothing is drawn")
    image = Image.fromarray(picture)
    image.thumbnail(SIZE, Image.Resampling.LANCZOS)
    few = image.quantize(160, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(IMAGES / f"plugin-{name}.png", optimize=True)
    print(f"plugin-{name}.png: {(IMAGES / f'plugin-{name}.png').stat().st_size // 1000} kB")


def opened(path: Path, panel: str) -> tuple[napari.Viewer, Any]:
    """Return a viewer with an image or a result, and a panel of the plugin."""
    viewer = napari.Viewer(show=True)
    viewer.window.resize(*SIZE)
    open_in(viewer, path)
    _, widget = viewer.window.add_plugin_dock_widget("napari-micro-ssb", panel)
    settle()
    viewer.reset_view()
    return viewer, widget


def strokes(path: Path) -> None:
    """Strokes, what they make of the picture, and where it is unsure."""
    viewer, panel = opened(path, "Segment")
    tab = panel.strokes
    panel.tabs.setCurrentWidget(tab)
    tab.new_button.click()
    while "at once" not in tab.ready_label.text():
        settle(3)
    truth = make_phantom("sem", seed=7, state="cycled", shape=(400, 600)).truth
    viewer.layers["strokes"].data = np.array(strokes_of(truth, seed=2, share=4e-3).data[0])
    tab.update_button.click()
    wait(panel)
    tab.unsure_box.setChecked(True)
    viewer.layers["uncertainty"].visible = False
    shoot(viewer, "strokes")
    viewer.layers["uncertainty"].visible = True
    tab.jump_button.click()
    shoot(viewer, "uncertain")
    viewer.close()


def measured(folder: Path) -> None:
    """A result, an object that was flown to, and a correction before and after."""
    viewer, panel = opened(folder, "Measure")
    panel.measure_button.click()
    wait(panel)
    panel.parts_button.click()
    table = panel.tables["dendrites"]
    panel.tabs.setCurrentWidget(table)
    table.selectRow(2)
    table.clicked.emit(table.model().index(2, 0))
    shoot(viewer, "measure")
    panel.figure_page.names.setCurrentText("contact_map")
    panel.tabs.setCurrentIndex(panel.tabs.count() - 1)
    viewer.reset_view()
    shoot(viewer, "figures")
    viewer.close()


def main() -> None:
    """Write all of them into docs/images."""
    path = example_path("sem-cycled")
    viewer, panel = opened(path, "Segment")
    panel.run_button.click()
    time.sleep(0.1)
    wait(panel)
    shoot(viewer, "segment")
    viewer.close()
    strokes(path)
    with tempfile.TemporaryDirectory() as folder:
        micro(["run", "sem", str(path), "--out", folder, "--quiet"])
        measured(Path(folder))


if __name__ == "__main__":
    main()
