"""What the user gave as input: samples with their files, names and hashes."""

from __future__ import annotations

import glob
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from micro.errors import InputMissingError, ParameterError
from micro.io import natural_sorted
from micro_pipelines.manifest import is_manifest, read_manifest
from micro_pipelines.source import Source, safe_name, series_key

__all__ = ["FULL_HASH_BYTES", "Source", "find_sources", "input_hash", "safe_name", "series_key"]

FULL_HASH_BYTES = 2 * 2**30
"""Inputs up to this size are hashed whole; larger ones by samples, see `input_hash`."""

_SAMPLE_BYTES = 2**20
_SAMPLES = 64


def find_sources(
    inputs: Sequence[str], *, states: Sequence[str] = (), stack: bool = False, series: bool = False
) -> tuple[Source, ...]:
    """Return the samples that ``inputs`` name: a sample each file, folder, match of a glob, or row of a manifest.

    Parameters
    ----------
    inputs
        Files, folders (of slices, or OME-Zarr), globs and manifests (``.csv``, ``.toml``, see
        `micro_pipelines.manifest`). A glob stands for its matches, as if the shell had expanded it.
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
        If an input is given twice, the number of states doesn't fit, or a manifest says them or can't be a stack.
    ManifestError
        If a manifest is not understood.
    """
    paths = [path for text in inputs for path in _expand(text)]
    if not paths:
        raise InputMissingError("no input given; expected a file, a folder of slices or a glob")
    _require_once(paths)
    sources = _stacked(paths) if stack else [source for path in paths for source in _named(path)]
    _require_once([path for source in sources for path in source.paths])
    if len(states) not in (0, 1, len(sources)):
        raise ParameterError(
            f"{len(states)} states for {len(sources)} samples; expected none, one for all, or one for each in order"
        )
    if states:
        given = list(states) * (len(sources) if len(states) == 1 else 1)
        sources = [_in_state(source, state) for source, state in zip(sources, given, strict=True)]
    if series:
        sources = [replace(source, series=sources[0].name) for source in sources]
    return _unique(sources)


def _stacked(paths: Sequence[Path]) -> list[Source]:
    for path in paths:
        if is_manifest(path):
            raise ParameterError(f"--stack takes the slices of one volume; {path} is a list of samples: leave one out")
    slices = tuple(natural_sorted(paths))
    return [Source(safe_name(slices[0].name), slices)]


def _named(path: Path) -> tuple[Source, ...]:
    return read_manifest(path) if is_manifest(path) else (Source(safe_name(path.name), (path,)),)


def _in_state(source: Source, state: str) -> Source:
    if source.state:
        raise ParameterError(f"--state {state!r}, but {source.listed_in} says {source.state!r}; leave one out")
    return replace(source, state=state)


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
        # "." has no name to call a sample by
        return [path if path.name not in ("", "..") else path.resolve()]
    if glob.has_magic(text):
        matches = natural_sorted(Path(match) for match in glob.glob(str(path)))  # noqa: PTH207
        if matches:
            return matches
        raise InputMissingError(f"no file matches {text!r}; check the folder and the pattern")
    raise InputMissingError(f"no such file or folder: {text}")


def _require_once(paths: Sequence[Path]) -> None:
    seen: set[Path] = set()
    for path in paths:
        if path.resolve() in seen:
            raise ParameterError(f"{path} is given twice, or matched twice; expected each input once")
        seen.add(path.resolve())


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
