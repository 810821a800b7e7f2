"""A voxel size that is given by hand: what is measured with it, and where it is refused."""

import shutil

import pytest

from micro.correct import corrected_path
from napari_micro_ssb._view import open_in


def docked(viewer, *names):
    return [viewer.window.add_plugin_dock_widget("napari-micro-ssb", name)[1] for name in names]


def given(panel, text):
    """Enter a voxel size in a panel, and return what it says."""
    panel.voxels.text.setText(text)
    panel.voxels.button.click()
    return panel.message.text()


def test_labels_that_were_made_here_keep_the_voxel_size_that_they_were_found_with(viewer, wait, section, folder):
    segment, measure, correct = docked(viewer, "Segment", "Measure", "Correct")
    viewer.open(str(section), plugin="napari-micro-ssb")
    segment.recipes.setCurrentText("sem")
    segment.run_button.click()
    wait(segment)
    labels = viewer.layers["cell phases"]
    refusal = "were found with voxels of 0.05 x 0.05 um, not 0.1 x 0.1 um; keep their voxel size"
    for panel in (measure, correct):
        panel.labels.setCurrentText("cell phases")
        assert refusal in given(panel, "0.1um")
        assert "0.05 x 0.05 um" in panel.voxels.known.text()
    assert tuple(labels.scale) == (0.05, 0.05)
    assert given(measure, "0.05um") == "cell phases: voxel size set"

    labels.scale = (0.1, 0.1)  # by napari itself
    for act in (measure.measure_button.click, measure.compare_button.click, lambda: correct.begin(folder)):
        measure.say("")
        correct.say("")
        act()
        wait(measure)
        wait(correct)
        assert refusal in measure.message.text() + correct.message.text()
    assert measure.measured is None
    assert list(folder.iterdir()) == []


def test_corrected_labels_keep_the_voxel_size_of_their_edits(viewer, wait, result, folder):
    shutil.copytree(result / "cell", folder / "cell")
    open_in(viewer, folder / "cell")
    measure, correct = docked(viewer, "Measure", "Correct")
    correct.labels.setCurrentText("cell phases")
    correct.begin()
    correct.layer.data[40:52, 60:76] = 1
    refusal = "corrected with voxels of 0.05 x 0.05 um, not 0.1 x 0.1 um"
    measure.labels.setCurrentText("cell phases corrected")
    assert refusal in given(measure, "0.1um")
    assert tuple(correct.layer.scale) == (0.05, 0.05)
    # the file itself may be measured with another one, but not beside the corrections
    measure.labels.setCurrentText("cell phases")
    set_and_outdated = "cell phases: voxel size set. These labels have another voxel size since they were measured"
    assert given(measure, "0.1um").startswith(set_and_outdated)
    measure.compare_button.click()
    wait(measure)
    assert refusal in measure.message.text()
    measure.measure_button.click()
    wait(measure)
    assert measure.measured.report.labels.spacing.um == (0.1, 0.1, 0.1)
    correct.close_correction()
    measure.compare_button.click()
    wait(measure)
    assert "belong to labels of voxel size" in measure.message.text()


@pytest.mark.parametrize("stated", ["0.05um", "none"])
def test_before_and_after_have_one_voxel_size_whatever_the_automatic_file_states(viewer, wait, section, folder, stated):
    import tifffile

    place = folder / "cell_labels.tif"
    truth = section.with_name("cell_truth.tif")
    if stated == "none":
        tifffile.imwrite(place, tifffile.imread(truth))
    else:
        shutil.copy(truth, place)
    viewer.open(str(place), plugin="napari-micro-ssb")
    measure, correct = docked(viewer, "Measure", "Correct")
    given(correct, "40nm")
    correct.begin()
    assert correct.correction is not None, correct.message.text()
    correct.layer.data[40:52, 60:76] = 1
    correct.write()
    wait(correct)
    correct.close_correction()
    viewer.layers.clear()
    viewer.open(str(corrected_path(place)), plugin="napari-micro-ssb")
    measure.labels.setCurrentText(viewer.layers[0].name)
    measure.compare_button.click()
    wait(measure)
    assert "moved" in measure.message.text(), measure.message.text()
    for one in (measure.before, measure.measured):
        assert one.report.labels.spacing.um == (0.04, 0.04, 0.04)
