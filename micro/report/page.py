"""The report: one self-contained HTML page for all samples of a run."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from micro import __version__
from micro.io import atomic_path
from micro.report.context import definitions_context, headline_context, sample_context, summary_picture
from micro.report.params import ReportParams
from micro.report.sample import SampleReport

__all__ = ["write_report"]

_MANY = 6


def write_report(samples: Sequence[SampleReport], path: str | Path, params: ReportParams | None = None) -> Path:
    """Write the report of all samples: one HTML file that needs nothing else.

    At its head stands a table of the headline numbers of every sample and state, each rounded by
    its interval; then, for each sample, warnings, figures, all measurements and where they come
    from; at the end, what every definition says.

    Parameters
    ----------
    samples
        In the order in which they shall stand.
    path
        The HTML file.
    params
        Width, type size and page resolution of the figures, and the headline metrics.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    OutputError
        If the file can't be written.

    Examples
    --------
    >>> import tempfile
    >>> write_report([], Path(tempfile.mkdtemp()) / "report.html").name
    'report.html'
    """
    params = params or ReportParams()
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = files("micro.report").joinpath("report.html.j2").read_text(encoding="utf-8")
    text = environment.from_string(template).render(
        version=__version__,
        headline=headline_context(samples, params),
        summary=summary_picture(samples, params),
        samples=[sample_context(number, sample, params) for number, sample in enumerate(samples, start=1)],
        definitions=definitions_context(samples),
        many=len(samples) > _MANY,
    )
    path = Path(path)
    with atomic_path(path) as beside:
        beside.write_bytes(text.encode("utf-8"))
    return path
