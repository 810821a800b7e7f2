"""What the user knows about a sample that no picture shows (cell, cycle, pressure), as columns of the tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Metadata", "are_numbers", "metadata_names", "with_metadata", "with_metadata_of"]

Metadata = tuple[tuple[str, str], ...]
"""Names and texts of one sample, in the order of their columns; an empty text is not known."""

# No leading zeros: a cell called 007 is no number.
_NUMBER = re.compile(r"[+-]?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")


def metadata_names(many: Iterable[Metadata]) -> tuple[str, ...]:
    """Return the names of all samples, each once, in the order in which they come.

    Examples
    --------
    >>> metadata_names([(("cell", "A"),), (("cycle", "3"), ("cell", "B"))])
    ('cell', 'cycle')
    """
    return tuple(dict.fromkeys(name for one in many for name, _ in one))


def with_metadata(table: pd.DataFrame, metadata: Metadata) -> pd.DataFrame:
    """Return the table of one sample with its metadata as last columns, the same in every row.

    A name that the table has already gets ``sample_`` in front.

    Examples
    --------
    >>> import pandas as pd
    >>> with_metadata(pd.DataFrame({"id": [1], "cell": [7]}), (("cell", "A"), ("cycle", "3"))).loc[0].to_dict()
    {'id': 1, 'cell': 7, 'sample_cell': 'A', 'cycle': '3'}
    """
    import pandas as pd

    table = table.copy()
    for name, text in metadata:
        table[f"sample_{name}" if name in table.columns else name] = pd.Series(text, table.index, dtype=object)
    return table


def with_metadata_of(table: pd.DataFrame, by_sample: Mapping[str, Metadata]) -> pd.DataFrame:
    """Return a table of many samples with the metadata that each has; empty where a sample has none of a name.

    A name that the table has already gets ``sample_`` in front.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"sample": ["a", "b"]})
    >>> with_metadata_of(table, {"a": (("cycle", "3"),), "b": ()})["cycle"].tolist()
    ['3', '']
    """
    import pandas as pd

    table, own = table.copy(), set(table.columns)
    held = {sample: dict(metadata) for sample, metadata in by_sample.items()}
    for name in metadata_names(by_sample.values()):
        texts = [held.get(sample, {}).get(name, "") for sample in table["sample"]]
        table[f"sample_{name}" if name in own else name] = pd.Series(texts, table.index, dtype=object)
    return table


def are_numbers(texts: Iterable[str]) -> bool:
    """Tell whether all texts but the empty ones are numbers, and at least one is.

    Examples
    --------
    >>> are_numbers(["3", "", "0.5", "-2e3"]), are_numbers(["007"]), are_numbers(["nan"]), are_numbers([""])
    (True, False, False, False)
    """
    given = {text for text in texts if text}
    return bool(given) and all(_NUMBER.fullmatch(text) for text in given)
