import math
import re
import threading
from dataclasses import replace
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from PIL import Image

from micro.errors import OutputError
from micro.measure import ThicknessMap
from micro.model import SSB_PHASES, Spacing
from micro.report import ReportParams, write_figures
from micro.report.canvas import Sheet, drawing
from micro.report.contact import contact_figure
from micro.report.cracks import cracks_figure
from micro.report.ortho import sections_figure
from micro.report.overlay import overlay_figure
from micro.report.profile import _draw_lines, profile_figure
from micro.report.scalebar import BAR_ID, length_text, round_length_um
from micro.report.sections import best_index, read_section, trace_um
from micro.report.summary import summary_figure
from micro.report.thickness import thickness_figure

PARAMS = ReportParams()
MM_PER_INCH = 25.4
FIGURES = [overlay_figure, sections_figure, contact_figure, profile_figure, thickness_figure, cracks_figure]


def shown_texts(figure):
    """All texts that are drawn, with the boxes that they take."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    hidden = ticks_out_of_view(figure)
    texts = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip() and t not in hidden]
    return [(text, text.get_window_extent(renderer)) for text in texts]


def ticks_out_of_view(figure):
    """Labels of ticks that matplotlib keeps beyond the ends of an axis and does not draw."""
    hidden = set()
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        low, high = sorted(axis.get_view_interval())
        margin = 1e-9 * (high - low)
        for tick in axis.get_major_ticks():
            if not low - margin <= tick.get_loc() <= high + margin:
                hidden |= {tick.label1, tick.label2}
    return hidden


def drawn(figure_of, sample, params=PARAMS):
    with drawing(params):
        return figure_of(sample, params)


@pytest.mark.parametrize("figure_of", FIGURES)
@pytest.mark.parametrize("which", ["flat", "solid"])
@pytest.mark.parametrize("width_mm", [85.0, 178.0])
def test_text_is_legible_inside_the_page_and_never_overlaps(figure_of, which, width_mm, request):
    params = ReportParams(width_mm=width_mm)
    with drawing(params):
        figure = figure_of(request.getfixturevalue(which), params)
        if figure is None:
            assert (figure_of, which) == (sections_figure, "flat")
            return
        texts = shown_texts(figure)
        page = figure.bbox
        assert texts
        for text, box in texts:
            assert text.get_fontsize() >= 6.5
            # One pixel of 1/100 inch: glyphs are hinted to whole pixels.
            inside = box.x0 >= page.x0 - 1 and box.x1 <= page.x1 + 1 and box.y0 >= page.y0 - 1 and box.y1 <= page.y1 + 1
            assert inside, text.get_text()
        for number, (text, box) in enumerate(texts):
            for other, other_box in texts[number + 1 :]:
                assert not box.overlaps(other_box), (text.get_text(), other.get_text())


def test_files_exist_and_have_the_physical_size(solid, tmp_path):
    folder = tmp_path / "Bilder mit Umlaut äöü"
    paths = write_figures(solid, folder, PARAMS)
    names = {path.name for path in paths}
    stems = ("overlay", "sections", "contact_map", "depth_profile", "thickness", "cracks")
    assert names == {f"{stem}.{suffix}" for stem in stems for suffix in ("svg", "png")}
    assert {path.name for path in folder.iterdir()} == names
    for path in folder.glob("*.png"):
        with Image.open(path) as picture:
            # matplotlib takes the whole pixel below the size.
            assert picture.width == int(PARAMS.width_mm / MM_PER_INCH * PARAMS.dpi)
            assert picture.info["dpi"][0] == pytest.approx(PARAMS.dpi, abs=0.02)  # PNG keeps whole dots per metre


def test_only_the_figures_asked_for(flat, tmp_path):
    paths = write_figures(flat, tmp_path, ReportParams(figures=("depth_profile",), dpi=60))
    assert [path.name for path in paths] == ["depth_profile.svg", "depth_profile.png"]


def test_a_plan_view_has_its_picture_and_nothing_else(sample_of, tmp_path):
    paths = write_figures(sample_of(anode=False), tmp_path, ReportParams(dpi=60))
    assert [path.name for path in paths] == ["overlay.svg", "overlay.png"]


def test_same_input_same_bytes(flat, tmp_path):
    first = write_figures(flat, tmp_path / "a", ReportParams(dpi=80))
    second = write_figures(flat, tmp_path / "b", ReportParams(dpi=80))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_svg_text_stays_text_and_needs_nothing_else(flat, tmp_path):
    for path in write_figures(flat, tmp_path, ReportParams(dpi=60)):
        if path.suffix == ".svg":
            content = path.read_text(encoding="utf-8")
            assert "</text>" in content
            assert "sans-serif" in content
            assert not re.findall(r'(?:href|src)="https?:', content)
            assert "<dc:date>" not in content


def test_nothing_global_stays_behind(flat, tmp_path):
    before = dict(mpl.rcParams)
    write_figures(flat, tmp_path, ReportParams(dpi=60))
    assert dict(mpl.rcParams) == before


def test_threads_get_the_figures_that_one_thread_gets(flat, sample_of, tmp_path):
    wide = sample_of(shape=(1, 90, 300))
    params = ReportParams(dpi=60, figures=("overlay", "depth_profile"))
    alone = [path.read_bytes() for sample in (flat, wide) for path in write_figures(sample, tmp_path / "x", params)]
    threads = [
        threading.Thread(target=write_figures, args=(sample, tmp_path / name, params))
        for name, sample in (("a", flat), ("b", wide))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = ("overlay.svg", "overlay.png", "depth_profile.svg", "depth_profile.png")
    assert [(tmp_path / folder / name).read_bytes() for folder in "ab" for name in names] == alone


def test_a_folder_that_is_a_file_is_one_clear_line(flat, tmp_path):
    (tmp_path / "taken").write_text("x", encoding="utf-8")
    with pytest.raises(OutputError) as caught:
        write_figures(flat, tmp_path / "taken", ReportParams(dpi=60, figures=("depth_profile",)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("spacing", [Spacing(0.05, 0.05, 0.05), Spacing(0.05, 0.1, 0.05), Spacing(0.05, 0.03, 0.12)])
def test_scale_bar_is_as_long_as_it_says_and_pixels_keep_their_shape(sample_of, spacing):
    sample = sample_of(shape=(1, 200, 160), spacing=spacing)
    figure = drawn(overlay_figure, sample)
    axes = figure.axes[0]
    bar = next(patch for patch in axes.patches if patch.get_gid() == BAR_ID)
    label = next(text.get_text() for text in axes.texts if text.get_text().endswith("m"))
    box = axes.get_window_extent()
    pixels_per_um = box.width / (160 * spacing.x)
    assert bar.get_window_extent().width == pytest.approx(bar.get_width() * pixels_per_um, rel=1e-9)
    assert label == length_text(bar.get_width())
    assert bar.get_width() == round_length_um(160 * spacing.x)
    assert box.height / (200 * spacing.y) == pytest.approx(pixels_per_um, rel=1e-9)


@pytest.mark.parametrize("width_um", [0.013, 0.99, 1.0, 7.3, 16.0, 66.6, 1234.5])
def test_scale_bar_lengths_are_round(width_um):
    length_um = round_length_um(width_um)
    assert f"{length_um:e}"[0] in "125"
    # 1, 2, 5: neighbours are at most 2.5 apart, and the bar is at most 30 % of the width.
    assert 0.3 / 2.5 <= length_um / width_um <= 0.3 * (1 + 1e-9)


def test_all_three_sections_have_one_scale(solid):
    figure = drawn(sections_figure, solid)
    scales = []
    for axes in figure.axes:
        box = axes.get_window_extent()
        left, right = axes.get_xlim()
        bottom, top = axes.get_ylim()
        scales += [box.width / (right - left), box.height / (bottom - top)]
    assert scales == pytest.approx([scales[0]] * 6, rel=1e-9)


def test_legend_names_the_phases_that_occur_and_no_other(sample_of):
    def names(sample):
        figure = drawn(overlay_figure, sample)
        return {text.get_text() for legend in figure.legends for text in legend.get_texts()}

    assert {"void", "SE", "Li", "dendrite", "crack"} <= names(sample_of())
    assert not {"cathode", "interphase", "collector"} & names(sample_of())


def test_the_slice_with_most_dendrite_and_crack_is_shown(solid):
    index = best_index(solid.labels, 0)
    array = solid.labels.data.compute()
    per_slice = np.isin(array, (4, 5)).sum(axis=(1, 2))
    assert per_slice[index] == per_slice.max() > per_slice[0]


def test_only_a_few_slices_are_read(solid):
    import dask.array as da

    read = []

    def load(block_info=None):
        start, stop = block_info[None]["array-location"][0]
        read.append(start)
        return np.full((stop - start, 4, 5), 2, np.uint8)

    data = da.map_blocks(load, chunks=((1,) * 40, (4,), (5,)), dtype=np.uint8, meta=np.empty((0, 0, 0), np.uint8))
    labels = type(solid.labels)(data, Spacing(1, 1, 1))
    read_section(labels, None, axis=0, index=17, max_pixels=100)
    assert read == [17]
    best_index(labels, 0)
    assert len(read) <= 1 + 15


def test_a_large_slice_is_thinned_and_keeps_its_size(sample_of):
    sample = sample_of(shape=(1, 401, 602))
    whole = read_section(sample.labels, sample.volume, axis=0, index=0, max_pixels=1000)
    thin = read_section(sample.labels, sample.volume, axis=0, index=0, max_pixels=101)
    assert whole.labels.shape == (401, 602)
    assert max(thin.labels.shape) <= 101
    assert thin.grey is not None
    assert thin.grey.shape == thin.labels.shape
    # What is cut at the far edges is less than a step: 4 of 401 rows, 6 of 602 columns.
    assert thin.size_um == pytest.approx(whole.size_um, rel=6 / 401)
    assert thin.grey.mean() == pytest.approx(whole.grey.mean(), rel=0.01)  # the same edge of 1 %


@pytest.mark.parametrize("spacing", [Spacing(0.05, 0.05, 0.05), Spacing(0.05, 0.1, 0.05)])
def test_the_line_lies_on_the_plane(sample_of, spacing):
    sample = sample_of(spacing=spacing)
    section = read_section(sample.labels, None, axis=0, index=0, max_pixels=1000)
    plane = sample.cell.plane
    for x, y in trace_um(plane, section):
        point = np.array([section.position_um, y, x])
        # Rounding of a few sums of numbers around 10 um.
        assert point @ plane.direction - plane.offset_um == pytest.approx(0, abs=1e-12)


def test_depth_runs_as_in_the_picture(flat):
    low, high = drawn(profile_figure, flat).axes[0].get_ylim()
    assert low < 0 < high  # normal -y: the electrolyte is above


@pytest.mark.parametrize("top", [2e-6, 1.1e-4, 1.5e-4, 7.9e-3, 0.013, 0.12, 0.6, 0.999])
@pytest.mark.parametrize("width_mm", [60.0, 85.0])
def test_labels_of_the_minor_phases_keep_apart(top, width_mm):
    params = ReportParams(width_mm=width_mm)
    with drawing(params):
        sheet = Sheet(width_mm, 60)
        axes = sheet.axes(width_mm / 2, 4, (width_mm - 21) / 2, 48)
        _draw_lines(axes, pd.DataFrame({"void": [0.0, top]}, index=[0.0, 5.0]), SSB_PHASES)
        sheet.figure.canvas.draw()
        low, high = axes.get_xlim()
        labels = [one for one in axes.get_xticklabels() if low <= one.get_position()[0] <= high]
        boxes = [one.get_window_extent() for one in labels]
    assert len(boxes) >= 2
    # Half a digit apart, which is about 0.3 of the font's size.
    apart = 0.3 * params.font_pt / 72 * sheet.figure.dpi
    assert all(left.x1 + apart < right.x0 for left, right in pairwise(boxes))
    ends = [float(one.get_text()) for one in labels]
    power = math.floor(math.log10(top)) if top < 0.01 else 0
    assert [one.get_position()[0] / 10.0**power for one in labels] == pytest.approx(ends)
    assert ("10" in axes.get_xlabel()) == (top < 0.01)


def test_title_of_the_contact_map_says_the_number(flat):
    texts = [text.get_text() for text in drawn(contact_figure, flat).texts]
    assert texts == ["contact fraction 0.730 [0.679, 0.777]"]


def test_a_column_without_a_gap_counts_in_no_mean_and_stays_white(sample_of):
    sample = sample_of()
    gap = ThicknessMap(np.array([[0.0, 0.4, 0.2, 0.0, np.nan]]), (0.05, 0.05), ("z", "x"))
    sample = replace(sample, results=replace(sample.results, thickness_maps={"gap": gap}))
    axes = drawn(thickness_figure, sample).axes[0]
    corners = axes.collections[0].get_paths()[0].vertices
    # Two columns of 0.05 um, the steps between them at the middle: from the centre of one to that of the other.
    assert corners[:, 0].min() == pytest.approx(0.075)
    assert corners[:, 0].max() == pytest.approx(0.125)
    assert axes.get_title(loc="left") == "gap"


def test_long_numbers_beside_a_colour_bar_stay_on_the_page(solid):
    thick = solid.results.thickness_maps["Li"]
    maps = {"cathode": replace(thick, values_um=thick.values_um * 3000)}
    sample = replace(solid, results=replace(solid.results, thickness_maps=maps))
    with drawing(PARAMS):
        figure = thickness_figure(sample, PARAMS)
        # One pixel of 1/100 inch, as above.
        assert all(box.x1 <= figure.bbox.x1 + 1 for _, box in shown_texts(figure))


def test_values_without_a_phase_and_grey_without_a_number_are_drawn(flat):
    array = flat.labels.data.compute()
    array[0, :9] = 99
    labels = replace(flat.labels, data=array)
    volume = replace(flat.volume, data=np.where(array == 99, np.nan, 1.0))
    sample = replace(flat, volume=volume, labels=labels, cell=replace(flat.cell, labels=labels))
    figure = drawn(overlay_figure, sample)
    assert "label 99" in {text.get_text() for legend in figure.legends for text in legend.get_texts()}


def test_summary_of_fifty_samples(sample_of):
    samples = [
        sample_of(name=f"cell {k // 2}", state=("pristine", "after cycling at 25 MPa")[k % 2], shape=(1, 40, 50))
        for k in range(50)
    ]
    params = ReportParams(width_mm=178)
    with drawing(params):
        figure = summary_figure(samples, params)
        labels = [box for text, box in shown_texts(figure) if text.get_text().startswith("cell")]
        assert len(labels) == 50 * 2  # two lines of panels
        assert not any(a.overlaps(b) for a, b in pairwise(labels))
