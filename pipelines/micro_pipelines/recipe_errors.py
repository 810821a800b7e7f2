"""What is wrong with a recipe, in one line and in plain words."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from micro.errors import RecipeError
from micro_pipelines.recipe import Recipe

__all__ = ["expected_of", "holds_list", "near", "refuse_odd_numbers", "require_known", "told"]

Schema = Mapping[str, Any]

_MANY = {"integer": "whole numbers", "number": "numbers"}
_EXAMPLES: Mapping[str, list[Any]] = {"number": [0.5], "integer": [10], "string": ["a"]}


def expected_of(section: str, key: str) -> str:
    """Say in plain words what a key may be; ``section`` is empty for a key of the recipe itself.

    Examples
    --------
    >>> expected_of("preprocess", "low_percent")
    'a number of at least 0 and below 50'
    >>> expected_of("preprocess", "fiducial")
    'a list of 4 whole numbers, as [10, 10, 10, 10]'
    >>> expected_of("preprocess", "slice_brightness")
    'true, false or auto'
    >>> expected_of("train", "features")
    'a list, as ["grey", "gaussian"], of any of grey, gaussian, gradient and hessian'
    """
    choices = [_in_words(choice) for choice in _choices(section, key)]
    return _joined(choices, "or").replace("true or false or", "true, false or")


def holds_list(section: str, key: str) -> bool:
    """Tell whether a key holds a list.

    Examples
    --------
    >>> holds_list("segment", "levels"), holds_list("segment", "smoothing")
    (True, False)
    """
    return any(choice.get("type") == "array" for choice in _choices(section, key))


def require_known(key: str, section: str, where: str) -> None:
    """Raise `RecipeError` unless the section, or the recipe itself where it is empty, has this key."""
    known = tuple(_class_of(section).model_fields)
    if key not in known:
        place = f"[{section}]" if section else "the recipe"
        raise RecipeError(f"{where}: unknown key {key!r} in {place}{near(key, known)}; known keys: {', '.join(known)}")


def near(word: str, known: Iterable[str]) -> str:
    """Ask whether the nearest of the known words was meant, if one is near.

    Examples
    --------
    >>> near("nromal", ("normal", "band_um"))
    ", did you mean 'normal'?"
    """
    close = difflib.get_close_matches(word, list(known), n=1)
    return f", did you mean {close[0]!r}?" if close else ""


def refuse_odd_numbers(tree: Mapping[str, Any], where: str) -> None:
    """Raise `RecipeError` where a key is not a number, infinite, or true where that says nothing."""
    for section, inside in tree.items():
        if not _is_section(section) or not isinstance(inside, Mapping):
            continue
        known = _class_of(section).model_fields
        for key, value in inside.items():
            fault = _fault(section, key, value) if key in known else ""
            if fault:
                raise RecipeError(
                    f"{where}: {section}.{key} = {_shown(value)} is {fault}; expected {expected_of(section, key)}"
                )


def told(error: ValidationError, tree: Mapping[str, Any], where: str) -> str:
    """Return the first thing that is wrong with a recipe; unknown keys come before wrong values."""
    problems = error.errors(include_url=False)
    first = next((p for p in problems if p["type"] == "extra_forbidden"), problems[0])
    section, key = _place(first["loc"])
    if first["type"] == "extra_forbidden":
        try:
            require_known(key, section, where)
        except RecipeError as unknown:
            return str(unknown)
    others = len({_place(problem["loc"]) for problem in problems}) - 1
    more = f" (and {others} more)" if others else ""
    said = str(first["msg"]).removeprefix("Value error, ") if first["type"] == "value_error" else ""
    name = ".".join(part for part in (section, key) if part)
    if said and not key:
        return f"{where}: in [{section}]: {said}{more}"
    if section and not key:
        section, key = "", section
    inside = tree.get(section, {}) if section else tree
    expected = said or f"expected {expected_of(section, key)}"
    found = inside.get(key) if isinstance(inside, Mapping) else inside
    return f"{where}: {name} = {_shown(found)} is not possible: {expected}{more}"


def _is_section(name: str) -> bool:
    return name in Recipe.model_fields and _class_of(name) is not Recipe


def _class_of(section: str) -> type[BaseModel]:
    kind = Recipe.model_fields[section].annotation if section in Recipe.model_fields else Recipe
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else Recipe


def _place(loc: tuple[int | str, ...]) -> tuple[str, str]:
    """Return section and key of a problem; the key is empty where a section contradicts itself."""
    first, *rest = (str(part) for part in loc)
    if _is_section(first):
        return first, rest[0] if rest else ""
    return "", first


def _fault(section: str, key: str, value: object) -> str:
    parts = list(_parts(value))
    if any(isinstance(part, float) and math.isnan(part) for part in parts):
        return "not a number"
    if any(isinstance(part, float) and math.isinf(part) for part in parts):
        return "not finite"
    if any(isinstance(part, bool) for part in parts):
        takes_bool = any(choice.get("type") == "boolean" for choice in _choices(section, key))
        return "" if takes_bool else "not possible"
    return ""


def _parts(value: object) -> Iterator[object]:
    """Give a value, or those in a list and in the lists in it."""
    if isinstance(value, list):
        for part in value:
            yield from _parts(part)
    else:
        yield value


def _shown(value: object) -> str:
    """Return a value as TOML would have it, cut where it is long."""
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    if isinstance(value, list):
        text = f"[{', '.join(_shown(part) for part in value)}]"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _choices(section: str, key: str) -> list[Schema]:
    """Return the kinds of value that a key takes; nothing at all is not among them."""
    if not section and _is_section(key):
        return [{"type": "object", "title": key}]
    schema: Schema = _class_of(section).model_json_schema()["properties"][key]
    choices = [choice for choice in schema.get("anyOf", [schema]) if choice.get("type") != "null"]
    return [{"default": schema.get("default"), **choice} for choice in choices]


def _in_words(choice: Schema) -> str:
    if "const" in choice:
        return str(choice["const"])
    if "enum" in choice:
        return _joined([str(value) for value in choice["enum"]], "or")
    kind = str(choice["type"])
    if kind == "object":
        return f"a section [{choice['title']}] with keys of its own"
    if kind == "boolean":
        return "true or false"
    if kind == "array":
        return _list_in_words(choice)
    return {"integer": "a whole number", "number": "a number"}.get(kind, "a text") + _limits(choice)


def _list_in_words(choice: Schema) -> str:
    fixed = choice.get("prefixItems")
    inside: Schema = fixed[0] if fixed else choice["items"]
    kind = str(inside["type"])
    least, most = choice.get("minItems", 0), choice.get("maxItems")
    count = f"{least} " if least == most else f"{least} to {most} " if most else ""
    if "enum" in inside:
        names = [str(value) for value in inside["enum"]]
        return f"a list, as {json.dumps(names[:2])}, of any of {_joined(names, 'and')}"
    if kind == "array":
        many = _MANY.get(str(inside["items"]["type"]), "texts")
        return f"a list of {count}lists of {many}, as [[10, 20], [10, 80]]"
    example = json.dumps(choice["default"] or _EXAMPLES[kind] * max(least, 1))
    many = _MANY.get(kind, "texts")
    return f"a list of {count}{many}{_limits(inside)}, as {example}"


def _limits(choice: Schema) -> str:
    words = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
    said = [f"{word} {choice[key]:.12g}" for key, word in words.items() if key in choice]
    if choice.get("minLength"):
        return " that is not empty"
    return f" of {said[0]} and {said[1]}" if len(said) == 2 else f" of {said[0]}" if said else ""


def _joined(words: list[str], last: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"
