"""Trained models: what a file holds, the labels that it gives, and doubts about whether it fits the image."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import micro
from micro.blocks import Engine
from micro.classify import Classifier, OnnxNetwork, classify, classify_with_network, read_classifier, read_network
from micro.errors import InputMissingError, ParameterError, UnreadableFileError
from micro.io.mapping import own_phase
from micro.model import SSB_PHASES, Labels, PhaseSet, Step, Volume
from micro_pipelines.likeness import doubts_of_greys, doubts_of_share, phase_greys, unsure_share
from micro_pipelines.recipe import Recipe

__all__ = ["Model", "labels_from_model", "load_model", "phases_of"]

_ONNX = b"\x08"  # the first byte of every ONNX file: the tag of its version
_CLASSIFIER = b"P"  # that of a zip, which a classifier is


@dataclass(frozen=True, eq=False)
class Model:
    """A trained model from a file.

    Attributes
    ----------
    path
        The file.
    content_hash
        ``sha256:`` over its bytes.
    trained
        What it holds.
    """

    path: Path
    content_hash: str
    trained: OnnxNetwork | Classifier

    @property
    def phases(self) -> tuple[str, ...]:
        """The phases that it can tell apart."""
        return self.trained.phases

    @property
    def kind(self) -> str:
        """``network`` (ONNX) or ``classifier`` (trained from strokes)."""
        return "network" if isinstance(self.trained, OnnxNetwork) else "classifier"

    def summary(self) -> dict[str, Any]:
        """Return what decides its labels, as JSON types."""
        return {"kind": self.kind, "hash": self.content_hash, "phases": list(self.phases)}


def load_model(path: Path, *, phases: Sequence[str] = ()) -> Model:
    """Read a classifier that `micro train` wrote, or an ONNX network; the content tells which, not the name.

    Parameters
    ----------
    path
        The file.
    phases
        Phase of each class of a network that doesn't say so itself.

    Raises
    ------
    MicroError
        If there is no such file, it is neither, or it can't label grey images.
    """
    first = _first_byte(path)
    if first == _ONNX:
        network = read_network(path, phases=phases or None)
        return Model(path, network.content_hash, network)
    if first == _CLASSIFIER:
        classifier = read_classifier(path)
        if phases:
            raise ParameterError(
                f"{path.name} knows its phases ({', '.join(classifier.phases)}); leave --model-phases out"
            )
        return Model(path, f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}", classifier)
    raise UnreadableFileError(f"{path} is neither a classifier of micro train nor an ONNX network; check the file")


def labels_from_model(volume: Volume, model: Model, recipe: Recipe, engine: Engine) -> Labels:
    """Label a corrected image with a model; the history's last step says what speaks against trusting it.

    Parameters
    ----------
    volume
        uint16 stack from `micro.preprocess.preprocess`.
    model
        From `load_model`.
    recipe
        Its [segment] section says how labels are smoothed.
    engine
        Where the block tasks run.
    """
    phases = phases_of(model.phases)
    if isinstance(model.trained, OnnxNetwork):
        labels = classify_with_network(volume, model.trained, recipe.segment, engine, phases=phases)
        doubts = []
    else:
        labels = classify(volume, model.trained, recipe.segment, engine, phases=phases)
        doubts = _other_corrections(model.trained.preprocess, recipe)
        doubts += doubts_of_greys(phase_greys(volume, labels, engine), model.trained.facts.get("greys", {}))
    unsure = unsure_share(labels, engine)
    doubts += doubts_of_share(unsure)
    found: dict[str, Any] = {"warnings": [*doubts, *_missing(model.phases, recipe, labels.history[-1])]}
    if unsure is not None:
        found["unsure_share"] = round(unsure, 4)
    parameters = {"file": model.path.name, **model.summary(), "found": found}
    return labels.after(Step("check model", parameters, version=micro.__version__))


def phases_of(names: Sequence[str]) -> PhaseSet:
    """Return the phases of a battery, and those of a user's own that ``names`` holds.

    Examples
    --------
    >>> phases_of(("SE", "label 9"))["label 9"].value
    9
    """
    own = [int(name.removeprefix("label ")) for name in names if re.fullmatch(r"label \d+", name)]
    return PhaseSet((*SSB_PHASES, *(own_phase(value) for value in own)))


def _other_corrections(trained_after: Mapping[str, Any], recipe: Recipe) -> list[str]:
    """Return a line that names the corrections which differ from those before the training."""
    here = recipe.preprocess.model_dump(mode="json")
    own = {"fiducial", "tilt_deg"}  # of each image: they say where a mark lies and how the image was taken
    keys = [key for key in {**here, **trained_after} if key not in own and here.get(key) != trained_after.get(key)]
    if not keys:
        return []
    listed = ", ".join(f"{key} = {here.get(key)} (then {trained_after.get(key)})" for key in keys)
    return [f"the classifier was trained after other corrections: [preprocess] has {listed}"]


def _missing(known: Sequence[str], recipe: Recipe, made: Step) -> list[str]:
    """Return a line for each phase of the recipe that the model doesn't know or didn't find."""
    shares: Mapping[str, int] = made.parameters.get("found", {}).get("share", {})
    unknown = [f"no {name} found: the model has no class for it" for name in recipe.segment.greys if name not in known]
    return unknown + [f"no {name} found: the model gave it no voxel" for name, count in shares.items() if not count]


def _first_byte(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(1)
    except FileNotFoundError:
        raise InputMissingError(f"{path}: no such model file; check the path") from None
    except OSError as error:
        raise UnreadableFileError(f"model {path} can't be read: {error.strerror or error}; expected a file") from error
