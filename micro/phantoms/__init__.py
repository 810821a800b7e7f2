"""Micrographs that are made, with exact truth."""

from micro.phantoms.examples import EXAMPLES, Example, write_examples
from micro.phantoms.files import phantom_name, write_phantom
from micro.phantoms.kinds import KINDS, STATES, Kind
from micro.phantoms.phantom import Noise, Phantom, make_phantom
from micro.phantoms.truth import DEFINITIONS

__all__ = [
    "DEFINITIONS",
    "EXAMPLES",
    "KINDS",
    "STATES",
    "Example",
    "Kind",
    "Noise",
    "Phantom",
    "make_phantom",
    "phantom_name",
    "write_examples",
    "write_phantom",
]
