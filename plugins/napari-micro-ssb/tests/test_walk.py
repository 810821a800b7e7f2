"""A session from the image to the checked result, with a crash in it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path


def test_from_the_image_to_the_checked_result(display, section, folder):
    for name in ("cell.tif", "cell_strokes.tif"):
        shutil.copy(section.with_name(name), folder / name)
    environment = {
        **os.environ,
        "PYTHONUTF8": "1",
        "NAPARI_CONFIG": str(folder / "napari" / "settings.yaml"),
        **dict.fromkeys(("XDG_DATA_HOME", "LOCALAPPDATA"), str(folder)),  # for the strokes
    }
    for part in ("first", "second"):
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("walk.py")), part, str(folder)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=environment,
            check=False,
            timeout=600,
        )
        assert (folder / "seen.npy").is_file(), done.stderr
        if part == "first":
            assert done.returncode != 0  # it was killed
            assert "Traceback" not in done.stderr
        else:
            assert done.returncode == 0, done.stderr
            assert done.stdout.splitlines()[-1] == "walked"
