"""Strokes that outlive the window."""

import time
from types import SimpleNamespace

import numpy as np
import pytest

from micro.errors import InputMissingError, OutputError
from napari_micro_ssb import _strokes_kept
from napari_micro_ssb._strokes_kept import KeptStrokes, read_kept, strokes_folder, write_kept


class Layer(SimpleNamespace):
    """Something with strokes that can be held weakly, as a napari layer can."""

    __hash__ = object.__hash__


@pytest.fixture
def home(folder, monkeypatch):
    monkeypatch.setattr(_strokes_kept, "user_data_path", lambda *_, **__: folder)
    return folder


def image(name="Schliff [1]", shape=(3, 20, 30)):
    return Layer(name=name, data=np.zeros(shape), multiscale=False, metadata={})


def drawn(*slices, shape=(3, 20, 30)):
    strokes = np.zeros(shape, np.uint8)
    for z in slices:
        strokes[z, 2:5, 3:9] = z + 1
    return strokes


def until(there, seconds=20):
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("slices", [(), (1,), (0, 2)])
def test_strokes_come_back_as_they_were(folder, slices):
    write_kept(drawn(*slices), folder / "a.strokes.npz")
    assert np.array_equal(read_kept(folder / "a.strokes.npz"), drawn(*slices))


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_a_file_that_holds_no_strokes_is_told_in_a_line(folder, content):
    path = folder / "a.strokes.npz"
    if content is None:
        np.savez_compressed(path, other=np.zeros(3))
    else:
        path.write_bytes(content)
    with pytest.raises(OutputError, match="begin with New strokes") as caught:
        read_kept(path)
    assert "\n" not in str(caught.value)


def test_only_strokes_of_the_same_image_and_shape_are_offered(home):
    kept, layer = KeptStrokes(pytest.fail), Layer(name="strokes", data=drawn(1))
    kept.follow(layer, image())
    kept.write()
    assert not strokes_folder().exists()  # nothing was painted
    kept.painted(layer)
    kept.write()
    later = KeptStrokes(pytest.fail)
    until(lambda: later.before(image(), []))
    assert np.array_equal(read_kept(later.newest(image(), [])), layer.data)
    assert kept.before(image(), [layer]) == ()  # they are shown
    for other in (image("another"), image(shape=(3, 20, 31))):
        with pytest.raises(InputMissingError, match="no strokes on"):
            later.newest(other, [])


def test_new_strokes_leave_the_old_ones_and_old_ones_go_on_in_their_file(home):
    old, new, again = (Layer(name="strokes", data=drawn(z)) for z in (0, 1, 2))
    for layer in (old, new):
        kept = KeptStrokes(pytest.fail)
        kept.follow(layer, image())
        kept.painted(layer)
        kept.write()
        until(lambda number=1 + (layer is new): len(KeptStrokes(pytest.fail).before(image(), [])) == number)
    kept = KeptStrokes(pytest.fail)
    first, last = KeptStrokes(pytest.fail).before(image(), [])
    assert [np.array_equal(read_kept(path), layer.data) for path, layer in ((first, old), (last, new))] == [True, True]
    kept.follow(again, image(), last)
    kept.painted(again)
    kept.write()
    until(lambda: np.array_equal(read_kept(last), again.data))
    assert np.array_equal(read_kept(first), old.data)


def test_a_folder_that_can_not_be_written_is_told(home):
    (home / "strokes").write_bytes(b"")
    said = []
    kept, layer = KeptStrokes(said.append), Layer(name="strokes", data=drawn(1))
    kept.follow(layer, image())
    kept.painted(layer)
    kept.write()
    until(lambda: said)
    assert said[0].startswith("the strokes are not kept: can't write")


def test_strokes_are_back_in_another_window(viewer, section, wait):
    viewer.open(str(section), plugin="napari-micro-ssb")
    _, panel = viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Segment")
    tab = panel.strokes
    tab.live_box.setChecked(False)
    tab.last_button.click()
    assert "no strokes on cell are kept" in panel.message.text()
    tab.new_button.click()
    layer = viewer.layers["strokes"]
    layer.name = "mine"
    assert tab.layer_or_none() == layer
    for row, value in ((20, 2), (90, 3)):
        layer.paint((row, 40), value)
    painted = layer.data.copy()
    until(lambda: wait(panel) or strokes_folder().exists())
    viewer.layers.remove(layer)
    tab.last_button.click()
    assert np.array_equal(viewer.layers["strokes"].data, painted), panel.message.text()
    viewer.layers["strokes"].undo()  # what was painted before can't be undone
    assert np.array_equal(viewer.layers["strokes"].data, painted)
    tab.new_button.click()
    assert not viewer.layers["strokes [1]"].data.any()
