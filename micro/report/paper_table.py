"""The table of a paper: metrics against samples, rounded by their intervals, with everything that a footnote needs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from micro.errors import UnknownNameError
from micro.measure import DEFINITIONS
from micro.model import Measurement
from micro.report.paper_numbers import PrintedNumber, common_exponent, is_symmetric, print_number
from micro.report.rounding import format_count, unit_text
from micro.report.summary import headline_label

__all__ = ["Layout", "PaperCell", "PaperColumn", "PaperRow", "PaperTable", "known_metrics", "paper_table"]

_REGIONS = {"all": "the whole picture", "se_region": "the SE region", "interface": "the interface"}
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_ROI_ORDER = ("se_region", "interface", "all")

Key = tuple[str, str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class PaperColumn:
    """A sample in one state, with the recipe that it was measured by."""

    sample: str
    state: str
    recipe_hash: str

    @property
    def title(self) -> str:
        """The name with the state after it, unless the name says it already."""
        return f"{self.sample}, {self.state}" if self.state and self.state not in self.sample else self.sample


@dataclass(frozen=True, slots=True)
class PaperCell:
    """A value as it is printed, and the numbers of its notes; ``printed`` is None where there is no value.

    ``value``, ``low`` and ``high`` are exact, in the unit of the row (its power of ten taken out).
    """

    printed: PrintedNumber | None
    value: float | None
    low: float | None
    high: float | None
    n: str
    notes: tuple[int, ...]
    stated: str | None = None
    """What the user stated, where the cell holds no measurement."""

    @property
    def text(self) -> str:
        """The value with its interval in plain text, a dash where there is none."""
        if self.stated is not None:
            return self.stated
        if self.printed is None:
            return "–"
        value, half, low, high = (
            text.replace("-", "−").replace("inf", "∞")
            for text in (self.printed.value, self.printed.half, self.printed.low, self.printed.high)
        )
        if half:
            return f"{value} ± {half}"
        return f"{value} [{low}, {high}]" if low else value


@dataclass(frozen=True, slots=True)
class PaperRow:
    """A metric over all columns; ``unit`` is as printed, with a power of ten where the values need one."""

    label: str
    unit: str
    region: str
    definition: str
    cells: tuple[PaperCell, ...]

    @property
    def sentence(self) -> str:
        """What the definition says."""
        return DEFINITIONS.get(self.definition, "defined by the package that measures it")

    @property
    def heading(self) -> str:
        """Label and unit: ``crack density (µm⁻¹)``."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


@dataclass(frozen=True, slots=True)
class Layout:
    """A table as it stands: corner, headings of the columns, and for each line its heading and cells."""

    corner: str
    headings: tuple[str, ...]
    lines: tuple[tuple[str, tuple[PaperCell, ...]], ...]


@dataclass(frozen=True, slots=True)
class PaperTable:
    """Everything that a printed table and its footnotes say; the renderers add nothing but marks.

    ``notes`` are numbered from 1, as `PaperCell.notes` counts them. With ``samples_down`` the samples
    are the lines, else the metrics are. ``stated`` is what the user stated of the samples, which stands before
    the metrics: a name, and a text for each column.
    """

    columns: tuple[PaperColumn, ...]
    rows: tuple[PaperRow, ...]
    notes: tuple[str, ...]
    version: str
    samples_down: bool = False
    stated: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def has_interval(self) -> bool:
        """Whether any value has an interval."""
        return any(cell.printed is not None and cell.low is not None for row in self.rows for cell in row.cells)

    @property
    def caption(self) -> str:
        """What the numbers are, in one sentence."""
        values = "Values with 95 % intervals (± or in brackets) for the material behind the picture"
        empty = any(cell.printed is None for row in self.rows for cell in row.cells)
        dash = "; – no value, for the reason in the note" if empty else ""
        counts = "; n in the order of the samples" if len(self.columns) > 1 else ""
        return (values if self.has_interval else "Values without intervals") + dash + counts + "."

    @property
    def definitions(self) -> tuple[tuple[str, str], ...]:
        """For each definition the metrics with the n of each sample, and the region, the sentence and the id."""
        groups: dict[tuple[str, str], list[PaperRow]] = {}
        for row in self.rows:
            groups.setdefault((row.definition, row.region), []).append(row)
        return tuple(_definition(members) for members in groups.values())

    @property
    def layout(self) -> Layout:
        """What stands where: a heading a column, and the lines."""
        titles = [column.title for column in self.columns]
        headings = [*(name for name, _ in self.stated), *(row.heading for row in self.rows)]
        lines = [*(tuple(map(_stated, texts)) for _, texts in self.stated), *(row.cells for row in self.rows)]
        if self.samples_down:
            turned = list(zip(*lines, strict=True)) if lines else [() for _ in titles]
            return Layout("sample", tuple(headings), tuple(zip(titles, turned, strict=True)))
        return Layout("", tuple(titles), tuple(zip(headings, lines, strict=True)))

    @property
    def provenance(self) -> str:
        """Recipe and version in one sentence."""
        hashes = dict.fromkeys(column.recipe_hash for column in self.columns)
        if len(hashes) == 1:
            recipes = next(iter(hashes)) or "none"
        else:
            recipes = "; ".join(f"{column.title}: {column.recipe_hash or 'none'}" for column in self.columns)
        return f"Measured with micro {self.version or '(version not recorded)'}; recipe {recipes}."


def known_metrics(rows: Iterable[Measurement]) -> list[str]:
    """Return the metrics that the rows hold, in their order."""
    return list(dict.fromkeys(row.metric for row in rows))


def paper_table(
    rows: Sequence[Measurement],
    metrics: Sequence[str],
    *,
    version: str = "",
    samples_down: bool | None = None,
    strict: bool = False,
    metadata: Mapping[str, Sequence[tuple[str, str]]] | None = None,
) -> PaperTable:
    """Set up the table of the wanted metrics over all samples.

    Parameters
    ----------
    rows
        Measurements of all samples, in the order in which these shall stand.
    metrics
        ``metric``, or ``metric:phase`` for one of its phases; the SE region goes before the whole picture.
    version
        Version of micro that measured.
    samples_down
        Whether samples are the lines; None: where there are more of them than metrics.
    strict
        Refuse a metric that no sample has, instead of leaving it out.
    metadata
        Names and texts that the user stated, by the name of the sample.

    Raises
    ------
    UnknownNameError
        If ``strict`` and a metric is not among the rows.

    Examples
    --------
    >>> row = Measurement("porosity", 0.0412, "1", "porosity/v1", ci_low=0.0371, ci_high=0.0455, n=900, sample="A")
    >>> table = paper_table([row], ["porosity"])
    >>> table.rows[0].heading, table.rows[0].cells[0].printed.value, table.rows[0].cells[0].printed.half
    ('Porosity', '0.0412', '0.0042')
    """
    columns = _columns(rows)
    keys: list[Key] = []
    for wanted in metrics:
        found = _keys(rows, wanted)
        if strict and not found:
            raise UnknownNameError(f"no metric {wanted!r} in these tables; known: {', '.join(known_metrics(rows))}")
        keys += [key for key in found if key not in keys]
    by_place = {(row.sample, row.state, _key(row)): row for row in reversed(rows)}
    notes: list[str] = []
    lines = []
    for key in keys:
        held = [by_place.get((column.sample, column.state, key)) for column in columns]
        lines.append(_paper_row(key, held, _elsewhere(key, keys), notes))
    down = len(columns) > len(lines) if samples_down is None else samples_down
    return PaperTable(columns, tuple(lines), tuple(notes), version, down, _all_stated(columns, metadata or {}))


def _all_stated(
    columns: Sequence[PaperColumn], metadata: Mapping[str, Sequence[tuple[str, str]]]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    held = [dict(metadata.get(column.sample, ())) for column in columns]
    names = dict.fromkeys(name for one in held for name in one)
    return tuple((name, tuple(one.get(name, "") for one in held)) for name in names)


def _stated(text: str) -> PaperCell:
    return PaperCell(None, None, None, None, "", (), stated=text)


def _columns(rows: Sequence[Measurement]) -> tuple[PaperColumn, ...]:
    found: dict[tuple[str, str], str] = {}
    for row in rows:
        found.setdefault((row.sample, row.state), row.recipe_hash)
    return tuple(PaperColumn(sample, state, recipe) for (sample, state), recipe in found.items())


def _key(row: Measurement) -> Key:
    return (row.metric, row.phase_a, row.phase_b, row.roi, row.unit, row.definition)


def _keys(rows: Sequence[Measurement], wanted: str) -> list[Key]:
    """Return a key for each phase and definition of a metric; of several regions the first that has a value."""
    metric, _, phase = wanted.partition(":")
    found = [row for row in rows if row.metric == metric and (not phase or phase in (row.phase_a, row.phase_b))]
    groups = dict.fromkeys((row.phase_a, row.phase_b, row.unit, row.definition) for row in found)
    keys = []
    for group in groups:
        members = [row for row in found if (row.phase_a, row.phase_b, row.unit, row.definition) == group]
        filled = [row for row in members if row.value is not None] or members
        regions = {row.roi for row in filled}
        best = next((roi for roi in _ROI_ORDER if roi in regions), filled[0].roi)
        keys.append(_key(next(row for row in members if row.roi == best)))
    return keys


def _label(key: Key) -> str:
    """Return metric, phases and, where the definition has kinds (P21, P32), which one."""
    metric, phase_a, phase_b, *_, definition = key
    kinds = definition.split("/")[1:-1]
    label = ", ".join(filter(None, [headline_label(metric), phase_a, phase_b, *kinds]))
    return label[:1].upper() + label[1:]


def _elsewhere(key: Key, keys: Sequence[Key]) -> str:
    """Return the label of another line of the same metric and phase: a section's beside a volume's."""
    others = [other for other in keys if other != key and other[:3] == key[:3]]
    return _label(others[0]) if others else ""


def _paper_row(key: Key, held: Sequence[Measurement | None], elsewhere: str, notes: list[str]) -> PaperRow:
    given = [row for row in held if row is not None and row.value is not None]
    exponent = common_exponent(given)
    ends = [(row.value, row.ci_low, row.ci_high) for row in given if row.value is not None]
    symmetric = all(is_symmetric(v, low, high) for v, low, high in ends if low is not None and high is not None)
    missing = f"see {elsewhere}" if elsewhere else "not measured in this sample"
    cells = tuple(_cell(row, exponent, symmetric, missing, notes) for row in held)
    unit = unit_text(key[4])
    if exponent:
        unit = f"10{str(exponent).translate(_SUPERSCRIPT)} {unit}".rstrip()
    return PaperRow(_label(key), unit, _REGIONS.get(key[3], key[3]), key[5], cells)


def _cell(row: Measurement | None, exponent: int, symmetric: bool, missing: str, notes: list[str]) -> PaperCell:
    if row is None:
        return PaperCell(None, None, None, None, "–", (_number(missing, notes),))
    marks = (_number(row.note, notes),) if row.note else ()
    if row.value is None or math.isnan(row.value):
        marks = marks or (_number("no reason is recorded", notes),)
        return PaperCell(None, None, None, None, "–", marks)
    low, high = row.ci_low, row.ci_high
    printed = print_number(row.value, low, high, exponent=exponent, symmetric=symmetric)
    whole = low is not None and high is not None
    scaled = [None if x is None or not whole else x * 10.0**-exponent for x in (low, high)]
    return PaperCell(
        printed, row.value * 10.0**-exponent, scaled[0], scaled[1], format_count(row.n).replace("—", "–"), marks
    )


def _number(note: str, notes: list[str]) -> int:
    """Return the number of a note, which is added where it is new."""
    if note not in notes:
        notes.append(note)
    return notes.index(note) + 1


def _definition(members: Sequence[PaperRow]) -> tuple[str, str]:
    labels = []
    for row in members:
        counts = [cell.n for cell in row.cells]
        shown = "; ".join(counts) if len(set(counts)) > 1 else counts[0]
        labels.append(f"{row.label} (n = {shown})")
    first = members[0]
    return "; ".join(labels), f"over {first.region}: {first.sentence.rstrip('.')} [{first.definition}]."
