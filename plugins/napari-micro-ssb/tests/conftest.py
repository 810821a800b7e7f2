"""A viewer with a window: on a machine without a screen Xvfb gives one; where that is impossible, its tests skip."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PROBE = """
from qtpy.QtGui import QOpenGLContext
from qtpy.QtWidgets import QApplication
app = QApplication([])
assert QOpenGLContext().create(), "no OpenGL"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "Zelle für Übung"
    made.mkdir()
    return made


@pytest.fixture(scope="session")
def section(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small SEM phantom with strokes, as files."""
    from micro.io import write_tiff
    from micro.phantoms import make_phantom, strokes_of, write_phantom

    made = tmp_path_factory.mktemp("Schliff 1")
    phantom = make_phantom("sem", seed=7, shape=(160, 224))
    write_phantom(phantom, made, name="cell")
    write_tiff(made / "cell_strokes.tif", strokes_of(phantom.truth, seed=7, share=0.02))
    return made / "cell.tif"


@pytest.fixture(scope="session")
def result(section: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of ``micro run sem cell.tif``, with one figure, for the time that they take."""
    from micro_pipelines.cli import main

    out = tmp_path_factory.mktemp("Ergebnis")
    assert main(["run", "sem", str(section), "--out", str(out), "--quiet", "--set", "report.figures=overlay"]) == 0
    return out


@pytest.fixture(scope="session")
def finished_batch(section: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of ``micro run sem`` over two samples and a file that is no image."""
    from micro_pipelines.cli import main

    inputs, out = tmp_path_factory.mktemp("Proben"), tmp_path_factory.mktemp("Serie")
    for name in ("Zelle 2", "Zelle 10"):
        shutil.copy(section, inputs / f"{name}.tif")
    (inputs / "kaputt.tif").write_bytes(b"no image")
    paths = [str(path) for path in sorted(inputs.iterdir())]
    assert main(["run", "sem", *paths, "--out", str(out), "--quiet", "--set", "report.figures=overlay"]) == 1
    return out


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """A display that Qt can draw on, tried in a process of its own: Qt ends the process where it can't."""
    for name in ("napari", "qtpy"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    server = None
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        if shutil.which("Xvfb") is None:
            pytest.skip("no display and no Xvfb (Debian: apt-get install xvfb, and what docs/plugin.md lists)")
        server, os.environ["DISPLAY"] = _start_xvfb()
    try:
        tried = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=False, timeout=60)
        if tried.returncode != 0:
            pytest.skip(f"Qt can't draw here: {(tried.stderr.strip().splitlines() or ['no message'])[-1]}")
        yield os.environ.get("DISPLAY", "")
    finally:
        if server is not None:
            os.environ.pop("DISPLAY", None)
            server.terminate()
            server.wait(10)


def _start_xvfb() -> tuple[subprocess.Popen[bytes], str]:
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=(writing,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as stream:
        number = stream.readline().strip()
    if not number:
        pytest.skip("Xvfb doesn't start")
    return server, f":{number}"


@pytest.fixture
def viewer(display: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A napari viewer with its window shown; settings and strokes of its own, so that nobody's are read or changed."""
    home = tmp_path_factory.mktemp("napari")
    monkeypatch.setenv("NAPARI_CONFIG", str(home / "settings.yaml"))
    monkeypatch.setattr("napari_micro_ssb._strokes_kept.user_data_path", lambda *_, **__: home)
    import napari

    made = napari.Viewer(show=True)
    made.window.resize(1500, 900)
    yield made
    made.close()
    process_events()


def process_events(rounds: int = 20) -> None:
    from qtpy.QtWidgets import QApplication

    for _ in range(rounds):
        QApplication.processEvents()
        time.sleep(0.005)


@pytest.fixture
def wait(viewer: Any) -> Callable[..., None]:
    """Let a panel finish what it does; fails after three minutes, since machines may be busy."""

    def until_done(panel: Any, seconds: float = 180) -> None:
        began = time.monotonic()
        process_events(3)
        while panel.busy:
            assert time.monotonic() - began < seconds, f"not done in {seconds} s: {panel.message.text()}"
            process_events(2)
        process_events(3)

    return until_done


@pytest.fixture
def shoot(viewer: Any) -> Callable[[str], Any]:
    """Take a picture of the window, see that something is drawn, and keep it where MICRO_SCREENSHOTS says."""

    def take(name: str) -> Any:
        import numpy as np

        process_events(20)
        picture = np.asarray(viewer.screenshot(canvas_only=False, flash=False))[..., :3]
        assert picture.std() > 5
        kept = os.environ.get("MICRO_SCREENSHOTS")
        if kept:
            from PIL import Image

            Image.fromarray(picture).save(Path(kept) / f"{name}.png", optimize=True)
        return picture

    return take
