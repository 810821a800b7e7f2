"""The example images: small phantoms for the demonstration, with their truth and checksums."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from micro.errors import UnknownNameError
from micro.io import atomic_path
from micro.phantoms.files import write_phantom
from micro.phantoms.kinds import KINDS
from micro.phantoms.phantom import make_phantom

__all__ = ["EXAMPLES", "Example", "write_example", "write_examples"]


@dataclass(frozen=True, slots=True)
class Example:
    """One example image: what to make, and what it shows."""

    name: str
    kind: str
    seed: int
    state: str
    shape: tuple[int, ...]
    about: str


EXAMPLES = (
    Example("sem-pristine", "sem", 7, "pristine", (400, 600), "Li against SE as pressed: full contact"),
    Example("sem-charged", "sem", 7, "charged", (400, 600), "the same place after charge: dendrites begin"),
    Example("sem-cycled", "sem", 7, "cycled", (400, 600), "the same place after cycling: gaps, branched dendrites"),
    Example("fibsem", "fibsem", 11, "cycled", (48, 160, 192), "FIB-SEM stack, voxels twice as long along z"),
    Example("xct", "xct", 5, "cycled", (96, 96, 96), "CT volume: lithium nearly as dark as void"),
    Example("sem-alloy", "sem-alloy", 7, "cycled", (400, 600), "Li-In, brightest of all: stripes and network"),
    Example("fibsem-alloy", "fibsem-alloy", 11, "cycled", (40, 144, 160), "Li-In in a small FIB-SEM stack"),
    Example("xct-alloy", "xct-alloy", 5, "cycled", (80, 80, 80), "Li-In in a small CT volume"),
)
"""Everything in the folder of example images."""

_README = """\
# Example images

Made by `micro phantom examples` (the function `micro.phantoms.write_examples`): no micrograph of a real cell
is among them. Each is a cell drawn at random from its seed, with exact truth, seen through the physics of
the microscope: blur, shot noise, curtains, charging, shading, jitter and drift between slices (SEM, FIB-SEM);
projection, fringes, beam hardening, rings, counting noise and filtered back-projection (CT).

| image | kind, seed, state | shape (z, y, x) | voxel in um (z, y, x) | anode to SE | what it shows |
|---|---|---|---|---|---|
{rows}

Beside each `NAME.tif`:

- `NAME_truth.tif`: what every voxel is: 1 void (pores and gaps), 2 SE (solid electrolyte), 3 Li (the anode's
  metal, lithium or Li-In), 4 dendrite, 5 crack;
- `NAME_truth.json`: the true contact fraction, dendrite depth, crack density, porosity and so on, each with
  its unit and definition.

All TIFFs open in ImageJ with their voxel size. `checksums.sha256` holds the SHA-256 of every file
(`sha256sum -c checksums.sha256`).

Licence: BSD-3-Clause, as the rest of the project.
"""


def write_examples(folder: Path) -> tuple[Path, ...]:
    """Write the example images into ``folder``, with README.md and checksums.sha256.

    Raises
    ------
    OutputError
        If the folder can't be written.
    """
    folder = Path(folder)
    written: list[Path] = []
    for example in EXAMPLES:
        written.extend(write_example(example.name, folder))
    written.append(_write_text(folder / "README.md", _README.format(rows="\n".join(map(_row, EXAMPLES)))))
    sums = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(written))
    written.append(_write_text(folder / "checksums.sha256", sums))
    return tuple(written)


def write_example(name: str, folder: Path) -> tuple[Path, ...]:
    """Write one example image with its truth into ``folder``; return the files, the image first.

    Raises
    ------
    UnknownNameError
        If no example has that name; the message lists them.
    OutputError
        If the folder can't be written.
    """
    example = next((one for one in EXAMPLES if one.name == name), None)
    if example is None:
        raise UnknownNameError(f"no example image {name!r}; known: {', '.join(one.name for one in EXAMPLES)}")
    phantom = make_phantom(example.kind, seed=example.seed, state=example.state, shape=_shape_of(example))
    return write_phantom(phantom, Path(folder), name=example.name)


def _shape_of(example: Example) -> tuple[int, int, int]:
    z, y, x = (1, *example.shape)[-3:]
    return (z, y, x)


def _row(example: Example) -> str:
    kind = KINDS[example.kind]
    shape = " x ".join(map(str, _shape_of(example)))
    voxel = " x ".join(f"{edge:g}" for edge in kind.spacing.um)
    made = f"{example.kind}, {example.seed}, {example.state}"
    return f"| `{example.name}.tif` | {made} | {shape} | {voxel} | {kind.normal} | {example.about} |"


def _write_text(path: Path, text: str) -> Path:
    with atomic_path(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")
    return path
