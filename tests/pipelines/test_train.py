"""``micro train``: from strokes in files to a classifier, what it says, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from micro.classify import read_classifier
from micro.io import read_labels, read_volume, write_tiff
from micro.model import Labels, Spacing, Volume
from micro.phantoms import Phantom, make_phantom, write_phantom
from micro_pipelines.cli import main
from micro_pipelines.recipe_files import load_recipe

Cli = Callable[..., Any]
SPACING = Spacing.parse("50nm")
QUICK = ("--set", "train.steps=150", "--set", "train.networks=1")


def painted(truth: NDArray[np.uint8], *, every: int = 12) -> NDArray[np.uint8]:
    """Lines along x inside the phases, as a ruler would draw them; dendrites as Li, cracks as void."""
    plain = np.array([0, 1, 2, 3, 3, 1], np.uint8)[truth]
    rows = np.zeros(truth.shape, bool)
    rows[..., every // 2 :: every, :] = True
    inside = [plain == value for value in (1, 2, 3)]
    kept = [ndimage.binary_erosion(mask[0])[np.newaxis] for mask in inside]
    return np.where(rows & np.logical_or.reduce(kept), plain, 0).astype(np.uint8)


@pytest.fixture(scope="module")
def strokes(sem: Phantom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Strokes for the section, without a voxel size."""
    path = tmp_path_factory.mktemp("Striche für Ä") / "Striche 1.tif"
    tifffile.imwrite(path, painted(sem.truth.data.compute())[0])
    return path


@pytest.fixture(scope="module")
def classifier(sem_image: Path, strokes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier trained on the section, with its map beside it."""
    path = tmp_path_factory.mktemp("Modelle mit Ö") / "mein Modell.micro"
    command = ["train", "sem", sem_image, strokes, "--out", path, *QUICK, "--quiet"]
    assert main([str(word) for word in command]) == 0
    return path


@pytest.fixture
def tiny(place: Path) -> Path:
    """An image of two phases, so small that training takes no time."""
    rng = np.random.default_rng(2)
    grey = np.where(np.arange(60) < 30, 60, 180) + rng.normal(0, 6, (40, 60))
    path = place / "klein.tif"
    write_tiff(path, Volume(grey.astype(np.uint8), SPACING))
    return path


def tiny_strokes(*values: int) -> NDArray[np.uint8]:
    out = np.zeros((40, 60), np.uint8)
    for number, value in enumerate(values):
        out[5:35:6, 5 + 30 * number : 20 + 30 * number] = value
    return out


def test_training_leaves_a_classifier_and_a_map(classifier: Path, sem_image: Path) -> None:
    trained = read_classifier(classifier)
    assert trained.phases == ("void", "SE", "Li")
    assert trained.preprocess["stripes"] == load_recipe("sem").preprocess.stripes
    assert trained.params.steps == 150
    assert {entry.name for entry in classifier.parent.iterdir()} == {
        "mein Modell.micro",
        "mein Modell_uncertainty.tif",
    }
    unsure = read_volume(classifier.with_name("mein Modell_uncertainty.tif"))
    assert (unsure.data.dtype, unsure.shape) == (np.uint8, (1, 160, 200))
    assert unsure.spacing == SPACING
    # Inside layers a voxel is sure, between them it is not.
    values = unsure.data.compute()
    assert np.median(values) < 30
    assert values.max() > 150


def test_a_run_with_the_classifier_labels_the_section(
    cli: Cli, place: Path, sem: Phantom, sem_image: Path, classifier: Path
) -> None:
    told = cli("run", "sem", sem_image, "--out", place / "out", "--model", classifier, "--probabilities")
    assert told.status == 0, told.err
    sample = place / "out" / "Querschnitt 1"
    record = json.loads((sample / "run.json").read_text(encoding="utf-8"))
    assert record["model"]["kind"] == "classifier"
    assert record["model"]["phases"] == ["void", "SE", "Li"]
    assert not [line for line in record["warnings"] if "classifier" in line or "found" in line or "look" in line]
    plain = np.array([0, 1, 2, 3, 3, 1])
    labels, truth = plain[read_labels(sample / "labels.tif").data.compute()], plain[sem.truth.data.compute()]
    for value in (2, 3):
        both = ((labels == value) & (truth == value)).sum()
        # A floor for an easy section and 150 steps: it takes the classifier, and no luck, to pass it.
        assert both / ((labels == value) | (truth == value)).sum() > 0.9
    assert (sample / "probabilities.ome.zarr").is_dir()


def test_it_says_how_good_it_is_and_where_to_paint_next(cli: Cli, place: Path, tiny: Path) -> None:
    tifffile.imwrite(place / "Striche.tif", tiny_strokes(1, 2))
    told = cli("train", "sem", tiny, place / "Striche.tif", "--out", place / "Modelle" / "m.micro", *QUICK)
    assert told.status == 0, told.err
    lines = told.out.splitlines()
    assert lines[0].startswith("of 150 stroke voxels that were held out, 100.0 % are recognised")
    assert any("void" in line and "75" in line and "100.0 %" in line for line in lines)
    assert any(line.startswith("looks most at: ") for line in lines)
    assert any(line.startswith("klein: paint next near x ") for line in lines)
    assert lines[-1] == f"classifier: {place / 'Modelle' / 'm.micro'}"
    again = cli("train", "sem", tiny, place / "Striche.tif", "--out", place / "n.micro", *QUICK, "--no-map", "--quiet")
    assert (again.status, again.out, again.err) == (0, "", "")
    assert not list(place.glob("n_*"))
    assert (place / "n.micro").read_bytes() == (place / "Modelle" / "m.micro").read_bytes()


def test_one_voxel_a_phase_is_said_to_be_too_few(cli: Cli, place: Path, tiny: Path) -> None:
    strokes = np.zeros((40, 60), np.uint8)
    strokes[20, 10], strokes[20, 50] = 1, 2
    tifffile.imwrite(place / "Striche.tif", strokes)
    told = cli("train", "sem", tiny, place / "Striche.tif", "--out", place / "m.micro", *QUICK, "--no-map")
    assert told.status == 0, told.err
    assert "looks most at" not in told.out
    assert "recognised" not in told.out
    assert "too few stroke voxels to keep any apart" in " ".join(told.err.split())
    assert "void has 1 stroke voxels only" in " ".join(told.err.split())


def test_only_a_classifier_is_written_over(cli: Cli, place: Path, tiny: Path) -> None:
    strokes = place / "Striche.tif"
    tifffile.imwrite(strokes, tiny_strokes(1, 2))
    before = strokes.read_bytes()
    told = cli("train", "sem", tiny, strokes, "--out", strokes, *QUICK)
    assert (told.status, len(told.errors)) == (2, 1)
    assert "a file that is no classifier is there; give another name" in told.errors[0]
    assert strokes.read_bytes() == before
    for seed in (1, 2):
        path = place / "m.micro"
        change = ("--set", f"train.seed={seed}", "--no-map", "--quiet")
        assert cli("train", "sem", tiny, strokes, "--out", path, *QUICK, *change).status == 0
        assert read_classifier(path).params.seed == seed


def test_blocks_and_workers_change_no_byte(cli: Cli, place: Path, tiny: Path) -> None:
    tifffile.imwrite(place / "s.tif", tiny_strokes(1, 2))
    written = []
    for number, options in enumerate((("--workers", 1), ("--workers", 2, "--block", "1,17,23"))):
        path = place / f"m{number}" / "m.micro"
        assert cli("train", "sem", tiny, place / "s.tif", "--out", path, *QUICK, *options, "-q").status == 0
        written.append((path.read_bytes(), path.with_name("m_uncertainty.tif").read_bytes()))
    assert written[0] == written[1]


def test_a_stack_gives_the_same_bytes_for_all_blocks(cli: Cli, place: Path) -> None:
    phantom = make_phantom("fibsem", seed=2, shape=(24, 56, 64))
    image, *_, strokes = write_phantom(phantom, place, name="Stapel", strokes=True)
    written = []
    for number, block in enumerate(("24,56,64", "11,40,29")):
        model, out = place / f"m{number}.micro", place / f"out {number}"
        told = cli("train", "fibsem", image, strokes, "--out", model, *QUICK, "--block", block, "--quiet")
        assert told.status == 0, told.err
        told = cli("run", "fibsem", image, "--out", out, "--model", model, "--block", block, "--quiet")
        assert told.status == 0, told.err
        labels = (out / "Stapel" / "labels.tif").read_bytes()
        written.append((model.read_bytes(), model.with_name(f"m{number}_uncertainty.tif").read_bytes(), labels))
    assert written[0] == written[1]


def test_strokes_of_other_values_and_own_phases(cli: Cli, place: Path, tiny: Path) -> None:
    tifffile.imwrite(place / "a.tif", tiny_strokes(1, 2))
    tifffile.imwrite(place / "b.tif", tiny_strokes(85, 170))
    Image.fromarray(tiny_strokes(85, 170)).save(place / "c.png")
    tifffile.imwrite(place / "d.tif", tiny_strokes(12, 2))
    mapping = ("--map", "85=void,170=SE")
    for name, options in (("a.tif", ()), ("b.tif", mapping), ("c.png", mapping), ("d.tif", ("--map", "12=12,2=SE"))):
        command = ("train", "sem", tiny, place / name, "--out", place / f"{name}.micro", *QUICK, *options, "--quiet")
        told = cli(*command)
        assert told.status == 0, told.err
    assert (place / "a.tif.micro").read_bytes() == (place / "b.tif.micro").read_bytes()
    assert (place / "a.tif.micro").read_bytes() == (place / "c.png.micro").read_bytes()
    assert read_classifier(place / "d.tif.micro").phases == ("SE", "label 12")
    told = cli("run", "sem", tiny, "--out", place / "out", "--model", place / "d.tif.micro")
    assert told.status == 0, told.err
    labels = read_labels(place / "out" / "klein" / "labels.ome.zarr")
    assert set(np.unique(labels.data.compute())) == {2, 12}
    assert labels.phases.name_of(12) == "label 12"


def test_two_images_of_different_grey_scales(cli: Cli, place: Path, sem: Phantom, sem_image: Path) -> None:
    grey = sem.volume.data.compute().astype(np.uint16)
    half = grey[:, :, :100]
    write_tiff(place / "hell.tif", Volume(30_000 + 90 * half, SPACING))
    truth = painted(sem.truth.data.compute())
    write_tiff(place / "s1.tif", Labels(truth, SPACING))
    write_tiff(place / "s2.tif", Labels(truth[:, :, :100], SPACING))
    files = (sem_image, place / "s1.tif", place / "hell.tif", place / "s2.tif")
    told = cli("train", "sem", *files, "--out", place / "m.micro", *QUICK)
    assert told.status == 0, told.err
    accuracy = float(told.out.splitlines()[0].split("held out, ")[1].split(" %")[0])
    assert accuracy > 85
    assert (place / "m_uncertainty_hell.tif").is_file()
    assert (place / "m_uncertainty_Querschnitt 1.tif").is_file()


def test_a_run_on_another_kind_of_image_is_doubted(cli: Cli, place: Path, sem_image: Path, classifier: Path) -> None:
    changes = ("--set", "preprocess.sharpen=0.5", "--set", "preprocess.denoise=gaussian")
    told = cli(
        "run", "sem", sem_image, "--out", place / "out", "--model", classifier, "--voxel-size", "150nm", *changes
    )
    assert told.status == 0, told.err
    record = json.loads((place / "out" / "Querschnitt 1" / "run.json").read_text(encoding="utf-8"))
    assert (
        "the classifier was trained after other corrections: [preprocess] has denoise = gaussian (then bilateral), "
        "sharpen = 0.5 (then 1.3)" in record["warnings"]
    )
    assert any("trained on voxels of 0.05 um and these are 0.15 um" in line for line in record["warnings"])
    assert "trained after other corrections" in (place / "out" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["noise", "inverted"])
def test_a_run_on_noise_or_an_inverted_image_is_doubted(
    kind: str, cli: Cli, place: Path, sem: Phantom, classifier: Path
) -> None:
    grey = sem.volume.data.compute()
    if kind == "noise":
        grey = np.random.default_rng(0).normal(128, 30, grey.shape).clip(0, 255).astype(np.uint8)
    else:
        grey = 255 - grey
    write_tiff(place / "anders.tif", Volume(grey, SPACING))
    # the direction is stated: in labels that are nonsense it may be ambiguous, which would be told first
    command = ("run", "sem", place / "anders.tif", "--out", place / "out", "--model", classifier, "--normal=-y")
    assert cli(*command).status == 0
    record = json.loads((place / "out" / "anders" / "run.json").read_text(encoding="utf-8"))
    doubts = [line for line in record["warnings"] if "looks otherwise" in line or "the model is unsure of" in line]
    assert doubts, record["warnings"]
    assert doubts[0] in (place / "out" / "report.html").read_text(encoding="utf-8")


def test_the_phases_of_a_classifier_are_its_own(cli: Cli, place: Path, sem_image: Path, classifier: Path) -> None:
    command = ("run", "sem", sem_image, "--out", place / "out", "--model", classifier)
    told = cli(*command, "--model-phases", "void,SE,Li")
    assert (told.status, len(told.errors)) == (2, 1)
    assert "knows its phases (void, SE, Li); leave --model-phases out" in told.errors[0]


REFUSED = {
    "colour": "Striche.png: a coloured picture; expected strokes as whole numbers with 0 where nothing is painted",
    "shape": "strokes of shape (1, 40, 59) for the image klein of shape (1, 40, 60)",
    "values": "Striche.tif: the values 85, 170 are no phases: say what they mean with --map 85=void",
    "nothing": "every voxel is 0 (unlabelled)",
    "one phase": "there are strokes only of SE; expected strokes of at least two phases",
    "floats": "values of type float32; expected a label image of whole numbers",
    "missing": "no such file or folder",
    "damaged": "Striche.tif",
    "odd": "3 files to train on; expected an image and its strokes",
    "zero": "--map 0=void: 0 is where nothing is painted",
    "not in the map": "label values 1 are not in the mapping",
    "folder": "a folder of that name is there",
    "recipe": "train.steps = 1 is not possible",
}


@pytest.mark.parametrize("kind", REFUSED)
def test_bad_strokes_are_refused_in_one_line_and_leave_nothing(kind: str, cli: Cli, place: Path, tiny: Path) -> None:
    path = place / ("Striche.png" if kind == "colour" else "Striche.tif")
    options: tuple[object, ...] = QUICK
    if kind == "colour":
        picture = np.repeat(tifffile.imread(tiny)[..., np.newaxis], 3, axis=-1)
        picture[10:12, 5:40] = (255, 0, 0)
        Image.fromarray(picture).save(path)
    elif kind == "damaged":
        path.write_bytes(b"II*\0")
    elif kind != "missing":
        made = {"shape": tiny_strokes(1, 2)[:, 1:], "values": tiny_strokes(85, 170), "nothing": tiny_strokes()}
        made |= {"one phase": tiny_strokes(2, 2), "floats": tiny_strokes(1, 2).astype(np.float32)}
        tifffile.imwrite(path, made.get(kind, tiny_strokes(1, 2)))
    files = [tiny, path] + ([tiny] if kind == "odd" else [])
    options += {"zero": ("--map", "0=void,1=SE,2=Li"), "not in the map": ("--map", "2=SE")}.get(kind, ())
    options += ("--set", "train.steps=1") if kind == "recipe" else ()
    out = place / "m.micro"
    if kind == "folder":
        out.mkdir()
    before = {entry.name for entry in place.iterdir()}
    told = cli("train", "sem", *files, "--out", out, *options)
    assert (told.status, len(told.errors)) == (2, 1), told.err
    assert REFUSED[kind] in told.errors[0]
    assert "Traceback" not in told.err
    assert {entry.name for entry in place.iterdir()} == before
