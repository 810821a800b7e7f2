"""Micrographs that are made, with exact truth."""

from micro.phantoms.kinds import KINDS, STATES, Kind
from micro.phantoms.phantom import Noise, Phantom, make_phantom

__all__ = ["KINDS", "STATES", "Kind", "Noise", "Phantom", "make_phantom"]
