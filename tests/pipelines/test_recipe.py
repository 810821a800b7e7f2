"""Recipes: presets, files, overrides, hashes, and errors in one line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from micro.errors import RecipeError
from micro_pipelines.recipe import Recipe
from micro_pipelines.recipe_files import (
    load_recipe,
    plain_recipe,
    preset_names,
    preset_text,
    recipe_hash,
    recipe_text,
)

PRESETS = ("fibsem", "fibsem-alloy", "sem", "sem-alloy", "xct", "xct-alloy")
SECTIONS = ("preprocess", "segment", "train", "cell", "measure", "report")


def test_the_presets_are_these() -> None:
    assert preset_names() == PRESETS


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_says_what_the_contract_says(name: str) -> None:
    recipe = load_recipe(name)
    modality = name.removesuffix("-alloy")
    assert (recipe.name, recipe.modality) == (name, modality)
    assert recipe.segment.greys == (("void", "SE", "Li") if name.endswith("-alloy") else ("void", "Li", "SE"))
    assert recipe.preprocess.stripes == recipe.preprocess.slice_brightness == "auto"


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("section", SECTIONS)
def test_a_preset_shows_every_key_under_a_comment(name: str, section: str) -> None:
    text = preset_text(name).split(f"\n[{section}]\n")[1].split("\n[")[0]
    shown = re.findall(r"^(?:# )?(\w+) = ", text, flags=re.MULTILINE)
    kind = Recipe.model_fields[section].annotation
    assert isinstance(kind, type)
    assert issubclass(kind, BaseModel)
    assert sorted(shown) == sorted(kind.model_fields)
    for paragraph in text.strip().split("\n\n"):
        assert paragraph.startswith("# "), f"no comment above {paragraph!r}"


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_differs_from_the_defaults_only_where_it_says_so(name: str) -> None:
    preset, plain = load_recipe(name), plain_recipe(name)
    differs = {
        f"{section}.{key}"
        for section in SECTIONS
        for key, value in getattr(preset, section)
        if value != getattr(getattr(plain, section), key)
    }
    assert differs <= {"segment.greys"}


@pytest.mark.parametrize("name", PRESETS)
def test_the_keys_behind_a_comment_sign_are_valid_when_taken_out(name: str, tmp_path: Path) -> None:
    path = tmp_path / "mein Rezept.toml"
    path.write_text(re.sub(r"^# (\w+ = )", r"\1", preset_text(name), flags=re.MULTILINE), encoding="utf-8")
    assert load_recipe(path).cell.band_um is not None


def test_a_file_without_a_name_takes_that_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "kälte.toml"
    path.write_text("[cell]\nnormal = '+z'\n", encoding="utf-8-sig")
    assert (load_recipe(path).name, load_recipe(path).cell.normal) == ("kälte", "+z")


@pytest.mark.parametrize(
    ("override", "section", "key", "value"),
    [
        ("cell.normal=-y", "cell", "normal", "-y"),
        ("segment.smoothing=2.5", "segment", "smoothing", 2.5),
        ("segment.shading=false", "segment", "shading", False),
        ("segment.greys=void,SE", "segment", "greys", ("void", "SE")),
        ('segment.greys=["SE", "Li"]', "segment", "greys", ("SE", "Li")),
        ("segment.levels=0.1,0.4,0.9", "segment", "levels", (0.1, 0.4, 0.9)),
        ("preprocess.stripes=", "preprocess", "stripes", "auto"),
        ("report.figures=overlay", "report", "figures", ("overlay",)),
        ("measure.extra=pores", "measure", "extra", ("pores",)),
        (" cell.normal = +z ", "cell", "normal", "+z"),
    ],
)
def test_an_override_changes_its_key_only(override: str, section: str, key: str, value: object) -> None:
    recipe, plain = load_recipe("sem", (override,)), load_recipe("sem")
    assert getattr(getattr(recipe, section), key) == value
    changed = {section: getattr(plain, section).model_copy(update={key: value})}
    assert recipe == plain.model_copy(update=changed)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[cell]\nnromal = 'auto'", ("'nromal'", "[cell]", "did you mean 'normal'", "band_um")),
        ("nane = 'x'", ("'nane'", "the recipe", "did you mean 'name'", "preprocess")),
        ("[messure]\n", ("'messure'", "did you mean 'measure'")),
        ("[cell]\nnormal = 'up'", ("cell.normal", "'up'", "+y, -y, +x or -x")),
        ("[preprocess]\nlow_percent = -3", ("preprocess.low_percent", "-3", "a number of at least 0 and below 50")),
        ("[segment]\nshading = 'perhaps'", ("segment.shading", "'perhaps'", "true or false")),
        ("[segment]\ngreys = 'void'", ("segment.greys = 'void'", "a list of 2 to 6 texts", '["void", "Li", "SE"]')),
        ("[preprocess]\nalign = 'fiducial'", ("in [preprocess]", "needs the box", "[y0, y1, x0, x1]")),
        ("[train]\nseed = true", ("train.seed = true", "expected a whole number")),
        ("[segment]\nsmoothing = -1\niterations = -1", ("segment.smoothing = -1", "(and 1 more)")),
        ("cell = 3", ("cell = 3", "a section [cell]")),
        ("name = ''", ("name = ''", "not empty")),
        ("[cell", ("not valid TOML",)),
    ],
)
def test_a_wrong_recipe_is_told_in_one_line(text: str, parts: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "falsch.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    assert "\n" not in str(caught.value)
    assert all(part in str(caught.value) for part in ("falsch.toml", *parts)), str(caught.value)


@pytest.mark.parametrize(
    ("override", "part"),
    [
        ("cell.normal", "section.key=value"),
        ("normal=-y", "section.key=value"),
        ("cel.normal=-y", "did you mean 'cell'"),
        ("cell.nromal=-y", "did you mean 'normal'"),
        ("name.x=3", "unknown section"),
        ("preprocess.align=fiducial", 'in [preprocess]: align = "fiducial" needs the box'),
        ("preprocess.low_percent=nan", "preprocess.low_percent = nan is not a number; expected a number"),
        ("preprocess.ring_centre=1,nan", "preprocess.ring_centre = [1, nan] is not a number"),
        ("report.dpi=inf", "report.dpi = inf is not finite; expected a whole number of at least 50"),
        ("preprocess.low_percent=true", "expected a number of at least 0"),
        ("preprocess.fiducial=5", "preprocess.fiducial = [5] is not possible: expected a list of 4 whole numbers"),
        ("preprocess.stripe_window=3.5", "= 3.5 is not possible: expected a whole number of at least 5"),
        (
            "preprocess.slice_brightness=maybe",
            "slice_brightness = 'maybe' is not possible: expected true, false or auto",
        ),
        ("train.scales=1,1", "train.scales = [1, 1] is not possible: a scale is given twice"),
        ("train.features=gray", "of any of grey, gaussian"),
        (
            "cell.reference_line=[[1, nan], [2, 3]]",
            "[[1, nan], [2, 3]] is not a number; expected a list of lists of numbers",
        ),
        ("cell.reference_line=5", "cell.reference_line = [5] is not possible: expected a list of lists of numbers"),
        ("cell.crack_aspect_min=0.5", "a number of at least 1"),
    ],
)
def test_a_wrong_override_is_told_in_one_line(override: str, part: str) -> None:
    with pytest.raises(RecipeError, match=re.escape(part)) as caught:
        load_recipe("sem", (override,))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def _refusal(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    try:
        load_recipe(path)
    except RecipeError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("value", ["{}", "'§'", "1e99", "-1e99", "[[]]", "nan", "true"])
def test_a_refusal_names_the_key_and_what_it_may_be(section: str, value: str, tmp_path: Path) -> None:
    keys = type(getattr(load_recipe("sem"), section)).model_fields
    refusals = {key: _refusal(tmp_path / "x.toml", f"[{section}]\n{key} = {value}\n") for key in keys}
    assert any(refusals.values())
    for key, told in refusals.items():
        starts = (f"recipe x.toml: {section}.{key} = ", f"recipe x.toml: in [{section}]: {key}")
        assert not told or told.startswith(starts), told
        assert not told or ("expected" in told and len(told) < 250), told


def test_an_unknown_preset_lists_the_presets() -> None:
    with pytest.raises(RecipeError, match=r"did you mean 'fibsem'.*xct-alloy"):
        load_recipe("fibsm")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"no recipe file at .*fehlt.toml"):
        load_recipe(tmp_path / "fehlt.toml")


def test_the_hash_is_of_the_parameters_not_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "sem.toml"
    stripped = "\n".join(line for line in preset_text("sem").splitlines() if not line.startswith("#"))
    path.write_text(stripped, encoding="utf-8")
    assert recipe_hash(load_recipe(path)) == recipe_hash(load_recipe("sem"))
    assert re.fullmatch("[0-9a-f]{12}", recipe_hash(load_recipe("sem")))


def test_the_hash_is_of_what_a_run_does() -> None:
    plain = load_recipe("sem")
    assert recipe_hash(load_recipe("sem", ("train.seed=7",))) == recipe_hash(plain)
    for change in (
        "preprocess.sharpen=1",
        "segment.smoothing=2",
        "cell.normal=-y",
        "report.dpi=100",
        'measure.extra=["a"]',
    ):
        assert recipe_hash(load_recipe("sem", (change,))) != recipe_hash(plain), change


def test_every_preset_has_a_hash_of_its_own() -> None:
    assert len({recipe_hash(load_recipe(name)) for name in PRESETS}) == len(PRESETS)


@pytest.mark.parametrize("name", PRESETS)
def test_the_text_of_a_recipe_reads_back_as_the_same(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name, ("cell.band_um=0.75", "segment.levels=0.1,0.2,0.9"))
    path = tmp_path / "zurück.toml"
    path.write_text(recipe_text(recipe), encoding="utf-8")
    assert load_recipe(path) == recipe


@given(st.text(max_size=40), st.floats(0.001, 1e3))
def test_any_text_and_number_survive_the_text_of_a_recipe(description: str, band_um: float) -> None:
    plain = plain_recipe("measure")
    cell = plain.cell.model_copy(update={"band_um": band_um})
    recipe = plain.model_copy(update={"description": description, "cell": cell})
    assert Recipe.model_validate(tomllib.loads(recipe_text(recipe))) == recipe
