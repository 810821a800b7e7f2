"""Training while painting, without a window."""

import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from micro.blocks import Engine
from micro.errors import ParameterError, PhaseError, ShapeMismatchError
from micro.io import read_labels, read_volume, write_tiff
from micro.model import Labels, Spacing, Volume
from micro_pipelines import load_recipe
from micro_pipelines.cli import main
from micro_pipelines.sources import find_sources
from napari_micro_ssb import _live
from napari_micro_ssb._live import Live, live_piece, painted_slices
from napari_micro_ssb._prepare import Preparation
from napari_micro_ssb._reader import read_layers
from napari_micro_ssb._sample import Sample, Samples, asked_of
from napari_micro_ssb._segmenting import slice_piece
from napari_micro_ssb._strokes import as_strokes, drawn_on, train_and_save
from napari_micro_ssb._work import Watcher

SEM = load_recipe("sem", ("train.steps=200",))


class Told(list):
    """Remembers the stages."""

    @property
    def watcher(self):
        return Watcher(lambda *told: self.append(told[0]), lambda: False)


def layer_of(path):
    [(data, attributes, _)] = read_layers(path)
    kept = {name: attributes[name] for name in ("name", "scale", "units", "metadata")}
    return SimpleNamespace(data=data, ndim=data.ndim, **kept)


def sample_at(path):
    (source,) = find_sources([str(path)])
    volume = read_volume(path)
    return Sample(source, None, volume.spacing, volume.is_2d)


def painted(section):
    return np.asarray(read_labels(section.with_name("cell_strokes.tif")).data.compute())


def test_strokes_label_the_slice_and_say_where_they_are_unsure(section):
    sample, strokes = sample_at(section), painted(section)
    found = Live(Engine()).update(sample, {0: strokes[0]}, slice_piece(strokes.shape, 0), SEM, Told().watcher)
    truth = np.asarray(read_labels(section.with_name("cell_truth.tif")).data.compute())
    plain = np.uint8([0, 1, 2, 3, 3, 1])[truth]
    # each voxel by itself, with few strokes: the noise of a SEM image leaves about one in ten wrong
    assert (found.labels.data.compute() == plain).mean() > 0.85
    assert found.unsure.shape == strokes.shape
    _, y, x = found.place
    near = found.unsure[0, max(y - 6, 0) : y + 7, max(x - 6, 0) : x + 7]
    assert near.mean() > 3 * found.unsure.mean()


def test_what_was_computed_once_is_not_computed_again(section):
    live, sample, strokes = Live(Engine()), sample_at(section), painted(section)
    first, second = Told(), Told()
    piece = slice_piece(strokes.shape, 0)
    one = live.update(sample, {0: strokes[0]}, piece, SEM, first.watcher)
    more = strokes[0].copy()
    more[2:5, 2:40] = 2
    two = live.update(sample, {0: more}, piece, SEM, second.watcher)
    assert {"correct", "look", "train"} <= set(first)
    assert not {"correct", "look"} & set(second)
    assert (one.labels.probabilities != two.labels.probabilities).any().compute()
    fresh = Live(Engine()).update(sample, {0: more}, piece, SEM, Told().watcher)
    assert np.array_equal(fresh.labels.probabilities.compute(), two.labels.probabilities.compute())


def test_another_recipe_computes_anew(section):
    live, sample, strokes = Live(Engine()), sample_at(section), painted(section)
    piece = slice_piece(strokes.shape, 0)
    live.update(sample, {0: strokes[0]}, piece, SEM, Told().watcher)
    again = Told()
    other = replace_section(SEM, "train", scales=(1.0, 4.0))
    live.update(sample, {0: strokes[0]}, piece, other, again.watcher)
    assert "look" in again
    assert "correct" not in again


def replace_section(recipe, section, **changes):
    return recipe.model_copy(update={section: getattr(recipe, section).model_copy(update=changes)})


def test_strokes_on_other_slices_of_a_volume_count(folder):
    rng = np.random.default_rng(3)
    grey = np.full((5, 60, 70), 60.0)
    grey[:, :, 35:] = 180
    volume = Volume((grey + rng.normal(0, 8, grey.shape)).astype(np.uint8), Spacing.parse("50nm"))
    sample = sample_at(write_tiff(folder / "stack.tif", volume))
    one, two = np.zeros((60, 70), np.uint8), np.zeros((60, 70), np.uint8)
    one[5:50, 8:12] = 1
    two[5:50, 55:60] = 2
    live = Live(Engine())
    found = live.update(sample, {1: one, 3: two}, slice_piece((5, 60, 70), 2), SEM, Told().watcher)
    labels = found.labels.data.compute()[0]
    assert (labels[:, :30] == 1).mean() > 0.98
    assert (labels[:, 40:] == 2).mean() > 0.98
    assert found.place[0] == 2
    again = Told()
    live.update(sample, {1: one, 3: two}, slice_piece((5, 60, 70), 2), SEM, again.watcher)
    assert "correct" not in again


def test_old_slices_go_when_there_are_too_many(section, monkeypatch):
    monkeypatch.setattr(_live, "CLEAN_BYTES", 1)
    live, sample, strokes = Live(Engine()), sample_at(section), painted(section)
    for width in (120, 160, 200):
        piece = replace(slice_piece(strokes.shape, 0), box=(slice(0, 1), slice(0, 160), slice(0, width)))
        live.update(sample, {0: strokes[0]}, piece, SEM, Told().watcher)
    assert len(live._clean) == 1


def test_one_phase_is_not_enough(section):
    strokes = (painted(section) == 2).astype(np.uint8) * 2
    with pytest.raises(PhaseError, match="at least two phases"):
        Live(Engine()).update(sample_at(section), {0: strokes[0]}, slice_piece(strokes.shape, 0), SEM, Told().watcher)


def test_the_saved_model_is_that_of_micro_train(section, folder):
    sample, strokes = sample_at(section), painted(section)
    trained = train_and_save(sample, strokes, SEM, folder / "one.micro", Engine(), Told().watcher, scratch=folder)
    painted_file = write_tiff(folder / "cell_strokes.tif", Labels(strokes, sample.spacing))
    command = ["train", "sem", str(section), str(painted_file), "--out", str(folder / "two.micro"), "--no-map"]
    assert main([*command, "--quiet", "--set", "train.steps=200"]) == 0
    assert (folder / "one.micro").read_bytes() == (folder / "two.micro").read_bytes()
    assert trained.training.held_out.accuracy > 0.8


def test_strokes_must_fit_the_image():
    image = SimpleNamespace(name="cell", data=np.zeros((4, 5)), multiscale=False)
    with pytest.raises(ShapeMismatchError, match="New strokes"):
        drawn_on(SimpleNamespace(name="s", data=np.zeros((4, 6), np.uint8)), image)
    with pytest.raises(ParameterError, match="0 to 255"):
        as_strokes(np.full((4, 5), 300), "s")
    assert as_strokes(np.full((4, 5), 3), "s").shape == (1, 4, 5)


def test_slices_with_strokes_are_found():
    strokes = np.zeros((4, 3, 3), np.uint8)
    strokes[2, 1, 1] = strokes[3, 0, 0] = 1
    assert painted_slices(strokes) == (2, 3)


@pytest.mark.parametrize("shape", [(1, 3000, 9000), (3, 100, 200_000), (1, 2896, 2896)])
def test_a_large_slice_is_cut_around_its_centre(shape):
    box = live_piece(shape, 0, (shape[1] - 1, 0)).box
    assert (box[1].stop - box[1].start) * (box[2].stop - box[2].start) <= 2**23
    assert box[1].stop == shape[1]
    assert box[2].start == 0


def test_a_slice_that_was_prepared_is_not_corrected_again(section):
    live, sample, strokes = Live(Engine()), sample_at(section), painted(section)
    piece = slice_piece(strokes.shape, 0)
    before, after = Told(), Told()
    live.prepare(sample, piece, SEM, before.watcher)
    found = live.update(sample, {0: strokes[0]}, piece, SEM, after.watcher)
    assert {"correct", "look"} <= set(before)
    assert set(after) & {"correct", "look"} == set()
    alone = Live(Engine()).update(sample, {0: strokes[0]}, piece, SEM, Told().watcher)
    assert np.array_equal(found.labels.probabilities.compute(), alone.labels.probabilities.compute())


def test_an_update_waits_for_the_preparation_and_another_slice_ends_it(section):
    live, sample, strokes = Live(Engine()), sample_at(section), painted(section)
    piece = slice_piece(strokes.shape, 0)
    part = replace(piece, box=(slice(0, 1), slice(0, 100), slice(0, 120)))
    samples = Samples(lambda: section.parent)
    preparation = Preparation(live, samples)
    assert preparation.words == ""
    preparation.begin(asked_of(layer_of(section)), part, SEM)
    ended = preparation._thread
    preparation.begin(asked_of(layer_of(section)), piece, SEM)
    assert preparation.busy
    assert "is being corrected" in preparation.words
    ended.join(30)
    assert not ended.is_alive()
    # an update that comes before the preparation has begun does the work itself
    while preparation.busy and not live._guard.locked():
        time.sleep(0.001)
    told = Told()
    live.update(sample, {0: strokes[0]}, piece, SEM, told.watcher)
    assert not {"correct", "look"} & set(told)
    preparation._thread.join(30)
    assert "strokes show what they make of it at once" in preparation.words


def test_what_can_not_be_prepared_is_told_when_asked(section):
    missing = replace(asked_of(layer_of(section)), paths=(section / "nowhere.tif",))
    preparation = Preparation(Live(Engine()), Samples(lambda: section.parent))
    preparation.begin(missing, slice_piece((1, 160, 224), 0), SEM)
    preparation._thread.join(30)
    assert preparation.words.startswith("this slice can't be prepared: ")
