"""Whether a segmentation can be believed: pictures outside of what grey levels can do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from micro.blocks import Engine, Source
from micro.model import FULL_SCALE, PhaseSet
from micro.segment.evidence import Evidence, gather_evidence
from micro.segment.levels import GREY_BINS, GreyLevels, find_peaks

__all__ = ["Doubt", "Verdict", "judge_evidence", "question"]

SEPARATION = 2.0
"""Levels nearer than this many standard deviations of their noise overlap too much to be told apart."""

CLUSTERING = 0.55
"""Share of a phase's neighbours, by grey alone, that must be of it too: noise reaches .45, pores of 3 voxels .72."""

TAILS, MATRIX = 9.5, 0.9
"""One mode and its tails span fewer widths than this (noise: 6 to 8.5), two phases more (11); asked where one
phase has more than this share."""

ENCLOSED = 0.6
"""More of the void's surface than this against the metal, and electrolyte and metal are mixed up (cells: .15)."""

LAYER, NO_LAYER = 0.7, 0.5
"""Void that fills so much of a border is no pore; metal that fills less of every border is no anode."""

SHADING = 0.6
"""Stronger drifts of brightness than this are no shading (microscopes: .2)."""

STRANGE_WIDTHS, STRANGE_STEPS, STRANGE_SHARE = 5.0, 0.35, 0.003
"""A mode so far from every level, in widths and in steps between levels, with such a share, has no phase."""

SIDES = ("-z", "+z", "-y", "+y", "-x", "+x")

TEXTURE, TEXTURE_VOXELS, TEXTURE_CELLS = 0.2, 60, 20
"""Spread of the matrix's grey from place to place over the step to the next level; cells of so many voxels count."""
TEXTURE_LACKING = 0.12
"""The same where a phase was not found: grains or curtains of one phase (.14 to .2) make up another (cells: .05)."""

COLUMNS, COLUMN_RUNS, COLUMN_TIMES = 0.2, 3, 3.0
"""Void whose scatter is by more than this share that of its columns along y is what curtains leave (of one phase .23 to
.84; cells .12 at most), where it stands in so many places of more than three times its share: a crack may too."""
COLUMNS_ALONE, COLUMN_RUNS_ALONE = 0.5, 2
"""The same where void is little else than columns (.61 to .68 of two curtains that are left): so few will do."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A reason not to believe the labels: a few words for the table, a sentence for the report."""

    short: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """All doubts of a segmentation; ``refusal`` says why nothing can be labelled at all, or is empty."""

    doubts: tuple[Doubt, ...]
    refusal: str = ""

    @property
    def warnings(self) -> tuple[str, ...]:
        """The sentences, for the report."""
        return tuple(doubt.sentence for doubt in self.doubts)

    @property
    def words(self) -> tuple[str, ...]:
        """A few words each, for the notes of the tables; a refusal in full, since it is the reason of empty values."""
        return (self.refusal,) if self.refusal else tuple(doubt.short for doubt in self.doubts)


def question(
    places: Source,
    grey: Source,
    levels: GreyLevels,
    *,
    phases: PhaseSet,
    shading: float,
    stated: bool,
    engine: Engine,
    curtained: bool = False,
) -> Verdict:
    """Question a segmentation, in one pass over the blocks.

    Parameters
    ----------
    places
        uint8: the place of each voxel's phase in the order of ``levels``.
    grey
        The grey values that it was made of, uint16.
    levels
        The levels it was made by.
    phases
        Roles of the phases: pore, electrolyte, metal.
    shading
        Strength of the drift of brightness that was taken out.
    stated
        Whether the levels were stated in the recipe: then nothing is refused.
    engine
        Where the block tasks run.
    curtained
        Whether the picture may have curtains along y: a section cut by an ion beam.

    Examples
    --------
    >>> noise = np.random.default_rng(1).normal(30000, 3000, (1, 60, 60)).astype(np.uint16)
    >>> levels = GreyLevels(("void", "SE"), (18000.0, 30000.0), 3000.0)
    >>> from micro.model import SSB_PHASES
    >>> places = (noise > 24000).astype(np.uint8)
    >>> question(
    ...     places, noise, levels, phases=SSB_PHASES, shading=0.0, stated=False, engine=Engine()
    ... ).refusal.split(":")[0]
    'one grey level only'
    """
    columns_of = _of_role(levels, phases, "pore") if curtained else None
    evidence = gather_evidence(places, grey, levels, engine, columns_of=columns_of)
    return judge_evidence(evidence, levels, phases=phases, shading=shading, stated=stated)


def judge_evidence(
    evidence: Evidence, levels: GreyLevels, *, phases: PhaseSet, shading: float, stated: bool
) -> Verdict:
    """Draw the doubts from the evidence; the parameters are those of `question`."""
    specks = _specks(evidence, levels)
    if not stated and (len(levels.names) - len(specks) < 2 or _is_one_mode(evidence, levels)):
        return Verdict((Doubt("one grey level only", _ONE_LEVEL),), _ONE_LEVEL)
    doubts = [_speck_doubt(evidence, levels, place) for place in specks]
    doubts += _overlaps(levels)
    doubts += _order(evidence, levels, phases)
    doubts += _strange_modes(evidence, levels)
    doubts += _borders(evidence, levels, phases)
    doubts += _unevenness(evidence, levels, shading)
    doubts += _curtains(evidence, levels, phases)
    return Verdict(tuple(doubts))


_ONE_LEVEL = (
    "one grey level only: the picture is all noise, shows a single phase, or has no contrast, and grey alone can't say "
    "which, so nothing is labelled; if it is one phase, state segment.levels, else take another picture"
)


def _specks(evidence: Evidence, levels: GreyLevels) -> list[int]:
    """Return the places of phases whose voxels lie about like noise; the largest phase is none of them."""
    matrix = int(evidence.shares.argmax())
    return [k for k in range(len(levels.names)) if k != matrix and evidence.clustering(k) < CLUSTERING]


def _is_one_mode(evidence: Evidence, levels: GreyLevels) -> bool:
    """Tell whether all other phases are but the tails of the largest: noise that hangs together in blobs, or grains."""
    matrix = int(evidence.shares.argmax())
    below = np.cumsum(evidence.histogram.sum(axis=0))
    low, high = np.searchsorted(below, [0.001 * below[-1], 0.999 * below[-1]]) * (FULL_SCALE / GREY_BINS)
    return bool(evidence.shares[matrix] > MATRIX and high - low < TAILS * levels.width(matrix))


def _speck_doubt(evidence: Evidence, levels: GreyLevels, place: int) -> Doubt:
    name = levels.names[place]
    return Doubt(
        f"{name} may be noise",
        f"{name} may be noise: by grey alone {100 * evidence.clustering(place):.0f} % of the neighbours of its voxels "
        f"are {name} too, expected {100 * CLUSTERING:.0f} % or more of an object; look at it, and raise "
        "segment.smoothing or denoise more",
    )


def _overlaps(levels: GreyLevels) -> list[Doubt]:
    doubts = []
    for k in range(len(levels.names) - 1):
        noise = float(np.hypot(levels.width(k), levels.width(k + 1)) / np.sqrt(2))
        apart = abs(levels.greys[k + 1] - levels.greys[k]) / max(noise, 1.0)
        if apart < SEPARATION:
            one, two = levels.names[k : k + 2]
            doubts.append(
                Doubt(
                    f"{one} and {two} overlap",
                    f"the greys of {one} and {two} overlap: their levels lie {apart:.1f} standard deviations of the "
                    f"noise apart, expected {SEPARATION:g} or more; denoise more, or train a classifier",
                )
            )
    return doubts


def _of_role(levels: GreyLevels, phases: PhaseSet, role: str) -> int | None:
    return next((k for k, name in enumerate(levels.names) if role in phases[name].roles), None)


def _order(evidence: Evidence, levels: GreyLevels, phases: PhaseSet) -> list[Doubt]:
    """Pores lie in the electrolyte: void inside the metal tells that the two are named the wrong way round."""
    void, metal, solid = (_of_role(levels, phases, role) for role in ("pore", "metal", "electrolyte"))
    if void is None or metal is None or solid is None or evidence.touching(void, metal) <= ENCLOSED:
        return []
    order = ", ".join(levels.names)
    return [
        Doubt(
            "order of greys",
            f"{levels.names[void]} lies in {levels.names[metal]}: {100 * evidence.touching(void, metal):.0f} % of its "
            f"surface is against {levels.names[metal]}, and {100 * evidence.touching(void, solid):.0f} % against "
            f"{levels.names[solid]}; the order of greys (dark to bright: {order}) may be wrong: an alloy anode, or an "
            "inverted picture; change segment.greys or take the other recipe",
        )
    ]


def _strange_modes(evidence: Evidence, levels: GreyLevels) -> list[Doubt]:
    """Find modes of the greys that lie far from every level: phases, bars or frames that the recipe doesn't know.

    At the edges of a phase greys are mixed, and without noise each mixture is a mode; so edges don't count.
    """
    steps = np.diff(levels.greys)
    reach = max(STRANGE_WIDTHS * levels.noise, STRANGE_STEPS * float(steps.min(initial=FULL_SCALE)))
    peaks = find_peaks(evidence.inside.sum(axis=0), share_min=STRANGE_SHARE)
    strange = [peak for peak in peaks if min(abs(peak.grey - level) for level in levels.greys) > reach]
    if not strange:
        return []
    greys = " and ".join(f"{peak.grey / FULL_SCALE:.2f} ({100 * peak.share:.1f} % of the voxels)" for peak in strange)
    known = ", ".join(f"{n} {g / FULL_SCALE:.2f}" for n, g in zip(levels.names, levels.greys, strict=True))
    return [
        Doubt(
            "a grey level without a phase",
            f"a grey level has no phase: {greys}, beside {known}; a phase that segment.greys doesn't name, an inverted "
            "picture, or a bar or frame in the picture: name it in segment.greys, or crop",
        )
    ]


def _borders(evidence: Evidence, levels: GreyLevels, phases: PhaseSet) -> list[Doubt]:
    """Phases in impossible places: void as a layer, metal that is no layer anywhere."""
    shares = evidence.borders / np.maximum(evidence.borders.sum(axis=1, keepdims=True), 1)
    void, metal = (_of_role(levels, phases, role) for role in ("pore", "metal"))
    doubts = []
    if void is not None and shares[:, void].max() >= LAYER:
        side = SIDES[int(shares[:, void].argmax())]
        doubts.append(
            Doubt(
                "void as a layer",
                f"{levels.names[void]} fills {100 * shares[:, void].max():.0f} % of the {side} border: a data bar, "
                "what lies beside the sample, or an anode as dark as void; crop, or change segment.greys",
            )
        )
    if metal is not None and evidence.shares[metal] > 0 and shares[:, metal].max() < NO_LAYER:
        doubts.append(
            Doubt(
                "metal without an anode",
                f"{levels.names[metal]} fills no border of the picture ({100 * shares[:, metal].max():.0f} % of one at "
                f"most, {100 * evidence.shares[metal]:.2g} % of all voxels): no anode is in the picture, or what is "
                "labelled so is another phase",
            )
        )
    return doubts


def _unevenness(evidence: Evidence, levels: GreyLevels, shading: float) -> list[Doubt]:
    doubts = []
    if shading > SHADING:
        doubts.append(
            Doubt(
                "strong shading",
                f"the brightness drifts by {100 * shading:.0f} % across the picture, expected {100 * SHADING:.0f} % or "
                "less: layers and shading can't be told apart; flatten the picture first, or set segment.shading=false",
            )
        )
    texture = _texture(evidence, levels)
    limit = TEXTURE_LACKING if levels.warnings else TEXTURE
    if texture > limit:
        name = levels.names[int(evidence.shares.argmax())]
        doubts.append(
            Doubt(
                f"{name} is uneven",
                f"the grey of {name} varies from place to place by {100 * texture:.0f} % of the step to the next "
                f"phase, expected {100 * limit:.0f} % or less: its grains or shadows may be taken for another",
            )
        )
    return doubts


def _texture(evidence: Evidence, levels: GreyLevels) -> float:
    """Return the spread of the largest phase's grey over coarse cells that hold little else, over the nearest step."""
    if len(levels.names) < 2:
        return 0.0
    matrix = int(evidence.shares.argmax())
    voxels, sums = evidence.cells[:, matrix]
    full = voxels >= np.maximum(0.9 * evidence.cells[0].sum(axis=0), TEXTURE_VOXELS)
    if np.count_nonzero(full) < TEXTURE_CELLS:
        return 0.0
    means = sums[full] / voxels[full]
    others: Sequence[float] = [grey for k, grey in enumerate(levels.greys) if k != matrix]
    return float(means.std() / min(abs(levels.greys[matrix] - grey) for grey in others))


def _curtains(evidence: Evidence, levels: GreyLevels, phases: PhaseSet) -> list[Doubt]:
    """Find void that stands in many whole columns: what stripes leave, and no picture of pores and cracks."""
    void = _of_role(levels, phases, "pore")
    if void is None or evidence.columns.size == 0:
        return []
    shares = evidence.columns * (evidence.columns.size / int(evidence.histogram.sum()))
    means = shares.mean(axis=1, keepdims=True)
    scatter = float((means * (1 - means)).mean())
    share = float(shares.var(axis=1).mean()) / scatter if scatter > 0 else 0.0
    dense = shares > COLUMN_TIMES * means
    runs = float(np.count_nonzero(dense[:, 1:] & ~dense[:, :-1], axis=1).mean())
    if not ((share > COLUMNS and runs >= COLUMN_RUNS) or (share > COLUMNS_ALONE and runs >= COLUMN_RUNS_ALONE)):
        return []
    name = levels.names[void]
    return [
        Doubt(
            f"{name} in columns",
            f"{name} stands in {runs:.0f} columns along y, which make up {100 * share:.0f} % of its scatter, expected "
            f"{100 * COLUMNS:.0f} % or less: curtains that are left may be taken for cracks",
        )
    ]
