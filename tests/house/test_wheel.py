"""What a wheel brings to site-packages."""

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def build(package: str, out: Path) -> list[str]:
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not on the PATH: pip install uv")
    done = subprocess.run(
        [uv, "build", "--package", package, "--wheel", "--out-dir", str(out), str(ROOT)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"},
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def top_level(names: list[str]) -> set[str]:
    return {top for top in (name.split("/")[0] for name in names) if not top.endswith(".dist-info")}


def test_the_core_wheel_holds_the_two_packages_and_nothing_else(tmp_path):
    names = build("micro-ssb", tmp_path)
    assert top_level(names) == {"micro", "micro_pipelines"}
    assert {"micro/py.typed", "micro/report/report.html.j2", "micro_pipelines/recipes/sem.toml"} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.endswith((".tif", ".tiff", ".pyc", ".nbi", ".nbc"))]


def test_the_plugin_wheel_holds_its_package_and_manifest(tmp_path):
    names = build("napari-micro-ssb", tmp_path)
    assert top_level(names) == {"napari_micro_ssb"}
    assert {"napari_micro_ssb/napari.yaml", "napari_micro_ssb/py.typed"} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
