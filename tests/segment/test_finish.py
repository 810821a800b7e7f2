"""What follows the first labels."""

import numpy as np
import pytest

from micro.blocks import Engine
from micro.model import SSB_PHASES, Spacing, Volume
from micro.segment import SegmentParams
from micro.segment.finish import finish, first_reach, like_pair, noise_of, noise_of_solids, thin_void
from micro.segment.levels import GreyLevels
from micro.segment.regularise import ThinPhase

LEVELS = GreyLevels(("void", "Li", "SE"), (10_000, 25_000, 45_000), 2_000, (), (1_500, 1_200, 2_000))


def test_a_picture_without_electrolyte_has_no_like_pair():
    assert like_pair(LEVELS, SSB_PHASES) == (0, 1)
    assert like_pair(GreyLevels(("void", "Li"), (1, 2), 1), SSB_PHASES) is None
    assert like_pair(GreyLevels(("void", "SE", "Li"), (1, 2, 3), 1), SSB_PHASES) is None


def test_noise_is_no_less_than_an_eighth_of_the_smallest_step():
    assert noise_of(LEVELS) == 2_000
    assert noise_of(GreyLevels(("void", "SE"), (0, 16_000), 10)) == 2_000


def test_a_section_is_not_read_along_z():
    flat = Volume(np.zeros((1, 9, 9), np.uint16), Spacing(1, 1, 1))
    reach = first_reach(flat, SegmentParams(), LEVELS, (0, 1))
    assert reach[0] == 0
    assert min(reach[1:]) > 2 * SegmentParams().iterations


def test_faint_islands_go_and_clear_ones_stay_whatever_the_blocks():
    rng = np.random.default_rng(0)
    places = np.full((16, 60, 50), 2, np.uint8)
    places[:, :20] = 1
    places[4:8, 40:44, 10:14] = 0  # a pore
    places[4:8, 40:44, 30:34] = 0  # no pore: its grey is that of the electrolyte
    grey = np.array(LEVELS.greys)[places] + rng.normal(0, 1_500, places.shape)
    grey[4:8, 40:44, 30:34] = 45_000
    volume = Volume(grey.clip(0, 65535).astype(np.uint16), Spacing(1, 1, 1))
    params = SegmentParams()
    results = []
    for engine in (Engine(), Engine(block_shape=(7, 17, 13))):
        done, noise = finish(places, volume.data, volume, params, LEVELS, phases=SSB_PHASES, engine=engine)
        results.append(np.asarray(done))
        assert noise is not None
    assert (results[0] == results[1]).all()
    assert (results[0][5:7, 41:43, 11:13] == 0).all()
    assert (results[0][4:8, 40:44, 30:34] == 2).all()


@pytest.mark.parametrize(
    ("greys", "modality", "noise", "expected"),
    [
        # lithium as dark as void: by the noise over their step of 1; a clean picture is taken as it is
        (("void", "Li", "SE"), "xct", 0.02, ThinPhase(0, 1, 0.0)),
        (("void", "Li", "SE"), "xct", 0.10, ThinPhase(0, 1, -0.2)),
        (("void", "Li", "SE"), "xct", 0.1525, ThinPhase(0, 1, 0.075)),
        (("void", "Li", "SE"), "xct", 0.30, ThinPhase(0, 1, 0.35)),
        (("SE", "Li", "void"), "xct", 0.30, ThinPhase(2, 1, 0.35)),
        (("void", "SE", "Li"), "xct", 0.08, ThinPhase(0, 1, 0.2)),
        (("Li", "void", "SE"), "xct", 0.08, None),  # between two phases, thin void may be darker or brighter
        (("void", "SE"), "xct", 0.08, None),
        (("Li", "SE"), "xct", 0.08, None),
        (("void", "Li", "SE"), "sem", 0.30, None),
        (("void", "Li", "SE"), "fibsem", 0.30, None),
    ],
)
def test_thin_void_is_paler_in_ct_of_a_cell(
    greys: tuple[str, ...], modality: str, noise: float, expected: ThinPhase | None
) -> None:
    levels = GreyLevels(greys, tuple(1.0 + place for place in range(len(greys))), noise)
    found = thin_void(levels, SSB_PHASES, modality)
    if expected is None or found is None:
        assert found is expected
    else:
        assert (found.place, found.towards) == (expected.place, expected.towards)
        assert found.share == pytest.approx(expected.share)


@pytest.mark.parametrize(
    ("greys", "modality", "expected"),
    [
        (("void", "Li", "SE"), "xct", 2_000),
        (("SE", "Li", "void"), "xct", 2_000),
        (("void", "SE", "Li"), "xct", 3_000),  # bright metal is not taken for void
        (("void", "SE"), "xct", 3_000),
        (("void", "Li", "SE"), "fibsem", 3_000),
    ],
)
def test_the_width_of_voids_mode_is_no_noise_beside_metal_as_dark(
    greys: tuple[str, ...], modality: str, expected: float
) -> None:
    widths = tuple(3_000 if name == "void" else 2_000 for name in greys)
    levels = GreyLevels(greys, tuple(10_000.0 * place for place in range(len(greys))), 3_000, (), widths)
    assert noise_of_solids(levels, SSB_PHASES, modality).noise == expected
