"""What a knob of a parameter class is: read from the class itself, so that a new one needs no line here."""

from __future__ import annotations

import math
import types
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from micro_pipelines.recipe import Recipe

__all__ = ["MAIN", "Knob", "knobs_of", "text_of"]

MAIN: tuple[str, ...] = (
    "cell.normal",
    "segment.greys",
    "segment.smoothing",
    "segment.min_object_voxels",
    "preprocess.stripes",
    "preprocess.denoise",
)
"""The keys that stand before all others."""

SECTIONS = ("preprocess", "segment", "train", "cell", "measure")


@dataclass(frozen=True)
class Knob:
    """One key of a recipe.

    Attributes
    ----------
    key
        ``section.name``.
    kind
        ``flag``, ``choice``, ``whole``, ``number`` or ``text``; a text is what ``--set`` takes.
    description
        What it is for.
    choices
        Of a ``choice``, as texts.
    low, high
        Least and largest value of a ``whole`` or ``number``; infinite where there is none.
    """

    key: str
    kind: Literal["flag", "choice", "whole", "number", "text"]
    description: str
    choices: tuple[str, ...] = ()
    low: float = -math.inf
    high: float = math.inf

    @property
    def name(self) -> str:
        """The key without its section."""
        return self.key.partition(".")[2]

    def value_in(self, recipe: Recipe) -> Any:  # noqa: ANN401
        """Return its value in a recipe."""
        section, name = self.key.split(".")
        return getattr(getattr(recipe, section), name)


def knobs_of(section: str) -> tuple[Knob, ...]:
    """Return the knobs of a section of the recipe, in the order of its class.

    Examples
    --------
    >>> [knob for knob in knobs_of("segment") if knob.name == "iterations"][0].high
    30
    >>> [knob.kind for knob in knobs_of("cell")][:2]
    ['choice', 'text']
    """
    model = Recipe.model_fields[section].annotation
    assert isinstance(model, type)
    assert issubclass(model, BaseModel)
    return tuple(_knob(f"{section}.{name}", field) for name, field in model.model_fields.items())


def text_of(value: Any) -> str:  # noqa: ANN401
    """Return a value as ``--set`` takes it; nothing for None.

    Examples
    --------
    >>> text_of(("void", "Li")), text_of(True), text_of(None), text_of(0.5), text_of(((1, 2), (3, 4)))
    ('void,Li', 'true', '', '0.5', '[[1, 2], [3, 4]]')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        if all(isinstance(item, str) for item in value):
            return ",".join(value) if value else "[]"
        return str([list(item) if isinstance(item, tuple) else item for item in value])
    return str(value)


def _knob(key: str, field: FieldInfo) -> Knob:
    about = field.description or ""
    kind = field.annotation
    if kind is bool:
        return Knob(key, "flag", about)
    choices = _choices(kind)
    if choices:
        return Knob(key, "choice", about, choices)
    if kind in (int, float):
        low, high = -math.inf, math.inf
        for rule in field.metadata:
            low = max(low, *(getattr(rule, name, None) or -math.inf for name in ("ge", "gt")), _zero(rule))
            high = min(high, *(getattr(rule, name, None) or math.inf for name in ("le", "lt")))
        return Knob(key, "whole" if kind is int else "number", about, (), low, high)
    return Knob(key, "text", about)


def _zero(rule: Any) -> float:  # noqa: ANN401
    """Return 0 where a rule's lower limit is 0, which counts as none in an ``or``."""
    return 0.0 if 0 in (getattr(rule, "ge", None), getattr(rule, "gt", None)) else -math.inf


def _choices(kind: Any) -> tuple[str, ...]:  # noqa: ANN401
    """Return the texts that a type allows, where it allows a few: literals, and true and false beside them."""
    if get_origin(kind) is Literal:
        return tuple(str(value) for value in get_args(kind))
    if get_origin(kind) in (Union, types.UnionType):
        parts = get_args(kind)
        if all(part is bool or get_origin(part) is Literal for part in parts):
            return tuple(text for part in parts for text in (("true", "false") if part is bool else _choices(part)))
    return ()
