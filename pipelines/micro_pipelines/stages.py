"""The stages of a sample that are finished, kept in its work folder until the sample is.

A run that was killed is taken up from there. A stage counts as finished only where it was made from the same input,
with the same parameters and versions, and every byte of it is there as it was written.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from micro.blocks import Engine
from micro.io import atomic_path
from micro.model import Labels, Volume
from micro_pipelines.journal import Journal
from micro_pipelines.json_types import plain
from micro_pipelines.stage_stores import Known, Stored, digest_of, restore, store

__all__ = ["SCRATCH", "STAGES_NAME", "WORK", "Stages", "finished_stages", "work_folder", "work_folder_of"]

STAGES_NAME = "stages.json"
"""The file in a work folder that says which stages are finished; a stage that is not named there is not."""

WORK = ".work"
"""Ending of a work folder; before it stands the sample's name, and a dot before that."""

SCRATCH = "scratch"
"""The folder in a work folder that holds what no finished stage needs."""

Made = TypeVar("Made", Volume, Labels)


@dataclass(frozen=True)
class _Finished:
    """A stage that is finished: what it was made from, what it has made, what it said and how long it took."""

    key: str
    stored: Stored
    digests: Mapping[str, str]
    warnings: tuple[str, ...]
    seconds: Mapping[str, float]

    def sealed(self) -> dict[str, Any]:
        """Return it as JSON types, with a checksum."""
        content = asdict(self)
        return {**content, "seal": _sha256(content)}

    @classmethod
    def of(cls, sealed: Mapping[str, Any]) -> _Finished:
        """Return the stage that `sealed` has made a mapping of.

        Raises
        ------
        KeyError, TypeError, AttributeError
            If it is something else.
        ValueError
            If it is not as it was written.
        """
        found = {name: value for name, value in sealed.items() if name != "seal"}
        if sealed["seal"] != _sha256(found):
            raise ValueError("the record of a stage is damaged")
        stored = found["stored"]
        return cls(
            str(found["key"]),
            Stored(dict(stored["facts"]), tuple(stored["data"]), tuple(stored["probabilities"])),
            dict(found["digests"]),
            tuple(found["warnings"]),
            {str(name): float(seconds) for name, seconds in found["seconds"].items()},
        )

    def whole(self, folder: Path) -> bool:
        """Tell whether everything that it has made lies in the folder as it was written."""
        try:
            return all(digest_of(folder / name) == self.digests.get(name) for name in self.stored.folders)
        except OSError:
            return False


class Stages:
    """Does the stages that are not finished, and keeps each as soon as it is.

    Parameters
    ----------
    folder
        The sample's work folder.
    origin
        What all stages depend on, as JSON types: input, versions.
    engine
        Where the block tasks run; its ``work_dir`` lies on the same disk.
    """

    def __init__(self, folder: Path, origin: Mapping[str, Any], engine: Engine) -> None:
        self._folder = folder
        self._origin = dict(origin)
        self._engine = engine
        self._known: Known = {}
        self._finished = _read(folder / STAGES_NAME)

    def of(
        self,
        name: str,
        wanted: Mapping[str, Any],
        make: Callable[[], Made],
        *,
        given: Volume,
        journal: Journal,
        instead_of: str = "",
    ) -> Made:
        """Return what the stage makes, or what it made in a run that was killed.

        Parameters
        ----------
        name
            Of the stage.
        wanted
            The parameters that its result depends on, those of earlier stages included, as JSON types.
        make
            Does the stage, and the earlier ones that it needs.
        given
            The volume as it was read.
        journal
            Learns of the seconds that a kept stage has taken.
        instead_of
            An earlier stage that nobody needs from here on.
        """
        self._known.setdefault(given.data.name, ())
        key = _key(self._origin, given, wanted)
        finished = self._finished.get(name)
        if finished is not None and finished.key == key and finished.whole(self._folder):
            for line in finished.warnings:
                warnings.warn(line, stacklevel=2)
            journal.keep(name, finished.seconds)
            return cast("Made", restore(finished.stored, given, self._folder, self._known))
        if finished is not None:
            self._write({other: one for other, one in self._finished.items() if other != name})
        before = set(journal.seconds)
        with _told() as lines:
            made = make()
        made, stored = store(made, name, self._folder, self._engine, self._known)
        digests = {folder: digest_of(self._folder / folder) for folder in sorted(stored.folders)}
        seconds = {stage: taken for stage, taken in journal.seconds.items() if stage not in before}
        done = _Finished(key, stored, digests, tuple(lines), seconds)
        self._write({**{k: v for k, v in self._finished.items() if k != instead_of}, name: done})
        return made

    def _write(self, finished: dict[str, _Finished]) -> None:
        """Say which stages are finished, in one step; then remove the voxels that none of them needs."""
        self._finished = finished
        content = {name: one.sealed() for name, one in finished.items()}
        with atomic_path(self._folder / STAGES_NAME) as beside:
            beside.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        needed = {folder for one in finished.values() for folder in one.stored.folders}
        for path in self._folder.glob("*.zarr"):
            if path.name not in needed:
                shutil.rmtree(path, ignore_errors=True)


def work_folder_of(final: Path) -> Path:
    """Return where the work of a sample lies until its result is complete: beside it.

    Examples
    --------
    >>> work_folder_of(Path("out/cell A")).name
    '.cell A.work'
    """
    return final.with_name(f".{final.name}{WORK}")


def finished_stages(final: Path) -> tuple[str, ...]:
    """Return the names of the finished stages that lie in the work folder of a sample."""
    return tuple(_read(work_folder_of(final) / STAGES_NAME))


@contextmanager
def work_folder(final: Path, *, resume: bool) -> Iterator[tuple[Path, Path]]:
    """Give the work folder of a sample, and one in it for what no finished stage needs; whole paths, for all machines.

    It goes when the sample is done. When the sample fails, or the run is interrupted, the finished stages stay.

    Parameters
    ----------
    final
        The sample's own folder to be.
    resume
        Whether finished stages of an earlier run are to stay.
    """
    folder = work_folder_of(final).resolve()
    scratch = folder / SCRATCH
    shutil.rmtree(scratch if resume else folder, ignore_errors=True)
    scratch.mkdir(parents=True, exist_ok=True)
    try:
        yield folder, scratch
    except BaseException:
        kept = bool(_read(folder / STAGES_NAME))
        shutil.rmtree(scratch if kept else folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


def _key(origin: Mapping[str, Any], given: Volume, wanted: Mapping[str, Any]) -> str:
    read = {
        "name": given.name,
        "modality": given.modality,
        "spacing_um": given.spacing.um,
        "shape": given.shape,
        "dtype": given.data.dtype.str,
        "history": [step.as_dict() for step in given.history],
    }
    return _sha256([origin, read, wanted])


def _sha256(content: Any) -> str:  # noqa: ANN401
    text = json.dumps(plain(content), sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _read(path: Path) -> dict[str, _Finished]:
    """Return the finished stages that a file names; none where it can't be understood."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): _Finished.of(one) for name, one in found.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


@contextmanager
def _told() -> Iterator[list[str]]:
    """Collect the warnings of the body, and pass them on."""
    lines: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        try:
            yield lines
        finally:
            found = list(caught)
    lines += [str(one.message) for one in found]
    for one in found:
        warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
