"""Knobs are what the parameter classes say, and nothing more."""

import math

import pytest

from micro_pipelines import Recipe, load_recipe, preset_names
from napari_micro_ssb._knobs import MAIN, SECTIONS, knobs_of, text_of


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_is_a_knob_with_its_description(section):
    model = Recipe.model_fields[section].annotation
    knobs = knobs_of(section)
    assert [knob.name for knob in knobs] == list(model.model_fields)
    assert all(knob.description == model.model_fields[knob.name].description for knob in knobs)


def test_limits_come_from_the_class():
    knobs = {knob.key: knob for knob in knobs_of("segment")}
    assert (knobs["segment.smoothing"].kind, knobs["segment.smoothing"].low, knobs["segment.smoothing"].high) == (
        "number",
        0,
        10,
    )
    assert (knobs["segment.min_object_voxels"].low, knobs["segment.min_object_voxels"].high) == (0, math.inf)
    assert knobs["segment.rims"].choices == ("auto", "remove", "none")


def test_a_flag_that_may_be_auto_is_a_choice():
    (knob,) = [knob for knob in knobs_of("preprocess") if knob.name == "slice_brightness"]
    assert knob.choices == ("true", "false", "auto")


def test_the_main_knobs_exist():
    assert {knob.key for section in SECTIONS for knob in knobs_of(section)} >= set(MAIN)


@pytest.mark.parametrize("name", preset_names())
def test_the_texts_of_a_recipe_give_the_same_recipe(name):
    recipe = load_recipe(name)
    knobs = [knob for section in SECTIONS for knob in knobs_of(section)]
    texts = tuple(f"{knob.key}={text_of(knob.value_in(recipe))}" for knob in knobs)
    assert load_recipe(name, texts) == recipe


@pytest.mark.parametrize("text", ["0.00005", "0.1234567", "1.3"])
def test_a_small_number_is_kept_as_it_was_typed(display, text):
    from qtpy.QtWidgets import QApplication

    from napari_micro_ssb._knob_form import KnobForm

    application = QApplication.instance() or QApplication([])
    form = KnobForm()
    form.show_recipe("sem")
    box = form.widgets["segment.smoothing"]
    box.lineEdit().setText(text)
    box.interpretText()
    assert box.text() == text
    assert form.recipe().segment.smoothing == float(text)
    box.setValue(0.2)
    box.stepUp()
    assert box.text() == "0.3"
    assert application is not None
