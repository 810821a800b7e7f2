"""One sample to be: where it is read from, and what the user says about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from micro.errors import InputMissingError
from micro.model import Spacing
from micro_pipelines.metadata import Metadata

__all__ = ["Source", "safe_name", "series_key"]

_SUFFIXES = re.compile(r"(\.ome)?\.(tiff?|zarr|png|btf|tf8|tf2)$", re.IGNORECASE)
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
_FILES_OF_A_RUN = {"report.html", "failures.csv", "review.csv", "run.log"} | {
    f"{name}.{ending}" for name in ("measurements", "table") for ending in ("csv", "parquet", "md", "tex", "xlsx")
}
"""What lies beside the samples' folders."""


@dataclass(frozen=True, slots=True)
class Source:
    """One sample to be: its name, its state, and the paths it is read from.

    ``paths`` holds one file, one folder (of slices, or an OME-Zarr), or all slices of a stack. ``series``
    names the sample whose states they are; empty: told by the name, see `series_key`. ``voxel_size`` is
    that of this sample; None: that of the whole run, or what the file says. ``metadata`` reaches every row
    of the tables. ``listed_in`` is the place in a manifest that names the sample.
    """

    name: str
    paths: tuple[Path, ...]
    state: str = ""
    series: str = ""
    voxel_size: Spacing | None = None
    metadata: Metadata = ()
    listed_in: str = ""

    @property
    def readable(self) -> Path | tuple[Path, ...]:
        """What the reader takes: the one path, or all slices."""
        return self.paths[0] if len(self.paths) == 1 else self.paths

    def require(self) -> None:
        """Raise `InputMissingError` unless all paths are there."""
        for path in self.paths:
            if not path.exists():
                raise InputMissingError(
                    f"no such file or folder: {path}" + (f", named in {self.listed_in}" if self.listed_in else "")
                )

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


def safe_name(text: str) -> str:
    """Return a sample name from a file's name: safe as a folder on every system, without image suffixes.

    Examples
    --------
    >>> safe_name("Zelle 3: after?.ome.tif"), safe_name("CON.tif"), safe_name("..")
    ('Zelle 3_ after_', 'CON_', 'sample')
    >>> safe_name("con.x.tif"), safe_name("Report.html"), safe_name("measurements.csv")
    ('con_.x', 'Report.html_', 'measurements.csv_')
    """
    name = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", _SUFFIXES.sub("", text))[:100].strip(" .")
    first, dot, rest = name.partition(".")
    if first.lower() in _RESERVED:  # with whatever follows the dot
        name = f"{first}_{dot}{rest}"
    if name.lower() in _FILES_OF_A_RUN:
        name += "_"
    return name or "sample"
