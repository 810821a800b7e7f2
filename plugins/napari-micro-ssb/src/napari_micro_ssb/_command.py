"""The command that gives the labels and tables of the Measure panel, to the byte."""

from __future__ import annotations

import csv
import io
import os
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from micro.blocks import Engine
from micro.errors import InputMissingError, OutputError, ParameterError
from micro.io import atomic_path, read_labels
from micro.model import Spacing
from micro_pipelines import load_recipe, preset_names
from micro_pipelines.job import labels_from_image
from micro_pipelines.recipe import Recipe
from micro_pipelines.recipe_files import plain_recipe, recipe_text
from micro_pipelines.sources import Source, find_sources
from napari_micro_ssb._labels_work import Work, different_voxels
from napari_micro_ssb._scratch import in_scratch

__all__ = ["RECIPE", "SAMPLES", "Command", "command_of", "require_current", "save_files"]

RECIPE, SAMPLES = "recipe.toml", "samples.csv"
"""Files that a command needs where no preset and no file says what it is to do."""


@dataclass(frozen=True)
class Command:
    """A command, and the files by name that it needs beside it.

    Attributes
    ----------
    words
        The program and its arguments, as lists of samples and recipes in `folder` are named.
    files
        Their content.
    """

    words: tuple[str, ...]
    files: Mapping[str, str]

    def __str__(self) -> str:
        return subprocess.list2cmdline(self.words) if os.name == "nt" else shlex.join(self.words)


def command_of(work: Work, folder: Path) -> Command:
    """Return the command that does a work: the same recipe, voxel size, model and name of the sample.

    ``folder`` is where the files are that it needs, and where it writes to.

    Examples
    --------
    >>> from micro_pipelines.job import Job, labels_from_labels
    >>> spacing = Spacing.parse("0.1,0.05,0.05um")
    >>> job = Job(load_recipe("sem", ("cell.normal=-y",)), spacing, make_labels=labels_from_labels)
    >>> command = command_of(Work(Source("cell 3", (Path("cell 3.tif"),)), job), Path("here"))
    >>> command.words[:2], command.words[3::2], sorted(command.files)
    (('micro', 'measure'), ('--recipe', '--voxel-size', '--out'), ['recipe.toml', 'samples.csv'])
    """
    source, job = work.file or work.source, work.job
    files: dict[str, str] = {}
    inputs = [str(source.paths[0].resolve())]
    if not _is_named(source, inputs[0]):
        inputs = [str(folder / SAMPLES)]
        files[SAMPLES] = _list_of(source)
    recipe = _recipe_words(job.recipe, folder, files)
    runs = job.make_labels in (None, labels_from_image)
    words = ["micro", "run", recipe or "", *inputs] if runs else ["micro", "measure", *inputs]
    if recipe and not runs:
        words += ["--recipe", recipe]
    if job.voxel_size is not None:
        words += ["--voxel-size", _edges(job.voxel_size)]
    if job.model is not None:
        words += ["--model", str(job.model.path.resolve())]
    if job.first is not None and work.first_place is not None:
        words += ["--first-state", str(work.first_place.resolve())]
    return Command((*words, "--out", str(folder / "measured")), files)


def require_current(work: Work, engine: Engine) -> None:
    """Refuse a work whose input no command can read.

    Raises
    ------
    InputMissingError
        If it lies in memory only, was painted on, or is a correction that isn't written as it is now.
    """
    source = work.file or work.source
    if len(source.paths) != 1:
        raise ParameterError(f"{source.name}: a list of slices; a command takes them as a folder: open the folder")
    if work.job.make_labels not in (None, labels_from_image) and work.job.made is not None:
        raise InputMissingError(
            f"{source.name}: these labels lie in memory only; Export writes them, and micro measure reads them"
        )
    if in_scratch(source.paths[0]):
        raise InputMissingError(
            f"{source.name}: lies in memory only, or was painted on, so that no file holds it; Export writes "
            "labels.ome.zarr: open that, and ask again"
        )
    if work.job.first is not None and work.first_place is None:
        raise InputMissingError(f"{source.name}: the first state of a series; the command is that of the whole series")
    if work.file is not None:
        _require_written(work, source, engine)


def save_files(command: Command, folder: Path) -> None:
    """Write the files that a command needs.

    Raises
    ------
    OutputError
        If they can't be written, or other ones of that name are there.
    """
    for name, text in command.files.items():
        path = folder / name
        try:
            if path.exists() and path.read_text(encoding="utf-8") != text:
                raise OutputError(f"{path} is there already, and says something else; choose another folder")
            with atomic_path(path) as beside:
                beside.write_text(text, encoding="utf-8", newline="")
        except UnicodeDecodeError:
            raise OutputError(f"{path} is there already; choose another folder") from None


def _require_written(work: Work, written: Source, engine: Engine) -> None:
    place = written.paths[0]
    if not place.exists():
        raise InputMissingError(f"{place.name} isn't written yet; press Write corrected labels in the Correct panel")
    one, two = (read_labels(path) for path in (place, work.source.paths[0]))
    if one.shape != two.shape or different_voxels(one.data, two.data, engine):
        raise InputMissingError(
            f"{place.name} is older than the last correction; press Write corrected labels in the Correct panel"
        )


def _is_named(source: Source, path: str) -> bool:
    """Return whether the path alone gives this sample, with all that is known of it."""
    (found,) = find_sources([path]) if Path(path).exists() else (Source("", ()),)
    known = (source.state, source.metadata, source.voxel_size)
    return found.name == source.name and known == (found.state, found.metadata, found.voxel_size)


def _list_of(source: Source) -> str:
    cells = {"path": str(source.paths[0].resolve()), "sample": source.name, "state": source.state}
    if source.voxel_size is not None:
        cells["voxel_size"] = _edges(source.voxel_size)
    cells = {name: text for name, text in cells.items() if text} | dict(source.metadata)
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(cells)
    writer.writerow(cells.values())
    return lines.getvalue()


def _recipe_words(recipe: Recipe, folder: Path, files: dict[str, str]) -> str | None:
    """Return what names a recipe: nothing for the defaults, a preset, or a file."""
    if recipe == plain_recipe("measure"):
        return None
    if recipe.name in preset_names() and load_recipe(recipe.name) == recipe:
        return recipe.name
    files[RECIPE] = recipe_text(recipe)
    return str(folder / RECIPE)


def _edges(spacing: Spacing) -> str:
    return ",".join(repr(float(edge)) for edge in spacing.um) + "um"
