"""The Measure panel, driven as a person does."""

import numpy as np
import pandas as pd
import pytest

from napari_micro_ssb import _measure
from napari_micro_ssb._view import open_in


@pytest.fixture
def panel(viewer, result):
    open_in(viewer, result)
    _, made = viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Measure")
    made.labels.setCurrentText("cell phases")
    return made


def test_measured_flown_to_and_exported(viewer, panel, wait, result, folder, shoot):
    viewer.layers["cell phases"].translate = (10, 20)
    panel.measure_button.click()
    wait(panel)
    assert "values of cell" in panel.message.text()
    dendrites = panel.tables["dendrites"]
    panel.tabs.setCurrentWidget(dendrites)
    dendrites.clicked.emit(dendrites.model().index(1, 0))
    row = dendrites.table.iloc[1]
    wanted = (10 + row["centroid_y_um"] - 0.025, 20 + row["centroid_x_um"] - 0.025)
    assert tuple(viewer.scene.camera.center[-2:]) == pytest.approx(wanted)
    panel.parts_button.click()
    assert {"cell dendrites", "cell gaps"} <= {layer.name for layer in viewer.layers}
    assert tuple(viewer.layers["cell gaps"].translate) == pytest.approx((10, 20))
    shoot("measure")
    panel.export(folder / "out")
    wait(panel)
    assert "written" in panel.message.text()
    assert (folder / "out" / "report.html").is_file()
    assert (folder / "out" / "cell" / "labels.tif").read_bytes() == (result / "cell" / "labels.tif").read_bytes()


def test_objects_of_labels_in_other_units_are_flown_to(viewer):
    volume = np.full((20, 120, 160), 2, np.uint8)
    viewer.add_labels(volume, name="nm", scale=(100, 50, 50), translate=(0, 10, 20), units=("nm",) * 3)
    _, panel = viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Measure")
    place = {"z": (0.9, 1.1), "y": (1.0, 2.0), "x": (5.0, 5.2)}
    row = {f"centroid_{axis}_um": sum(ends) / 2 for axis, ends in place.items()}
    row |= {f"{name}_{axis}_um": ends[n] for axis, ends in place.items() for n, name in enumerate(("start", "stop"))}
    panel.fly_to(pd.Series(row))
    assert tuple(viewer.dims.point) == pytest.approx((900, 1500, 5100), abs=100)
    assert tuple(viewer.scene.camera.center) == pytest.approx((950, 1485, 5095))
    assert viewer.scene.camera.zoom == pytest.approx(200 / 1000)


def test_objects_without_a_place_along_the_normal_are_flown_to(viewer):
    viewer.add_labels(np.full((120, 160), 2, np.uint8), name="cell", scale=(0.5, 0.5), units=("um",) * 2)
    _, panel = viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Measure")
    viewer.scene.camera.center = (0, 12.0, 7.0)
    panel.fly_to(pd.Series({"id": 1, "start_x_um": 40.0, "stop_x_um": 44.0, "centroid_x_um": 42.0}))
    assert tuple(viewer.scene.camera.center[-2:]) == pytest.approx((12.0, 41.75))
    panel.fly_to(pd.Series({"id": 1, "length_um": 3.0}))
    assert panel.message.text() == "this row has no place"


def test_whole_numbers_are_sorted_as_numbers(display):
    from qtpy.QtCore import Qt
    from qtpy.QtWidgets import QApplication

    from napari_micro_ssb._tables import TableView

    assert QApplication.instance() or QApplication([])
    view = TableView(pd.DataFrame({"id": np.arange(1, 13), "voxels": np.arange(12, dtype=np.uint32)[::-1]}))
    for column, order in ((0, Qt.SortOrder.DescendingOrder), (1, Qt.SortOrder.AscendingOrder)):
        view.sortByColumn(column, order)
        shown = [int(view.model().index(row, 0).data()) for row in range(12)]
        assert shown == list(range(12, 0, -1))


def test_figures_are_shown(viewer, panel, wait, shoot):
    panel.recipes.setCurrentText("sem")
    panel.measure_button.click()
    wait(panel)
    names = [panel.figure_page.names.itemText(n) for n in range(panel.figure_page.names.count())]
    assert {"overlay", "contact_map", "depth_profile"} <= set(names)
    panel.tabs.setCurrentIndex(panel.tabs.count() - 1)
    panel.figure_page.names.setCurrentText("contact_map")
    assert panel.figure_page.picture.pixmap().width() > 100
    assert panel.figure_page.picture_before.isHidden()
    shoot("figures")
    panel.figure_page.larger_button.click()
    (window,) = [one for one in panel.findChildren(type(panel.figure_page.area)) if one.isWindow()]
    assert window.windowTitle() == "contact_map"
    assert window.width() > panel.figure_page.picture.width()
    window.close()


def test_before_and_after_a_correction(viewer, panel, wait, shoot):
    labels = viewer.layers["cell phases"]
    labels.brush_size = 21
    labels.paint((40, 60), 1)
    labels.paint((44, 110), 1)
    panel.compare_button.click()
    wait(panel)
    table = panel.tables["measurements"].table
    porosity = table[table["metric"] == "porosity"].iloc[0]
    assert porosity["after"] > porosity["before"]
    assert porosity["change"] == pytest.approx(porosity["after"] - porosity["before"])
    panel.tabs.setCurrentIndex(panel.tabs.count() - 1)
    assert panel.figure_page.picture_before.pixmap().width() > 100
    shoot("before-after")


def test_tables_sort_by_number(viewer, panel, wait):
    from qtpy.QtCore import Qt

    table = panel.tables["measurements"]
    column = list(table.table.columns).index("value")
    table.sortByColumn(column, Qt.SortOrder.DescendingOrder)
    shown = [table.model().index(row, column).data() for row in range(table.model().rowCount())]
    numbers = [float(text) for text in shown if text]
    assert numbers == sorted(numbers, reverse=True)
    assert np.isfinite(numbers).all()


@pytest.mark.parametrize("at_once", [0, 2**26], ids=["read in another thread", "read at once"])
def test_labels_that_were_changed_since_are_told(viewer, panel, wait, folder, monkeypatch, at_once):
    monkeypatch.setattr(_measure, "AT_ONCE_BYTES", at_once)
    panel.measure_button.click()
    wait(panel)
    assert "changed since" not in panel.message.text()
    panel.export(folder / "one")
    wait(panel)
    assert "changed since" not in panel.message.text()
    viewer.layers["cell phases"].paint((40, 60), 1)
    panel.export(folder / "two")
    wait(panel)
    assert "These labels were changed since they were measured" in panel.message.text()
    viewer.add_labels(np.zeros((4, 5), np.uint8), name="other")
    panel.labels.setCurrentText("other")
    panel.labels.setCurrentText("cell phases")
    wait(panel)
    assert "These labels were changed since they were measured" in panel.message.text()
    panel.measure_button.click()
    wait(panel)
    assert "changed since" not in panel.message.text()


@pytest.mark.parametrize("by", ["the layer", "the panel"])
def test_tables_of_another_voxel_size_go_until_it_comes_back_or_is_measured(viewer, panel, wait, by):
    layer = viewer.layers["cell phases"]
    edge_um = layer.scale[-1]

    def give(um):
        if by == "the layer":
            layer.scale = (um, um)
        else:
            panel.voxels.text.setText(f"{um}um")
            panel.voxels.button.click()

    def rows():
        return len(panel.tables["measurements"].table)

    of_the_result = rows()
    assert of_the_result > 0
    give(2 * edge_um)
    assert rows() == 0
    assert "another voxel size since they were measured" in panel.message.text()
    panel.measure_button.click()
    wait(panel)
    measured = rows()
    assert measured > 0
    give(edge_um)
    assert rows() == 0
    assert panel.measured is None
    assert "another voxel size since they were measured" in panel.message.text()
    give(2 * edge_um)
    assert rows() == measured
    assert panel.measured is not None


def test_values_and_what_moved_are_seen_without_scrolling(viewer, panel, wait):
    def seen():
        view = panel.tables["measurements"]
        edges = [view.columnViewportPosition(n) for n in range(len(view.table.columns))]
        return [
            name for name, left in zip(view.table.columns, edges, strict=True) if 0 <= left < view.viewport().width()
        ]

    panel.measure_button.click()
    wait(panel)
    assert seen()[:3] == ["metric", "value", "unit"]
    viewer.layers["cell phases"].paint((40, 60), 1)
    panel.compare_button.click()
    wait(panel)
    assert seen()[:2] == ["metric", "before"]
    assert list(panel.tables["measurements"].table.columns[:4]) == ["metric", "before", "after", "change"]


def test_the_engine_is_that_of_the_command_line(panel):
    """With another memory sums over a crack of a volume are taken in another order: other last digits."""
    from micro_pipelines.cli.options import engine_of

    assert panel.engine == engine_of(None)
