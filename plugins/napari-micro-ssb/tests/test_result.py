"""The folder of a result as layers and tables."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from micro.errors import UnreadableFileError
from micro.io import read_labels
from napari_micro_ssb import napari_get_reader, read_layers
from napari_micro_ssb._origin import origin_of
from napari_micro_ssb._result import find_result, read_tables, samples_in


class Layer:
    def __init__(self, attributes):
        self.metadata = attributes["metadata"]


def test_a_run_opens_as_image_phases_dendrites_cracks_and_gaps(result):
    layers = {attributes["name"]: (data, attributes, kind) for data, attributes, kind in read_layers(result)}
    assert list(layers) == ["cell", "cell phases", "cell dendrites", "cell cracks", "cell gaps"]
    assert [kind for _, _, kind in layers.values()] == ["image"] + ["labels"] * 4
    labels = np.asarray(read_labels(result / "cell" / "labels.ome.zarr").data[0])
    assert np.array_equal(layers["cell phases"][0], labels)
    assert np.array_equal(layers["cell dendrites"][0] > 0, labels == 4)
    assert np.array_equal(layers["cell cracks"][0] > 0, labels == 5)
    assert len({attributes["scale"] for _, attributes, _ in layers.values()}) == 1


def test_gaps_are_those_that_were_measured(result):
    (gaps,) = [data for data, attributes, _ in read_layers(result) if attributes["name"] == "cell gaps"]
    objects = pd.read_csv(result / "cell" / "objects_gaps.csv")
    edge = read_labels(result / "cell" / "labels.ome.zarr").spacing
    area = float((gaps > 0).sum()) * edge.y * edge.x
    assert area == pytest.approx(objects["area_um2"].sum(), rel=1e-9)
    assert area > 0


def test_a_sample_and_a_run_open_alike(result):
    assert find_result(result) == find_result(result / "cell") == result / "cell"
    assert samples_in(result.parent / "nothing") == ()
    one, two = (read_layers(path) for path in (result, result / "cell"))
    assert [attributes["name"] for _, attributes, _ in one] == [attributes["name"] for _, attributes, _ in two]
    assert origin_of(Layer(one[1][1])).result == result / "cell"
    assert napari_get_reader(str(result)) is not None


def test_the_tables_are_those_of_the_files(result):
    tables = read_tables(result / "cell")
    stored = pd.read_csv(result / "cell" / "measurements.csv")
    assert list(tables.measurements["metric"]) == list(stored["metric"])
    assert {"dendrites", "cracks", "gaps"} <= set(tables.objects)


def test_a_damaged_record_is_one_line(result, folder):
    copy = folder / "cell"
    shutil.copytree(result / "cell", copy)
    (copy / "run.json").write_text(json.dumps({"recipe": {"name": "x", "cell": 3}}), encoding="utf-8")
    with pytest.raises(UnreadableFileError, match=r"run\.json"):
        read_layers(copy)
