"""What was measured comes back from a sample's folder to the last bit, so that no finished sample is measured twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from micro.blocks import Engine
from micro.cell import Bow, Cell
from micro.io import read_labels, write_tiff
from micro.measure import Results
from micro.measure.results import ThicknessMap
from micro.phantoms import make_phantom
from micro.report import SampleReport
from micro_pipelines import load_recipe
from micro_pipelines.job import Job
from micro_pipelines.journal import Journal, Silent
from micro_pipelines.kept_results import RESULTS_NAME, read_results, write_results
from micro_pipelines.runner import measure_sample, reload_sample, run_job
from micro_pipelines.source import Source

Cli = Callable[..., Any]
JOB = Job(load_recipe("fibsem", ("report.figures=[]",)), engine=Engine())


class Stages(Silent):
    """Notes which stages were done."""

    def __init__(self) -> None:
        self.done = list[str]()

    def stage_done(self, stage: str, seconds: float) -> None:  # noqa: ARG002
        self.done.append(stage)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("Stapel ö") / "stack.tif"
    write_tiff(path, make_phantom("fibsem", seed=2, shape=(24, 48, 48)).volume)
    return path


@pytest.fixture(scope="module")
def measured(stack: Path) -> SampleReport:
    return measure_sample(Source("stack", (stack,)), JOB, journal=Journal())


def same(one: SampleReport, other: Cell, results: Results) -> None:
    """Compare all that was measured, types and bits."""
    for name in (field.name for field in fields(one.cell) if field.name not in ("labels", "parts", "inside")):
        assert getattr(one.cell, name) == getattr(other, name), name
    assert one.results.rows == results.rows
    assert [type(row.value) in (float, np.float64, type(None)) for row in results.rows].count(False) == 0
    for name in ("objects", "checks"):
        tables, others = getattr(one.results, name), getattr(results, name)
        assert list(tables) == list(others)
        for key, table in tables.items():
            pd.testing.assert_frame_equal(table, others[key], check_exact=True)
    pd.testing.assert_frame_equal(one.results.profiles, results.profiles, check_exact=True)
    pd.testing.assert_frame_equal(one.results.distributions, results.distributions, check_exact=True)
    assert one.results.thickness_maps.keys() == results.thickness_maps.keys()
    for key, found in one.results.thickness_maps.items():
        np.testing.assert_array_equal(found.values_um, results.thickness_maps[key].values_um)
        assert (found.spacing_um, found.axes) == (
            results.thickness_maps[key].spacing_um,
            results.thickness_maps[key].axes,
        )
    contact, there = one.results.contact_map, results.contact_map
    assert (contact is None) == (there is None)
    if contact is not None and there is not None:
        assert (contact.values.tobytes(), contact.values.dtype) == (there.values.tobytes(), there.values.dtype)
        assert (contact.spacing_um, contact.axes) == (there.spacing_um, there.axes)


def test_everything_comes_back_to_the_last_bit(measured: SampleReport, place: Path) -> None:
    write_results(place, measured)
    kept = read_results(place, measured.labels)
    assert kept is not None
    assert measured.results.contact_map is not None
    assert min(map(len, (measured.results.objects, measured.results.checks, measured.results.thickness_maps))) > 0
    same(measured, kept.cell, kept.results)
    assert kept.warnings == measured.warnings


def test_a_curved_reference_and_odd_values_come_back(measured: SampleReport, place: Path) -> None:
    plane = measured.cell.plane
    assert plane is not None
    bow = Bow(0, (0.1, 5.0), (1 / 3, 5.0), (0.0, 1e-300, 0.2, 0.0, -0.7, 2.0), 2.1)
    odd = pd.DataFrame(
        {
            "id": np.array([1, 2**40]),
            "name": ["Größe", None],
            "yes": [True, False],
            "flag": pd.array([True, None], "boolean"),
            "value": [np.inf, np.nan],
            "mixed": pd.Series(["a", np.nan], dtype=object),
        }
    )
    results = replace(
        measured.results,
        objects={"odd": odd, "none": odd.iloc[:0]},
        checks={},
        contact_map=None,
        thickness_maps={"Li 2": ThicknessMap(np.array([[np.nan, 1 / 3]]), (0.1, 0.2), ("z", "x"))},
    )
    report = replace(
        measured, cell=replace(measured.cell, plane=replace(plane, bow=bow), far_plane=plane), results=results
    )
    write_results(place, report)
    kept = read_results(place, measured.labels)
    assert kept is not None
    same(report, kept.cell, kept.results)


def test_the_bytes_tell_no_time(measured: SampleReport, place: Path) -> None:
    first = write_results(place, measured).read_bytes()
    (place / "later").mkdir()
    assert write_results(place / "later", measured).read_bytes() == first


@pytest.mark.parametrize("harm", ["cut short", "one bit", "no zip", "gone"])
def test_what_is_damaged_is_measured_again(harm: str, stack: Path, place: Path) -> None:
    source, seen = Source("stack", (stack,)), Stages()
    finished = run_job(source, JOB, place, journal=Journal())
    kept = finished.folder / RESULTS_NAME
    content = bytearray(kept.read_bytes())
    content[len(content) // 2] ^= 1
    damaged = {"cut short": kept.read_bytes()[:-100], "one bit": bytes(content), "no zip": b"\0" * 1000}
    kept.unlink() if harm == "gone" else kept.write_bytes(damaged[harm])
    again = reload_sample(source, JOB, place, journal=Journal(seen))
    assert seen.done == ["anatomy", "measure", "check resolution"]
    assert again.report.rows == finished.report.rows


def test_a_finished_sample_is_read_and_not_measured(stack: Path, place: Path) -> None:
    source, seen = Source("stack", (stack,)), Stages()
    finished = run_job(source, JOB, place, journal=Journal())
    again = reload_sample(source, JOB, place, journal=Journal(seen))
    assert seen.done == []
    same(finished.report, again.report.cell, again.report.results)
    assert (again.report.warnings, again.report.steps) == (finished.report.warnings, finished.report.steps)


def test_what_probabilities_told_stays_in_the_tables(cli: Cli, place: Path, sem_image: Path) -> None:
    """The sweep of the threshold needs probabilities, which the labels that are read have none of."""
    command = ("run", "sem", sem_image, "--out", place / "out", "--probabilities", "--quiet", "--resume")
    assert cli(*command).status == 0
    names = ("measurements.csv", "report.html", "table.md")
    before = [(place / "out" / name).read_bytes() for name in names]
    assert cli(*command).status == 0
    assert [(place / "out" / name).read_bytes() for name in names] == before


def test_results_of_an_earlier_version_are_still_read(cli: Cli, place: Path, no_anode: Path) -> None:
    """A folder without the file is measured again, as before there was one."""
    command = ("measure", no_anode, "--out", place / "out", "--quiet", "--resume")
    assert cli(*command).status == 0
    before = (place / "out" / "report.html").read_bytes()
    (place / "out" / "kein Lithium" / RESULTS_NAME).unlink()
    assert cli(*command).status == 0
    assert (place / "out" / "report.html").read_bytes() == before
    assert read_labels(place / "out" / "kein Lithium" / "labels.tif").shape == (1, 60, 80)
