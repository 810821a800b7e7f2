"""Recipes from TOML files and presets, with overrides, and errors in one line."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from micro.errors import RecipeError
from micro_pipelines.recipe import Recipe
from micro_pipelines.recipe_errors import holds_list, near, refuse_odd_numbers, require_known, told

__all__ = ["load_recipe", "plain_recipe", "preset_names", "preset_text", "recipe_hash", "recipe_text"]


def preset_names() -> tuple[str, ...]:
    """Return the names of the presets that come with micro.

    Examples
    --------
    >>> "fibsem-alloy" in preset_names()
    True
    """
    folder = files("micro_pipelines") / "recipes"
    return tuple(sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml")))


def preset_text(name: str) -> str:
    """Return the commented TOML of a preset.

    Raises
    ------
    RecipeError
        If no preset has that name; the message lists those that exist.
    """
    known = preset_names()
    if name not in known:
        raise RecipeError(
            f"no recipe called {name!r}{near(name, known)}; presets: {', '.join(known)}; "
            "or give the path of a .toml file"
        )
    return (files("micro_pipelines") / "recipes" / f"{name}.toml").read_text(encoding="utf-8")


def load_recipe(name_or_path: str | Path, overrides: Iterable[str] = ()) -> Recipe:
    """Return the preset of that name, or the recipe in that TOML file, with overrides applied.

    Parameters
    ----------
    name_or_path
        Name of a preset, or path of a ``.toml`` file.
    overrides
        ``section.key=value`` each. The value is read as TOML where it is TOML (numbers, true, lists),
        as a list where it has commas, else as text; an empty value takes the key's default.

    Raises
    ------
    RecipeError
        If there is no such recipe, a key is unknown, or a value has a wrong type or is out of range.

    Examples
    --------
    >>> load_recipe("sem", ("cell.normal=-y",)).cell.normal
    '-y'
    >>> load_recipe("sem", ("cell.nromal=-y",))
    Traceback (most recent call last):
    micro.errors.RecipeError: --set: unknown key 'nromal' in [cell], did you mean 'normal'?; known keys: ...
    """
    tree, where = _read(name_or_path)
    return _overridden(tree, where, tuple(overrides))


def plain_recipe(name: str, overrides: Iterable[str] = ()) -> Recipe:
    """Return the recipe of that name in which every parameter has its default, but for the overrides.

    Raises
    ------
    RecipeError
        If an override is wrong.
    """
    return _overridden({"name": name}, f"recipe {name}", tuple(overrides))


def recipe_hash(recipe: Recipe) -> str:
    """Return the recipe's short hash: 12 hex digits of the sha256 of its canonical JSON.

    Every parameter of a run counts, whether written in the file or left at its default; order, comments and
    [train] don't: what a model does is told by the hash of its file.

    Examples
    --------
    >>> recipe_hash(load_recipe("sem")) == recipe_hash(load_recipe("sem", ("cell.normal=-y",)))
    False
    """
    canonical = json.dumps(recipe.model_dump(mode="json", exclude={"train"}), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def recipe_text(recipe: Recipe) -> str:
    """Return all parameters of a recipe as TOML that `load_recipe` reads back to the same recipe."""
    lines: list[str] = []
    sections: list[str] = []
    for key, value in recipe.model_dump(mode="json").items():
        if isinstance(value, dict):
            pairs = [f"{k} = {_toml(v)}" for k, v in value.items() if v is not None]
            sections += ["", f"[{key}]", *pairs]
        else:
            lines.append(f"{key} = {_toml(value)}")
    return "\n".join([*lines, *sections]) + "\n"


def _toml(value: Any) -> str:  # noqa: ANN401
    # JSON's strings, numbers, booleans and lists of these are TOML too, but for one character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _read(name_or_path: str | Path) -> tuple[dict[str, Any], str]:
    text = str(name_or_path)
    if not text.lower().endswith(".toml"):
        return tomllib.loads(preset_text(text)), f"recipe {text}"
    path = Path(name_or_path)
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise RecipeError(f"no recipe file at {path}; presets: {', '.join(preset_names())}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"recipe {path} can't be read: {error}; expected a TOML file in UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"recipe {path} is not valid TOML: {error}") from error
    tree.setdefault("name", path.stem)
    return tree, f"recipe {path.name}"


def _overridden(tree: Mapping[str, Any], where: str, overrides: tuple[str, ...]) -> Recipe:
    recipe = _build(tree, where)
    return _build(_changed(recipe, tree, overrides), "--set") if overrides else recipe


def _changed(recipe: Recipe, tree: Mapping[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """Return a copy of the tree with the overrides in it."""
    new = {key: dict(value) if isinstance(value, dict) else value for key, value in tree.items()}
    sections = [key for key in Recipe.model_fields if isinstance(getattr(recipe, key), BaseModel)]
    for override in overrides:
        path, equals, value = override.partition("=")
        section, dot, key = (part.strip() for part in path.partition("."))
        if not (equals and dot and key):
            raise RecipeError(f"--set {override!r} is not understood; expected section.key=value, as cell.normal=-y")
        if section not in sections:
            raise RecipeError(
                f"--set: unknown section {section!r}{near(section, sections)}; known sections: {', '.join(sections)}"
            )
        target = new.setdefault(section, {})
        require_known(key, section, "--set")
        if value.strip():
            read = _value(value.strip())
            # one value without a comma is a list of one
            target[key] = [read] if holds_list(section, key) and not isinstance(read, list) else read
        else:
            target.pop(key, None)
    return new


def _value(text: str) -> Any:  # noqa: ANN401
    """Read the right side of an override: TOML where it is TOML, a list where it has commas, else text.

    Examples
    --------
    >>> _value("0.5"), _value("true"), _value("-y"), _value("void,Li")
    (0.5, True, '-y', ['void', 'Li'])
    """
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return [_value(part.strip()) for part in text.split(",")] if "," in text else text


def _build(tree: Mapping[str, Any], where: str) -> Recipe:
    refuse_odd_numbers(tree, where)
    try:
        return Recipe.model_validate(tree)
    except ValidationError as error:
        raise RecipeError(told(error, tree, where)) from None
