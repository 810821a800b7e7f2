"""Hand-made samples: a tilted interface, a filament, a crack, a gap, without any upstream part."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from micro.cell import Cell, Normal, ReferencePlane
from micro.measure import distribution_table
from micro.measure.results import PROFILE_COLUMNS, ContactMap, Results, ThicknessMap
from micro.model import Labels, Measurement, Spacing, Step, Volume
from micro.report import SampleReport

GREYS = np.array([30, 25, 130, 80, 82, 28], dtype=np.float64)
TILT = 0.1


def make_labels(shape: tuple[int, int, int]) -> np.ndarray:
    """Li at the bottom under a tilted interface, SE above; a filament, a crack, pores and a gap."""
    z, y, x = np.indices(shape, dtype=np.float64)
    depth, height, width = shape
    surface = 0.7 * height + TILT * (x - width / 2)
    labels = np.where(y > surface, 3, 2).astype(np.uint8)
    inside_z = np.abs(z - depth / 2) <= max(depth / 4, 1)
    labels[(np.abs(x - 0.3 * width) < 2.5) & (y > 0.35 * height) & (y <= surface) & inside_z] = 4
    labels[(np.abs(y - 0.3 * height - 0.2 * (x - 0.7 * width)) < 1.5) & (np.abs(x - 0.7 * width) < 0.2 * width)] = 5
    labels[(y <= surface) & (y > surface - 4) & (np.abs(x - 0.75 * width) < 0.12 * width)] = 1
    labels[(y - 0.15 * height) ** 2 + (x - 0.2 * width) ** 2 < (0.05 * height) ** 2] = 1
    return labels


def make_grey(labels: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(7).normal(0, 9, labels.shape)
    return np.clip(GREYS[labels] + noise, 0, 255).astype(np.uint8)


def make_plane(shape: tuple[int, int, int], spacing: Spacing) -> ReferencePlane:
    """The plane y = 0.7 height + tilt (x - width / 2), in um, pointing towards smaller y."""
    _, height, width = shape
    slope = TILT * spacing.y / spacing.x
    down, right = -1.0, slope
    length = float(np.hypot(down, right))
    offset = -(0.7 * height + 0.5) * spacing.y + slope * (width / 2 + 0.5) * spacing.x
    return ReferencePlane((0.0, down / length, right / length), offset / length, 0.02)


def make_rows(contact: float) -> tuple[Measurement, ...]:
    return (
        Measurement("contact_fraction", contact, "1", "contact_fraction/v1", "Li", "SE", "interface",
                    contact - 0.051, contact + 0.047, 640),
        Measurement("dendrite_depth_max", 5.61, "um", "dendrite_depth_max/v1", "dendrite", roi="se_region", n=1412,
                    note="a maximum has no interval"),
        Measurement("dendrite_fraction", 0.0123, "1", "dendrite_fraction/v1", "dendrite", "", "se_region",
                    0.0071, 0.0212, 81234),
        Measurement("crack_density", 0.0412, "1/um", "crack_density/P21/v2", "crack", "", "se_region",
                    0.031, 0.054, 3),
        Measurement("porosity", 0.041, "1", "porosity/v1", "", "", "se_region", 0.032, 0.052, 81234),
        Measurement("phase_fraction", 0.30, "1", "phase_fraction/v1", "Li", "", "all", 0.29, 0.31, 120000),
        Measurement("layer_thickness_mean", 6.02, "um", "layer_thickness/v1", "Li", "", "all", 5.71, 6.33, 320),
        Measurement("layer_thickness_mean", None, "um", "layer_thickness/v1", "SE", "", "all",
                    note="the electrolyte is cut by the picture"),
    )  # fmt: skip


def make_profiles(labels: np.ndarray, step_um: float) -> pd.DataFrame:
    height = labels.shape[1]
    names = {1: "void", 2: "SE", 3: "Li", 4: "dendrite", 5: "crack"}
    rows = []
    for top in range(0, height, 4):
        slab = labels[:, top : top + 4]
        for value, name in names.items():
            depth_um = (0.7 * height - top - 2) * step_um
            rows.append((depth_um, "phase_fraction", name, float((slab == value).mean()), "1", slab.size))
    return pd.DataFrame(rows, columns=list(PROFILE_COLUMNS))


def make_distributions(*, section: bool) -> pd.DataFrame:
    angles, axial = np.arange(0, 91, 10.0), 10 * (np.arange(19) - 0.5)
    name, first = ("crack_trace_angle", -90.0) if section else ("crack_strike", 0.0)
    bell = np.exp(-0.5 * ((np.arange(18) - 6) / 3) ** 2)
    tables = [
        distribution_table("crack_aperture", np.arange(9) * 0.05, [0, 0, 1, 3, 4, 2, 1, 0.5], unit="um",
                           weight="mid-surface area", n=np.arange(8)),
        distribution_table("crack_orientation", angles, [9, 8, 5, 3, 2, 2, 1, 1, 0.2], unit="deg",
                           weight="mid-surface area", n=np.arange(9)),
        distribution_table(name, axial + first, bell, unit="deg", weight="length", n=np.arange(18)),
    ]  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def make_contact(shape: tuple[int, int, int], spacing: Spacing) -> ContactMap:
    depth, _, width = shape
    z, x = np.indices((depth, width))
    values = np.where(np.abs(x - 0.75 * width) < 0.12 * width, 2, 1).astype(np.uint8)
    values[np.abs(x - 0.3 * width) < 2] = 0
    values[(z - depth / 3) ** 2 + (x - 0.5 * width) ** 2 < (depth / 5) ** 2] = 2
    return ContactMap(values, (spacing.z, spacing.x), ("z", "x"))


def make_sample(
    *,
    name: str = "cell A",
    state: str = "pristine",
    shape: tuple[int, int, int] = (1, 240, 320),
    spacing: Spacing | None = None,
    contact: float = 0.73,
    warnings: tuple[str, ...] = (),
    anode: bool = True,
    grey: bool = True,
) -> SampleReport:
    spacing = spacing or Spacing(0.05, 0.05, 0.05)
    array = make_labels(shape)
    history = (
        Step("read", {"path": "cell A.tif"}, version="0.1.0", input_hash="9f2c11d0"),
        Step("segment", {"order": ["void", "Li", "SE"]}, version="0.1.0", input_hash="77aa0b1c"),
    )
    labels = Labels(array, spacing, history=history)
    thickness = np.where(make_contact(shape, spacing).values == 0, np.nan, 6.0 + 0.01 * np.arange(shape[2]))
    results = Results(
        rows=make_rows(contact) if anode else (Measurement("contact_fraction", None, "1", "contact_fraction/v1",
                                                           note="no metal body found"),),
        objects={},
        profiles=make_profiles(array, spacing.y) if anode else pd.DataFrame(columns=list(PROFILE_COLUMNS)),
        contact_map=make_contact(shape, spacing) if anode else None,
        thickness_maps={"Li": ThicknessMap(thickness, (spacing.z, spacing.x), ("z", "x"))} if anode else {},
        distributions=make_distributions(section=shape[0] == 1) if anode else pd.DataFrame(),
    )  # fmt: skip
    cell = Cell(
        labels,
        np.zeros(shape, np.uint8),
        normal=Normal(1, -1) if anode else None,
        plane=make_plane(shape, spacing) if anode else None,
        notes=() if anode else ("no metal body found",),
    )
    return SampleReport(
        name=name,
        state=state,
        volume=Volume(make_grey(array), spacing, modality="sem") if grey else None,
        labels=labels,
        cell=cell,
        results=results,
        recipe_name="sem",
        recipe_hash="0123abcd",
        recipe_text='[segment]\norder = ["void", "Li", "SE"]  # dark to bright\n',
        warnings=warnings,
    )


@pytest.fixture
def sample_of() -> Callable[..., SampleReport]:
    """A factory of hand-made samples; its options are those of ``make_sample``."""
    return make_sample


@pytest.fixture(scope="session")
def flat() -> SampleReport:
    """A 2-D section."""
    return make_sample()


@pytest.fixture(scope="session")
def solid() -> SampleReport:
    """A volume with voxels twice as deep as wide."""
    return make_sample(shape=(48, 120, 160), spacing=Spacing(0.1, 0.05, 0.05), name="stack ß", state="cycled")
