"""Inputs: samples, names, states and hashes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micro.errors import InputMissingError, ManifestError, ParameterError
from micro_pipelines import sources
from micro_pipelines.sources import find_sources, input_hash, safe_name


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def test_files_and_folders_are_samples_and_a_folder_is_one(place: Path) -> None:
    touch(place, "a.tif", "stack/s2.tif", "stack/s10.tif", "b.ome.zarr/zarr.json")
    found = find_sources([str(place / name) for name in ("a.tif", "stack", "b.ome.zarr")])
    assert [(source.name, source.paths) for source in found] == [
        ("a", (place / "a.tif",)),
        ("stack", (place / "stack",)),
        ("b", (place / "b.ome.zarr",)),
    ]


def test_a_glob_is_its_matches_in_natural_order(place: Path) -> None:
    touch(place, "s10.tif", "s9.tif", "other.png")
    assert [source.name for source in find_sources([str(place / "*.tif")])] == ["s9", "s10"]


def test_a_stack_is_one_sample_in_natural_order(place: Path) -> None:
    touch(place, "s10.tif", "s9.tif")
    (stack,) = find_sources([str(place / "s10.tif"), str(place / "s9.tif")], stack=True)
    assert [path.name for path in stack.paths] == ["s9.tif", "s10.tif"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(place: Path) -> None:
    touch(place, "cell[1].tif", "cell1.tif")
    assert [source.paths[0].name for source in find_sources([str(place / "cell[1].tif")])] == ["cell[1].tif"]


def test_equal_names_take_their_folder_and_then_a_number(place: Path) -> None:
    touch(place, "before/img.tif", "after/IMG.tif", "after/img.png", "c.tif")
    inputs = ["before/img.tif", "after/IMG.tif", "after/img.png", "c.tif"]
    names = [source.name for source in find_sources([str(place / name) for name in inputs])]
    assert names == ["before_img", "after_IMG", "after_img-2", "c"]


def test_states_are_none_or_one_for_all_or_one_each(place: Path) -> None:
    touch(place, "a.tif", "b.tif")
    inputs = [str(place / "a.tif"), str(place / "b.tif")]
    assert [s.state for s in find_sources(inputs)] == ["", ""]
    assert [s.state for s in find_sources(inputs, states=["x"])] == ["x", "x"]
    assert [s.state for s in find_sources(inputs, states=["x", "y"])] == ["x", "y"]
    with pytest.raises(ParameterError, match="3 states for 2 samples"):
        find_sources(inputs, states=["x", "y", "z"])


def test_what_is_missing_is_told(place: Path) -> None:
    with pytest.raises(InputMissingError, match=r"no such file or folder: .*fehlt"):
        find_sources([str(place / "fehlt.tif")])
    with pytest.raises(InputMissingError, match="no file matches"):
        find_sources([str(place / "*.tif")])


@given(st.text(max_size=150))
def test_any_name_becomes_safe_on_every_system(text: str) -> None:
    name = safe_name(text)
    assert name
    assert not set(name) & set('<>:"/\\|?*\0')
    assert {name[0], name[-1]}.isdisjoint(" .")
    assert name.split(".")[0].lower() not in {"con", "nul", "aux", "prn", "com1", "lpt9"}
    assert len(name) <= 101


def test_the_hash_follows_every_byte_and_name_but_not_the_place(place: Path) -> None:
    touch(place, "one/s1.tif", "one/s2.tif", "two/s1.tif", "two/s2.tif")
    for name in ("s1.tif", "s2.tif"):
        (place / "two" / name).write_bytes((place / "one" / name).read_bytes())
    first = input_hash((place / "one",))
    assert first.startswith("sha256:")
    assert input_hash((place / "two",)) == first
    (place / "two" / "s2.tif").write_bytes(b"other")
    assert input_hash((place / "two",)) != first


def test_a_huge_input_is_hashed_by_samples(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = place / "groß.raw"
    path.write_bytes(bytes(3 * 2**20))
    monkeypatch.setattr(sources, "FULL_HASH_BYTES", 2**20)
    first = input_hash((path,))
    assert first.startswith("sampled-sha256:")
    with path.open("r+b") as stream:
        stream.seek(-1, 2)
        stream.write(b"x")
    assert input_hash((path,)) != first


def test_an_input_that_is_given_twice_is_refused(place: Path) -> None:
    touch(place, "a.tif", "b.tif")
    with pytest.raises(ParameterError, match=r"a\.tif is given twice, or matched twice; expected each input once"):
        find_sources([str(place / "*.tif"), str(place / "a.tif")])


def test_a_file_of_a_list_that_is_given_too_is_refused(place: Path) -> None:
    touch(place, "a.tif", "b.tif")
    (place / "liste.csv").write_text("path\na.tif\n", encoding="utf-8")
    assert len(find_sources([str(place / "liste.csv"), str(place / "b.tif")])) == 2
    with pytest.raises(ParameterError, match=r"a\.tif is given twice, or matched twice; expected each input once"):
        find_sources([str(place / "liste.csv"), str(place / "a.tif")])


def test_two_samples_that_would_share_a_folder_are_refused(place: Path) -> None:
    touch(place, "a.tif", "b.tif")
    (place / "liste.csv").write_text("path,sample\na.tif,x/y\nb.tif,x:y\n", encoding="utf-8")
    with pytest.raises(ManifestError, match=r"a sample with the folder 'x_y' stands in .* already"):
        find_sources([str(place / "liste.csv")])


def test_the_folder_that_one_is_in_has_its_name(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(place, "stack/s1.tif", "stack/s2.tif")
    monkeypatch.chdir(place / "stack")
    (found,) = find_sources(["."])
    assert (found.name, found.paths) == ("stack", ((place / "stack").resolve(),))
