"""What the Segment panel does, without its window: the same bytes as the command line."""

from types import SimpleNamespace

import numpy as np
import pytest

from micro.blocks import Engine
from micro.errors import ColourImageError, MissingCalibrationError, ParameterError, ShapeMismatchError
from micro.io import read_labels, read_volume
from micro_pipelines import load_recipe
from napari_micro_ssb import read_layers
from napari_micro_ssb._content import content_of
from napari_micro_ssb._origin import KEY, Origin
from napari_micro_ssb._sample import sample_of
from napari_micro_ssb._segmenting import Piece, SegmentJob, preview, segment_all, slice_piece
from napari_micro_ssb._work import Stopped, Watcher


def silent():
    return Watcher(lambda *_: None, lambda: False)


def layer_of(path, number=0, **changes):
    data, attributes, _ = read_layers(path)[number]
    given = {"name": attributes["name"], "data": data, "scale": attributes["scale"], "units": attributes["units"]}
    return SimpleNamespace(**{**given, "metadata": attributes["metadata"], "ndim": data.ndim, **changes})


def test_the_whole_run_gives_the_labels_of_the_command_line(section, result, folder):
    sample = sample_of(layer_of(section), lambda: folder)
    assert sample.voxel_size is None
    made = segment_all(sample, SegmentJob(load_recipe("sem")), Engine(), silent(), scratch=folder)
    stored = read_labels(result / "cell" / "labels.ome.zarr")
    assert np.array_equal(made.labels.data.compute(), stored.data.compute())
    assert made.job.made is not None


def test_a_preview_of_all_is_the_whole(section, result, folder):
    sample = sample_of(layer_of(section), lambda: folder)
    shape = sample.read("sem").shape
    found = preview(sample, slice_piece(shape, 0), SegmentJob(load_recipe("sem")), Engine(), silent())
    assert np.array_equal(found.data.compute(), read_labels(result / "cell" / "labels.ome.zarr").data.compute())


def test_a_preview_of_a_box_has_the_shape_of_the_box(section, folder):
    sample = sample_of(layer_of(section), lambda: folder)
    piece = Piece((slice(0, 1), slice(20, 140), slice(30, 190)))
    assert preview(sample, piece, SegmentJob(load_recipe("sem")), Engine(), silent()).shape == (1, 120, 160)


def test_a_huge_preview_is_refused(section, folder):
    sample = sample_of(layer_of(section), lambda: folder)
    with pytest.raises(ParameterError, match="take a box"):
        preview(
            sample,
            Piece((slice(0, 1), slice(0, 9000), slice(0, 9000))),
            SegmentJob(load_recipe("sem")),
            Engine(),
            silent(),
        )


def test_work_ends_on_request(section, folder):
    sample = sample_of(layer_of(section), lambda: folder)
    told = []
    watcher = Watcher(lambda *what: told.append(what), lambda: len(told) > 3)
    with pytest.raises(Stopped):
        segment_all(sample, SegmentJob(load_recipe("sem")), Engine(), watcher, scratch=folder)
    assert len(told) == 4


def test_a_voxel_size_of_the_users_own_is_given_on(section, folder):
    sample = sample_of(layer_of(section, scale=(0.1, 0.1)), lambda: folder)
    assert sample.voxel_size is not None
    assert sample.voxel_size.um == (0.1, 0.1, 0.1)
    nanometres = layer_of(section, scale=(50.0, 50.0), units=("nanometer", "nm"))
    assert sample_of(nanometres, lambda: folder).voxel_size is None


def test_a_layer_without_a_file_is_saved_first(folder):
    grey = np.random.default_rng(0).integers(0, 255, (3, 40, 50)).astype(np.uint8)
    layer = SimpleNamespace(name="mine: 1", data=grey, scale=(0.2, 0.1, 0.1), units=("um",) * 3, metadata={}, ndim=3)
    sample = sample_of(layer, lambda: folder)
    volume = read_volume(sample.source.readable)
    assert np.array_equal(volume.data.compute(), grey)
    assert volume.spacing.um == (0.2, 0.1, 0.1)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"units": ("pixel", "pixel")}, MissingCalibrationError),
        ({"rgb": True}, ColourImageError),
        ({"data": np.zeros((2, 2, 2, 2)), "ndim": 2}, ShapeMismatchError),
    ],
)
def test_what_can_not_be_a_sample_is_refused(section, folder, changes, error):
    with pytest.raises(error):
        sample_of(layer_of(section, **changes), lambda: folder)


def test_the_origin_stands_in_the_layers_metadata(section):
    layer = layer_of(section)
    assert layer.metadata[KEY] == Origin((section,), read_volume(section).spacing, content=content_of(layer.data))
