"""Stages that are kept: taken where everything is as it was, never otherwise."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pytest

from micro.blocks import Engine, as_dask
from micro.model import SSB_PHASES, Labels, Spacing, Step, Volume
from micro_pipelines.journal import Journal
from micro_pipelines.stages import STAGES_NAME, Stages, finished_stages, work_folder

ORIGIN = {"input_hash": "a", "versions": {"numpy": "1"}}
WANTED = {"preprocess": {"denoise": "none"}}
VOXELS = np.arange(2 * 3 * 4, dtype=np.uint16).reshape(2, 3, 4)
GIVEN = Volume(VOXELS, Spacing(3.0, 1.0, 0.1), "xct", (Step("read", {"path": "a.tif"}),), "Zelle ä")


@pytest.fixture
def work(place: Path) -> Path:
    (place / "scratch").mkdir()
    return place


def engine_of(work: Path, in_memory_bytes: int = 2**20) -> Engine:
    return Engine(block_shape=(1, 2, 4), in_memory_bytes=in_memory_bytes, work_dir=work / "scratch")


class Counted:
    """A stage that counts how often it is done."""

    def __init__(self, make: Callable[[], Volume]) -> None:
        self.make, self.times = make, 0

    def __call__(self) -> Volume:
        self.times += 1
        return self.make()


def doubled(engine: Engine) -> Volume:
    out = engine.array(GIVEN.shape, np.uint16)
    out[:] = 2 * VOXELS
    return GIVEN.after(Step("preprocess", {"found": {"noise": np.float64(0.1), "did": ("this",)}}), as_dask(out))


def labelled(engine: Engine) -> Labels:
    out = engine.array(GIVEN.shape, np.uint8)
    out[:] = VOXELS % 3
    chances = da.from_array(np.stack([VOXELS, 255 - VOXELS]).astype(np.uint8))
    return Labels(as_dask(out), GIVEN.spacing, SSB_PHASES, GIVEN.history, chances, ("void", "Li"), GIVEN.name)


def of(
    stages: Stages,
    make: Callable[[], Volume],
    name: str = "preprocess",
    *,
    wanted: dict[str, Any] = WANTED,
    given: Volume = GIVEN,
    instead_of: str = "",
) -> Volume:
    """Do a stage of volumes, or of labels, which the types don't tell here."""
    return stages.of(name, wanted, make, given=given, journal=Journal(), instead_of=instead_of)


@pytest.mark.parametrize("in_memory_bytes", [0, 2**20])
@pytest.mark.parametrize("make", [doubled, labelled])
def test_a_kept_stage_comes_back_as_it_was(make: Callable[[Engine], Any], in_memory_bytes: int, work: Path) -> None:
    engine = engine_of(work, in_memory_bytes)
    stage = Counted(lambda: make(engine))
    first = of(Stages(work, ORIGIN, engine), stage)
    again = of(Stages(work, ORIGIN, engine), stage)
    assert stage.times == 1
    assert type(again) is type(first)
    np.testing.assert_array_equal(again.data.compute(), make(engine).data.compute())
    np.testing.assert_array_equal(first.data.compute(), again.data.compute())
    assert (again.spacing, again.name, again.history) == (first.spacing, first.name, first.history)
    if isinstance(first, Labels):
        assert (again.phases, again.probability_phases) == (first.phases, first.probability_phases)
        np.testing.assert_array_equal(again.probabilities.compute(), first.probabilities.compute())
    # a volume that was on disk already is the one that is kept, not a second one
    assert in_memory_bytes or not [path for path in (work / "scratch").iterdir() if any(path.rglob("c/*"))][1:]


def test_a_stage_that_leaves_the_voxels_alone_writes_none(work: Path) -> None:
    stage = Counted(lambda: GIVEN.after(Step("align", {"did": []})))
    for _ in range(2):
        made = of(Stages(work, ORIGIN, engine_of(work)), stage, "align")
        np.testing.assert_array_equal(made.data.compute(), VOXELS)
        assert [step.operation for step in made.history] == ["read", "align"]
    assert stage.times == 1
    assert not list(work.glob("*.zarr"))


def test_other_input_parameters_or_versions_are_done_anew(work: Path) -> None:
    engine = engine_of(work)
    stage = Counted(lambda: doubled(engine))
    before = replace(GIVEN, history=(Step("read", {"path": "b.tif"}),))
    wider = replace(GIVEN, spacing=Spacing(3.0, 1.0, 0.2))
    for origin, given, wanted in (
        (ORIGIN, GIVEN, WANTED),
        ({**ORIGIN, "input_hash": "b"}, GIVEN, WANTED),
        ({**ORIGIN, "versions": {"numpy": "2"}}, GIVEN, WANTED),
        (ORIGIN, before, WANTED),
        (ORIGIN, wider, WANTED),
        (ORIGIN, GIVEN, {"preprocess": {"denoise": "bilateral"}}),
    ):
        times = stage.times
        for expected in (times + 1, times + 1):
            of(Stages(work, origin, engine), stage, given=given, wanted=wanted)
            assert stage.times == expected
        assert [path.name for path in work.glob("*.zarr")] == ["preprocess.zarr"]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("harm", [Path.unlink, cut, flip, lambda path: path.write_bytes(b"")])
@pytest.mark.parametrize("what", ["preprocess.zarr/c/1/1/0", "preprocess.zarr/zarr.json", STAGES_NAME])
def test_what_is_not_as_it_was_written_is_done_anew(what: str, harm: Callable[[Path], None], work: Path) -> None:
    engine = engine_of(work, 0)
    stage = Counted(lambda: doubled(engine))
    of(Stages(work, ORIGIN, engine), stage)
    harm(work / what)
    made = of(Stages(work, ORIGIN, engine), stage)
    assert stage.times == 2
    np.testing.assert_array_equal(made.data.compute(), 2 * VOXELS)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [('"spacing_um": [3.0', '"spacing_um": [4.0'), ('"noise": 0.1', '"noise": 0.2'), ('"seal"', '"deal"'), ("{", "[{")],
)
def test_a_record_that_says_something_else_counts_for_nothing(was: str, becomes: str, work: Path) -> None:
    engine = engine_of(work)
    stage = Counted(lambda: doubled(engine))
    of(Stages(work, ORIGIN, engine), stage)
    text = (work / STAGES_NAME).read_text(encoding="utf-8")
    assert was in text
    (work / STAGES_NAME).write_text(text.replace(was, becomes, 1), encoding="utf-8")
    assert of(Stages(work, ORIGIN, engine), stage).spacing == GIVEN.spacing
    assert stage.times == 2


def test_a_stage_that_fails_is_not_kept_and_the_one_before_is(work: Path) -> None:
    engine = engine_of(work)
    stages = Stages(work, ORIGIN, engine)

    def fails() -> Labels:
        of(stages, lambda: doubled(engine))
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        of(stages, fails, "segment")
    assert list(json.loads((work / STAGES_NAME).read_text(encoding="utf-8"))) == ["preprocess"]
    of(stages, lambda: labelled(engine), "segment", instead_of="preprocess")
    assert list(json.loads((work / STAGES_NAME).read_text(encoding="utf-8"))) == ["segment"]
    assert sorted(path.name for path in work.glob("*.zarr")) == ["segment-0.zarr", "segment-1.zarr", "segment.zarr"]
    # the next stage passes the probabilities on: they are not written again
    passed = of(
        stages,
        lambda: of(stages, lambda: labelled(engine), "segment").after(
            Step("split"), da.zeros((2, 3, 4), dtype=np.uint8)
        ),
        "split",
        instead_of="segment",
    )
    assert sorted(path.name for path in work.glob("*.zarr")) == ["segment-0.zarr", "segment-1.zarr", "split.zarr"]
    np.testing.assert_array_equal(passed.probabilities[0].compute(), VOXELS)


def test_a_kept_stage_says_again_what_it_said_and_how_long_it_took(work: Path) -> None:
    engine = engine_of(work)

    def make() -> Volume:
        with journal.timed("preprocess"):
            warnings.warn("levels are close", stacklevel=1)
        return doubled(engine)

    said, seconds = [], []
    for _ in range(2):
        journal = Journal()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            Stages(work, ORIGIN, engine).of("preprocess", WANTED, make, given=GIVEN, journal=journal)
        said.append([str(one.message) for one in caught])
        seconds.append(journal.seconds)
    assert said == [["levels are close"]] * 2
    assert seconds[0] == seconds[1]
    assert list(seconds[0]) == ["preprocess"]


def test_the_work_folder_goes_with_success_and_stays_with_finished_stages(place: Path) -> None:
    final = place / "Zelle ä"

    def attempt(resume: bool, fails: bool, keep: bool) -> list[str]:
        ending = pytest.raises(KeyboardInterrupt) if fails else nullcontext()
        with ending, work_folder(final, resume=resume) as (work, scratch):
            before = list(finished_stages(final))
            (scratch / "half").touch()
            if keep:
                of(Stages(work, ORIGIN, replace(Engine(), work_dir=scratch)), lambda: doubled(Engine()))
            if fails:
                raise KeyboardInterrupt
        return before

    attempt(resume=True, fails=True, keep=False)
    assert list(place.iterdir()) == []
    attempt(resume=True, fails=True, keep=True)
    assert sorted(path.name for path in (place / ".Zelle ä.work").iterdir()) == ["preprocess.zarr", STAGES_NAME]
    assert attempt(resume=True, fails=True, keep=False) == ["preprocess"]
    assert attempt(resume=False, fails=True, keep=True) == []
    assert attempt(resume=True, fails=False, keep=False) == ["preprocess"]
    assert list(place.iterdir()) == []
