"""Importing does nothing: no slow libraries, no output, no files."""

import json
import subprocess
import sys

import pytest

HEAVY = ("matplotlib", "numba", "pandas", "scipy", "skimage", "sklearn", "zarr", "distributed", "napari", "qtpy")

PROBE = """
import json, sys
before = set(sys.modules)
{imports}
print(json.dumps(sorted({{name.partition(".")[0] for name in set(sys.modules) - before}})))
"""


def imported_by(imports: str, cwd) -> set[str]:
    """Top-level modules that ``imports`` loads in a fresh interpreter; anything else on stdout is an error."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(imports=imports)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        cwd=cwd,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("imports", ["import micro, micro_pipelines", "import micro_pipelines.cli"])
def test_importing_loads_nothing_heavy(imports, tmp_path):
    assert imported_by(imports, tmp_path).isdisjoint(HEAVY)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("imports", ["import napari_micro_ssb._reader", "import micro_pipelines.sources, micro.io"])
def test_opening_a_file_loads_nothing_that_measures_or_draws(imports, tmp_path):
    loaded = imported_by(imports, tmp_path)
    assert loaded.isdisjoint({"matplotlib", "numba", "pandas", "sklearn", "skimage", "distributed"})


def test_the_library_loads_no_viewer_and_sets_nothing_in_numpy(tmp_path):
    packages = ("io", "blocks", "cell", "compare", "correct", "measure", "phantoms", "preprocess", "report", "segment")
    imports = [f"import micro.{name}" for name in packages]
    kept = ["import numpy", "kept = numpy.geterr()", *imports, "assert kept == numpy.geterr()"]
    loaded = imported_by("\n".join(kept), tmp_path)
    assert loaded.isdisjoint({"napari", "qtpy", "PyQt5", "PyQt6", "PySide2", "PySide6", "distributed"})


def test_the_plugin_needs_neither_napari_nor_qt(tmp_path):
    loaded = imported_by("import napari_micro_ssb", tmp_path)
    assert loaded.isdisjoint({"napari", "qtpy", "PyQt5", "PyQt6", "PySide2", "PySide6", "npe2"})
