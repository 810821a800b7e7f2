"""Micrographs that are made, with exact truth."""

from micro.phantoms.build_truth import BUILD_DEFINITIONS
from micro.phantoms.builds import BUILDS, Build
from micro.phantoms.examples import EXAMPLES, Example, write_example, write_examples
from micro.phantoms.files import phantom_name, write_phantom
from micro.phantoms.kinds import KINDS, STATES, Kind
from micro.phantoms.phantom import Noise, Phantom, make_phantom
from micro.phantoms.strokes import strokes_of
from micro.phantoms.truth import DEFINITIONS

__all__ = [
    "BUILDS",
    "BUILD_DEFINITIONS",
    "DEFINITIONS",
    "EXAMPLES",
    "KINDS",
    "STATES",
    "Build",
    "Example",
    "Kind",
    "Noise",
    "Phantom",
    "make_phantom",
    "phantom_name",
    "strokes_of",
    "write_example",
    "write_examples",
    "write_phantom",
]
