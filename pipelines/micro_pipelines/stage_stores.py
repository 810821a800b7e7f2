"""A volume or labels as they lie in a sample's work folder: voxels as zarr, all else as JSON."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import dask.array as da
import numpy as np
import zarr
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, as_dask, store_of
from micro.model import Labels, Phase, PhaseSet, Spacing, Step, Volume
from micro_pipelines.json_types import plain

__all__ = ["STEP", "Known", "Stored", "digest_of", "restore", "store"]

STEP = "keep"
"""What an observer is told while the voxels of a finished stage are written."""


Made = TypeVar("Made", Volume, Labels)
Known = dict[str, tuple[str, ...]]
"""The folders of arrays that are stored already, by the names that dask has for them; none where it is the input's."""


@dataclass(frozen=True)
class Stored:
    """A volume, or labels, on disk: what JSON tells of it, and the folders of its voxels and probabilities.

    Without a folder the voxels are those of the input.
    """

    facts: Mapping[str, Any]
    data: tuple[str, ...]
    probabilities: tuple[str, ...]

    @property
    def folders(self) -> frozenset[str]:
        """The folders that it needs."""
        return frozenset((*self.data, *self.probabilities))


def store(made: Made, name: str, folder: Path, engine: Engine, known: Known) -> tuple[Made, Stored]:
    """Put what a stage has made in a folder; return it with its voxels there, and what is to be remembered.

    A store of the engine is moved, anything else is written anew; what is small enough for memory stays there too.
    The history comes back as JSON has it, so that a run that goes on from the folder says the same.

    Parameters
    ----------
    made
        A volume or labels.
    name
        Of the stage.
    folder
        Where it goes, as a whole path, on the disk of the engine's ``work_dir``.
    engine
        Where the block tasks run.
    known
        Arrays that are not stored again; those that are stored now are added.
    """
    data, at = _keep(made.data, name, folder, engine, known)
    made = replace(made, data=data, history=tuple(_through_json(step) for step in made.history))
    if not isinstance(made, Labels) or made.probabilities is None:
        return made, Stored(_facts(made), at, ())
    chances = made.probabilities
    if chances.name not in known:
        each = [
            _keep(chances[number], f"{name}-{number}", folder, engine, known)
            for number in range(len(made.probability_phases))
        ]
        chances = da.stack([array for array, _ in each])
        known[chances.name] = tuple(place for _, places in each for place in places)
    return replace(made, probabilities=chances), Stored(_facts(made), at, known[chances.name])


def restore(stored: Stored, given: Volume, folder: Path, known: Known) -> Volume | Labels:
    """Return what `store` has put in a folder.

    Parameters
    ----------
    stored
        What is remembered of it.
    given
        The input, whose voxels stand where none were stored.
    folder
        Where it lies.
    known
        The arrays are added.
    """
    facts = stored.facts
    data = _opened(folder / stored.data[0]) if stored.data else given.data
    known[data.name] = stored.data
    spacing = Spacing(*facts["spacing_um"])
    history = tuple(Step(**step) for step in facts["history"])
    if facts["kind"] == "volume":
        return Volume(data, spacing, facts["modality"], history, facts["name"])
    chances = None
    if stored.probabilities:
        chances = da.stack([_opened(folder / name) for name in stored.probabilities])
        known[chances.name] = stored.probabilities
    phases = PhaseSet(tuple(Phase(**{**one, "roles": frozenset(one["roles"])}) for one in facts["phases"]))
    names = tuple(facts["probability_phases"])
    return Labels(data, spacing, phases, history, chances, names, facts["name"])


def digest_of(folder: Path) -> str:
    """Return a SHA-256 over the names and the bytes of all files in a folder.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> empty = digest_of(folder)
    >>> _ = (folder / "a").write_bytes(b"1")
    >>> digest_of(folder) == empty
    False
    """
    digest = hashlib.sha256()
    for path in sorted(entry for entry in folder.rglob("*") if entry.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as stream:
            while piece := stream.read(2**20):
                digest.update(piece)
    return digest.hexdigest()


def _keep(data: da.Array, name: str, folder: Path, engine: Engine, known: Known) -> tuple[da.Array, tuple[str, ...]]:
    """Put one array in the folder, unless it is there; return it, and what it is called there."""
    if data.name in known:
        return data, known[data.name]
    place = folder / f"{name}.zarr"
    shutil.rmtree(place, ignore_errors=True)
    source = store_of(data)
    if source is not None and source.parent == engine.work_dir:
        source.rename(place)
        data = _opened(place)
    else:
        z, y, x = data.shape
        copy = zarr.create_array(place, shape=data.shape, dtype=data.dtype, chunks=engine.cut((z, y, x)))
        engine.run(_copy, [data], outputs=[copy], stage=STEP)
        if engine.scheduler is not None or data.nbytes > engine.kept_bytes:
            data = _opened(place)
    known[data.name] = (place.name,)
    return data, known[data.name]


def _opened(place: Path) -> da.Array:
    return as_dask(zarr.open_array(place, mode="r"))


def _copy(_: Block, voxels: NDArray[np.generic]) -> Done[None]:
    return Done(None, (voxels,))


def _through_json(step: Step) -> Step:
    return replace(step, parameters=json.loads(json.dumps(plain(step.parameters), default=str)))


def _facts(made: Volume | Labels) -> dict[str, Any]:
    common = {
        "name": made.name,
        "spacing_um": list(made.spacing.um),
        "history": [step.as_dict() for step in made.history],
    }
    if isinstance(made, Volume):
        return {"kind": "volume", "modality": made.modality, **common}
    phases = [{**asdict(phase), "roles": sorted(phase.roles)} for phase in made.phases]
    return {"kind": "labels", "phases": phases, "probability_phases": list(made.probability_phases), **common}
