"""Small images, and the command line in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from micro.io import write_tiff
from micro.model import Labels, Spacing
from micro.phantoms import Phantom, make_phantom
from micro_pipelines.cli import main

SPACING = Spacing.parse("50nm")


@dataclass(frozen=True)
class Told:
    """What a command said and how it ended."""

    status: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """The lines on stderr that are errors."""
        return [line for line in self.err.splitlines() if line.startswith("micro: error:")]


Cli = Callable[..., Told]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run the command line in this process."""

    def run(*arguments: object) -> Told:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Told(status, said.out, said.err)

    return run


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder whose name has a space and an umlaut."""
    folder = tmp_path / "Zelle für Tests"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def sem() -> Phantom:
    """A small section with its truth."""
    return make_phantom("sem", seed=3, shape=(160, 200))


@pytest.fixture(scope="session")
def sem_image(sem: Phantom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A calibrated TIFF of that section."""
    path = tmp_path_factory.mktemp("Bilder mit Ä") / "Querschnitt 1.tif"
    write_tiff(path, sem.volume)
    return path


@pytest.fixture(scope="session")
def sem_labels(sem: Phantom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A calibrated TIFF of the true labels of that section."""
    path = tmp_path_factory.mktemp("Masken mit Ö") / "Maske 1.tif"
    write_tiff(path, sem.truth)
    return path


@pytest.fixture
def no_anode(place: Path) -> Path:
    """A calibrated label file of electrolyte with pores, without any metal."""
    labels = np.full((60, 80), 2, np.uint8)
    labels[20:26, 30:36] = 1
    path = place / "kein Lithium.tif"
    write_tiff(path, Labels(labels, SPACING))
    return path


def save_grey(path: Path, grey: NDArray[np.generic]) -> Path:
    """Write a plain TIFF without calibration."""
    tifffile.imwrite(path, grey)
    return path


@pytest.fixture
def grey_tiff() -> Callable[[Path, NDArray[np.generic]], Path]:
    """How to write a plain TIFF without calibration."""
    return save_grey
