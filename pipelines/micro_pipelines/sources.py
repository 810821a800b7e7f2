"""What the user gave as input: samples with their files, names and hashes."""

from __future__ import annotations

import glob
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from micro.errors import InputMissingError, ParameterError
from micro.io import natural_sorted

__all__ = ["FULL_HASH_BYTES", "Source", "find_sources", "input_hash", "safe_name", "series_key"]

FULL_HASH_BYTES = 2 * 2**30
"""Inputs up to this size are hashed whole; larger ones by samples, see `input_hash`."""

_SAMPLE_BYTES = 2**20
_SAMPLES = 64
_SUFFIXES = re.compile(r"(\.ome)?\.(tiff?|zarr|png|btf|tf8|tf2)$", re.IGNORECASE)
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}


@dataclass(frozen=True, slots=True)
class Source:
    """One sample to be: its name, its state, and the paths it is read from.

    ``paths`` holds one file, one folder (of slices, or an OME-Zarr), or all slices of a stack. ``series``
    names the sample whose states they are; empty: told by the name, see `series_key`.
    """

    name: str
    paths: tuple[Path, ...]
    state: str = ""
    series: str = ""

    @property
    def readable(self) -> Path | tuple[Path, ...]:
        """What the reader takes: the one path, or all slices."""
        return self.paths[0] if len(self.paths) == 1 else self.paths

    def __str__(self) -> str:
        more = f" and {len(self.paths) - 1} more" if len(self.paths) > 1 else ""
        return f"{self.paths[0]}{more}"


def series_key(source: Source) -> str:
    """Return what the states of one sample have in common: its series, or its name without the state.

    Only letters and digits count, and no case.

    Examples
    --------
    >>> series_key(Source("Cell-A_after20", (), "after 20")), series_key(Source("pristine cell a", (), "pristine"))
    ('cella', 'cella')
    """
    name, state = (re.sub(r"[\W_]+", "", text).casefold() for text in (source.series or source.name, source.state))
    return name if source.series else name.replace(state, "", 1)


def find_sources(
    inputs: Sequence[str], *, states: Sequence[str] = (), stack: bool = False, series: bool = False
) -> tuple[Source, ...]:
    """Return the samples that ``inputs`` name: a sample each file, folder, or match of a glob.

    Parameters
    ----------
    inputs
        Files, folders (of slices, or OME-Zarr) and globs. A glob stands for its matches, as if the shell
        had expanded it.
    states
        States of the samples: none, one for all, or one each in order.
    stack
        Take all inputs together as the slices of one volume, in natural order.
    series
        Take all inputs as states of one sample, the first one first.

    Raises
    ------
    InputMissingError
        If a path leads to nothing or a glob matches nothing.
    ParameterError
        If the number of states doesn't fit.
    """
    paths = [path for text in inputs for path in _expand(text)]
    if not paths:
        raise InputMissingError("no input given; expected a file, a folder of slices or a glob")
    groups = [tuple(natural_sorted(paths))] if stack else [(path,) for path in paths]
    if len(states) not in (0, 1, len(groups)):
        raise ParameterError(
            f"{len(states)} states for {len(groups)} samples; expected none, one for all, or one for each in order"
        )
    given = list(states) * (len(groups) if len(states) == 1 else 1) or [""] * len(groups)
    of = safe_name(groups[0][0].name) if series else ""
    sources = [Source(safe_name(group[0].name), group, state, of) for group, state in zip(groups, given, strict=True)]
    return _unique(sources)


def safe_name(text: str) -> str:
    """Return a sample name from a file's name: safe as a folder on every system, without image suffixes.

    Examples
    --------
    >>> safe_name("Zelle 3: after?.ome.tif"), safe_name("CON.tif"), safe_name("..")
    ('Zelle 3_ after_', 'CON_', 'sample')
    """
    name = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", _SUFFIXES.sub("", text))[:100].strip(" .")
    if name.split(".")[0].lower() in _RESERVED:
        name += "_"
    return name or "sample"


def input_hash(paths: Sequence[Path]) -> str:
    """Return a hash of all bytes of the input files, or of samples where they are huge.

    Up to `FULL_HASH_BYTES` in all it is ``sha256:`` over every file's relative name and bytes, in sorted
    order. Beyond, ``sampled-sha256:`` over the names, the sizes, and 64 pieces of 1 MiB spread evenly from
    the first byte of the files to the last.
    """
    members = list(_members(paths))
    sizes = [path.stat().st_size for _, path in members]
    whole = sum(sizes) <= FULL_HASH_BYTES
    digest = hashlib.sha256()
    for (name, path), size in zip(members, sizes, strict=True):
        digest.update(f"{name}\0{size}\0".encode())
        if whole:
            _hash_all(digest, path)
        else:
            _hash_pieces(digest, path, size, max(1, _SAMPLES * size // sum(sizes)))
    return f"{'sha256' if whole else 'sampled-sha256'}:{digest.hexdigest()}"


def _hash_all(digest: hashlib._Hash, path: Path) -> None:
    with path.open("rb") as stream:
        while piece := stream.read(_SAMPLE_BYTES):
            digest.update(piece)


def _hash_pieces(digest: hashlib._Hash, path: Path, size: int, pieces: int) -> None:
    with path.open("rb") as stream:
        for number in range(pieces):
            stream.seek(max(0, size - _SAMPLE_BYTES) * number // max(1, pieces - 1))
            digest.update(stream.read(_SAMPLE_BYTES))


def _members(paths: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    for path in paths:
        if path.is_dir():
            inside = sorted(entry for entry in path.rglob("*") if entry.is_file())
            yield from ((entry.relative_to(path).as_posix(), entry) for entry in inside)
        else:
            yield path.name, path


def _expand(text: str) -> list[Path]:
    path = Path(text).expanduser()
    if path.exists():
        return [path]
    if glob.has_magic(text):
        matches = natural_sorted(Path(match) for match in glob.glob(str(path)))  # noqa: PTH207
        if matches:
            return matches
        raise InputMissingError(f"no file matches {text!r}; check the folder and the pattern")
    raise InputMissingError(f"no such file or folder: {text}")


def _unique(sources: Sequence[Source]) -> tuple[Source, ...]:
    """Give samples of one name their folder's name in front, and a number where that doesn't help."""
    counts = Counter(source.name.casefold() for source in sources)
    prefixed = [
        replace(source, name=safe_name(f"{source.paths[0].resolve().parent.name}_{source.name}"))
        if counts[source.name.casefold()] > 1
        else source
        for source in sources
    ]
    taken: set[str] = set()
    unique = []
    for source in prefixed:
        name, number = source.name, 2
        while name.casefold() in taken:
            name, number = f"{source.name}-{number}", number + 1
        taken.add(name.casefold())
        unique.append(replace(source, name=name))
    return tuple(unique)
