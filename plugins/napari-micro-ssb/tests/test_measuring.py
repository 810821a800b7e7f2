"""What the Measure panel does, without its window: the same files as the command line."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from micro.blocks import Engine
from micro.errors import MissingCalibrationError, OutputError, PhaseError
from micro.io import read_volume
from micro_pipelines import load_recipe
from micro_pipelines.cli import main
from micro_pipelines.recipe_files import plain_recipe
from napari_micro_ssb import read_layers
from napari_micro_ssb._labels_work import work_of
from napari_micro_ssb._measuring import changes, export, measure_work, own_recipe
from napari_micro_ssb._origin import KEY, Origin
from napari_micro_ssb._sample import sample_of
from napari_micro_ssb._segmenting import SegmentJob, segment_all
from napari_micro_ssb._work import Watcher

SAME = (
    "labels.tif",
    "measurements.csv",
    "profiles.csv",
    "distributions.csv",
    "objects_dendrites.csv",
    "resolution.csv",
    "figures/overlay.png",
    "figures/overlay.svg",
)

ONE_FIGURE = ("report.figures=overlay",)
SEM, MEASURE = load_recipe("sem", ONE_FIGURE), plain_recipe("measure", ONE_FIGURE)


def silent():
    return Watcher(lambda *_: None, lambda: False)


def layer_of(path, number=0, **changes):
    data, attributes, _ = read_layers(path)[number]
    given = {"name": attributes["name"], "data": data, "scale": attributes["scale"], "units": attributes["units"]}
    return SimpleNamespace(**{**given, "metadata": attributes["metadata"], "ndim": data.ndim, **changes})


def segmented_layer(section, folder, recipe):
    made = segment_all(
        sample_of(layer_of(section), lambda: folder), SegmentJob(recipe), Engine(), silent(), scratch=folder
    )
    labels = made.labels
    origin = Origin((), labels.spacing, labels.phases, source=made.sample.source, job=made.job)
    data = np.array(labels.data[0])
    return SimpleNamespace(
        name="cell phases", data=data, scale=labels.spacing.um[1:], units=("um", "um"), metadata={KEY: origin}, ndim=2
    )


def measured_in(folder: Path, layer, recipe):
    return measure_work(work_of(layer, recipe, Engine(), lambda: folder), silent(), scratch=folder)


def test_segmented_measured_and_exported_is_micro_run(section, result, folder):
    recipe = SEM
    layer = segmented_layer(section, folder, recipe)
    assert own_recipe(layer) == recipe
    measured = measured_in(folder, layer, recipe)
    out = folder / "out"
    export(measured, out, silent())
    for name in SAME:
        assert (out / "cell" / name).read_bytes() == (result / "cell" / name).read_bytes(), name
    for name in ("measurements.csv", "table.md", "failures.csv"):
        assert (out / name).read_bytes() == (result / name).read_bytes(), name
    one, two = ({p.relative_to(top).as_posix() for p in top.rglob("*")} for top in (out, result))
    assert one == two - {"run.log"}


def test_a_label_file_is_measured_as_micro_measure_does(section, folder):
    truth = section.with_name("cell_truth.tif")
    assert main(["measure", str(truth), "--out", str(folder / "one"), "--quiet", "--set", *ONE_FIGURE]) == 0
    layer = layer_of(truth)
    measured = measured_in(folder, layer, MEASURE)
    export(measured, folder / "two", silent())
    for name in SAME:
        one, two = (folder / way / "cell_truth" / name for way in ("one", "two"))
        assert one.read_bytes() == two.read_bytes(), name


def test_painted_labels_are_measured_as_their_file_is(result, folder):
    layer = layer_of(result, 1)
    before = measured_in(folder, layer_of(result, 1), own_recipe(layer))
    assert own_recipe(layer) == SEM
    layer.data[40:60, 40:60] = 1
    measured = measured_in(folder, layer, own_recipe(layer))
    (step,) = [step for step in measured.report.steps if step.operation == "correct by hand"]
    assert step.parameters["voxels"] > 0
    moved = changes(before.table, measured.table)
    assert moved.loc[moved["metric"] == "porosity", "change"].iloc[0] > 0
    export(measured, folder / "one", silent())
    place = folder / "one" / "cell" / "labels.ome.zarr"
    # the image stays with the labels
    here, there = (read_volume(path).data.compute() for path in (place, result / "cell" / "labels.ome.zarr"))
    assert np.array_equal(here, there)
    assert (
        main(["measure", str(place), "--recipe", "sem", "--out", str(folder / "two"), "--quiet", "--set", *ONE_FIGURE])
        == 0
    )
    one, two = (pd.read_csv(folder / name / "measurements.csv", keep_default_na=False) for name in ("one", "two"))
    kept = ["metric", "roi", "phase_a", "value", "ci_low", "ci_high", "n"]
    pd.testing.assert_frame_equal(one[kept], two[kept])


def test_another_recipe_measures_the_same_labels(section, folder):
    layer = segmented_layer(section, folder, SEM)
    other = replace_normal(SEM, "none")
    measured = measured_in(folder, layer, other)
    assert measured.report.cell.normal is None


def replace_normal(recipe, normal):
    return recipe.model_copy(update={"cell": recipe.cell.model_copy(update={"normal": normal})})


@pytest.mark.parametrize(
    ("changes_", "error"),
    [
        ({"units": ("pixel", "pixel")}, MissingCalibrationError),
        ({"metadata": {}, "data": np.full((20, 30), 300, np.int32)}, PhaseError),
        ({"metadata": {}, "data": np.full((20, 30), 0.5)}, PhaseError),
    ],
)
def test_what_can_not_be_measured_is_refused(section, folder, changes_, error):
    layer = layer_of(section.with_name("cell_truth.tif"), **changes_)
    with pytest.raises(error):
        work_of(layer, MEASURE, Engine(), lambda: folder)


def test_a_folder_that_can_not_be_written_is_refused(section, folder):
    measured = measured_in(folder, layer_of(section.with_name("cell_truth.tif")), MEASURE)
    blocked = folder / "file"
    blocked.write_text("in the way", encoding="utf-8")
    with pytest.raises(OutputError):
        export(replace(measured), blocked, silent())
