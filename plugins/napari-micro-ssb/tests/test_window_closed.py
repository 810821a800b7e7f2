"""A window that is closed while a panel works: the work ends, and nobody reads a traceback."""

import subprocess
import sys

SCRIPT = """
import sys, time
from pathlib import Path
import napari
from qtpy.QtWidgets import QApplication
from micro_pipelines.journal import Silent

def turn(rounds):
    for _ in range(rounds):
        QApplication.processEvents()
        time.sleep(0.005)

image, name = sys.argv[1:]
viewer = napari.Viewer(show=True)
viewer.open(image, plugin="napari-micro-ssb")
_, panel = viewer.window.add_plugin_dock_widget("napari-micro-ssb", name)
told = []

def work(watcher):
    began = time.monotonic()
    try:
        while time.monotonic() - began < 20:
            watcher.blocks("counting", 1, 2)
            told.append("block")
            time.sleep(0.01)
        told.append("went on")
    except BaseException as error:
        told.append(type(error).__name__)
        raise

panel.start(work, lambda _: told.append("shown"), "counting ...")
while len(told) < 3:
    turn(1)
viewer.close()
del panel
began = time.monotonic()
while told[-1] == "block" and time.monotonic() - began < 30:
    turn(1)
turn(50)
print("at the end:", told[-1])
"""


def test_closing_the_window_ends_what_a_panel_does_and_prints_no_traceback(display, section, tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_CONFIG", str(tmp_path / "settings.yaml"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    script = tmp_path / "close.py"
    script.write_text(SCRIPT, encoding="utf-8")
    command = [sys.executable, str(script), str(section), "Segment"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=170)
    assert done.stdout.strip().splitlines()[-1:] == ["at the end: Stopped"], done.stderr
    assert "Traceback" not in done.stderr
    assert "deleted" not in done.stderr
